"""`icehouse archive`: look, tell what would really go cold, ask, and hand over to the worker."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icehouse.core.archives import ArchiveWish
from icehouse.core.errors import Refused, UsageError
from icehouse.core.plans import Plan
from icehouse.present.archives import all_copies_words, waits
from icehouse.present.restores import nothing_to_do
from icehouse.present.sizes import count

from .choice import chosen, exclude, from_file, include, json_lines
from .follow import ending, exit_code, follow, mind_stop
from .foretold import Places, look_up_cost, preview_row, question, tell_plan, tell_preview
from .names import names_of
from .output import json_line, say, tell
from .planned import tell_steps
from .planning import approved, keys, require_any, require_consent, surveying, tell_begun, tell_failed, yes
from .progress import ProgressLine
from .rows import job_row, plan_row
from .session import Interrupt, Session

if TYPE_CHECKING:
    from icehouse.core.jobs import Job
    from icehouse.core.marks import Mark
    from icehouse.services.archive import ArchiveSurvey, CopyLook, Preview

_HELD, _TAGGED = "held: ", " is tagged "
"""How reasons read that are somebody's wish, and no mishap: on an object, and on its whole container."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How it was asked for on the command line, beside what to archive."""

    all_copies: bool
    sample: int | None
    dry_run: bool
    yes: bool
    wait: bool
    keys: bool
    as_json: bool


@click.command()
@click.argument("addresses", metavar="ADDRESS...", nargs=-1)
@include
@exclude
@from_file
@click.option("--all-copies", is_flag=True, help="Also archive the copies in other projects of the same account.")
@click.option(
    "--sample", metavar="N", type=click.IntRange(min=1),
    help="A quick answer from the copies of N objects; nothing can be archived by it.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would happen; archive nothing.")
@yes
@click.option("--wait", is_flag=True, help="Follow the job until everything is cold, or is told why not.")
@keys
@json_lines
@click.pass_obj
def command(
    session: Session,
    addresses: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    from_file: Path | None,
    all_copies: bool,
    sample: int | None,
    dry_run: bool,
    yes: bool,
    wait: bool,
    keys: bool,
    as_json: bool,
) -> int:
    """Archive everything under each ADDRESS (STORE:PROJECT/folder/ or STORE:PROJECT/file).

    First it is told how much will truly go cold, how much at most, how much only becomes archival as copies elsewhere
    in the account stay live, and what is blocked. Looking the copies up is one call for each object; --sample N gives
    a quick answer. Then, after a question or --yes, a worker archives, and goes on when this session ends.
    """
    manner = Manner(all_copies, sample, dry_run, yes, wait, keys, as_json)
    _check(manner)
    marks = chosen(session, addresses, from_file, verb="archive")
    found = _survey(session, marks, include, exclude)
    copies = _copies(session, found, manner)
    seen, live = _preview(session, found, copies, manner)
    if manner.sample is not None:
        json_line(preview_row(found, seen, all_copies=all_copies)) if as_json else say("a sample: nothing is planned")
        return 0
    plan = _plan(session, found, copies, seen, manner)
    _refuse(plan, found)
    if dry_run:
        return 0
    if all_copies and as_json:
        tell(all_copies_words(live, on=True))
    if not yes:
        if nothing := nothing_to_do(plan):
            tell(nothing)
            return 0
        click.confirm(question(plan), default=False, err=True, abort=True)
    return _carry_out(session, plan, manner)


def _check(manner: Manner) -> None:
    """Refuse before anything is asked of the store."""
    if manner.sample is not None and (manner.yes or manner.wait or manner.keys):
        raise UsageError("--sample is a quick answer, by which nothing is planned", hint="leave it out to archive")
    require_consent(given=manner.yes or manner.dry_run or manner.sample is not None)


def _survey(session: Session, marks: list[Mark], include: tuple[str, ...], exclude: tuple[str, ...]) -> ArchiveSurvey:
    from icehouse.services import archive

    with surveying(include, exclude) as how:
        found = archive.survey(session.house, marks, **how)
    require_any(found)
    return found


def _copies(session: Session, found: ArchiveSurvey, manner: Manner) -> CopyLook:
    """Look the copies up, all or a sample, after its cost was told."""
    from icehouse.services import archive

    if found.lookup_calls:
        per_second = session.house.config.stores[found.store].max_per_second
        tell(look_up_cost(found.lookup_calls, sampling=manner.sample, per_second=per_second))
    line = ProgressLine()

    def progress(so_far: CopyLook) -> None:
        line.show(f"looking up copies: {count(so_far.looked)} of {count(so_far.of)}")

    with Interrupt().listening() as stop:
        try:
            if manner.sample is not None:
                return archive.sample(session.house, found, manner.sample, progress=progress, stop=stop)
            wish = manner.all_copies
            return archive.look_up(session.house, found, all_copies=wish, progress=progress, stop=stop)
        finally:
            line.clear()


def _preview(session: Session, found: ArchiveSurvey, copies: CopyLook, manner: Manner) -> tuple[Preview, Places]:
    """Show what would happen; returned with where copies are live that only --all-copies would archive."""
    from icehouse.services import archive

    seen = archive.preview(session.house, found, copies, all_copies=manner.all_copies)
    live = seen.where
    if not manner.as_json:
        tell_preview(found, seen, live, names_of(session), all_copies=manner.all_copies)
    return seen, live


def _plan(session: Session, found: ArchiveSurvey, copies: CopyLook, seen: Preview, manner: Manner) -> Plan:
    """Freeze the plan and show it."""
    from icehouse.services import archive

    plan = archive.freeze(session.house, found, copies, ArchiveWish(all_copies=manner.all_copies))
    if manner.keys:
        tell_steps(plan, as_json=manner.as_json)
    if manner.as_json:
        json_line({**plan_row(plan), **preview_row(found, seen, all_copies=manner.all_copies)})
    else:
        tell_plan(plan, plan.frozen_at)
    return plan


def _refuse(plan: Plan, found: ArchiveSurvey) -> None:
    """Say no to a plan that can archive nothing, because of holds or of what the objects are."""
    if plan.sending or not found.blocked:
        return
    reasons = [each.reason for each in found.blocked]
    words = f"nothing can be archived: {reasons[0]}{' …' if len(reasons) > 1 else ''}"
    kept = all(reason.startswith(_HELD) or _TAGGED in reason for reason in reasons)
    raise Refused(words) if kept else UsageError(words)


def _carry_out(session: Session, plan: Plan, manner: Manner) -> int:
    from icehouse.services import jobs
    from icehouse.services.approve import approve

    job = jobs.job(session.house, approve(session.house, plan, how=approved(yes=manner.yes)))
    waiting = waits(plan.not_before, plan.frozen_at)
    if not manner.wait or waiting:
        if manner.as_json:
            json_line({**job_row(job), "digest": plan.digest})
        elif waiting:
            say(f"job {job.id[:8]}{waiting}; then icehouse run-due, or opening the console, carries it out")
        else:
            tell_begun(session, job)
        mind_stop(session)
        return 0
    tell(f"job {job.id[:8]} is under way; ctrl-C leaves it to the worker")
    return told(session, follow(session, job.id), plan, as_json=manner.as_json)


def told(session: Session, done: Job, plan: Plan, *, as_json: bool) -> int:
    """Print what became of an archive job, by outcome and by reason; its exit code."""
    from icehouse.services import jobs

    items = jobs.every_item(session.house, done.id)
    reasons = Counter((item.outcome.value if item.outcome else "", item.reason) for item in items)
    if as_json:
        rows = [{"outcome": outcome, "reason": why, "objects": n} for (outcome, why), n in reasons.most_common()]
        json_line({**job_row(done), "digest": plan.digest, "reasons": rows})
        return exit_code(done)
    say(ending(done))
    for (outcome, why), n in reasons.most_common():
        if why:
            say(f"  {count(n)} {outcome}: {why}")
    tell_failed(done)
    return exit_code(done)
