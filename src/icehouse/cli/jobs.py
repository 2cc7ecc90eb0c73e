"""`icehouse jobs`: what is under way and what was done."""

from __future__ import annotations

import click

from icehouse.core.jobs import Job
from icehouse.present.sizes import count, rate
from icehouse.present.states import job_glyph, job_word, outcomes_line
from icehouse.present.times import stamp

from .choice import json_lines
from .output import json_line, say, table
from .rows import job_row
from .session import Session


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@json_lines
@click.pass_obj
def command(session: Session, limit: int, as_json: bool) -> int:
    """List the jobs, those under way first, then the newest."""
    from icehouse.services import jobs

    found = jobs.jobs(session.house, limit=limit)
    if as_json:
        for job in found:
            json_line(job_row(job))
        return 0
    if not found:
        say("no jobs yet")
        return 0
    table(
        ("", "job", "state", "title", "tier", "ready", "of", "rate", "outcome", "started"),
        [_cells(job) for job in found],
        "<<<<<>>><<",
    )
    return 0


def _cells(job: Job) -> tuple[str, ...]:
    progress = job.progress
    told = " · ".join(part for part in (outcomes_line(progress.outcomes), job.note) if part)
    return (
        job_glyph(job), job.id[:8], job_word(job.state), f"{job.verb} {job.title}", job.tier,
        count(progress.ready), count(progress.steps), rate(job.rate), told, stamp(job.created),
    )  # fmt: skip
