"""Jobs: what is being carried out, how far it is, and the two things that can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from icehouse.core.archives import ArchiveWish
from icehouse.core.checksums import Checksum
from icehouse.core.errors import Refused, UsageError
from icehouse.core.jobs import Job, JobItem, JobOrder, JobState, Phase
from icehouse.core.marks import Mark
from icehouse.core.plans import Plan
from icehouse.core.restores import RestoreWish

from .house import House
from .worker import ensure_worker

if TYPE_CHECKING:
    from .look import Looking


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What a cancel stopped, and what it could not: requests that the store has accepted are carried out and billed.

    `in_doubt` requests were about to be sent or unanswered: the worker looks at them and sends none again; `handed`
    are with the store's own engine, which is told to leave off: what it has done by then stays done.
    `accepted_usd` is the list price of what was accepted; None where it has no price; 0.0 for an archiving, which is
    not billed but carried out, and for a delivery.
    """

    job: str
    unsent: int
    in_doubt: int
    accepted: int
    accepted_bytes: int
    accepted_usd: float | None
    handed: int = 0


def jobs(house: House, *, limit: int = 500) -> list[Job]:
    """All jobs, those still open first, then the newest."""
    from icehouse.ledger import jobs as rows

    return rows.every(house.ledger(), limit=limit)


def job(house: House, prefix: str) -> Job:
    """The one job whose id starts with `prefix`.  UsageError for none or several."""
    from icehouse.ledger import jobs as rows

    return rows.find(house.ledger(), prefix)


def items(house: House, job_id: str, *, start: int = 0, limit: int = 200, failed_only: bool = False) -> list[JobItem]:
    """A page of a job's items: failures first, then what is under way, then the rest."""
    from icehouse.ledger import jobs as rows

    return rows.items(house.ledger(), job_id, start=start, limit=limit, failed_only=failed_only)


def every_item(house: House, job_id: str, *, failed_only: bool = False) -> Iterator[JobItem]:
    """All of a job's items in plan order, however many, read page by page."""
    from icehouse.ledger import jobs as rows

    after = -1
    while page := rows.in_order(house.ledger(), job_id, after=after, failed_only=failed_only):
        yield from page
        after = page[-1].seq


def orders(house: House, job_id: str) -> list[JobOrder]:
    """What of a job was handed over to the store's own engine; empty where nothing was, or is to be."""
    from icehouse.ledger import orders as rows

    return rows.of_job(house.ledger(), job_id)


def orders_of(house: House, found: Sequence[Job]) -> dict[str, list[JobOrder]]:
    """The same of several jobs at once, by job."""
    from icehouse.ledger import orders as rows

    return rows.of_jobs(house.ledger(), [job.id for job in found])


def checksums(house: House, job_id: str) -> Iterator[Checksum]:
    """The checksums that a job was told, by container and key."""
    from icehouse.ledger import checksums as rows

    return rows.of_job(house.ledger(), job_id)


def plan(house: House, job_id: str) -> Plan:
    """The plan of a job, without its steps."""
    from icehouse.ledger import plans

    return plans.load(house.ledger(), job(house, job_id).plan)


def version(house: House) -> int:
    """A number that changes when anybody else has written to the ledger: unchanged, there is nothing to redraw."""
    return house.ledger().version()


def cancel(house: House, prefix: str, *, start: Callable[[House, str], object] = ensure_worker) -> CancelReport:
    """Stop what was not sent yet; tell what was accepted and will be billed, which goes on being watched.

    UsageError, and nothing is changed, for a job that has ended and for one of which nothing is left to be sent.
    """
    from icehouse.ledger import audit, orders, steps
    from icehouse.ledger import jobs as rows
    from icehouse.ledger.audit import Event

    found = job(house, prefix)
    if not found.state.open:
        raise UsageError(f"job {found.id} has ended ({found.state.value})", hint="there is nothing to cancel")
    ledger, at = house.ledger(), house.clock.now()
    with ledger.writing() as connection:
        if found.state is not JobState.CANCELLING and not steps.number_to_send(connection, found.id):
            raise _too_late(found)
        unsent = steps.cancel_pending(connection, found.id, at) + orders.cancel_planned(connection, found.id, at)
        rows.count(connection, found.id, {"ended": unsent, "n_cancelled": unsent}, at=at)
        rows.set_state(connection, found.id, JobState.CANCELLING, note="", at=at)
        in_doubt = steps.number_in(connection, found.id, Phase.INTENT)
        handed = orders.under_way(connection, found.id).steps
        if not steps.unended(connection, found.id):
            rows.set_state(connection, found.id, JobState.CANCELLED, note="", at=at)
        audit.append(
            connection,
            at,
            audit.actor(),
            [Event("cancelled", found.id, {"unsent": unsent, "in_doubt": in_doubt, "handed": handed})],
        )
    start(house, found.store)
    return replace(_report(house, found, unsent, in_doubt), handed=handed)


def _too_late(found: Job) -> UsageError:
    """Why a job is not cancelled of which the store has everything."""
    billed = " and is billed" if found.verb == "restore" and found.progress.sent else ""
    said = f"everything was sent{billed}" if found.progress.sent else "there is nothing that it would send"
    hint = f"it goes on being watched: icehouse job {found.id[:8]} --follow"
    return UsageError(f"job {found.id} can't be cancelled any more: {said}", hint=hint)


def _report(house: House, found: Job, unsent: int, in_doubt: int) -> CancelReport:
    from icehouse.ledger import steps

    if found.verb != "restore":
        objects, size = steps.accepted_sum(house.ledger(), found.id)
        return CancelReport(found.id, unsent, in_doubt, objects, size, 0.0)
    taken = steps.accepted_groups(house.ledger(), found.id)
    cost = house.config.prices.total(taken)
    return CancelReport(
        job=found.id,
        unsent=unsent,
        in_doubt=in_doubt,
        accepted=sum(objects for *_, objects, _ in taken),
        accepted_bytes=sum(size for *_, size in taken),
        accepted_usd=cost.total if cost is not None else None,
    )


def plan_retry(
    house: House,
    prefix: str,
    *,
    progress: Callable[[Looking], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Plan:
    """The failed items of an ended job planned anew, from what they are now, with the tier and days of before.

    Items that need nothing any more settle as such.  `restore.approve(…, retry_of=job)` carries it out.  UsageError
    where nothing failed or the job still runs.
    """
    from . import archive, checksum, restore

    old = job(house, prefix)
    if old.state.open:
        raise UsageError(f"job {old.id} is still {old.state.value}", hint=_how_to_end(old))
    marks = [Mark(item.ref) for item in every_item(house, old.id, failed_only=True)]
    if not marks:
        raise UsageError(f"job {old.id}: nothing failed", hint="there is nothing to retry")
    before = plan(house, old.id)
    if before.verb == "deliver":
        where = " ".join(before.addresses)
        raise UsageError(f"job {old.id} hands {where} out", hint=f"make it anew: icehouse deliver {where} …")
    if before.verb == "archive":
        chosen = archive.survey(house, marks, progress=progress, stop=stop)
        all_copies = before.archiving.all_copies
        copies = archive.look_up(house, chosen, all_copies=all_copies, stop=stop)
        return archive.freeze(house, chosen, copies, ArchiveWish(all_copies))
    if before.verb == "checksum":
        algorithm = before.checksumming.algorithm
        return checksum.freeze(house, checksum.survey(house, marks, progress=progress, stop=stop), algorithm)
    wish = before.restoring
    found = restore.survey(house, marks, progress=progress, stop=stop)
    wish = RestoreWish(wish.tier, wish.days, wish.speed_up)
    return restore.freeze(house, found, replace(wish, via=restore.usual_way(house, found, wish)))


def _how_to_end(old: Job) -> str:
    """What an open job has to come to its end by."""
    sends = old.state is not JobState.CANCELLING and old.progress.left_to_send
    first = "cancel what it has not sent, or " if sends else ""
    return f"{first}wait: icehouse job {old.id[:8]} --follow"


def retry(
    house: House,
    prefix: str,
    *,
    max_cost: float | None = None,
    start: Callable[[House, str], object] = ensure_worker,
) -> tuple[Plan, str]:
    """Plan a retry and approve it without a question: plan and new job id.

    Refused above `max_cost` dollars, and where an archiving of all copies would reach what was not shown before.
    """
    from .approve import approve

    old = job(house, prefix)
    fresh = plan_retry(house, old.id)
    if fresh.verb == "archive" and not set(fresh.archiving.reach) <= set(plan(house, old.id).archiving.reach):
        raise Refused("there are copies in more places than before", hint="archive anew, and look at what is shown")
    how = f"retry of job {old.id}"
    return fresh, approve(house, fresh, how=how, max_cost=max_cost, retry_of=old.id, start=start)
