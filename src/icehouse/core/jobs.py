"""A job: a plan being carried out, and how far each of its steps has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from .clock import Instant
from .orders import OrderAct, OrderState
from .outcomes import Outcome
from .plans import Act
from .refs import Ref


class JobState(Enum):
    """Where a job stands.  A job ends once, as done or cancelled, with its counts by outcome."""

    QUEUED = "queued"
    RUNNING = "running"
    WATCHING = "watching"
    PARKED = "parked"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    DONE = "done"

    @property
    def open(self) -> bool:
        """Whether a worker still has something to do for it."""
        return self not in (JobState.CANCELLED, JobState.DONE)


class Phase(Enum):
    """How far a step has come.  An intent without an outcome is probed, never blindly repeated.

    ORDERED: it is handed over as part of an order, whose stage tells how far that is.
    """

    PENDING = "pending"
    INTENT = "intent"
    ORDERED = "ordered"
    ACCEPTED = "accepted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Progress:
    """A job's counters, written with its outcomes: what every screen and `--follow` reads.

    `bytes_total` and `bytes_ready` are bytes; `outcomes` counts ended steps by outcome word.
    """

    steps: int = 0
    to_send: int = 0
    sent: int = 0
    ready: int = 0
    ended: int = 0
    bytes_total: int = 0
    bytes_ready: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def left_to_send(self) -> int:
        """How many requests are not sent yet, or have no answer on record; those that were cancelled never are."""
        return max(0, self.to_send - self.sent - self.outcomes.get("cancelled", 0))


@dataclass(frozen=True, slots=True)
class Job:
    """One job as the ledger tells it.  `note` is the one line on what it waits for or why it was parked.

    `ready_by` is the longest documented time for the slowest step, by the store's clock; None before the first
    request, and where no documentation tells.  `not_before` is the end of a cooling-off, by the store's clock.
    `rate` is objects accepted per second over the last seconds; 0.0 when nothing is being sent.
    """

    id: str
    plan: str
    verb: str
    store: str
    title: str
    state: JobState
    created: Instant
    updated: Instant
    progress: Progress
    note: str = ""
    tier: str = ""
    ready_by: Instant | None = None
    falls_cold: Instant | None = None
    not_before: Instant | None = None
    rate: float = 0.0
    retry_of: str = ""


class OrderStage(Enum):
    """How far an order has come; the intent of all of its steps is durable before it is HANDING.

    HANDING: it may have been handed over; the store is asked before it is handed over again.  TAKEN: the store has it.
    ENDED: the store does nothing more for it, and its report is to be read.  CLOSED: the report was read, or there is
    none; every step of it has an answer or was left to be looked at.
    """

    PLANNED = "planned"
    HANDING = "handing over"
    TAKEN = "taken"
    ENDED = "ended"
    CLOSED = "closed"

    @property
    def open(self) -> bool:
        """Whether something is still to be done for it."""
        return self is not OrderStage.CLOSED


@dataclass(frozen=True, slots=True)
class JobOrder:
    """One order of a job: what was handed over to the store's own engine, and what that says of it.

    `id` is the store's, "" before it took the order; `word` its own word for how far it is, `words` why it failed, or
    what became of its report.  The counts are the store's, None before it has them.  `taken_at`, `asked_at` and
    `ended_at` are the store's time; `untold` are steps that its report left out.
    """

    job: str
    n: int
    token: str
    act: OrderAct
    container: str
    tier: str
    days: int | None
    algorithm: str
    steps: int
    stage: OrderStage
    id: str = ""
    state: OrderState | None = None
    word: str = ""
    words: str = ""
    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    untold: int = 0
    taken_at: Instant | None = None
    asked_at: Instant | None = None
    ended_at: Instant | None = None


NEEDS_CREDENTIALS, WAITS_FOR_STORE = "needs credentials", "waits for the store"
"""How the line of a job begins that waits for somebody to log in, or for its store."""


def waits_outside(note: str) -> bool:
    """Whether a parked job's line says that what it waits for is outside, and no rule's word."""
    return note.startswith((NEEDS_CREDENTIALS, WAITS_FOR_STORE))


def orders_note(orders: Sequence[JobOrder]) -> str:
    """How far the orders are that are still open, as the one line of their job; "" where none is."""
    parts = [_head(order) + _how_far(order) for order in orders if order.stage.open]
    return "; ".join(parts[:3]) + (f"; and {len(parts) - 3} more" if len(parts) > 3 else "")


def notes_orders(note: str, orders: Sequence[JobOrder]) -> bool:
    """Whether a job's line is an `orders_note` of these orders, as they are or as they were when it was written."""
    return note.startswith(tuple(_head(order) for order in orders))


def _head(order: JobOrder) -> str:
    return f"order {order.n}: "


def _how_far(order: JobOrder) -> str:
    told = order.stage not in (OrderStage.PLANNED, OrderStage.HANDING)
    word = (told and order.word) or order.stage.value
    done = (order.succeeded or 0) + (order.failed or 0)
    return f"{word}, {done:,} of {order.steps:,}" if told and order.total is not None else f"{word}"


@dataclass(frozen=True, slots=True)
class JobItem:
    """One step of a job with what became of it; `at` is the host's time of the last change."""

    seq: int
    ref: Ref
    size: int
    act: Act
    phase: Phase
    outcome: Outcome | None
    reason: str
    request_id: str
    at: Instant | None
    until: Instant | None
