"""`icehouse run-due`: one pass over what is due, for timers."""

from __future__ import annotations

import click

from .session import Session
from .worker import work


@click.command()
@click.pass_obj
def command(session: Session) -> int:
    """Do what is due now in the ledger, then end.

    Finds restores to watch and jobs that a reboot interrupted. `icehouse info --unit` prints what runs it regularly.
    """
    return work(session, once=True)
