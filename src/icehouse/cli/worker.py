"""`icehouse worker`: carry jobs out, as a process of its own."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

import click

from .output import tell
from .session import Session
from .tether import abandoned

if TYPE_CHECKING:
    from icehouse.services.worker import WorkerReport


@click.command()
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do.")
@click.option("--store", metavar="NAME", help="Only the jobs of this store.")
@click.pass_obj
def command(session: Session, until_idle: bool, store: str | None) -> int:
    """Carry out what was approved, and watch until it is done.

    Started on demand by `restore` and the console; it survives the session that started it. Starting a second one
    does no harm: a lease keeps the two apart. SIGTERM ends it after the calls that are under way.
    """
    from icehouse.services import worker

    house = session.house
    if abandoned(house.paths.state):
        tell("the demo that this worker was started for is gone")
        return 0
    if sys.stderr.isatty() and not until_idle:
        tell("carries out and watches what is due, until ctrl-C; icehouse run-due ends by itself")
    return ended(worker.run(house, ending=told_to_end(), until_idle=until_idle, store=store))


def told_to_end() -> threading.Event:
    """An event that SIGTERM and ctrl-C set."""
    ending = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        # set() takes a lock that this very thread may be holding in wait(): another thread waits for it
        threading.Thread(target=ending.set, daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return ending


def ended(reports: list[WorkerReport]) -> int:
    """Say on stderr which store's work could not go on, and to a person how it ended; the worst exit code."""
    codes = [0]
    person = sys.stderr.isatty()
    if person and not reports:
        tell("nothing is due")
    for report in reports:
        if report.error is not None:
            tell(f"icehouse: {report.store}: {report.error}")
            codes.append(report.error.exit_code)
        elif person:
            tell(f"{report.store}: {report.ended}")
    return max(codes)
