"""`icehouse retry`: take up again what failed."""

from __future__ import annotations

import click

from icehouse.core.errors import UsageError
from icehouse.core.restores import Tier
from icehouse.present.sizes import money

from .choice import json_lines, max_cost
from .follow import ending, exit_code, follow
from .output import json_line, say
from .rows import job_row, plan_row
from .session import Interrupt, Session


@click.command()
@click.argument("job_id", metavar="ID")
@max_cost
@click.option("--wait", is_flag=True, help="Follow the new job until it ends.")
@json_lines
@click.pass_obj
def command(session: Session, job_id: str, max_cost: float | None, wait: bool, as_json: bool) -> int:
    """Retry what failed in the job whose id begins with ID, as a new job with the same wish.

    Every object is looked at afresh; what needs nothing any more is left alone.
    """
    from icehouse.services import jobs

    house = session.house
    old = jobs.job(house, job_id)
    if jobs.plan(house, old.id).wish.tier is Tier.EXPEDITED and max_cost is None:
        raise UsageError("an expedited restore without a question needs a bound", hint="say --max-cost DOLLARS")
    with Interrupt().listening() as stop:
        plan, job = jobs.retry(house, old.id, stop=stop, max_cost=max_cost)
    if as_json:
        json_line({**plan_row(plan), "job": job, "retry_of": old.id})
    else:
        say(f"job {job[:8]} retries {len(plan.steps)} objects of job {old.id[:8]} for {money(plan.cost.total)}")
    if not wait:
        return 0
    done = follow(session, job, quiet=False)
    json_line(job_row(done)) if as_json else say(ending(done))
    return exit_code(done)
