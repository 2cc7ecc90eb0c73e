"""`icehouse run-due`: one pass over what is due, for timers."""

from __future__ import annotations

import click

from .session import Session
from .worker import ended, told_to_end


@click.command()
@click.pass_obj
def command(session: Session) -> int:
    """Do what is due now in the ledger, then end.

    Finds restores to watch and jobs that a reboot interrupted. `icehouse info --unit` prints what runs it regularly.
    """
    from icehouse.services import worker

    return ended(worker.run(session.house, ending=told_to_end(), until_idle=True, once=True))
