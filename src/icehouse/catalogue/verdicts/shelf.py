"""The file that verdicts lie in: its tables, how it is written aside, and what tells that it is whole."""

from __future__ import annotations

import os
import secrets
import sqlite3
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from icehouse.catalogue.base import CatalogueDamaged, CatalogueError, at_micros, connect, plainly, to_micros
from icehouse.core.scopes import Cover, Rule, Sums, Verdict, rules_digest

from .codes import packed, unpacked
from .told import Applied

APPLICATION = 0x1CE5C09E
VERSION = 2
"""Goes up also where the same rules come to decide otherwise: what was applied before is applied anew."""

_ASIDE = ".next"

_TABLES = (
    # directory: of the catalogue, from where this file lies; generation: the name of the file in it
    """CREATE TABLE about (
        store TEXT NOT NULL, container TEXT NOT NULL, directory TEXT NOT NULL, generation TEXT NOT NULL,
        revision INTEGER NOT NULL, digest TEXT NOT NULL, as_of INTEGER NOT NULL, complete INTEGER NOT NULL,
        undecided INTEGER NOT NULL, undecided_bytes INTEGER NOT NULL, perhaps INTEGER NOT NULL,
        perhaps_bytes INTEGER NOT NULL)""",
    """CREATE TABLE rules (
        number INTEGER PRIMARY KEY, digest TEXT NOT NULL, verdict TEXT NOT NULL, objects INTEGER NOT NULL,
        bytes INTEGER NOT NULL)""",
    # span: the numbers of the objects, shifted
    "CREATE TABLE codes (span INTEGER PRIMARY KEY, crc INTEGER NOT NULL, codes BLOB NOT NULL)",
    # everything below a folder; top: nothing in it is decided, and that is not so of the one above
    """CREATE TABLE folders (
        id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name TEXT NOT NULL,
        keep INTEGER NOT NULL, keep_bytes INTEGER NOT NULL, skip INTEGER NOT NULL, skip_bytes INTEGER NOT NULL,
        undecided INTEGER NOT NULL, undecided_bytes INTEGER NOT NULL, top INTEGER NOT NULL DEFAULT 0)""",
)
_INDEXES = (
    "CREATE UNIQUE INDEX folders_by_name ON folders (parent, name)",
    """UPDATE folders SET top = 1 WHERE undecided > 0 AND keep = 0 AND skip = 0 AND NOT EXISTS (
        SELECT 1 FROM folders above WHERE above.id = folders.parent AND above.keep = 0 AND above.skip = 0)""",
    "CREATE INDEX folders_on_top ON folders (undecided_bytes, undecided) WHERE top",
)
_FOLDER = "INSERT INTO folders VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, 0)"

FolderValues = tuple[int, int, bytes, list[int]]
"""A folder's number, its parent's, its name, and objects and bytes kept, skipped and undecided."""


class Shelf:
    """A verdict file in the making.  Until `put` nothing is at its place; `drop` leaves no trace."""

    def __init__(self, where: Path) -> None:
        self._where = where
        with plainly(where):
            where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _clear(where)
        self._path = where.with_name(f"{where.name}.{os.getpid()}-{secrets.token_hex(4)}{_ASIDE}")
        with plainly(self._path):
            self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -8000"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.execute("BEGIN")
            for statement in _TABLES:
                self._connection.execute(statement)

    @contextmanager
    def working(self) -> Iterator[sqlite3.Connection]:
        """The file's connection; its errors are told as its own, not as the catalogue's."""
        try:
            with plainly(self._path):
                yield self._connection
        except CatalogueDamaged as error:
            raise CatalogueError(error.line, hint="apply again") from error

    def codes(self, span: int, codes: array[int]) -> None:
        """Keep the codes of one span."""
        raw = packed(codes)
        with self.working():
            self._connection.execute("INSERT INTO codes VALUES (?, ?, ?)", (span, zlib.crc32(raw), raw))

    def folders(self, rows: Iterable[FolderValues]) -> None:
        """Keep the sums of folders."""
        with self.working():
            self._connection.executemany(_FOLDER, ((*row[:3], *row[3]) for row in rows))

    def put(self, applied: Applied, rules: Sequence[Rule], catalogue: Path) -> None:
        """Finish the file and let it take the place of what was there."""
        with self.working():
            for statement in _INDEXES:
                self._connection.execute(statement)
            self._connection.executemany(
                "INSERT INTO rules VALUES (?, ?, ?, ?, ?)",
                [
                    (number, digest, rule.verdict.value, sums.objects, sums.bytes)
                    for number, (digest, rule, sums) in enumerate(
                        zip(digests(rules, applied.cover), rules, applied.rules, strict=True)
                    )
                ],
            )
            self._connection.execute(
                "INSERT INTO about VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    applied.cover.store,
                    applied.cover.container.encode("utf-8", "surrogateescape"),
                    os.fsencode(os.path.relpath(catalogue, self._where.parent)),
                    applied.generation,
                    applied.revision,
                    applied.digest,
                    to_micros(applied.as_of),
                    applied.complete,
                    applied.undecided.objects,
                    applied.undecided.bytes,
                    applied.perhaps.objects,
                    applied.perhaps.bytes,
                ),
            )
            self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
            self._connection.execute("COMMIT")
            self._connection.close()
            _to_disk(self._path)
            os.replace(self._path, self._where)

    def drop(self) -> None:
        """Throw it away, as far as it is not put; again does nothing."""
        self._connection.close()
        with plainly(self._path):
            self._path.unlink(missing_ok=True)


def open_shelf(where: Path) -> sqlite3.Connection:
    """A connection to a whole file of this version; FileNotFoundError, CatalogueDamaged."""
    if not where.exists():
        raise FileNotFoundError(where)
    with plainly(where):
        connection = connect(where)
        try:
            connection.execute("PRAGMA query_only = 1")
            told = [connection.execute(f"PRAGMA {word}").fetchone()[0] for word in ("application_id", "user_version")]
            pages, size = (connection.execute(f"PRAGMA {word}").fetchone()[0] for word in ("page_count", "page_size"))
            if told != [APPLICATION, VERSION] or pages * size != where.stat().st_size:
                raise CatalogueDamaged(f"verdicts {where}: not whole, or of another version", hint="apply again")
        except BaseException:
            connection.close()
            raise
    return connection


def applied_in(connection: sqlite3.Connection) -> Applied:
    """What a file's rules came to."""
    row = connection.execute(
        "SELECT store, container, as_of, complete, undecided, undecided_bytes, perhaps, perhaps_bytes, digest, "
        "generation, revision FROM about"
    ).fetchone()
    if row is None:
        raise CatalogueDamaged("verdicts that do not say what they are of", hint="apply again")
    rules = connection.execute("SELECT objects, bytes FROM rules ORDER BY number").fetchall()
    return Applied(
        cover=Cover(row[0], row[1]),
        rules=tuple(Sums(*each) for each in rules),
        undecided=Sums(row[4], row[5]),
        perhaps=Sums(row[6], row[7]),
        as_of=at_micros(row[2]),
        complete=bool(row[3]),
        digest=row[8],
        generation=row[9],
        revision=row[10],
    )


def verdicts_in(connection: sqlite3.Connection) -> list[Verdict]:
    """What each rule says, by its number."""
    return [Verdict(row[0]) for row in connection.execute("SELECT verdict FROM rules ORDER BY number")]


def codes_in(connection: sqlite3.Connection, span: int) -> array[int] | None:
    """The codes of one span, None where no object was in it.  CatalogueDamaged where they are not what was written."""
    row = connection.execute("SELECT crc, codes FROM codes WHERE span = ?", (span,)).fetchone()
    if row is None:
        return None
    if zlib.crc32(row[1]) != row[0]:
        raise CatalogueDamaged("verdicts that are not as they were written", hint="apply again")
    return unpacked(row[1])


def spans_in(connection: sqlite3.Connection, first: int = 0) -> Iterator[int]:
    """The spans that hold objects, from `first`, in order."""
    while row := connection.execute("SELECT min(span) FROM codes WHERE span >= ?", (first,)).fetchone():
        if row[0] is None:
            return
        yield row[0]
        first = row[0] + 1


def digests(rules: Sequence[Rule], cover: Cover) -> list[str]:
    """Each rule's own digest, so that lists of rules can be compared."""
    return [rules_digest([rule], cover) for rule in rules]


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear(where: Path) -> None:
    """Remove what processes left aside that are no more."""
    for path in where.parent.glob(f"{_escaped(where.name)}.*{_ASIDE}"):
        process = path.name[len(where.name) + 1 :].partition("-")[0]
        if process.isdigit() and not _alive(int(process)):
            path.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
