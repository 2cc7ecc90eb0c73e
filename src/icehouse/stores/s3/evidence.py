"""Evidence from the records that S3 keeps of itself in a bucket: server access logs and CloudTrail's files.

Both come late and out of order, so that all of the place is listed each time, and what was read before is left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from typing import Protocol

from icehouse.core.entries import Entry
from icehouse.core.errors import Cold, LoginExpired, NotFound, StoreError, Unavailable
from icehouse.core.evidence import Access, Gathered, Kind, Record, Unparsed, Watched
from icehouse.core.refs import FolderRef, Ref, ref_address
from icehouse.core.states import State
from icehouse.stores.base import Reads, Store

from .accesslog import AccessLog
from .cloudtrail import TrailFile, is_trail
from .unpacking import Ending, unpack
from .watching import Watching

_AHEAD, _PARALLEL, _SMALL = 32, 8, 1 << 20
"""So many files are fetched ahead, so many at once, where they are not larger than so many bytes."""

_AHEAD_OF_TIME = timedelta(hours=1)
"""So far may a record's time be ahead of the store's; a later one is wrong."""

_SILENT = 3
"""So many failures in a row, of the kind that passes, are a store that is gone."""

_COLD = frozenset({State.ARCHIVED, State.ARCHIVING, State.RESTORING})


class Reading(Protocol):
    """One file of records as it is read; its counts are right once all pages are through."""

    lines: int
    unparsed: int
    samples: list[Unparsed]
    as_of: int | None

    def pages(self, blocks: Iterator[bytes], ending: Ending) -> Iterator[Sequence[Access]]:
        """What the file tells of what is watched, some at a time; at least one page."""
        ...


class ReadableStore(Store, Reads, Protocol):
    """A store whose bytes can be read."""


class LogFiles:
    """An evidence source that is files of records under a prefix."""

    kinds = frozenset(Kind)
    """All three can be told by what is in such files."""

    def __init__(self, label: str, store: Store, container: str, prefix: str, *, trail: bool) -> None:
        """Files of `container` whose names begin with `prefix`: of CloudTrail where `trail`, else access logs."""
        self._label, self._store, self._container, self._prefix = label, store, container, prefix
        self._trail = trail

    @property
    def label(self) -> str:
        """As the config spells it."""
        return self._label

    def gather(
        self, watched: Sequence[Watched], known: Callable[[Record], bool], refs: Callable[[], Iterable[Ref]]
    ) -> Iterator[Gathered]:
        """Each file that is not `known`.

        One that is cold or can't be read is left for the next time; it is raised at the end, when the others are in.
        """
        watching, latest = Watching(watched), int((self._store.now() + _AHEAD_OF_TIME).timestamp())
        failed: list[StoreError] = []
        silent = 0
        for entry, opened in self._opened(known):
            try:
                yield from self._read(entry, opened(), watching, latest)
                silent = 0
            except NotFound:
                continue  # deleted between the listing and now, as old logs are
            except StoreError as error:
                failed.append(error)
                silent = silent + 1 if error.passing else 0
                if isinstance(error, LoginExpired) or silent >= _SILENT:
                    break
        if failed:
            raise self._failure(failed)

    def _read(self, entry: Entry, chunks: Iterable[bytes], watching: Watching, latest: int) -> Iterator[Gathered]:
        name, ending, chunks = entry.ref.key, Ending(), _whole(entry, chunks)
        kind = TrailFile if self._trail else AccessLog
        reading: Reading = kind(self._label, name, watching, latest)
        waiting: Sequence[Access] | None = None
        for page in reading.pages(unpack(chunks, entry.size, ending), ending):
            if waiting is not None:
                yield Gathered(None, waiting)
            waiting = page
        for _ in chunks:
            pass  # what nobody wanted of a broken file, so that its length is known
        yield Gathered(
            _record(entry),
            waiting or (),
            reading.lines,
            reading.unparsed,
            tuple(reading.samples),
            reading.as_of,
            ending.why,
        )

    def _opened(self, known: Callable[[Record], bool]) -> Iterator[tuple[Entry, Callable[[], Iterable[bytes]]]]:
        """Each new file and how to get its bytes; the next small ones are on their way meanwhile."""
        store = self._store
        assert isinstance(store, Reads)
        reads: Reads = store
        entries = (entry for entry in self._entries() if not known(_record(entry)))
        waiting: deque[tuple[Entry, Callable[[], Iterable[bytes]]]] = deque()
        pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="s3-log")
        try:
            while True:
                for entry in islice(entries, _AHEAD - len(waiting)):
                    waiting.append((entry, _opening(pool, reads, entry)))
                if not waiting:
                    return
                yield waiting.popleft()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _entries(self) -> Iterator[Entry]:
        """All files, oldest name first."""
        prefix = self._prefix
        folder = FolderRef(self._store.name, self._container, prefix[: prefix.rfind("/") + 1])
        for page in self._store.walk(folder):
            for entry in page.entries:
                key = entry.ref.key
                if (
                    key.startswith(prefix)
                    and not (self._trail and not is_trail(key))
                    and (entry.size or key[-1] != "/")
                ):
                    yield entry

    def _failure(self, failed: Sequence[StoreError]) -> StoreError:
        first = failed[0]
        line = first.line if len(failed) == 1 else f"{len(failed):,} files can't be read; the first: {first.line}"
        return type(first)(f"{self._label}: {line}", words=first.words, request_id=first.request_id)


def _record(entry: Entry) -> Record:
    return Record(entry.ref.key, f"{entry.etag}:{entry.size}")


def _opening(pool: ThreadPoolExecutor, reads: Reads, entry: Entry) -> Callable[[], Iterable[bytes]]:
    """How to get the bytes of a file; where it is small they are asked for at once."""
    if entry.standing.state in _COLD:
        return lambda: _cold(entry)
    if not entry.size:
        return lambda: ()
    if entry.size > _SMALL:
        return lambda: reads.open(entry.ref)
    future: Future[bytes] = pool.submit(lambda: b"".join(reads.open(entry.ref)))
    return lambda: (future.result(),)


def _whole(entry: Entry, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """`chunks`, and an error at their end where they are not as many bytes as were listed: another answer than S3's."""
    told = 0
    for chunk in chunks:
        told += len(chunk)
        yield chunk
    if told != entry.size:
        words = f"{told:,} bytes came, {entry.size:,} are listed"
        raise Unavailable(f"{ref_address(entry.ref)}: the answer is broken", words=words)


def _cold(entry: Entry) -> Iterable[bytes]:
    raise Cold(f"{ref_address(entry.ref)}: is cold: restore it first")
