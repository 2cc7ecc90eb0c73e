"""Writing a scan: pages of a walk go in, in batches, together with the roll-ups and the frontier to resume from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path

from icehouse.core.clock import Clock, Instant
from icehouse.core.columns import ObjectColumns, StreamPage
from icehouse.core.entries import Entry, WalkPage

from .about import note_whose
from .base import BUSY_SECONDS, at_micros, from_micros, param, plainly, to_micros
from .finishing import index_up
from .labels import NOBODY, UNLABELLED, Labels
from .retold import INSERT, ObjectValues, latest, replace_by_id, replace_by_name
from .scans import ScanRow
from .schema import ROOT, changing, tells_by_id
from .standings import Standings
from .tally import COUNT_AT, SIZE_AT, Tally, renew_newest
from .tree import add_child, child, line_of, parts_of, prune_empty

BATCH = 10_000
"""Objects a transaction: large enough to cost little each, small enough to hold the lock for a tenth of a second."""

BATCH_SECONDS = 0.25
"""The longest that a slow walk's pages wait, so that a screen sees the numbers grow."""

_JOURNAL = 64 << 20
"""Bytes of the journal from which it is brought into the file, as readers keep SQLite from doing so by itself."""

_PATIENCE = 100
"""Milliseconds that those who read just then are waited for."""


class ScanWriter:
    """The one writer of a scan.  What it has committed survives a ``kill -9`` and is gone on from.

    Each transaction holds whole pages, their roll-ups and the frontier after them: never one without the others.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, scan: ScanRow, clock: Clock) -> None:
        self.path = path
        self.connection = connection
        self.scan = scan.id
        self.prefix = scan.prefix
        self.frontier = scan.frontier
        self.objects = scan.objects
        self.bytes = scan.bytes
        self.requests = scan.requests
        self._clock = clock
        self._resumed_at = clock.monotonic() - scan.seconds
        self._flushed_at = 0.0
        self._pages: list[WalkPage | StreamPage] = []
        self._held = 0
        self._most_journal = _JOURNAL
        self._open = True
        self._ended = scan.walked
        self._by_id = tells_by_id(connection)
        self._standings = Standings(connection)
        self._labels = Labels(connection)
        self._parts: list[str] = []
        self._line: list[int] = [ROOT]

    def add(self, page: WalkPage | StreamPage) -> bool:
        """Take one page; True where it and those before it have been written."""
        self._pages.append(page)
        self._held += len(page.objects) if isinstance(page, StreamPage) else len(page.entries)
        self._ended = page.frontier is None
        due = self._clock.monotonic() - self._flushed_at >= BATCH_SECONDS
        if self._held < BATCH and not due and not self._ended:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write what was taken and not yet written."""
        if not self._pages:
            return
        try:
            with plainly(self.path), changing(self.connection):
                added = self._write(replacing=False)
        except _Repeated:
            self._forget()
            with plainly(self.path), changing(self.connection):
                added = self._write(replacing=True)
        except BaseException:
            self._forget()
            raise
        self.objects += added[0]
        self.bytes += added[1]
        self.requests += self._asked()
        self.frontier = self._pages[-1].frontier
        self._pages.clear()
        self._held = 0
        self._bring_in()
        self._flushed_at = self._clock.monotonic()

    def note_whose(self, shared: bool | None, copyable: bool | None) -> None:
        """Keep whether the container is another account's, and whether one may copy out of it."""
        with plainly(self.path), changing(self.connection):
            note_whose(self.connection, shared, copyable)

    def note_walked(self, now: Instant, by_store: Instant | None) -> tuple[Instant, Instant | None]:
        """Keep when the walk was through, the first time that this is called; when that was.

        What is asked about afterwards may take until tomorrow, and makes the listing no newer.
        """
        with plainly(self.path), changing(self.connection):
            self.connection.execute(
                "UPDATE scans SET finished = ?, store_finished = ? WHERE id = ? AND finished IS NULL",
                (to_micros(now), to_micros(by_store), self.scan),
            )
            finished, store_finished = self.connection.execute(
                "SELECT finished, store_finished FROM scans WHERE id = ?", (self.scan,)
            ).fetchone()
        return at_micros(finished), from_micros(store_finished)

    def note_spent(self) -> None:
        """Keep how long it took so far."""
        with plainly(self.path), changing(self.connection):
            self.connection.execute("UPDATE scans SET seconds = ? WHERE id = ?", (self.spent, self.scan))

    def fail(self, line: str) -> None:
        """Keep what was walked, and why it ended early; the scan stays unfinished."""
        self.flush()
        with plainly(self.path), changing(self.connection):
            self.connection.execute(
                "UPDATE scans SET error = CAST(? AS TEXT), seconds = ? WHERE id = ?",
                (param(line), self.spent, self.scan),
            )

    def close(self) -> None:
        """Close the connection with everything in the one file; again does nothing."""
        if self._open:
            self._open = False
            with plainly(self.path):
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self.connection.close()

    @property
    def spent(self) -> float:
        """Seconds spent scanning, over all runs."""
        return self._clock.monotonic() - self._resumed_at

    @property
    def ended(self) -> bool:
        """Whether the walk said that it was through."""
        return self._ended

    def finish(self, now: Instant, by_store: Instant | None) -> None:
        """Mark the scan complete; only after the walk said that it was."""
        assert self._ended, "a walk that did not say it was complete is not"
        self.flush()
        with plainly(self.path):
            if self._by_id:
                with changing(self.connection):
                    prune_empty(self.connection)
            index_up(self.connection)
        with plainly(self.path), changing(self.connection):
            self.connection.execute(
                "UPDATE scans SET complete = 1, error = '', frontier = NULL, finished = ?, store_finished = ?, "
                "seconds = ? WHERE id = ?",
                (to_micros(now), to_micros(by_store), self.spent, self.scan),
            )
        with plainly(self.path):
            self.connection.execute("PRAGMA optimize")

    def _write(self, *, replacing: bool) -> tuple[int, int]:
        """One transaction's work; the objects and bytes that it added.

        _Repeated where an object was there already and `replacing` is not set: the walk told of it twice, or an
        earlier scan did.
        """
        tally = Tally()
        rows = self._taken(tally, in_order=not replacing)
        if replacing:
            objects, size, left = self._replace(rows, tally)
        else:
            left = set()
            if self.connection.executemany(INSERT, rows).rowcount != len(rows) and rows:
                raise _Repeated
            objects, size = len(rows), sum(row[2] for row in rows)
        tally.write(self.connection)
        for folder in left:
            renew_newest(self.connection, line_of(self.connection, folder))
        frontier = self._pages[-1].frontier
        self.connection.execute(
            "UPDATE scans SET frontier = CAST(? AS TEXT), walked = ?, objects = ?, bytes = ?, requests = ?, "
            "seconds = ?, error = '' WHERE id = ?",
            (
                None if frontier is None else param(frontier),
                frontier is None,
                self.objects + objects,
                self.bytes + size,
                self.requests + self._asked(),
                self.spent,
                self.scan,
            ),
        )
        return objects, size

    def _bring_in(self) -> None:
        """Bring a large journal into the file, and give back its disk; where somebody reads on, later."""
        journal = self.path.with_name(f"{self.path.name}-wal")
        with plainly(self.path):
            size = journal.stat().st_size if journal.exists() else 0
            if size < self._most_journal:
                return
            self.connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
            try:
                (kept, *_) = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self.connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        self._most_journal = size + _JOURNAL if kept else _JOURNAL

    def _asked(self) -> int:
        """The requests that the pages held cost."""
        return sum(page.requests if isinstance(page, StreamPage) else 1 for page in self._pages)

    def _taken(self, tally: Tally, *, in_order: bool) -> list[ObjectValues]:
        """The rows of the pages held.

        Pages that come from several places of the container are taken place by place where `in_order` allows it: where
        no object is in two of them.
        """
        if self._by_id:
            entries = [
                entry
                for page in self._pages
                for entry in (page.objects.entries("", "") if isinstance(page, StreamPage) else page.entries)
            ]
            return self._rows(latest(entries), tally)
        rows: list[ObjectValues] = []
        for page in sorted(self._pages, key=_first_key) if in_order else self._pages:
            if isinstance(page, StreamPage):
                rows += self._column_rows(page.objects, tally)
            else:
                rows += self._rows(page.entries, tally)
        return rows

    def _column_rows(self, objects: ObjectColumns, tally: Tally) -> list[ObjectValues]:
        """As `_rows`, without an object made for each."""
        number = self._standings.number
        told = [(*number(kind), to_micros(kind.until)) for kind in objects.kinds]
        versions = objects.versions if objects.versions is not None else repeat(None, len(objects))
        columns = (objects.keys, objects.sizes, objects.modified, objects.etags, objects.standings, versions)
        rows: list[ObjectValues] = []
        add = rows.append
        here: str | None = None
        folder, sums = ROOT, [0]
        for key, size, modified, etag, kind, version in zip(*columns, strict=True):
            cut = key.rfind("/") + 1
            if key[:cut] != here:
                here = key[:cut]
                folder = self._enter(here)
                sums = tally.at(folder, self._line)
            word, state, until = told[kind]
            sums[COUNT_AT + state] += 1
            sums[SIZE_AT + state] += size
            if modified is not None and modified > sums[0]:
                sums[0] = modified
            add((folder, key[cut:], size, modified, etag, word, until, version, UNLABELLED, NOBODY))
        return _bound(rows)

    def _rows(self, entries: Iterable[Entry], tally: Tally) -> list[ObjectValues]:
        """The rows of `entries`, with what they add to their folders put into `tally`."""
        rows: list[ObjectValues] = []
        here: str | None = None
        folder, sums = ROOT, [0]
        number, label, maker = self._standings.number, self._labels.number, self._labels.maker
        for entry in entries:
            ref = entry.ref
            key = ref.key
            cut = key.rfind("/") + 1
            if key[:cut] != here:
                here = key[:cut]
                folder = self._enter(here)
                sums = tally.at(folder, self._line)
            standing = entry.standing
            word, state = number(standing)
            modified = to_micros(entry.modified)
            size = entry.size
            sums[COUNT_AT + state] += 1
            sums[SIZE_AT + state] += size
            if modified is not None and modified > sums[0]:
                sums[0] = modified
            until = None if standing.until is None else to_micros(standing.until)
            rows.append(
                (folder, key[cut:], size, modified, entry.etag, word, until, ref.version, label(entry), maker(entry))
            )
        return _bound(rows)

    def _replace(self, rows: Sequence[ObjectValues], tally: Tally) -> tuple[int, int, set[int]]:
        """Write rows of which the catalogue holds some; objects and bytes added, and folders that something left."""
        if self._by_id:
            return replace_by_id(self.connection, self._standings, rows, tally)
        return *replace_by_name(self.connection, self._standings, rows, tally), set()

    def _enter(self, prefix: str) -> int:
        """The folder of `prefix`, made where it is new; remembers the line to it."""
        parts = parts_of(prefix)
        same = 0
        for old, new in zip(self._parts, parts, strict=False):
            if old != new:
                break
            same += 1
        line = self._line[: same + 1]
        for name in parts[same:]:
            found = child(self.connection, line[-1], name)
            line.append(add_child(self.connection, line[-1], name) if found is None else found)
        self._parts, self._line = parts, line
        return line[-1]

    def _forget(self) -> None:
        """After an undone transaction: folders and words that it made are not there."""
        self._parts, self._line = [], [ROOT]
        self._standings.read()
        self._labels.forget()


def _first_key(page: WalkPage | StreamPage) -> str:
    if isinstance(page, StreamPage):
        return page.objects.keys[0] if page.objects.keys else ""
    return page.entries[0].ref.key if page.entries else ""


def _bound(rows: list[ObjectValues]) -> list[ObjectValues]:
    """Rows whose names are as statements take them, byte for byte."""
    try:
        "".join([row[1] for row in rows]).encode()  # type: ignore[misc]
    except UnicodeEncodeError:
        return [(row[0], param(str(row[1])), *row[2:]) for row in rows]
    return rows


class _Repeated(Exception):
    """The walk told of an object that is in the catalogue already."""
