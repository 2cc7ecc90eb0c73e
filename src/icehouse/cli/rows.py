"""Domain rows as JSON-ready values: the shapes that scripts rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icehouse.core.archives import ArchiveWish
from icehouse.core.checksums import Checksum, ChecksumWish
from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.holds import Hold
from icehouse.core.jobs import Job, JobItem, JobOrder
from icehouse.core.links import DeliverWish
from icehouse.core.marks import Mark
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Cost, Plan, Step
from icehouse.core.refs import FolderRef, Ref, ref_address
from icehouse.core.restores import RestoreWish
from icehouse.core.rows import ScanStanding
from icehouse.present.orders import orders_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icehouse.services.restore import TierOffer


def instant(at: Instant | None) -> str | None:
    """An instant as ISO 8601 in UTC, None for none."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def ref_row(ref: Ref) -> dict[str, object]:
    """An identity: store, container, raw key, version where pinned, and the address."""
    return {
        "address": ref_address(ref),
        "store": ref.store,
        "container": ref.container,
        "key": ref.key,
        "version": ref.version,
    }


def entry_row(entry: Entry) -> dict[str, object]:
    """One object with its standing."""
    standing = entry.standing
    return {
        **ref_row(entry.ref),
        "size": entry.size,
        "modified": instant(entry.modified),
        "etag": entry.etag,
        "state": standing.state.value,
        "word": standing.word,
        "cold_word": standing.cold_word,
        "until": instant(standing.until),
        "tier": standing.tier,
        "asked": entry.asked,
        "traits": sorted(entry.traits),
        "tags": sorted(entry.tags),
    }


def cost_row(cost: Cost) -> dict[str, float]:
    """Dollars by what they are for, rounded to a millionth."""
    parts = {"requests": cost.requests, "retrieval": cost.retrieval, "copies": cost.copies, "orders": cost.orders}
    parts["total"] = cost.total
    return {name: round(dollars, 6) for name, dollars in parts.items()}


def offer_row(offer: TierOffer) -> dict[str, object]:
    """One tier with what it would request, its time and its cost."""
    window = offer.window
    return {
        "tier": offer.tier.value,
        "offered": offer.requests > 0,
        "requests": offer.requests,
        "bytes": offer.bytes,
        "impossible": offer.impossible,
        "why_not": offer.why_not,
        "seconds_shortest": window.shortest.total_seconds() if window else None,
        "seconds_longest": window.longest.total_seconds() if window else None,
        "cost": cost_row(offer.cost) if offer.cost else None,
        "orders": offer.orders,
    }


def plan_row(plan: Plan) -> dict[str, object]:
    """A plan without its steps: id, digest, totals, wish and identity, and the cost of one that brings back."""
    match plan.wish:
        case ArchiveWish(all_copies=all_copies):
            wish: dict[str, object] = {"all_copies": all_copies, "not_before": instant(plan.not_before)}
        case DeliverWish(delivery=delivery, recipient=recipient, promised=promised, mail=mail):
            wish = {"delivery": delivery, "recipient": recipient, "promised": instant(promised), "reissue": mail}
        case RestoreWish(tier=tier, days=days, via=via):
            wish = {"tier": tier.value, "days": days or None, "cost": cost_row(plan.cost), "prices": plan.prices_of}
            wish |= {"via": via.value, "orders": orders_in(plan)}
        case ChecksumWish(algorithm=algorithm):
            wish = {"algorithm": algorithm, "cost": cost_row(plan.cost), "prices": plan.prices_of}
            wish |= {"orders": orders_in(plan)}
    return {
        "plan": plan.id,
        "digest": plan.digest,
        "verb": plan.verb,
        "store": plan.store,
        "addresses": list(plan.addresses),
        "totals": plan.totals(),
        **wish,
        "principal": plan.identity.principal,
        "account": plan.identity.account,
        "complete": plan.complete,
        "seen_at": instant(plan.seen_at),
    }


def step_row(step: Step) -> dict[str, object]:
    """One step of a plan."""
    return {
        **ref_row(step.ref),
        "size": step.size,
        "cold_word": step.cold_word,
        "act": step.act.value,
        "tier": step.tier.value if step.tier else None,
        "days": step.days,
        "expected": step.expected.value if step.expected else None,
        "outcome": step.settled.value if step.settled else None,
        "reason": step.reason,
    }


def job_row(job: Job, orders: Sequence[JobOrder] = ()) -> dict[str, object]:
    """One job with its counters, and what of it was handed over."""
    progress = job.progress
    return {
        "job": job.id,
        "plan": job.plan,
        "verb": job.verb,
        "store": job.store,
        "title": job.title,
        "state": job.state.value,
        "steps": progress.steps,
        "to_send": progress.to_send,
        "sent": progress.sent,
        "ready": progress.ready,
        "ended": progress.ended,
        "bytes": progress.bytes_total,
        "bytes_ready": progress.bytes_ready,
        "outcomes": {outcome.value: progress.outcomes.get(outcome.value, 0) for outcome in Outcome},
        "tier": job.tier,
        "rate": job.rate,
        "note": job.note,
        "created": instant(job.created),
        "updated": instant(job.updated),
        "ready_by": instant(job.ready_by),
        "falls_cold": instant(job.falls_cold),
        "not_before": instant(job.not_before),
        "retry_of": job.retry_of or None,
        "orders": [order_row(order) for order in orders],
    }


def order_row(order: JobOrder) -> dict[str, object]:
    """One order of a job, as the store says that it stands."""
    return {
        "order": order.n,
        "id": order.id or None,
        "token": order.token,
        "act": order.act.value,
        "container": order.container,
        "tier": order.tier or None,
        "days": order.days,
        "algorithm": order.algorithm or None,
        "steps": order.steps,
        "stage": order.stage.value,
        "state": order.state.value if order.state else None,
        "word": order.word or None,
        "words": order.words or None,
        "total": order.total,
        "succeeded": order.succeeded,
        "failed": order.failed,
        "untold": order.untold,
        "taken": instant(order.taken_at),
        "asked": instant(order.asked_at),
        "done": instant(order.ended_at),
    }


def checksum_row(told: Checksum) -> dict[str, object]:
    """One checksum, as the store told it."""
    return {
        **ref_row(told.ref),
        "etag": told.etag,
        "algorithm": told.algorithm,
        "checksum": told.value,
        "type": told.type,
        "at": instant(told.at),
        "job": told.job,
    }


def hold_row(hold: Hold) -> dict[str, object]:
    """One hold; `prefix` of a folder's, `key` and `version` of an object's."""
    target = hold.target
    where = (
        {"prefix": target.prefix, "key": None, "version": None}
        if isinstance(target, FolderRef)
        else {"prefix": None, "key": target.key, "version": target.version}
    )
    return {
        "hold": hold.id,
        "address": str(Mark(target)),
        "store": target.store,
        "container": target.container,
        **where,
        "reason": hold.reason,
        "by": hold.by,
        "at": instant(hold.at),
    }


def scan_row(scan: ScanStanding) -> dict[str, object]:
    """The last scan of a container."""
    return {
        "verb": "scan",
        "address": f"{scan.store}:{scan.container}/{scan.prefix}",
        "state": "complete" if scan.complete else "running" if scan.running else "stopped",
        "objects": scan.objects,
        "bytes": scan.bytes,
        "requests": scan.requests,
        "rate": scan.rate,
        "pid": scan.pid if scan.running else None,
        "started": instant(scan.started),
        "updated": instant(scan.updated),
        "error": scan.error or None,
        "inventory": instant(scan.inventory),
    }


def item_row(item: JobItem) -> dict[str, object]:
    """One step of a job with what became of it."""
    return {
        **ref_row(item.ref),
        "size": item.size,
        "act": item.act.value,
        "phase": item.phase.value,
        "outcome": item.outcome.value if item.outcome else None,
        "reason": item.reason,
        "request_id": item.request_id,
        "at": instant(item.at),
        "until": instant(item.until),
    }
