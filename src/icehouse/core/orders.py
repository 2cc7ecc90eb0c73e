"""Orders: many requests of one kind, handed at once to the store's own engine, which carries them out by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from .clock import Instant
from .errors import StoreError
from .refs import Ref
from .restores import Tier


class OrderAct(Enum):
    """What an order asks for, of each of its objects.

    CHECKSUM has the store read the bytes where they lie, cold ones too, and tell their checksum; nothing is restored.
    """

    RESTORE = "restore"
    CHECKSUM = "checksum"


@dataclass(frozen=True, slots=True)
class Order:
    """What is handed over, as it was planned.

    `token` makes it one order however often it is submitted: a second submission with the same token is the first.
    All `refs` are of one container and in key order; either all of them are pinned to a version or none is.  `tier`
    and `days` as in a `RestoreRequest`, alike for all: words that need days and those that forbid them are never in
    one order.  `algorithm` names the checksum (``CRC64NVME``, ``SHA256`` …), "" for a restore.
    """

    token: str
    act: OrderAct
    container: str
    refs: Sequence[Ref]
    tier: Tier | None = None
    days: int | None = None
    algorithm: str = ""


class OrderState(Enum):
    """Where an order stands.  What is DONE was asked for: of a restore that says nothing of when its bytes come.

    Every order that is not WAITING or RUNNING may have a report, and what it does not tell of is not known.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether the store does nothing more for it."""
        return self in (OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED)


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """What the store says of one order: `word` is its own for the state, `words` why, where it failed.

    The counts are the store's, None before it has them; `at` is the store's time of this answer.
    """

    id: str
    state: OrderState
    word: str
    at: Instant
    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class OrderTaken:
    """The store took the order; `id` is what it is asked about by, `at` the store's time."""

    id: str
    at: Instant
    request_id: str


@dataclass(frozen=True, slots=True)
class OrderResult:
    """What the report tells of one object: `error` None where it went well.

    `extended` as in a `RestoreAccepted`, None where the report does not tell it apart.  `checksum` is what the store
    computed, as it spells it (base64), with the `algorithm` and whether it is of the whole object or of its parts
    (``FULL_OBJECT``, ``COMPOSITE``); `etag` is of the bytes that it read where the report tells it.
    """

    ref: Ref
    error: StoreError | None = None
    extended: bool | None = None
    algorithm: str = ""
    checksum: str = ""
    checksum_type: str = ""
    etag: str = ""
