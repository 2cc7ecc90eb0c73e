"""A folder as a list of any length: rows by position, in any order, filtered, and instant at a million objects."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from icehouse.core.clock import Instant
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.rows import Coverage, Rollup, Row, SortBy

from .base import CatalogueError, transaction
from .filters import EVERYTHING, check_filter, parse_filter
from .lanes import Lane, Wanted, build, plain, prompt
from .ranks import Kind
from .reader import Reader
from .scans import ScanRow

PAGE = 200
PAGES = 50
AT_ONCE = 5_000
"""Rows up to which an order is built on the spot: a few milliseconds."""


@dataclass(frozen=True, slots=True)
class _Order:
    by: SortBy
    descending: bool
    text: str

    @property
    def plain(self) -> bool:
        """Whether the index holds this order as it is."""
        return self.by == "name" and not self.text


@dataclass(frozen=True, slots=True)
class _Listing:
    """Positions, and the generation whose row numbers they hold: never read from another."""

    reader: Reader
    folders: Lane
    objects: Lane

    whole: bool = True
    """Whether these are all rows that the filter lets through, and not the first of them."""

    @property
    def count(self) -> int:
        return self.folders.count + self.objects.count

    @property
    def anchored(self) -> bool:
        """Whether places in it were written down, which are other places once rows come or go."""
        return any(lane.numbers is None and lane.anchors.keys for lane in (self.folders, self.objects))


class FolderView:
    """The list of one folder: its folders first, then its objects.

    Opens at once in name order.  Another order of a large folder, and a filter, are built in a thread where the file
    does not hold them as they are, while the old one stays to be read (`building`); of a filter the first rows may be
    shown before all of them.  `version` grows and `on_change` is called (in that thread) when they are there.
    All methods may be called from any thread.  Errors are CatalogueErrors of one line.
    """

    def __init__(self, reader: Reader, folder: FolderRef, on_change: Callable[[], None] | None = None) -> None:
        self.folder = folder
        self.on_change = on_change
        self.version = 0
        self.error: CatalogueError | None = None
        self._reader = reader
        self._lock = threading.RLock()
        self._wanted = self._shown = _Order("name", False, "")
        self._pages: OrderedDict[int, list[Row]] = OrderedDict()
        self._turn = 0
        self._thread: threading.Thread | None = None
        self._builder: sqlite3.Connection | None = None
        self._closed = False
        self._outdated = False
        self._listing = self._plain_listing(self._shown)
        self._rebuild(self._wanted)

    @property
    def reader(self) -> Reader:
        """The catalogue whose object numbers the rows hold; it is the view's own to close."""
        return self._listing.reader

    @property
    def count(self) -> int:
        """How many rows there are, in the order and under the filter that are shown."""
        return self._listing.count

    @property
    def folders(self) -> int:
        """How many of the rows, from the first, are folders."""
        return self._listing.folders.count

    @property
    def building(self) -> bool:
        """Whether another order than the one shown is being built, or the rest of it is still looked for.

        Not so any more where that failed: `error` says why until another order is asked for or can be built.
        """
        return self.error is None and (self._wanted != self._shown or not self._listing.whole)

    @property
    def sorted_by(self) -> tuple[SortBy, bool]:
        """What the rows shown are ordered by, and whether descending."""
        return self._shown.by, self._shown.descending

    @property
    def filtered_by(self) -> str:
        """The filter of the rows shown."""
        return self._shown.text

    @property
    def coverage(self) -> Coverage:
        """How far this folder's rows and sums can be trusted."""
        return self._reader.coverage(self.folder.prefix)

    @property
    def rollup(self) -> Rollup:
        """The folder's own sums."""
        with self._lock:
            return self._reader.rollup(self.folder.prefix)

    def rows(self, start: int, n: int) -> list[Row]:
        """The rows from `start`, up to `n` of them; fewer at the end."""
        with self._lock:
            end = min(start + n, self._listing.count)
            found: list[Row] = []
            for page in range(start // PAGE, -(-end // PAGE)):
                rows = self._page(page)
                first = page * PAGE
                found.extend(rows[max(start - first, 0) : end - first])
            return found

    def sort(self, by: SortBy, descending: bool = False) -> None:
        """Order the rows; a large folder's new order is shown when it is built."""
        with self._lock:
            self._rebuild(_Order(by, descending, self._wanted.text))

    def filter(self, text: str) -> None:
        """Show only the rows that `text` lets through (`check_filter`); "" shows all.  UsageError as there."""
        with self._lock:
            check_filter(text, self._reader.standings)
            self._rebuild(_Order(self._wanted.by, self._wanted.descending, text.strip()))

    def position_of(self, ref: Ref | FolderRef) -> int | None:
        """Where the row of that identity stands now, None where it is not shown or not in this folder."""
        with self._lock:
            listing, reader = self._listing, self._listing.reader
            folder = isinstance(ref, FolderRef)
            name = _name_below(self.folder, ref)
            lane = listing.folders if folder else listing.objects
            if name is None:
                return None
            if isinstance(ref, FolderRef):
                number = reader.child(lane.folder, name)
            else:
                number = reader.object_number(lane.folder, name, ref.version)
            if number is None:
                return None
            with reader.reading():
                position = lane.position(reader.connection, number)
            return position if position is None or folder else listing.folders.count + position

    def refresh(self) -> bool:
        """Take up what a scan or a sweep wrote, and a newer generation; whether anything changed.

        Costs one PRAGMA and one look into a folder where nothing did.
        """
        with self._lock:
            before = self._reader.scans
            replaced = self._reader.replaced
            if replaced:
                newer = Reader.open(self._reader.files)
                if newer is None:
                    return False
                if self._reader is not self._listing.reader:
                    self._reader.close()
                self._reader = newer
            elif not self._reader.changed() and not self._outdated:
                return False
            self._pages.clear()
            self.version += 1
            moved = replaced or _ranges(before) != _ranges(self._reader.scans)
            grown = self._plain_listing(self._shown).count != self._listing.count
            if moved or grown or self._outdated or not self._wanted.plain or self._listing.anchored:
                # an order being built is let finish, or a growing folder would never show one
                self._outdated = not moved and self._thread is not None and self._thread.is_alive()
                if not self._outdated:
                    self._rebuild(self._wanted)
            return True

    def wait(self, timeout: float) -> bool:
        """Wait for the order being built; True where there is none left to wait for."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return not self.building

    def close(self) -> None:
        """Stop building and give the files back."""
        with self._lock:
            self._closed = True
            self._turn += 1
            if self._builder is not None:
                self._builder.interrupt()
            self._reader.close()
            self._listing.reader.close()

    def _page(self, page: int) -> list[Row]:
        cached = self._pages.get(page)
        if cached is not None:
            self._pages.move_to_end(page)
            return cached
        listing, reader = self._listing, self._listing.reader
        start, end = page * PAGE, min((page + 1) * PAGE, listing.count)
        rows: list[Row] = []
        split = listing.folders.count
        with reader.reading(), transaction(reader.connection, "DEFERRED"):
            if start < split:
                numbers = listing.folders.at(reader.connection, start, min(end, split))
                rows.extend(reader.folder_rows(numbers, self.folder.prefix))
            if end > split:
                numbers = listing.objects.at(reader.connection, max(start - split, 0), end - split)
                rows.extend(reader.object_rows(numbers, self.folder.prefix))
        self._outdated = self._outdated or len(rows) != end - start
        self._pages[page] = rows
        while len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return rows

    def _plain_listing(self, order: _Order) -> _Listing:
        """The name order from the index, with nothing built."""
        top = self._reader.folder(self.folder.prefix)
        own = kids = 0
        if top is not None:
            with self._reader.reading():
                row = self._reader.connection.execute("SELECT own, kids FROM folders WHERE id = ?", (top,)).fetchone()
            own, kids = row or (0, 0)
        return _Listing(
            self._reader,
            plain(self._reader, Wanted("folders", top or 0, "name", order.descending, EVERYTHING), kids),
            plain(self._reader, Wanted("objects", top or 0, "name", order.descending, EVERYTHING), own),
        )

    def _rebuild(self, order: _Order) -> None:
        """Have the rows in that order: on the spot where that is quick, else in a thread."""
        self._turn += 1
        self._wanted, self.error = order, None
        if self._builder is not None:
            self._builder.interrupt()
        plainly = self._plain_listing(order)
        prompted = self._prompt(self._reader, order, plainly)
        if prompted is not None:
            self._show(order, prompted)
            return
        if order.plain:
            self._show(order, plainly)
            if not self.coverage.complete:
                return
        self._thread = threading.Thread(
            target=self._build_behind, args=(order, self._turn, self._reader), name="folder-view", daemon=True
        )
        self._thread.start()

    def _prompt(self, reader: Reader, order: _Order, plainly: _Listing) -> _Listing | None:
        """The rows in that order where they can be had at once; None where they take building."""
        if order.plain and plainly.count <= AT_ONCE:
            return plainly
        lanes: list[Lane] = []
        for wanted, every in self._wanted_of(reader, order, plainly):
            with reader.reading():
                lane = prompt(reader, wanted, every.count)
            if lane is None and every.count <= AT_ONCE:
                with reader.reading():
                    lane = every if order.plain or not every.count else build(reader, wanted, lambda: False)
            if lane is None:
                return None
            lanes.append(lane)
        return _Listing(reader, lanes[0], lanes[1])

    def _wanted_of(self, reader: Reader, order: _Order, plainly: _Listing) -> Iterator[tuple[Wanted, Lane]]:
        """What is wanted of each kind, with all its rows by name."""
        conditions = parse_filter(order.text, reader.standings) if order.text else EVERYTHING
        for every in (plainly.folders, plainly.objects):
            yield Wanted(every.kind, every.folder, order.by, order.descending, conditions), every

    def _build_behind(self, order: _Order, turn: int, shown: Reader) -> None:
        """Build over a connection of this thread's own; `shown` is the reader that will give the rows."""
        reader: Reader | None = None
        try:
            reader = Reader.of(shown.files, shown.path)
            with self._lock:
                if self._turn != turn:
                    return
                self._builder = reader.connection

            def early(folders: Lane, objects: Lane) -> None:
                with self._lock:
                    if self._turn != turn or self._closed:
                        return
                    self._show(order, _Listing(shown, folders, objects, whole=False))
                if self.on_change is not None:
                    self.on_change()

            lanes = self._build(reader, order, lambda: self._turn != turn, early)
            with self._lock:
                if self._turn != turn or lanes is None or self._closed:
                    return
                self._show(order, _Listing(shown, *lanes))
        except FileNotFoundError:
            return  # a newer generation is there: the next refresh takes it up
        except CatalogueError as error:
            with self._lock:
                if self._turn != turn:
                    return  # interrupted for a newer order
                self.error = error
        finally:
            with self._lock:
                if reader is not None:
                    if self._builder is reader.connection:
                        self._builder = None
                    reader.close()
        if self.on_change is not None:
            self.on_change()

    def _build(
        self, reader: Reader, order: _Order, stopped: Callable[[], bool], early: Callable[[Lane, Lane], None]
    ) -> tuple[Lane, Lane] | None:
        conditions = parse_filter(order.text, reader.standings) if order.text else EVERYTHING
        top = reader.folder(self.folder.prefix) or 0

        def wanted(kind: Kind) -> Wanted:
            return Wanted(kind, top, order.by, order.descending, conditions)

        with reader.reading(), transaction(reader.connection, "DEFERRED"):
            folders = build(reader, wanted("folders"), stopped, lambda lane: None)
            if folders is None:
                return None
            objects = build(reader, wanted("objects"), stopped, lambda lane: early(folders, lane))
        return None if objects is None else (folders, objects)

    def _show(self, order: _Order, listing: _Listing) -> None:
        if self._listing.reader is not listing.reader:
            self._listing.reader.close()
        self._shown = order
        self._listing = listing
        self._pages.clear()
        self.version += 1


def _ranges(scans: Iterable[ScanRow]) -> list[tuple[str, Instant, bool]]:
    """What changes when a scan ends or takes the place of another, and not while one grows."""
    return [(scan.prefix, scan.started, scan.complete) for scan in scans]


def _name_below(folder: FolderRef, ref: Ref | FolderRef) -> str | None:
    """The name of what lies right in `folder`, None where it lies elsewhere."""
    path = ref.prefix[:-1] if isinstance(ref, FolderRef) else ref.key
    if (ref.store, ref.container) != (folder.store, folder.container) or not path.startswith(folder.prefix):
        return None
    if isinstance(ref, FolderRef) and len(ref.prefix) <= len(folder.prefix):
        return None
    name = path[len(folder.prefix) :]
    return None if "/" in name else name
