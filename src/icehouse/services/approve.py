"""Approving a plan: written down with who and how, made a job, and handed to a worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from icehouse.core.errors import Refused
from icehouse.core.marks import Mark
from icehouse.core.plans import Plan, header

from .house import House
from .worker import ensure_worker

_MOST_ADDRESSES = 20


def addresses(marks: Sequence[Mark]) -> tuple[str, ...]:
    """What was chosen, for people: the first few by name; the steps name every object anyway."""
    rest = len(marks) - _MOST_ADDRESSES
    return (*(str(mark) for mark in marks[:_MOST_ADDRESSES]), *((f"and {rest:,} more",) if rest > 0 else ()))


def approve(
    house: House,
    plan: Plan,
    *,
    how: str,
    max_cost: float | None = None,
    retry_of: str = "",
    start: Callable[[House, str], object] = ensure_worker,
) -> str:
    """Write the plan down as approved by this user, make its job, and `start` a worker.  Returns the job's id.

    Refused above `max_cost` dollars (cost at list price) and for a plan whose listing was not whole; UsageError for
    one that was approved before.
    """
    from icehouse.ledger import audit, jobs, plans
    from icehouse.ledger.audit import Event

    if not plan.complete:
        raise Refused("the listing under this plan was not whole; look again")
    if max_cost is not None and plan.cost.total > max_cost:
        raise Refused(f"the plan costs ${plan.cost.total:,.2f}, more than the ${max_cost:,.2f} allowed")
    ledger, at, who = house.ledger(), house.clock.now(), audit.actor()
    jobs.write_steps(ledger, plan)
    with ledger.writing() as connection:
        plans.save(connection, plan, at=at, by=who, how=how)
        job = jobs.create(connection, plan, title=jobs.title(plan.addresses), at=at, retry_of=retry_of)
        approved = {"digest": plan.digest, "how": how, "totals": plan.totals(), "retry_of": retry_of, **header(plan)}
        audit.append(connection, at, who, [Event("approved", job, approved)])
    start(house, plan.store)
    return job
