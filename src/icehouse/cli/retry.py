"""`icehouse retry`: take up again what failed."""

from __future__ import annotations

import click

from icehouse.core.archives import ArchiveWish
from icehouse.core.checksums import ChecksumWish
from icehouse.core.errors import UsageError
from icehouse.core.restores import RestoreWish, Tier
from icehouse.present.orders import way_line
from icehouse.present.restores import nothing_to_do, price_line
from icehouse.present.sizes import money, plural

from .choice import json_lines, max_cost
from .follow import ending, exit_code, follow
from .foretold import question as archive_question
from .foretold import tell_retry
from .output import interactive, json_line, say, tell
from .planned import question, refuse_above, tell_plan
from .planning import watched, yes
from .rows import job_row, plan_row
from .session import Session


@click.command()
@click.argument("job_id", metavar="ID")
@max_cost
@yes
@click.option("--wait", is_flag=True, help="Follow the new job until it ends.")
@json_lines
@click.pass_obj
def command(session: Session, job_id: str, max_cost: float | None, yes: bool, wait: bool, as_json: bool) -> int:
    """Retry what failed in the job whose id begins with ID, as a new job with the same wish.

    Every object is looked at afresh, a plan is made and priced, and approved after a question or --yes; what needs
    nothing any more is left alone. Where nobody is there to be asked, it may cost at most what the first job was
    approved for.
    """
    from icehouse.services import jobs, restore

    house = session.house
    old = jobs.job(house, job_id)
    before = jobs.plan(house, old.id)
    hasty = isinstance(before.wish, RestoreWish) and before.wish.tier is Tier.EXPEDITED
    if yes and max_cost is None and hasty:
        raise UsageError("an expedited restore with --yes needs a bound", hint="say --max-cost DOLLARS")
    asks = not yes and interactive()
    if not yes and not asks and max_cost is None:
        max_cost = before.cost.total
    with watched() as (progress, stop):
        plan = jobs.plan_retry(house, old.id, progress=progress, stop=stop)
    archiving = isinstance(plan.wish, ArchiveWish)
    if not as_json and isinstance(plan.wish, ChecksumWish):
        say(f"{plan.wish.algorithm} · {price_line(plan)} · by {way_line(plan)}")
    elif not as_json:
        tell_retry(plan, plan.frozen_at) if archiving else tell_plan(plan)
    refuse_above(plan, max_cost)
    if asks:
        if nothing := nothing_to_do(plan):
            tell(nothing)
            return 0
        asked = archive_question(plan) if archiving else question(plan)
        if not click.confirm(asked, default=False, err=True):
            raise click.Abort
    approved = "confirmed at a terminal" if asks else "--yes" if yes else "within the price of that job"
    how = f"retry of job {old.id}, command line, {approved}"
    job = restore.approve(house, plan, how=how, max_cost=max_cost, retry_of=old.id)
    if as_json:
        json_line({**plan_row(plan), "job": job, "retry_of": old.id})
    else:
        cost = "" if archiving else f" for {money(plan.cost.total)}"
        say(f"job {job[:8]} retries {plural(len(plan.steps), 'object')} of job {old.id[:8]}{cost}")
    if not wait:
        return 0
    done = follow(session, job, quiet=False)
    json_line(job_row(done)) if as_json else say(ending(done))
    return exit_code(done)
