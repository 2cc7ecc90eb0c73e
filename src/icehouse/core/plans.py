"""A plan: a frozen list of steps with totals, the identity it runs as, and a digest.  Nothing runs without one."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum

from .archives import ArchiveWish, Expected
from .checksums import ChecksumWish
from .clock import Instant, to_text
from .links import DeliverWish
from .outcomes import Outcome
from .refs import Ref
from .restores import RestoreWish, Tier


class Act(Enum):
    """What a step of a plan does.

    CALL_OFF takes an archiving back that has not moved the bytes yet: at once, and free.  NOTE writes the document
    that records a delivery in its folder.  CHECKSUM has the store compute the checksum of the bytes where they lie.
    """

    REQUEST = "request"
    EXTEND = "extend"
    SPEED_UP = "speed-up"
    CALL_OFF = "call-off"
    ARCHIVE = "archive"
    NOTE = "note"
    CHECKSUM = "checksum"
    FOLLOW = "follow"
    NOTHING = "nothing"

    @property
    def sends(self) -> bool:
        """Whether the step sends a request to the store."""
        return self.tiered or self in (Act.CALL_OFF, Act.ARCHIVE, Act.NOTE, Act.CHECKSUM)

    @property
    def tiered(self) -> bool:
        """Whether the request names a tier: what is brought back from the cold."""
        return self in (Act.REQUEST, Act.EXTEND, Act.SPEED_UP)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a plan runs as, where: the principal, the account, and the server's own identity."""

    principal: str
    account: str
    server: str


@dataclass(frozen=True, slots=True)
class Step:
    """One object's step, pinned to what was seen when the plan was made.

    `settled` is the outcome that was known at planning (live: notneeded; wrong tier: impossible); None for steps
    that send or follow (`act` is NOTHING exactly for settled ones).  `tier` is what is asked for, of steps that bring
    back; `expected` what is foretold, of steps that archive; `until` is when a copy that is to be extended falls
    cold, as seen.  `reason` says why, in words for the operator.
    """

    ref: Ref
    size: int
    etag: str
    cold_word: str
    act: Act
    days: int | None = None
    tier: Tier | None = None
    until: Instant | None = None
    settled: Outcome | None = None
    reason: str = ""
    expected: Expected | None = None

    def __post_init__(self) -> None:
        if (self.settled is not None) != (self.act is Act.NOTHING):
            raise ValueError("a step does nothing if, and only if, it was settled at planning")
        if (self.tier is not None) != self.act.tiered:
            raise ValueError("a step has a tier if, and only if, it asks for bytes from the cold")
        if (self.expected is not None) != (self.act is Act.ARCHIVE):
            raise ValueError("a step foretells a state if, and only if, it archives")

    def row(self) -> list[object]:
        """The step as the digest sees it: everything that decides what will be done, to what."""
        ref = self.ref
        identity: list[object] = [ref.store, ref.container, ref.key, ref.version, self.size, self.etag]
        until = to_text(self.until) if self.until else None
        tier = self.tier.value if self.tier else None
        expected = self.expected.value if self.expected else None
        return [*identity, self.cold_word, self.act.value, self.days, tier, until, expected]


@dataclass(frozen=True, slots=True)
class Cost:
    """Money for one tier, in US dollars at list price; `copies` is the temporary copies' storage.

    `orders` is what the store's own engine costs where requests are handed over to it, beside what they cost anyway.
    """

    requests: float
    retrieval: float
    copies: float
    orders: float = 0.0

    @property
    def total(self) -> float:
        """Requests, retrieval, copies and orders together."""
        return self.requests + self.retrieval + self.copies + self.orders


_COUNTED = (
    "archive",
    "request",
    "extend",
    "speed-up",
    "call-off",
    "checksum",
    "follow",
    "notneeded",
    "impossible",
    "conflict",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, by whom, for how much.  Immutable; its digest covers header and rows.

    `complete` tells whether the listing under it was whole; `seen_at` and `frozen_at` are the store's time, as is
    `not_before`, the end of a cooling-off before which nothing is sent.
    """

    verb: str
    store: str
    addresses: tuple[str, ...]
    wish: RestoreWish | ArchiveWish | DeliverWish | ChecksumWish
    identity: Identity
    steps: tuple[Step, ...]
    complete: bool
    seen_at: Instant
    frozen_at: Instant
    cost: Cost
    prices_of: str
    digest: str = field(default="")
    not_before: Instant | None = None

    @property
    def restoring(self) -> RestoreWish:
        """The wish of a plan that brings back.  TypeError for any other plan."""
        if not isinstance(self.wish, RestoreWish):
            raise TypeError(f"plan {self.id} does not restore")
        return self.wish

    @property
    def archiving(self) -> ArchiveWish:
        """The wish of a plan that archives.  TypeError for any other plan."""
        if not isinstance(self.wish, ArchiveWish):
            raise TypeError(f"plan {self.id} does not archive")
        return self.wish

    @property
    def delivering(self) -> DeliverWish:
        """The wish of a plan that hands a folder out.  TypeError for any other plan."""
        if not isinstance(self.wish, DeliverWish):
            raise TypeError(f"plan {self.id} delivers nothing")
        return self.wish

    @property
    def checksumming(self) -> ChecksumWish:
        """The wish of a plan that asks for checksums.  TypeError for any other plan."""
        if not isinstance(self.wish, ChecksumWish):
            raise TypeError(f"plan {self.id} asks for no checksums")
        return self.wish

    @property
    def id(self) -> str:
        """The short name of the plan: the first 12 hex digits of its digest."""
        return self.digest[:12]

    @property
    def sending(self) -> tuple[Step, ...]:
        """The steps that send a request."""
        return tuple(step for step in self.steps if step.act.sends and step.settled is None)

    def totals(self) -> dict[str, int]:
        """Counts and bytes: ``objects``, ``bytes``, then a count for every act and every settled outcome.

        Of a plan that hands a folder out they are those that are handed out; its one step is the note on it.
        """
        if isinstance(self.wish, DeliverWish):
            return {"objects": self.wish.objects, "bytes": self.wish.bytes, Act.NOTE.value: len(self.sending)}
        acts: Counter[str] = Counter()
        for step in self.steps:
            acts[step.settled.value if step.settled else step.act.value] += 1
        return {
            "objects": len(self.steps),
            "bytes": sum(step.size for step in self.steps),
            "bytes_to_request": sum(step.size for step in self.sending),
            **{name: acts[name] for name in _COUNTED},
            **self._foretold(),
        }

    def _foretold(self) -> dict[str, int]:
        """Of a plan that archives: objects and bytes by what is foretold of them; nothing for any other plan."""
        if not isinstance(self.wish, ArchiveWish):
            return {}
        told: dict[str, int] = {}
        for expected in Expected:
            sizes = [step.size for step in self.steps if step.expected is expected]
            told |= {expected.value: len(sizes), f"bytes_{expected.value}": sum(sizes)}
        return told


def header(plan: Plan) -> dict[str, object]:
    """The plan without its steps, as JSON-ready values."""
    wish = asdict(plan.wish)
    if isinstance(plan.wish, RestoreWish):
        wish |= {"tier": plan.wish.tier.value, "via": plan.wish.via.value}
    elif isinstance(plan.wish, DeliverWish):
        wish["promised"] = to_text(plan.wish.promised)
    return {
        "verb": plan.verb,
        "store": plan.store,
        "addresses": list(plan.addresses),
        "wish": wish,
        "identity": asdict(plan.identity),
        "complete": plan.complete,
        "seen_at": to_text(plan.seen_at),
        "frozen_at": to_text(plan.frozen_at),
        "cost": asdict(plan.cost),
        "prices_of": plan.prices_of,
        "not_before": to_text(plan.not_before) if plan.not_before else None,
    }


def digest_of(plan_header: dict[str, object], rows: Iterable[Sequence[object]]) -> str:
    """SHA-256 over the header and the rows, one canonical JSON line each, rows in the order given (sorted by ref)."""
    running = hashlib.sha256(canonical(plan_header))
    for row in rows:
        running.update(canonical(row))
    return running.hexdigest()


def canonical(value: object) -> bytes:
    """`value` as one JSON line that is the same on every machine: sorted keys, ASCII, no spaces."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"
