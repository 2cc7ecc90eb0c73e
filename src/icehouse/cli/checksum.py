"""`icehouse checksum`: have the store compute checksums of bytes where they lie, cold ones too."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icehouse.core.checksums import ALGORITHMS
from icehouse.core.errors import UsageError
from icehouse.core.plans import Plan
from icehouse.core.refs import ref_address
from icehouse.present.orders import checksum_line, way_line
from icehouse.present.restores import price_line
from icehouse.present.sizes import count, money, plural, size

from .choice import chosen, exclude, from_file, include, json_lines, max_cost
from .follow import ending, exit_code, follow, mind_stop
from .names import names_of, some
from .output import json_line, say, tell
from .planned import refuse_above, tell_steps
from .planning import approved, keys, require_any, require_consent, surveying, tell_begun, tell_failed, yes
from .rows import checksum_row, job_row, plan_row
from .session import Session

if TYPE_CHECKING:
    from icehouse.core.marks import Mark


@click.command()
@click.argument("addresses", metavar="ADDRESS...", nargs=-1)
@click.option(
    "--algorithm", type=click.Choice(ALGORITHMS, case_sensitive=False), default=ALGORITHMS[0], show_default=True,
    help="Which checksum, of the whole object.",
)  # fmt: skip
@include
@exclude
@from_file
@max_cost
@click.option("--dry-run", is_flag=True, help="Show the plan with its cost; compute nothing.")
@yes
@click.option("--wait", is_flag=True, help="Follow the job to its end, and list what was told.")
@keys
@json_lines
@click.pass_obj
def command(
    session: Session,
    addresses: tuple[str, ...],
    algorithm: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    from_file: Path | None,
    max_cost: float | None,
    dry_run: bool,
    yes: bool,
    wait: bool,
    keys: bool,
    as_json: bool,
) -> int:
    """Verify bytes without restoring them: everything under each ADDRESS, live or cold.

    S3 Batch Operations reads the bytes where they lie and tells what they come to; icehouse job lists it. What is told
    is kept: a checksum that is not what it was for the same version and ETag is a conflict, and exit code 1.
    """
    require_consent(given=yes or dry_run)
    marks = chosen(session, addresses, from_file, verb="checksum")
    plan = _plan(session, marks, include, exclude, algorithm.upper())
    if keys:
        tell_steps(plan, as_json=as_json)
    json_line(plan_row(plan)) if as_json else _tell(session, plan)
    refuse_above(plan, max_cost)
    if dry_run:
        return 0
    if not plan.sending:
        raise UsageError("there is nothing that a checksum could be computed of")
    if not yes:
        amount = f"{plural(len(plan.sending), 'object')}, {size(plan.totals()['bytes_to_request'])}"
        click.confirm(f"Compute {amount}, for {money(plan.cost.total)}?", default=False, err=True, abort=True)
    return _carry_out(session, plan, yes=yes, wait=wait, max_cost=max_cost, as_json=as_json)


def _plan(
    session: Session, marks: list[Mark], include: tuple[str, ...], exclude: tuple[str, ...], algorithm: str
) -> Plan:
    from icehouse.services import checksum

    with surveying(include, exclude) as how:
        found = checksum.survey(session.house, marks, **how)
    require_any(found)
    return checksum.freeze(session.house, found, algorithm)


def _tell(session: Session, plan: Plan) -> None:
    """The plan for people."""
    say(f"{plan.checksumming.algorithm} of {some(plan.addresses, names_of(session))}")
    say(f"{plural(len(plan.steps), 'object')}, {size(sum(s.size for s in plan.steps))}, as {plan.identity.principal}")
    say(price_line(plan))
    reasons = Counter(step.reason for step in plan.steps if step.settled is not None)
    for reason, times in reasons.most_common(5):
        say(f"  {count(times)} left out: {reason}")
    say(f"by {way_line(plan)} · nothing is restored · prices {plan.prices_of} · plan {plan.id}")


def _carry_out(session: Session, plan: Plan, *, yes: bool, wait: bool, max_cost: float | None, as_json: bool) -> int:
    from icehouse.services import checksum, jobs

    job_id = checksum.approve(session.house, plan, how=approved(yes=yes), max_cost=max_cost)
    if not wait:
        job = jobs.job(session.house, job_id)
        if as_json:
            json_line(job_row(job, jobs.orders(session.house, job_id)))
        else:
            tell_begun(session, job)
        mind_stop(session)
        return 0
    tell(f"job {job_id[:8]} is under way; ctrl-C leaves it to the worker")
    done = follow(session, job_id)
    for told in jobs.checksums(session.house, job_id):
        json_line(checksum_row(told)) if as_json else say(checksum_line(told, ref_address(told.ref)))
    if as_json:
        json_line(job_row(done, jobs.orders(session.house, job_id)))
    else:
        say(ending(done))
        if done.note:
            say(done.note)
        tell_failed(done)
    return exit_code(done)
