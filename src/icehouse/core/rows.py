"""What lists show: rows of folders, objects, containers, stores and scans, from the catalogue or a live listing.

Names are raw, as the store has them; a face makes them safe with `core.text.safe` before it shows them.  Bytes are
plain integers; an age is measured from the host's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .clock import Instant
from .entries import NONE
from .refs import FolderRef, Ref
from .states import Standing, State

SortBy = Literal["name", "size", "objects", "changed", "state"]
"""What a list of a folder may be ordered by; folders always come first."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Four parts of a whole, each from 0.0 to 1.0: readable now, cold, on its way, and not known."""

    live: float
    cold: float
    way: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Rollup:
    """Everything below a folder, summed: objects, bytes, and both by state.

    `newest` is the latest change below it.  `complete` False means that at least this much is there (``≥``).
    States that do not occur are left out of `counts` and `sizes`.  `from_inventory` as in `Coverage`.
    """

    objects: int = 0
    bytes: int = 0
    newest: Instant | None = None
    counts: Mapping[State, int] = field(default_factory=dict)
    sizes: Mapping[State, int] = field(default_factory=dict)
    complete: bool = False
    from_inventory: bool = False

    def shares(self) -> Shares:
        """How the bytes divide (the objects, where there are no bytes); all 0.0 for an empty folder."""
        parts, whole = (self.sizes, self.bytes) if self.bytes else (self.counts, self.objects)
        if not whole:
            return Shares(0.0, 0.0, 0.0, 0.0)
        live = parts.get(State.LIVE, 0) + parts.get(State.RESTORED, 0)
        cold = parts.get(State.ARCHIVED, 0)
        way = parts.get(State.ARCHIVING, 0) + parts.get(State.RESTORING, 0)
        return Shares(live / whole, cold / whole, way / whole, (whole - live - cold - way) / whole)


@dataclass(frozen=True, slots=True)
class FolderRow:
    """One folder in a list; `rollup` None where nothing below it was ever scanned."""

    ref: FolderRef
    name: str
    rollup: Rollup | None = None


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object in a list.  `name` is the last part of the key, "" for the marker object of a folder.

    `asked_at` is when the standing was learned (host's clock) and `asked` how: ``list``, ``inventory`` or
    ``describe``.  `reason`
    says why a describe could not settle it.  `traits`, `tags`, `kind`, `properties`, `owner` and `job` as in
    `core.entries.Entry`.  `number` is the catalogue's own, in one generation of it; 0 in a live listing.
    """

    ref: Ref
    name: str
    size: int
    modified: Instant | None
    etag: str
    standing: Standing
    asked: str = "list"
    asked_at: Instant | None = None
    reason: str = ""
    traits: frozenset[str] = NONE
    tags: frozenset[str] = NONE
    kind: str = "file"
    properties: tuple[tuple[str, str], ...] = ()
    owner: str = ""
    job: str = ""
    number: int = field(default=0, compare=False)


Row = FolderRow | ObjectRow


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the catalogue can be trusted for a folder.

    `scanned` is when the scan that covers it ended (host's clock), None while the first one is unfinished;
    `by_store` the same by the store's clock where it told.  `error` is why an unfinished scan stopped.

    `from_inventory`: some or all of it was not walked but read from an inventory of the store's own, whose moment the
    times then tell.  Nothing that is destroyed may rest on that.
    """

    complete: bool
    started: Instant | None = None
    scanned: Instant | None = None
    by_store: Instant | None = None
    error: str = ""
    from_inventory: bool = False


@dataclass(frozen=True, slots=True)
class ContainerRow:
    """One container with what its catalogue knows; `rollup` and `coverage` None where it was never scanned.

    `title` is what people call it, "" where that is its name; `facts` what the platform says of it.
    """

    store: str
    name: str
    created: Instant | None = None
    rollup: Rollup | None = None
    coverage: Coverage | None = None
    title: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StoreRow:
    """One configured store, with the sum over its scanned containers."""

    name: str
    kind: str
    scanned: int = 0
    rollup: Rollup | None = None


@dataclass(frozen=True, slots=True)
class ScanStanding:
    """The last scan of a container: under way, done, or stopped and resumable.

    `rate` is objects a second over the last seconds of the run; `running` is known from a lock, not from `pid`;
    `title` is what people call the container, "" where that is its name.  `inventory` is the moment of the inventory
    that was read in place of a walk, None where it was walked.
    """

    store: str
    container: str
    prefix: str
    pid: int
    started: Instant
    updated: Instant
    objects: int
    bytes: int
    requests: int
    rate: float
    running: bool
    complete: bool
    error: str = ""
    title: str = ""
    inventory: Instant | None = None

    @property
    def resumable(self) -> bool:
        """Whether scanning again goes on where this one stopped."""
        return not self.running and not self.complete
