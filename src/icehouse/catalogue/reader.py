"""Reading one container's catalogue: sums of a folder, how far to trust them, and rows by number."""

from __future__ import annotations

# ruff: noqa: S608  (columns and marks are this module's own; values are bound)
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from icehouse.core.refs import FolderRef, Ref
from icehouse.core.rows import Coverage, FolderRow, ObjectRow, Rollup

from .about import about_in
from .base import CatalogueDamaged, at_micros, from_micros, param, plainly
from .files import Files
from .labels import COLUMNS as LABELS
from .labels import read_label
from .scans import coverage_of, scans_in
from .schema import open_checked, tells_by_id
from .standings import Standings
from .tally import ROLLUP_COLUMNS, rollup
from .tree import child, line_to, prefix_of
from .trigrams import is_whole

_OBJECTS = (
    "SELECT o.id, o.folder, o.name, o.size, o.modified, o.etag, o.standing, o.until, o.version, o.asked_at, r.reason, "
    f"j.job, {LABELS} FROM objects o LEFT JOIN reasons r ON r.object = o.id LEFT JOIN labels l ON l.id = o.label "
    "LEFT JOIN makers j ON j.id = o.maker"
)
_ATTEMPTS = 3


class Reader:
    """One generation of a container's catalogue, as it is; it never writes.

    May be used by one thread at a time.  It keeps what it opened: `Reader.open` again gives a newer generation.
    """

    def __init__(self, files: Files, path: Path, connection: sqlite3.Connection) -> None:
        self.files = files
        self.path = path
        self.connection = connection
        self.by_id = tells_by_id(connection)
        self.standings = Standings(connection)
        self.scans = scans_in(connection)
        self.about = about_in(connection)
        self._version = self._data_version()
        self._look()

    @classmethod
    def open(cls, files: Files) -> Reader | None:
        """A reader of what is visible now, or None where nothing was scanned.

        A file that is damaged or of an older version is set aside, and counts as nothing scanned.  CatalogueNewer of
        one that a newer Icehouse wrote.
        """
        for _ in range(_ATTEMPTS):
            path = files.visible()
            if path is None:
                return None
            try:
                return cls.of(files, path)
            except FileNotFoundError:
                continue
            except CatalogueDamaged:
                files.set_aside(path)
        return None

    @classmethod
    def of(cls, files: Files, path: Path) -> Reader:
        """A reader of one file.  FileNotFoundError where it has gone, CatalogueDamaged where it is not whole."""
        connection = open_checked(path)
        try:
            with plainly(path):
                connection.execute("PRAGMA query_only = 1")
                return cls(files, path, connection)
        except BaseException:
            connection.close()
            raise

    def changed(self) -> bool:
        """Whether somebody wrote since the last time this was asked; takes up new scans and words if so."""
        with self.reading():
            version = self._data_version()
            if version == self._version:
                return False
            self._version = version
            self.scans = scans_in(self.connection)
            self.about = about_in(self.connection)
            self.standings.read()
            self._look()
            return True

    @contextmanager
    def reading(self) -> Iterator[None]:
        """SQLite's errors as ours; a file that turns out to be damaged is set aside."""
        try:
            with plainly(self.path):
                yield
        except CatalogueDamaged:
            self.files.set_aside(self.path)
            raise

    @property
    def replaced(self) -> bool:
        """Whether a newer generation is visible."""
        return self.files.visible() != self.path

    @property
    def revision(self) -> int:
        """How often this generation was written to: what was read at another revision may be out of date."""
        with self.reading():
            return int(self.connection.execute("SELECT n FROM revision").fetchone()[0])

    def coverage(self, prefix: str) -> Coverage:
        """How far what is here can be trusted for everything under `prefix`."""
        return coverage_of(self.scans, prefix)

    def folder(self, prefix: str) -> int | None:
        """The number of a folder, None where nothing lies under `prefix`."""
        with self.reading():
            line = line_to(self.connection, prefix)
        return None if line is None else line[-1]

    def rollup(self, prefix: str) -> Rollup:
        """Everything under `prefix`, summed; nothing but a complete scan makes an absent folder a complete zero."""
        number, coverage = self.folder(prefix), self.coverage(prefix)
        whole, told = coverage.complete, coverage.from_inventory
        if number is None:
            return Rollup(complete=whole, from_inventory=told)
        with self.reading():
            row = self.connection.execute(f"SELECT {ROLLUP_COLUMNS} FROM folders WHERE id = ?", (number,)).fetchone()
        nothing = Rollup(complete=whole, from_inventory=told)
        return nothing if row is None else rollup(row, complete=whole, from_inventory=told)

    def object(self, ref: Ref) -> ObjectRow | None:
        """The object of that identity: its exact key, or its id wherever it lies now."""
        if self.by_id and ref.version is not None:
            with self.reading():
                row = self.connection.execute("SELECT id FROM objects WHERE version = ?", (ref.version,)).fetchone()
            return next(iter(self.object_rows([row[0]])), None) if row else None
        cut = ref.key.rfind("/") + 1
        folder = self.folder(ref.key[:cut])
        number = None if folder is None else self.object_number(folder, ref.key[cut:], ref.version)
        return None if number is None else next(iter(self.object_rows([number], ref.key[:cut])), None)

    def object_number(self, folder: int, name: str, version: str | None = None) -> int | None:
        """The number of the object `name` right in `folder`; where ids count and one is given, of that id there."""
        with self.reading():
            if self.by_id and version is not None:
                row = self.connection.execute(
                    "SELECT id FROM objects WHERE version = ? AND +folder = ?", (version, folder)
                ).fetchone()
            else:
                row = self.connection.execute(
                    "SELECT id FROM objects WHERE folder = ? AND name = CAST(? AS TEXT) ORDER BY version LIMIT 1",
                    (folder, param(name)),
                ).fetchone()
        return None if row is None else int(row[0])

    def child(self, folder: int, name: str) -> int | None:
        """The number of the folder `name` right in `folder`."""
        with self.reading():
            return child(self.connection, folder, name)

    def folder_rows(self, numbers: Sequence[int], prefix: str | None = None) -> list[FolderRow]:
        """The rows of these folders, in this order; `prefix` is their common parent's, where it is known.

        Those that are gone are left out.
        """
        marks = ", ".join("?" * len(numbers))
        with self.reading():
            found = {
                row[0]: row
                for row in self.connection.execute(
                    f"SELECT id, parent, name, {ROLLUP_COLUMNS} FROM folders WHERE id IN ({marks})", tuple(numbers)
                )
            }
        rows = []
        for number in numbers:
            if number not in found:
                continue
            _, parent, name, *sums = found[number]
            path = f"{self.prefix(parent) if prefix is None else prefix}{name}/"
            ref = FolderRef(self.files.store, self.files.container, path)
            coverage = self.coverage(path)
            summed = rollup(tuple(sums), complete=coverage.complete, from_inventory=coverage.from_inventory)
            rows.append(FolderRow(ref, name, summed))
        return rows

    def object_rows(self, numbers: Sequence[int], prefix: str | None = None) -> list[ObjectRow]:
        """The rows of these objects, in this order; `prefix` is their common folder's, where it is known.

        Those that are gone are left out.
        """
        marks = ", ".join("?" * len(numbers))
        with self.reading():
            found = {
                row[0]: row for row in self.connection.execute(f"{_OBJECTS} WHERE o.id IN ({marks})", tuple(numbers))
            }
        prefixes: dict[int, str] = {}
        rows = []
        for number in numbers:
            if number not in found:
                continue
            _, folder, name, size, modified, etag, standing, until, version, asked_at, reason, job, *label = found[
                number
            ]
            labels = read_label(tuple(label))
            if prefix is not None and not self.by_id:  # by id, one may have moved since its number was had
                path = prefix
            else:
                if folder not in prefixes:
                    prefixes[folder] = self.prefix(folder)
                path = prefixes[folder]
            coverage = self.coverage(path) if asked_at is None else None
            rows.append(
                ObjectRow(
                    ref=Ref(self.files.store, self.files.container, path + name, version),
                    name=name,
                    size=size,
                    modified=from_micros(modified),
                    etag=etag,
                    standing=self.standings.standing(standing, until),
                    asked="describe" if coverage is None else "inventory" if coverage.from_inventory else "list",
                    asked_at=at_micros(asked_at) if coverage is None else coverage.scanned,
                    reason=reason or "",
                    traits=labels.traits,
                    tags=labels.tags,
                    kind=labels.kind,
                    properties=labels.properties,
                    owner=labels.owner,
                    job=job or "",
                    number=number,
                )
            )
        return rows

    def prefix(self, folder: int) -> str:
        """The prefix of a folder by its number."""
        with self.reading():
            return prefix_of(self.connection, folder)

    def close(self) -> None:
        """Give the connection back; the reader is not used afterwards."""
        self.connection.close()

    def _look(self) -> None:
        """What there is to answer by: `indexes`, whether texts are found in names, and the `highest` object number."""
        rows = self.connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'index'").fetchall()
        self.indexes = frozenset(row[0] for row in rows)
        self.finds_texts = is_whole(self.connection)
        self.highest: int = self.connection.execute("SELECT coalesce(max(id), 0) FROM main.objects").fetchone()[0]

    def _data_version(self) -> int:
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])


@contextmanager
def opened(files: Files) -> Iterator[Reader | None]:
    """A reader of what is visible now for a few questions, None where nothing was scanned."""
    reader = Reader.open(files)
    try:
        yield reader
    finally:
        if reader is not None:
            reader.close()
