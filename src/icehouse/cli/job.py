"""`icehouse job`: one job, followed, item by item, or written to a log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icehouse.core.delegating import ENGINE
from icehouse.core.errors import UsageError
from icehouse.core.jobs import Job, JobItem, JobOrder
from icehouse.core.refs import ref_address
from icehouse.present.jobs import ARCHIVE, DELIVER, job_name, job_title, objects_line
from icehouse.present.orders import CHECKSUM, checksum_line, order_line
from icehouse.present.sizes import plural, size
from icehouse.present.states import job_glyph, outcome_glyph, outcome_word, outcomes_line
from icehouse.present.times import stamp

from .choice import json_lines
from .follow import ending, exit_code, follow, standing
from .names import Names, names_of
from .output import json_line, say, table, tell
from .rows import checksum_row, item_row, job_row
from .session import Session
from .twins import told_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LINE_EVERY = 1.0


@click.command()
@click.argument("job_id", metavar="ID")
@click.option("--follow", "following", is_flag=True, help="Go on until the job ends.")
@click.option("--items", is_flag=True, help="List what became of every object, in the plan's order.")
@click.option("--failed", is_flag=True, help="List what failed alone.")
@click.option(
    "--log",
    "log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a line per key: FILE.csv or FILE.jsonl.",
)
@json_lines
@click.pass_obj
def command(
    session: Session, job_id: str, following: bool, items: bool, failed: bool, log: Path | None, as_json: bool
) -> int:
    """Show the job whose id begins with ID.

    Exit code 1 tells that something in it failed.
    """
    from icehouse.services import jobs

    house = session.house
    job = jobs.job(house, given(job_id))
    if following:
        job = follow(session, job.id, quiet=as_json, each=_JsonLines(session) if as_json else None)
    if log is not None:
        from .joblog import write_log

        written = write_log(log, jobs.every_item(house, job.id, failed_only=failed))
        tell(f"{log}: {plural(written, 'line')}")
    if items or (failed and log is None):
        _list(jobs.every_item(house, job.id, failed_only=failed), as_json)
    if job.verb == CHECKSUM and not items and not failed:
        for told in jobs.checksums(house, job.id):
            json_line(checksum_row(told)) if as_json else say(checksum_line(told, ref_address(told.ref)))
    orders = jobs.orders(house, job.id)
    if as_json:
        json_line(job_row(job, orders))
    else:
        _tell_job(job, names_of(session), orders)
    return exit_code(job)


def given(job_id: str) -> str:
    """`job_id`, refused where it is empty."""
    if not job_id:
        raise UsageError("no job id given")
    return job_id


class _JsonLines:
    """The job as a JSON line at every change, once a second at most."""

    def __init__(self, session: Session) -> None:
        self._session, self._next = session, 0.0

    def __call__(self, job: Job) -> None:
        """Print the line, if it is time to; the last standing is printed by the command itself."""
        if job.state.open and time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_EVERY
            from icehouse.services import jobs

            json_line(job_row(job, jobs.orders(self._session.house, job.id)))


def _list(found: Iterable[JobItem], as_json: bool) -> None:
    """Every item on a line; the lines come as they are read, however many there are."""
    for item, apart in told_apart(found, lambda item: item.ref):
        if as_json:
            json_line(item_row(item))
        else:
            what = outcome_word(item.outcome) if item.outcome else item.phase.value
            told = f"  {item.reason}" if item.reason else ""
            until = f"  until {stamp(item.until)}" if item.until else ""
            place = ref_address(item.ref) + apart
            say(f"{outcome_glyph(item.outcome)} {what:11} {size(item.size):>9}  {place}{until}{told}")


def _tell_job(job: Job, names: Names, orders: Sequence[JobOrder]) -> None:
    """The job for people."""
    delivering = job.verb == DELIVER
    archiving, waiting = job.verb == ARCHIVE, job.state.open and not job.progress.sent
    say(f"{job_glyph(job)} {standing(job) if job.state.open else ending(job)}")
    rows = [
        ("what", f"{job_name(job, names)} on {job.store}"),
        ("address", job.title if job_title(job, names) != job_title(job) else ""),
        ("plan", job.plan),
        ("tier", job.tier),
        ("objects", "" if delivering else objects_line(job)),
        ("handed out", size(job.progress.bytes_total) if delivering else ""),
        ("outcomes", outcomes_line(job.progress.outcomes)),
        *((ENGINE if not at else "", order_line(order)) for at, order in enumerate(orders)),
        ("started", stamp(job.created)),
        ("waits until", f"{stamp(job.not_before)}: nothing is sent before" if waiting and job.not_before else ""),
        ("cold by" if archiving else "ready by", stamp(job.ready_by) if job.ready_by and job.state.open else ""),
        ("falls cold", stamp(job.falls_cold) if job.falls_cold else ""),
        ("retry of", job.retry_of),
        ("note", job.note),
    ]
    table(("", ""), [(f"  {name}", value) for name, value in rows if value])
