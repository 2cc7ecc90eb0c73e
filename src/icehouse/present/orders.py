"""What is handed over to a store's own engine, in words: the way of a plan, and each of its orders as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from icehouse.core.checksums import Checksum
from icehouse.core.clock import Instant
from icehouse.core.delegating import ENGINE, lay_out
from icehouse.core.jobs import JobOrder, OrderStage
from icehouse.core.orders import OrderState
from icehouse.core.plans import Plan
from icehouse.core.restores import RestoreWish, Way
from icehouse.core.text import safe

from .cells import Cell, Tone
from .sizes import count, money, plural
from .times import when

CHECKSUM = "checksum"
"""The verb of jobs that have checksums computed."""


def way(orders: int, fee: float = 0.0) -> str:
    """Who sends a plan's requests: ``direct``, or ``S3 Batch Operations: 2 jobs, $0.60 of the total``."""
    if not orders:
        return "direct"
    return f"{ENGINE}: {plural(orders, 'job')}" + (f", {money(fee)} of the total" if fee else "")


def way_choice(orders: int) -> str:
    """How the other way is chosen."""
    return f" · b: {'direct' if orders else ENGINE}"


def orders_in(plan: Plan) -> int:
    """How many orders a plan hands over."""
    via = plan.wish.via if isinstance(plan.wish, RestoreWish) else Way.BATCH
    return len(lay_out(plan.steps, via).orders)


def way_line(plan: Plan) -> str:
    """The way of a plan with what it costs: ``S3 Batch Operations: 2 jobs, $0.60 of the total``."""
    return way(orders_in(plan), plan.cost.orders)


def order_word(order: JobOrder) -> str:
    """How far an order is: the store's own word where it has one, and what it did by then."""
    if order.stage is OrderStage.PLANNED:
        return "not handed over yet"
    if order.stage is OrderStage.HANDING:
        return "being handed over"
    if order.stage is OrderStage.CLOSED and not order.id:
        return safe(order.words) or "was not handed over"
    return safe(order.word) or "taken"


def order_counts(order: JobOrder) -> str:
    """What the store has done of an order, as it says: ``512 of 100,000, 3 failed``."""
    of = order.total if order.total else order.steps
    if order.succeeded is None and order.failed is None:
        return plural(order.steps, "object")
    done = (order.succeeded or 0) + (order.failed or 0)
    return f"{count(done)} of {count(of)}" + (f", {count(order.failed)} failed" if order.failed else "")


def order_why(order: JobOrder) -> str:
    """What there is to say of an order besides: why it failed, what its report left out and what became of that."""
    left = f"{plural(order.untold, 'object')} not told by its report, looked at one by one" if order.untold else ""
    if order.untold and order.act.value == CHECKSUM:
        left = f"{plural(order.untold, 'object')} not told by its report"
    return "; ".join(part for part in (left, safe(order.words) if order.id else "") if part)


def order_line(order: JobOrder) -> str:
    """One order in a line: the store's number for it, how far it is, and what it did."""
    parts = [safe(order.id) or f"order {order.n}", order_word(order), order_counts(order), order_why(order)]
    return " · ".join(part for part in parts if part)


def handed_over(orders: Sequence[JobOrder]) -> int:
    """How many objects are in orders that are not closed yet."""
    return sum(order.steps for order in orders if order.stage.open)


def done_in_orders(orders: Sequence[JobOrder]) -> int:
    """How many of those the store has come to an end with, as it says."""
    return sum((order.succeeded or 0) + (order.failed or 0) for order in orders if order.stage.open)


def stage_line(orders: Sequence[JobOrder]) -> str:
    """How far the first order is that is not closed yet: ``batch: Active``; "" where there is none."""
    first = next((order for order in orders if order.stage.open), None)
    if first is None:
        return ""
    return f"batch: {order_word(first) if first.id else 'handing over'}"


def order_details(orders: Sequence[JobOrder], now: Instant) -> list[tuple[str, Cell]]:
    """The orders of a job among its details; `now` is the store's time."""
    lines: list[tuple[str, Cell]] = []
    for order in orders:
        bad = order.state in (OrderState.FAILED, OrderState.CANCELLED) or bool(order.untold)
        tone = Tone.DANGER if bad else Tone.WAY if order.stage.open else Tone.PLAIN
        lines.append((f"batch {order.n}", Cell(f"{order_word(order)} · {order_counts(order)}", tone, ours=False)))
        if order.id:
            lines.append(("its job", Cell(safe(order.id), ours=False)))
        if order.stage.open and order.asked_at is not None:
            lines.append(("as of", Cell(f"{when(order.asked_at, now)} UTC", Tone.FAINT)))
        if why := order_why(order):
            lines.append(("", Cell(why, Tone.DANGER if bad else Tone.PLAIN, ours=False)))
    return lines


def checksum_line(told: Checksum, address: str) -> str:
    """One checksum in a line, as the sums of other tools stand: the value, then of what."""
    kind = "" if told.type == "FULL_OBJECT" else f" ({safe(told.type).lower()})"
    return f"{safe(told.algorithm)} {safe(told.value)}{kind}  {safe(address)}"
