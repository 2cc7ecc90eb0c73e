"""Scanning: a container, or a folder of it, is walked into its catalogue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from icehouse.catalogue.changes.comparing import Comparing
from icehouse.catalogue.changes.reading import comparison_in
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import opened
from icehouse.catalogue.renew import abandon, begin, compare, complete
from icehouse.catalogue.summary import ScanNote, Summary
from icehouse.catalogue.turns import is_held, take_turn
from icehouse.catalogue.writer import ScanWriter
from icehouse.core.changes import Comparison
from icehouse.core.clock import Clock, Instant
from icehouse.core.columns import StreamPage
from icehouse.core.entries import ContainerEntry, WalkPage
from icehouse.core.errors import IcehouseError, Refused, StoreError, Unavailable, UsageError
from icehouse.core.refs import Address, FolderRef, folder_address
from icehouse.core.rows import Rollup, ScanStanding
from icehouse.core.states import State
from icehouse.stores.base import Store, Streams, Surveys

from .absent import MOST, STOPPED, ask_absent
from .house import House
from .lineage import LineageReport, read_lineage, require_lineage, want_lineage

__all__ = ["STOPPED", "ScanProgress", "ScanReport", "scan", "scanning", "start_scan"]

_RATE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far a scan has come, over all its runs; `rate` is objects a second over the last seconds.

    `jobs` is how many of them were read, None before and without that; `asked` of how many objects that are not listed
    any more it was asked whether they are gone, and of how many it will be.
    """

    objects: int
    bytes: int
    requests: int
    rate: float
    seconds: float
    jobs: int | None = None
    asked: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan did, over all its runs.

    `requests` are pages asked for.  `complete` False: `error` says why it ended early ("stopped" where it was asked
    to), the numbers are at least what is there, and scanning again goes on from here.  `cause` is the store's error.
    `lineage` is what was read of jobs, None where nothing was to be; its failure leaves the scan complete.
    `inventory` is the moment of the inventory that was read in place of a walk, None where it was walked; `unbounded`
    that nobody could tell whether it was limited to a prefix.
    `changes` is what it found other than before, None where there was nothing to hold it against.
    """

    objects: int
    bytes: int
    complete: bool
    seconds: float
    requests: int
    by_state: dict[State, int] = field(default_factory=dict)
    bytes_by_state: dict[State, int] = field(default_factory=dict)
    error: str = ""
    cause: StoreError | None = None
    lineage: LineageReport | None = None
    inventory: Instant | None = None
    unbounded: bool = False
    changes: Comparison | None = None


def scan(
    house: House,
    address: Address,
    *,
    fresh: bool = False,
    lineage: bool = False,
    confirm: int = MOST,
    progress: Callable[[ScanProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> ScanReport:
    """Walk everything under `address` into the catalogue, going on with an unfinished scan of the same folder.

    `fresh` throws an unfinished one away.  `lineage` reads the container's jobs as well, and has later scans do so:
    UsageError where the store knows none.  A store error in the middle ends in a report that is not complete; one
    before the first page is raised, and leaves no trace.  Refused while another process scans the container.

    Where it was scanned before, what is not listed any more is asked about, `confirm` objects at most: what a describe
    does not find is gone, and what nobody could confirm stays in the catalogue as unknown.
    """
    folder = folder_of(address)
    files = Files(house.paths.catalogue, folder.store, folder.container)
    turn = take_turn(lock_of(house, files), house.clock)
    if turn is None:
        raise Refused(
            f"{folder.store}:{folder.container} is being scanned already{by_whom(house, folder)}",
            hint="`icehouse jobs` shows how far it is",
        )
    try:
        store = house.store(folder.store)
        if lineage:
            require_lineage(store)
        features, by_store = store.features, store_time(store)
        writer = begin(
            files, folder.prefix, fresh=fresh, clock=house.clock, by_store=by_store, by_id=features.ids,
            tells=features.tells,
        )  # fmt: skip
        summary = Summary(house.paths.catalogue)
        notes = _Notes(summary, files, writer, house.clock)
        try:
            _note_whose(store, summary, folder.container, writer)
            jobs = want_lineage(store, files, writer, asked=lineage)
            return _walk(store, folder, files, writer, notes, jobs, confirm, progress, stop)
        finally:
            writer.close()
    finally:
        turn.end()


def start_scan(house: House, address: Address, *, lineage: bool = False) -> int:
    """Start `scan` as a process of its own, which outlives this one; its process id.

    Its words go to ``scan.log`` in the log folder.
    """
    folder = folder_of(address)
    options = ["--quiet", "--lineage"] if lineage else ["--quiet"]
    environment = {**os.environ, "ICEHOUSE_CONFIG": str(house.paths.config), "ICEHOUSE_STATE": str(house.paths.state)}
    house.paths.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = os.open(house.paths.logs / "scan.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "icehouse", "scan", folder_address(folder), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(log)
    return process.pid


def scanning(house: House) -> list[ScanStanding]:
    """The last scan of each container, the newest first: under way, done, or stopped and resumable."""
    return [
        ScanStanding(
            store=note.store,
            container=note.container,
            prefix=note.prefix,
            pid=note.pid,
            started=note.started,
            updated=note.updated,
            objects=note.objects,
            bytes=note.bytes,
            requests=note.requests,
            rate=note.rate,
            running=not note.complete
            and is_held(lock_of(house, Files(house.paths.catalogue, note.store, note.container))),
            complete=note.complete,
            error=note.error,
            title=note.title,
            inventory=note.inventory,
        )
        for note in Summary(house.paths.catalogue).scans()
    ]


class _Notes:
    """What the scan tells the summary and whoever waits for it, at most once a batch."""

    def __init__(self, summary: Summary, files: Files, writer: ScanWriter, clock: Clock) -> None:
        self._summary = summary
        self._files = files
        self._writer = writer
        self._clock = clock
        self._started = clock.now()
        self._recent: deque[tuple[float, int]] = deque([(clock.monotonic(), writer.objects)])

    def now(self) -> Instant:
        return self._clock.now()

    def progress(self, jobs: int | None = None) -> ScanProgress:
        writer, now = self._writer, self._clock.monotonic()
        self._recent.append((now, writer.objects))
        while len(self._recent) > 2 and now - self._recent[0][0] > _RATE_SECONDS:
            self._recent.popleft()
        then, objects = self._recent[0]
        rate = (writer.objects - objects) / (now - then) if now > then else 0.0
        return ScanProgress(writer.objects, writer.bytes, writer.requests, rate, writer.spent, jobs)

    def write(self, progress: ScanProgress, *, complete: bool = False, error: str = "") -> None:
        files, writer = self._files, self._writer
        self._summary.note_scan(
            ScanNote(
                store=files.store,
                container=files.container,
                prefix=writer.prefix,
                pid=os.getpid(),
                started=self._started,
                updated=self._clock.now(),
                objects=progress.objects,
                bytes=progress.bytes,
                requests=progress.requests,
                rate=progress.rate,
                complete=complete,
                error=error,
            )
        )

    def grown(self, progress: Callable[[ScanProgress], None] | None) -> None:
        """A batch was written: tell the summary, and whoever waits for it."""
        told = self.progress()
        self.write(told)
        if self._files.visible() == self._writer.path:
            self.totals()
        if progress is not None:
            progress(told)

    def asking(self, progress: Callable[[ScanProgress], None] | None, done: int, of: int) -> None:
        """So many of the objects that are not listed any more were asked about."""
        if progress is not None:
            progress(replace(self.progress(), asked=(done, of)))

    def reading(self, progress: Callable[[ScanProgress], None] | None, jobs: int) -> None:
        """A page of jobs was read."""
        if progress is not None:
            progress(self.progress(jobs))

    def totals(self) -> None:
        with opened(self._files) as reader:
            if reader is not None:
                self._summary.note_container(reader)


def _walk(
    store: Store,
    folder: FolderRef,
    files: Files,
    writer: ScanWriter,
    notes: _Notes,
    jobs: bool,
    confirm: int,
    progress: Callable[[ScanProgress], None] | None,
    stop: Callable[[], bool] | None,
) -> ScanReport:
    """Walk, then read `jobs`, and end: complete, stopped, failed with what was got, or failed with nothing."""
    began = writer.frontier is not None or writer.ended
    error = ""
    cause: StoreError | None = None
    lineage: LineageReport | None = None
    comparing: Comparing | None = None
    ended_at: tuple[Instant, Instant | None] | None = None
    try:
        if not writer.ended:
            for page in _pages(store, folder, writer.frontier):
                began = True
                if writer.add(page):
                    notes.grown(progress)
                if stop is not None and stop() and not writer.ended:
                    error = STOPPED
                    break
            if not writer.ended and not error:
                raise Unavailable(f"{folder_address(folder)}: the listing ended without saying that it was whole")
        if jobs and not error:
            reading = partial(notes.reading, progress)
            lineage = read_lineage(store, folder.container, writer, notes.now, reading, stop)
            error = "" if lineage is not None else STOPPED
        if not error:
            comparing = compare(files, writer)
        if comparing is not None:
            ended_at = writer.note_walked(notes.now(), store_time(store))
        if comparing is not None and not comparing.settled:
            asking = partial(notes.asking, progress)
            ended = ask_absent(store, comparing, writer, most=confirm, progress=asking, stop=stop)
            error, cause = ended.error, ended.cause
    except StoreError as failure:
        if not began:
            abandon(files, writer)
            raise
        error, cause = str(failure), failure
    except BaseException as failure:
        if comparing is not None:
            comparing.close()
        line = str(failure) if isinstance(failure, IcehouseError) else f"interrupted ({type(failure).__name__})"
        with suppress(IcehouseError):
            writer.fail(line)
            notes.write(notes.progress(), error=line)
        raise
    number: int | None = None
    if error:
        writer.fail(error)
        if comparing is not None:
            comparing.close()
    else:
        number = complete(files, writer, *(ended_at or (notes.now(), store_time(store))), comparing)
    told = notes.progress()
    notes.write(told, complete=not error, error=error)
    notes.totals()
    if progress is not None:
        progress(told)
    return _report(files, folder, told, error, cause, lineage, number)


def _pages(store: Store, folder: FolderRef, frontier: str | None) -> Iterator[WalkPage] | Iterator[StreamPage]:
    """All that the store tells of what lies there: more than a walk where it plays Surveys, faster where Streams."""
    if store.features.tells and isinstance(store, Surveys):
        return store.survey(folder, frontier)
    if store.features.streams and isinstance(store, Streams):
        return store.stream(folder, frontier)
    return store.walk(folder, frontier)


def _report(
    files: Files,
    folder: FolderRef,
    told: ScanProgress,
    error: str,
    cause: StoreError | None,
    lineage: LineageReport | None,
    number: int | None,
) -> ScanReport:
    with opened(files) as reader:
        found = Rollup() if reader is None else reader.rollup(folder.prefix)
        changes = None if reader is None or number is None else comparison_in(reader, number)
    return ScanReport(
        objects=told.objects,
        bytes=told.bytes,
        complete=not error,
        seconds=told.seconds,
        requests=told.requests,
        by_state=dict(found.counts),
        bytes_by_state=dict(found.sizes),
        error=error,
        cause=cause,
        lineage=lineage,
        changes=changes,
    )


def folder_of(address: Address) -> FolderRef:
    """The folder that a scan of `address` is of.  UsageError where it names no container."""
    if not address.container:
        raise UsageError(f"{address}: name what to scan", hint="STORE:BUCKET/ or STORE:BUCKET/folder/")
    prefix = address.path if address.path.endswith("/") or not address.path else address.path + "/"
    return FolderRef(address.store, address.container, prefix)


def lock_of(house: House, files: Files) -> Path:
    """The file whose lock one scan of a container holds."""
    return house.paths.locks / f"scan-{files.stem}.lock"


def by_whom(house: House, folder: FolderRef) -> str:
    """Which process is scanning the container, as far as it said so."""
    notes = [note for note in Summary(house.paths.catalogue).scans() if not note.complete]
    pids = [note.pid for note in notes if (note.store, note.container) == (folder.store, folder.container)]
    return f" by process {pids[0]}" if pids else ""


def told_of(store: Store, container: str) -> ContainerEntry | None:
    """What the store's list of containers says of one; not to know is no reason not to scan."""
    with suppress(StoreError):
        return next((each for each in store.containers() if each.name == container), None)
    return None


def _note_whose(store: Store, summary: Summary, container: str, writer: ScanWriter) -> None:
    """Have the container's title, whose it is and whether it may be copied."""
    found = told_of(store, container)
    if found is None:
        writer.note_whose(None, None)
        return
    writer.note_whose(found.shared, found.copyable)
    if store.features.titled:
        summary.note_titles(store.name, {container: found.title})


def store_time(store: Store) -> Instant | None:
    """The store's own time where it tells; its absence is no reason not to scan."""
    try:
        return store.now()
    except StoreError:
        return None
