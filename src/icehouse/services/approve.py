"""Approving a plan: written down with who and how, made a job, and handed to a worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from icehouse.core.deliveries import HandedOut
from icehouse.core.errors import Refused
from icehouse.core.links import DeliverWish
from icehouse.core.marks import Mark
from icehouse.core.plans import Plan, header
from icehouse.core.refs import FolderRef, Ref

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
    things: Sequence[tuple[Ref, int, str]] = (),
    start: Callable[[House, str], object] = ensure_worker,
) -> str:
    """Write the plan down as approved by this user, make its job, and `start` a worker.  Returns the job's id.

    Refused above `max_cost` dollars (cost at list price) and for a plan whose listing was not whole; UsageError for
    one that was approved before.  `things` are what a delivery hands out, with sizes and ETags: they are set down with
    its plan, so that links can be made of just these.
    """
    from icehouse.ledger import audit, deliveries, jobs, plans
    from icehouse.ledger.audit import Event

    if not plan.complete:
        raise Refused("the listing under this plan was not whole; look again")
    if max_cost is not None and plan.cost.total > max_cost:
        raise Refused(f"the plan costs ${plan.cost.total:,.2f}, more than the ${max_cost:,.2f} allowed")
    ledger, at, who = house.ledger(), house.clock.now(), audit.actor()
    jobs.write_steps(ledger, plan)
    with ledger.writing() as connection:
        plans.save(connection, plan, at=at, by=who, how=how)
        job = jobs.create(connection, plan, title=title(plan, jobs.title(plan.addresses)), at=at, retry_of=retry_of)
        if isinstance(plan.wish, DeliverWish):
            deliveries.put(connection, handed_out(plan, by=who), things)
        approved = {"digest": plan.digest, "how": how, "totals": plan.totals(), "retry_of": retry_of, **header(plan)}
        audit.append(connection, at, who, [Event("approved", job, approved)])
    start(house, plan.store)
    return job


def title(plan: Plan, about: str) -> str:
    """How a plan's job is called: what it is `about`, and to whom that is handed out."""
    return f"{about} to {plan.wish.recipient}" if isinstance(plan.wish, DeliverWish) else about


def handed_out(plan: Plan, *, by: str) -> HandedOut:
    """The delivery that a plan makes, as the ledger keeps it; its note is not in the store yet."""
    wish, note = plan.delivering, plan.steps[0].ref
    folder = FolderRef(note.store, note.container, note.key[: note.key.rfind("/") + 1])
    return HandedOut(
        id=wish.delivery,
        folder=folder,
        recipient=wish.recipient,
        made=plan.frozen_at,
        promised=wish.promised,
        objects=wish.objects,
        bytes=wish.bytes,
        content=wish.content,
        by=by,
        note=wish.note,
        mail=wish.mail,
    )
