"""`icehouse jobs`: what is under way and what was done."""

from __future__ import annotations

import click

from icehouse.core.jobs import Job
from icehouse.core.rows import ScanStanding
from icehouse.present.jobs import job_name
from icehouse.present.sizes import count, rate, size
from icehouse.present.states import job_glyph, job_word, outcomes_line
from icehouse.present.times import stamp

from .choice import json_lines
from .follow import mind_stop
from .names import Names, called, names_of
from .output import json_line, say, table
from .rows import job_row, scan_row
from .session import Session

_JOBS = ("", "job", "state", "what", "on", "tier", "ready", "of", "rate", "outcome", "started")
_SCANS = ("", "scan", "state", "objects", "size", "rate", "why", "started")


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many jobs.")
@json_lines
@click.pass_obj
def command(session: Session, limit: int, as_json: bool) -> int:
    """List the jobs, those under way first, then the newest; after them the last scan of each bucket."""
    from icehouse.services import jobs
    from icehouse.services.scan import scanning

    found, scans = jobs.jobs(session.house, limit=limit), scanning(session.house)
    if as_json:
        orders = jobs.orders_of(session.house, found)
        for job in found:
            json_line(job_row(job, orders.get(job.id, ())))
        for scan in scans:
            json_line(scan_row(scan))
        return 0
    names = names_of(session)
    if not found and not scans:
        say("no jobs yet")
    if found:
        table(_JOBS, [_cells(job, names) for job in found], "<<<<<<>>><<")
    if any(job.state.open for job in found):
        mind_stop(session)
    if scans:
        table(_SCANS, [_scan_cells(scan, names) for scan in scans], "<<<>>><<")
    return 0


def _cells(job: Job, names: Names) -> tuple[str, ...]:
    progress = job.progress
    told = " · ".join(part for part in (outcomes_line(progress.outcomes), job.note) if part)
    return (
        job_glyph(job), job.id[:8], job_word(job.state), job_name(job, names), job.store, job.tier,
        count(progress.ready), count(progress.steps), rate(job.rate), told, stamp(job.created),
    )  # fmt: skip


def _scan_cells(scan: ScanStanding, names: Names) -> tuple[str, ...]:
    sign, state = ("✓", "complete") if scan.complete else ("⟳", "running") if scan.running else ("!", "stopped")
    where = called(f"{scan.store}:{scan.container}/{scan.prefix}", names)
    return (
        sign, where, state, count(scan.objects), size(scan.bytes),
        rate(scan.rate) if scan.running else "", scan.error, stamp(scan.started),
    )  # fmt: skip
