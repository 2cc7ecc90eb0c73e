"""`icehouse audit`: what was decided and done, and the proof that nothing of it was changed."""

from __future__ import annotations

import json

import click

from icehouse.present.sizes import plural
from icehouse.present.times import stamp

from .choice import json_lines
from .job import given
from .output import json_line, say
from .rows import instant
from .session import Session

_SHORT = 100

_how_many = click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
_of_job = click.option("--job", "job_id", metavar="ID", help="Of this job alone.")


@click.group(invoke_without_command=True)
@_how_many
@_of_job
@json_lines
@click.pass_context
def command(ctx: click.Context, limit: int, job_id: str | None, as_json: bool) -> int:
    """List the newest entries of the audit chain, or verify it."""
    if ctx.invoked_subcommand is not None:
        return 0
    session = ctx.find_object(Session)
    assert session is not None
    return _list(session, limit, job_id, as_json)


@command.command("list")
@_how_many
@_of_job
@json_lines
@click.pass_obj
def listing(session: Session, limit: int, job_id: str | None, as_json: bool) -> int:
    """List the newest entries, as `icehouse audit` alone does."""
    return _list(session, limit, job_id, as_json)


def _list(session: Session, limit: int, job_id: str | None, as_json: bool) -> int:
    from icehouse.services import audit, jobs

    job = "" if job_id is None else jobs.job(session.house, given(job_id)).id
    for entry in audit.entries(session.house, limit=limit, job=job):
        if as_json:
            json_line(
                {
                    "entry": entry.seq,
                    "at": instant(entry.at),
                    "actor": entry.actor,
                    "kind": entry.kind,
                    "job": entry.job or None,
                    "body": entry.body,
                    "hash": entry.hash,
                }
            )
        else:
            body = json.dumps(entry.body, ensure_ascii=False)
            short = body if len(body) <= _SHORT else body[: _SHORT - 1] + "…"
            say(f"{entry.seq:>6}  {stamp(entry.at)}  {entry.actor}  {entry.kind:10}  {entry.job[:8]:8}  {short}")
    return 0


@command.command(short_help="Prove that no entry was changed, lost or put in.")
@json_lines
@click.pass_obj
def verify(session: Session, as_json: bool) -> int:
    """Recompute the whole chain; exit code 1 where an entry was changed, lost or put in."""
    from icehouse.services import audit

    report = audit.verify(session.house)
    if as_json:
        json_line(
            {
                "ok": report.ok,
                "entries": report.entries,
                "head": report.head,
                "first_break": report.first_break,
                "words": report.words,
            }
        )
    elif report.ok:
        say(f"the audit chain holds: {plural(report.entries, 'entry', 'entries')}, head {report.head[:16]}")
    else:
        say(f"the audit chain is broken at entry {report.first_break}: {report.words}")
    return 0 if report.ok else 1
