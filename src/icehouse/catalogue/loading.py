"""A catalogue out of an inventory: all of it is read, sorted and written aside before readers see any of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from icehouse.core.clock import Instant
from icehouse.core.columns import ObjectColumns
from icehouse.core.errors import Invalid
from icehouse.core.states import Standing
from icehouse.core.text import safe

from .about import note_whose
from .base import connect, plainly, to_micros
from .changes.comparing import Comparing
from .files import Files
from .finishing import index_up
from .foldertree import FolderTree, ObjectRow
from .renew import refuse_newer_files, renew_by
from .runs import Listed, Runs
from .schema import changing, create
from .standings import Standings

_OBJECTS = "INSERT INTO objects (folder, name, size, modified, etag, standing) VALUES (?, ?, ?, ?, ?, ?)"
_BATCH = 50_000
_MOST_BYTES = (1 << 63) - 1
"""What a sum in the catalogue can hold."""

_UNSEEN = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -32000")
"""Nobody sees this file before it is whole, and nothing of it stays if this ends: no journal is wanted."""


class Loader:
    """The making of one catalogue out of one inventory, of which nothing is seen before `publish`.

    What is in the workshop when it ends, however it ends, is thrown away.
    """

    def __init__(self, files: Files, prefix: str, taken: Instant) -> None:
        """Begin in an empty workshop; `taken` is the moment of the inventory, by the store's clock.

        CatalogueNewer where a newer Icehouse wrote what is there.
        """
        refuse_newer_files(files)
        self.files = files
        self.prefix = prefix
        self.taken = taken
        self.objects = 0
        self.bytes = 0
        self.folder = files.workshop
        with plainly(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True, mode=0o700)
        self._runs = Runs(self.folder / "runs")
        self._standings: dict[Standing, int] = {}

    def add(self, page: ObjectColumns) -> None:
        """Take some objects, in any order.  Invalid where they are larger together than can be."""
        if not page.keys:
            return
        ours = [self._standings.setdefault(each, len(self._standings)) for each in page.kinds]
        told = [ours[place] for place in page.standings]
        with plainly(self.folder):
            self._runs.add(list(zip(page.keys, page.sizes, page.modified, page.etags, told, strict=True)))
        self.objects += len(page.keys)
        self.bytes += sum(page.sizes)
        if self.bytes > _MOST_BYTES:
            raise Invalid("the inventory's sizes add up to more than can be")

    def publish(
        self,
        *,
        requests: int,
        seconds: Callable[[], float],
        each: Callable[[int], None],
        shared: bool | None = None,
        copyable: bool | None = None,
        ask: Callable[[Comparing], object] | None = None,
    ) -> int | None:
        """Write everything, and let readers see it at once; `each` hears how many objects are written.

        What describes settled is carried over as a rescan does; `shared` and `copyable` are as in `about.About`, `ask`
        as in `renew_by`.
        The number of the comparison with what was there, None where that was nothing.
        Invalid where the inventory names a key twice.
        """
        path = self.folder / "catalogue"
        connection = create(self.files, path)
        try:
            with plainly(path):
                for pragma in _UNSEEN:
                    connection.execute(pragma)
                self._write(connection, each)
                self._end(connection, requests, seconds(), shared, copyable)
        finally:
            connection.close()
        return renew_by(self.files, path, self.taken, ready=self._ready, ask=ask)

    def _ready(self, path: Path) -> None:
        """Make the file ready to take the visible one's place."""
        with plainly(path), closing(connect(path)) as connection:
            for pragma in _UNSEEN:
                connection.execute(pragma)
            index_up(connection)
            connection.execute("PRAGMA optimize")
            connection.execute("PRAGMA journal_mode = WAL")
        with plainly(path), path.open("rb") as written:
            os.fsync(written.fileno())

    def close(self) -> None:
        """Clear the workshop; again does nothing."""
        self._runs.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, connection: sqlite3.Connection, each: Callable[[int], None]) -> None:
        standings = Standings(connection)
        with changing(connection):
            told = [standings.number(standing) for standing in self._standings]
            tree = FolderTree(connection)
            rows: list[ObjectRow] = []
            last: str | None = None
            written = 0
            for block in self._runs.merged():
                last = _rising(block, last)
                tree.add(block, told, rows)
                if len(rows) >= _BATCH:
                    written += _flush(connection, rows)
                    each(written)
            each(written + _flush(connection, rows))
            tree.end()
        self._runs.close()

    def _end(
        self, connection: sqlite3.Connection, requests: int, seconds: float, shared: bool | None, copyable: bool | None
    ) -> None:
        with changing(connection):
            note_whose(connection, shared, copyable)
            taken = to_micros(self.taken)
            connection.execute(
                "INSERT INTO scans (prefix, started, finished, store_started, store_finished, objects, bytes, "
                "requests, seconds, walked, complete, inventory) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, 1)",
                (self.prefix, taken, taken, taken, taken, self.objects, self.bytes, requests, seconds),
            )


def _rising(block: list[Listed], last: str | None) -> str | None:
    """The last key of a block, all of whose keys come once and behind `last`."""
    for key, *_ in block:
        if key == last:
            raise Invalid(f"the inventory names an object twice: {safe(key)}")
        last = key
    return last


def _flush(connection: sqlite3.Connection, rows: list[ObjectRow]) -> int:
    connection.executemany(_OBJECTS, rows)
    number = len(rows)
    rows.clear()
    return number
