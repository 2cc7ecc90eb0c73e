"""Objects column by column: how many of them travel from a store to the catalogue without an object made for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .entries import Entry
from .refs import Ref
from .states import Standing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ObjectColumns:
    """Some objects of a container, as there may be millions; all columns are of one length.

    Only what is current is in it: no delete markers, no older versions.  `sizes` in bytes, `modified` in microseconds
    since 1970 (None where it is not told), `etags` without quotes.  `kinds` are the few standings that there are, and
    `standings` has for each object the place of its own among them.  `versions` are the ids that pin the objects, None
    where nothing is pinned.
    """

    keys: Sequence[str]
    sizes: Sequence[int]
    modified: Sequence[int | None]
    etags: Sequence[str]
    standings: Sequence[int]
    kinds: Sequence[Standing]
    versions: Sequence[str] | None = None

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self.keys)

    def entries(self, store: str, container: str) -> Iterator[Entry]:
        """Each object as an entry of a listing."""
        versions = self.versions if self.versions is not None else [None] * len(self.keys)
        columns = (self.keys, self.sizes, self.modified, self.etags, self.standings, versions)
        for key, size, modified, etag, standing, version in zip(*columns, strict=True):
            moment = None if modified is None else _EPOCH + timedelta(microseconds=modified)
            yield Entry(Ref(store, container, key, version), size, moment, etag, self.kinds[standing])


@dataclass(frozen=True, slots=True)
class StreamPage:
    """One page of a stream: objects in any order, and the frontier to go on from after it and all pages before it.

    `frontier` None: everything was told.  `requests` were made of the store for it.
    """

    objects: ObjectColumns
    frontier: str | None
    requests: int = 1
