"""What the engine writes down about orders, each in the transaction of the group that it comes in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from icehouse.core.checksums import Checksum
from icehouse.core.clock import Instant, to_text
from icehouse.core.jobs import JobOrder
from icehouse.core.orders import OrderStanding
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import canonical
from icehouse.ledger import checksums, orders
from icehouse.ledger.audit import Event
from icehouse.ledger.steps import Ended, Task

DIFFERS = "the checksum is not what it was"
"""How the reason of a step begins whose bytes are other than the same version and ETag had before."""


@dataclass(slots=True)
class Move:
    """Something that becomes of an order, or of steps by it."""

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Write it into the ledger; the words for the audit."""
        raise NotImplementedError

    @property
    def ends(self) -> Ended | None:
        """The step that this ends, told after it was written."""
        return None


@dataclass(slots=True)
class Begin(Move):
    """An order is about to be handed over: the intent of its `tasks`, all of them; `done` unless it was cancelled."""

    order: JobOrder
    tasks: Sequence[Task]
    done: bool = False

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Put the order where the store may have it."""
        self.done = orders.begin(connection, self.order.job, self.order.n)
        order = self.order
        about: dict[str, object] = {"order": order.n, "token": order.token, "act": order.act.value}
        about |= {"container": order.container, "tier": order.tier, "days": order.days, "algorithm": order.algorithm}
        about |= {"steps": len(self.tasks), "content": content(self.tasks)}
        return [Event("order", order.job, about)] if self.done else []


@dataclass(slots=True)
class HandedOver(Move):
    """The store has an order, under its `id`, since `since` by its clock; `found` where it was asked for it."""

    order: JobOrder
    id: str
    since: Instant
    found: bool

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Keep its id."""
        orders.taken(connection, self.order.job, self.order.n, self.id, self.since)
        about = {"order": self.order.n, "id": self.id, "store_time": to_text(self.since), "found": self.found}
        return [Event("order-taken", self.order.job, about)]


@dataclass(slots=True)
class Doubted(Move):
    """An order that is to be called off was looked for and not found, the first time `since` by the store's clock."""

    order: JobOrder
    since: Instant

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Keep since when it is in doubt."""
        orders.doubt(connection, self.order.job, self.order.n, self.since)
        about = {"order": self.order.n, "token": self.order.token, "store_time": to_text(self.since)}
        return [Event("order-doubted", self.order.job, about)]


@dataclass(slots=True)
class Stood(Move):
    """What the store says of an order now."""

    order: JobOrder
    standing: OrderStanding

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Keep it; the audit is told of the end alone."""
        standing = self.standing
        orders.stand(connection, self.order.job, self.order.n, standing)
        if not standing.state.ended:
            return []
        about: dict[str, object] = {"order": self.order.n, "id": standing.id, "state": standing.state.value}
        about |= {"word": standing.word, "words": standing.words, "store_time": to_text(standing.at)}
        about |= {"total": standing.total, "succeeded": standing.succeeded, "failed": standing.failed}
        return [Event("order-ended", self.order.job, about)]


@dataclass(slots=True)
class Gone(Move):
    """The store knows an order no more."""

    order: JobOrder
    words: str
    since: Instant

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Take it as ended without a report."""
        orders.lost(connection, self.order.job, self.order.n, self.words, self.since)
        return [Event("order-ended", self.order.job, {"order": self.order.n, "state": "unknown", "words": self.words})]


@dataclass(slots=True)
class Leave(Move):
    """Steps that an order's report left out: `alone` where they are to be looked at one by one, else they end."""

    order: JobOrder
    tasks: Sequence[Task]
    alone: bool

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Count them, and make them intents of their own."""
        orders.count_untold(connection, self.order.job, self.order.n, len(self.tasks))
        if self.alone:
            orders.leave(connection, self.tasks)
        return []


@dataclass(slots=True)
class Close(Move):
    """Nothing more is done for an order; `words` say why its report was not taken, "" where it was."""

    order: JobOrder
    words: str

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Close it."""
        orders.close(connection, self.order.job, self.order.n, self.words)
        about: dict[str, object] = {"order": self.order.n, "id": self.order.id, "words": self.words}
        return [Event("order-closed", self.order.job, about)]


@dataclass(slots=True)
class Told(Move):
    """A checksum was told of a step's object: kept, and compared with what was told of the same bytes before."""

    task: Task
    checksum: Checksum
    request_id: str
    _ended: Ended | None = None

    def write(self, connection: Connection, at: Instant) -> Iterable[Event]:
        """Keep the checksum, and end the step: a conflict where the same bytes had another one."""
        told = self.checksum
        before = checksums.before(connection, told)
        checksums.put(connection, [told])
        outcome, reason = Outcome.OK, f"{told.algorithm} {told.value}"
        if before is not None:
            outcome = Outcome.CONFLICT
            reason = f"{DIFFERS}: {told.value}, and {before.value} on {before.at:%Y-%m-%d} by job {before.job[:8]}"
        readable = outcome is Outcome.OK
        self._ended = Ended(self.task, outcome, at, reason, self.request_id, answered=True, readable=readable)
        about: dict[str, object] = {"step": self.task.seq, "algorithm": told.algorithm, "value": told.value}
        about |= {"type": told.type, "etag": told.etag, "before": before.value if before is not None else None}
        return [Event("checksum", self.task.job, about)]

    @property
    def ends(self) -> Ended | None:
        """The step."""
        return self._ended


def content(tasks: Sequence[Task]) -> str:
    """SHA-256 over the identities of an order's objects, in their order, as the audit keeps it."""
    running = hashlib.sha256()
    for task in tasks:
        running.update(canonical([task.seq, task.ref.container, task.ref.key, task.ref.version, task.etag]))
    return running.hexdigest()
