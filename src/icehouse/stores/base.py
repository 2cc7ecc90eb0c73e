"""The store protocols: small, composed, with their semantics written down.

What every store promises:

- Names and keys go in and come out as the store has them, byte for byte.  Nothing is normalised.
- A listing or a walk that can't be finished raises; it never ends early as if it were whole.
- Batches in, per-item results out: one bad object never fails its neighbours.
- Errors are those of `core.errors`, with the store's own words and request id.
- Retrying belongs to the caller: a call tries once (reads may repeat what is free of effect, within a few seconds).
- Every call has an end: connect and read time-outs are set by the store.
- A store may be used from several threads.

Reading protocols and changing protocols are different types.  Services get readers; the worker hands the changing
ones to `engine/gate.py` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from icehouse.core.clock import Instant
from icehouse.core.entries import ContainerEntry, Described, Page, WalkPage
from icehouse.core.errors import StoreError
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, RestoreRule


@dataclass(frozen=True, slots=True)
class Features:
    """Facts about a store that screens and services ask instead of its kind.

    `restore_rules` by cold word; `needs_describe` holds the words whose state a listing can't see and a describe can
    (``INTELLIGENT_TIERING``); `max_restore_batch` is requests per call of `Archives.restore`; `standin` is True where
    the server says that it is a stand-in on loopback, whose simulated time may be trusted.
    """

    kind: str
    container_word: str
    restore_rules: Mapping[str, RestoreRule] = field(default_factory=dict)
    needs_describe: frozenset[str] = frozenset()
    max_restore_batch: int = 1
    describe_per_second: int = 300
    versioned: bool = False
    standin: bool = False
    standin_speed: float = 1.0


Verdict = Literal["yes", "no", "not testable", "unknown"]


@dataclass(frozen=True, slots=True)
class Ability:
    """One line of `check`: what these credentials may do, as far as it can be known without doing it."""

    name: str
    verdict: Verdict
    words: str = ""


class Store(Protocol):
    """What every store plays: looking, without changing anything."""

    @property
    def name(self) -> str:
        """The name in the config."""
        ...

    @property
    def features(self) -> Features:
        """Facts about this store; the first use may ask the server."""
        ...

    def identity(self) -> Identity:
        """Who these credentials are, and which server answers.  LoginExpired, Denied, Unavailable."""
        ...

    def now(self) -> Instant:
        """The store's own time, asked for now.  Unavailable where it can't be had; never the host's instead."""
        ...

    def check(self, container: str | None = None) -> Iterator[Ability]:
        """What these credentials may do, in general or in one container.  Never raises for a refusal."""
        ...

    def containers(self) -> Iterator[ContainerEntry]:
        """All containers these credentials see."""
        ...

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        """One page of one level of `folder`: its folders and objects, in key order.  NotFound: no such container."""
        ...

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        """Everything under `folder`, in key order, resumable from the `frontier` of an earlier page.

        `pin` True puts the current version's id into each ref where the container keeps versions.  `after`: only keys
        behind this one, in key order, whether or not there is such a key; ignored where a frontier is given.  Raises
        in the middle where the store does: what was yielded stands, the walk is then not complete.
        """
        ...

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        """Each ref asked for by itself, in no particular order, with its true standing.  Never raises per item."""
        ...

    def close(self) -> None:
        """Give back connections and threads; the store is not used afterwards."""
        ...


@runtime_checkable
class Reads(Protocol):
    """Reading bytes."""

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `end` (exclusive; None: to the last), in chunks.  Cold where not readable."""
        ...


@runtime_checkable
class Archives(Protocol):
    """Changing where bytes stand.  Only the gate calls this."""

    def restore(self, requests: Sequence[RestoreRequest]) -> Iterable[RestoreAccepted | RestoreFailed]:
        """Ask for each object's bytes back; one result per request.

        Errors per item: AlreadyRestoring, NotArchived, Invalid (days or tier do not fit), NoCapacity, NotFound,
        Denied, Throttled, Unavailable (the effect is then not known).
        """
        ...


@dataclass(frozen=True, slots=True)
class RestoreFailed:
    """A restore request that the store did not take, or whose fate is not known (`Unavailable`)."""

    ref: Ref
    error: StoreError
