"""A job: a plan being carried out, and how far each of its steps has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .clock import Instant
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
    """How far a step has come.  An intent without an outcome is probed, never blindly repeated."""

    PENDING = "pending"
    INTENT = "intent"
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
