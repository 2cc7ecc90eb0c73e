"""A store that counts what is asked of it, for request costs and tests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from icehouse.core.archives import ArchiveAccepted, ArchiveRequest, Pointers, Quote
from icehouse.core.clock import Instant
from icehouse.core.columns import StreamPage
from icehouse.core.entries import Composition, ContainerEntry, Described, Lineage, Page, WalkPage
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.base import Pace, Store
from icehouse.stores.changing import Archives, NotTaken, Restores

from .forward import Forward


class Record(Forward):
    """Counts requests by operation.

    ``list`` and ``lineage`` are a page, ``describe``, ``compose`` and ``pointers`` a ref, ``restore`` and ``archive`` a
    request; ``read`` and ``other`` are calls.

    The store's own repeats of a read are not seen here.
    """

    def __init__(self, store: Store) -> None:
        """Count what is asked of `store`."""
        super().__init__(store)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests by operation so far; a copy."""
        with self._lock:
            return dict(self._counts)

    @property
    def total(self) -> int:
        """All requests so far."""
        return sum(self.counts.values())

    def identity(self) -> Identity:
        """Counted as ``other``."""
        self._count("other")
        return super().identity()

    def now(self) -> Instant:
        """Counted as ``other``."""
        self._count("other")
        return super().now()

    def containers(self) -> Iterator[ContainerEntry]:
        """Counted as ``other``."""
        self._count("other")
        return super().containers()

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        """Counted as ``list``."""
        self._count("list")
        return super().list(folder, following, limit=limit)

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        """Every page counted as ``list``."""
        for page in super().walk(folder, frontier, pin=pin, after=after):
            self._count("list")
            yield page

    def stream(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, pace: Pace | None = None
    ) -> Iterator[StreamPage]:
        """Every request that the store tells of counted as ``list``."""
        for page in super().stream(folder, frontier, pin=pin, pace=pace):
            self._count("list", page.requests)
            yield page

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        """Every ref counted as ``describe``."""
        for described in super().describe(refs):
            self._count("describe")
            yield described

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Counted as ``read``."""
        self._count("read")
        return super().open(ref, start, end)

    def moving(self, container: str, state: State) -> Iterator[WalkPage]:
        """Every page counted as ``list``."""
        for page in super().moving(container, state):
            self._count("list")
            yield page

    def survey(self, folder: FolderRef, frontier: str | None = None) -> Iterator[WalkPage]:
        """Every page counted as ``list``."""
        for page in super().survey(folder, frontier):
            self._count("list")
            yield page

    def lineage(self, container: str) -> Iterator[Lineage]:
        """Every page counted as ``lineage``."""
        for page in super().lineage(container):
            self._count("lineage")
            yield page

    def compose(self, ref: Ref) -> Composition:
        """Counted as ``compose``."""
        self._count("compose")
        return super().compose(ref)

    def pointers(self, refs: Sequence[Ref]) -> Iterator[Pointers]:
        """Every ref counted as ``pointers``."""
        for found in super().pointers(refs):
            self._count("pointers")
            yield found

    def quote(self, refs: Sequence[Ref], tier: Tier) -> Quote:
        """Counted as ``other``."""
        self._count("other")
        return super().quote(refs, tier)

    def _count(self, operation: str, requests: int = 1) -> None:
        with self._lock:
            self._counts[operation] += requests


class RecordedRestores(Record):
    """A recorded store that restores as well."""

    def __init__(self, store: Store, archives: Restores) -> None:
        """`archives` is `store` itself, known to play Restores."""
        super().__init__(store)
        self._archives = archives

    def restore(self, requests: Sequence[RestoreRequest]) -> Iterable[RestoreAccepted | NotTaken]:
        """Every request counted as ``restore``."""
        for result in self._archives.restore(requests):
            self._count("restore")
            yield result


class RecordedArchives(RecordedRestores):
    """A recorded store that archives as well."""

    def __init__(self, store: Store, archives: Archives) -> None:
        """`archives` is `store` itself, known to play Archives."""
        super().__init__(store, archives)
        self._sends = archives

    def archive(self, requests: Sequence[ArchiveRequest]) -> Iterable[ArchiveAccepted | NotTaken]:
        """Every request counted as ``archive``."""
        for result in self._sends.archive(requests):
            self._count("archive")
            yield result


def recorded(store: Store) -> Record:
    """`store`, counted; plays Archives and Restores where `store` does."""
    if isinstance(store, Archives):
        return RecordedArchives(store, store)
    return RecordedRestores(store, store) if isinstance(store, Restores) else Record(store)
