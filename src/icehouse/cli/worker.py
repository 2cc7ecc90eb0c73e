"""`icehouse worker`: carry jobs out, as a process of its own."""

from __future__ import annotations

import click

from .session import Session


@click.command()
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do.")
@click.pass_obj
def command(session: Session, until_idle: bool) -> int:
    """Carry out what was approved, and watch until it is done.

    Started on demand by `restore` and the console; it survives the session that started it. Starting a second one
    does no harm: a lease keeps the two apart.
    """
    from icehouse.services import worker

    return worker.run(session.house, until_idle=until_idle)
