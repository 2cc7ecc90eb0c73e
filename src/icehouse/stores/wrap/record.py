"""A store that counts what is asked of it, for request costs and tests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from icehouse.core.clock import Instant
from icehouse.core.entries import ContainerEntry, Described, Page, WalkPage
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest
from icehouse.stores.base import NotTaken, Restores, Store

from .forward import Forward


class Record(Forward):
    """Counts requests by operation: ``list`` (a page), ``describe`` (a ref), ``restore``, ``read`` and ``other``.

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

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        """Every ref counted as ``describe``."""
        for described in super().describe(refs):
            self._count("describe")
            yield described

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Counted as ``read``."""
        self._count("read")
        return super().open(ref, start, end)

    def _count(self, operation: str) -> None:
        with self._lock:
            self._counts[operation] += 1


class RecordedRestores(Record):
    """A recorded store that archives and restores as well."""

    def __init__(self, store: Store, archives: Restores) -> None:
        """`archives` is `store` itself, known to play Restores."""
        super().__init__(store)
        self._archives = archives

    def restore(self, requests: Sequence[RestoreRequest]) -> Iterable[RestoreAccepted | NotTaken]:
        """Every request counted as ``restore``."""
        for result in self._archives.restore(requests):
            self._count("restore")
            yield result


def recorded(store: Store) -> Record:
    """`store`, counted; plays Restores where `store` does."""
    return RecordedRestores(store, store) if isinstance(store, Restores) else Record(store)
