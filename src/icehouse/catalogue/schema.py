"""The tables of one container's catalogue, and the check that a file holds them.

A file tells objects apart by name, or by the store's id where several may have the same name and one may move.
"""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from icehouse.core.states import State

from .about import spelt
from .base import CatalogueDamaged, connect, plainly, refuse_newer, transaction
from .changes.tables import TABLES as CHANGES
from .files import Files
from .ranks import TABLE as ANCHORS
from .trigrams import TABLES as TRIGRAMS

APPLICATION = 0x1CE40CA7 & 0x7FFFFFFF
BY_NAME, BY_ID = 7, 8
"""A file's version, which says by what its objects are told apart; those of a newer Icehouse are higher."""

ROOT = 1
STATES = tuple(State)
"""The order in which states are numbered in columns and tallies."""

COUNTS = tuple(f"n_{state.value.replace('-', '_')}" for state in STATES)
SIZES = tuple(f"b_{state.value.replace('-', '_')}" for state in STATES)
"""A folder's columns: objects and bytes by state, over everything below it."""

_SUMS = ", ".join(f"{column} INTEGER NOT NULL DEFAULT 0" for column in COUNTS + SIZES)

_FIRST = (
    """CREATE TABLE about (
        store TEXT NOT NULL, container TEXT NOT NULL, tells TEXT NOT NULL, shared INTEGER, copyable INTEGER)""",
    # n goes up with every transaction that writes
    "CREATE TABLE revision (n INTEGER NOT NULL)",
    "INSERT INTO revision VALUES (0)",
    # own: objects right in the folder; kids: folders right in it; newest: microseconds, 0 for none
    # cold: the share of bytes that is archived, to sort by
    f"""CREATE TABLE folders (
        id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name TEXT NOT NULL,
        own INTEGER NOT NULL DEFAULT 0, kids INTEGER NOT NULL DEFAULT 0,
        objects INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, newest INTEGER NOT NULL DEFAULT 0,
        {_SUMS}, cold REAL AS (CAST(b_archived AS REAL) / max(bytes, 1)))""",
    "CREATE UNIQUE INDEX folders_by_name ON folders (parent, name)",
    "CREATE TABLE standings (id INTEGER PRIMARY KEY, state TEXT NOT NULL, word TEXT NOT NULL, cold_word TEXT NOT NULL, "
    "tier TEXT NOT NULL, UNIQUE (state, word, cold_word, tier))",
    # asked_at: when a describe settled the standing; NULL where it is the listing's; moment: modified, to sort by
    """CREATE TABLE objects (
        id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER,
        etag TEXT NOT NULL, standing INTEGER NOT NULL, until INTEGER, version TEXT{needed}, asked_at INTEGER,
        label INTEGER NOT NULL DEFAULT 0, maker INTEGER NOT NULL DEFAULT 0,
        moment INTEGER AS (coalesce(modified, -1 << 62)))""",
    # mark: a hash of the rest, by which a set is found; number 0 is for no labels, and for no job, and is not in here
    """CREATE TABLE labels (
        id INTEGER PRIMARY KEY, mark BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, traits TEXT NOT NULL,
        tags TEXT NOT NULL, properties TEXT NOT NULL, owner TEXT NOT NULL)""",
    "CREATE TABLE makers (id INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE)",
    # the jobs that can still be described, and the ids of what any job took in
    "CREATE TABLE jobs (id TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE used (id TEXT PRIMARY KEY) WITHOUT ROWID",
    # of the objects, those that a job took in: what used names, once it is complete
    "CREATE TABLE consumed (object INTEGER PRIMARY KEY)",
    """CREATE TABLE lineage (
        wanted INTEGER NOT NULL, complete INTEGER NOT NULL, read INTEGER, jobs INTEGER NOT NULL, used INTEGER NOT NULL,
        error TEXT NOT NULL)""",
    "INSERT INTO lineage VALUES (0, 0, NULL, 0, 0, '')",
    "CREATE INDEX objects_asked ON objects (folder, asked_at) WHERE asked_at IS NOT NULL",
    "CREATE TABLE reasons (object INTEGER PRIMARY KEY, reason TEXT NOT NULL)",
    # inventory: nothing was walked, the store's own inventory of that moment was read
    """CREATE TABLE scans (
        id INTEGER PRIMARY KEY, prefix TEXT NOT NULL, started INTEGER NOT NULL, finished INTEGER,
        store_started INTEGER, store_finished INTEGER, frontier TEXT, objects INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0,
        walked INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
        inventory INTEGER NOT NULL DEFAULT 0)""",
    *CHANGES,
    ANCHORS,
    *TRIGRAMS,
    f"INSERT INTO folders (id, parent, name) VALUES ({ROOT}, 0, '')",
)
_TABLES = {
    BY_NAME: (
        *(each.format(needed="") for each in _FIRST),
        "CREATE UNIQUE INDEX objects_by_name ON objects (folder, name)",
    ),
    BY_ID: (
        *(each.format(needed=" NOT NULL") for each in _FIRST),
        "CREATE UNIQUE INDEX objects_by_id ON objects (version)",
        "CREATE INDEX objects_by_name ON objects (folder, name, version)",
    ),
}


def create(files: Files, path: Path, *, by_id: bool = False, tells: Set[str] = frozenset()) -> sqlite3.Connection:
    """A new, empty catalogue file; `tells` as in `about.About`."""
    version = BY_ID if by_id else BY_NAME
    with plainly(path):
        files.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = connect(path, create=True)
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES[version]:
            connection.execute(statement)
        connection.execute(
            "INSERT INTO about (store, container, tells) VALUES (?, CAST(? AS TEXT), ?)",
            (files.store, files.container.encode("utf-8", "surrogateescape"), spelt(tells)),
        )
        connection.execute("COMMIT")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {version}")
    return connection


@contextmanager
def changing(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and a new revision: every change of a catalogue goes through here."""
    with transaction(connection):
        yield
        connection.execute("UPDATE main.revision SET n = n + 1")


def open_checked(path: Path, *, thorough: bool = False) -> sqlite3.Connection:
    """A connection to a file that is a whole catalogue of this version.

    `thorough` reads all of it (``quick_check``), which a scan does before it goes on in a file.  CatalogueDamaged
    otherwise; CatalogueNewer where a newer Icehouse wrote it; FileNotFoundError where it is gone.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    with plainly(path):
        connection = connect(path)
        try:
            told = [connection.execute(f"PRAGMA {word}").fetchone()[0] for word in ("application_id", "user_version")]
            if told[0] == APPLICATION:
                refuse_newer(path, told[1], max(_TABLES))
            if told[0] != APPLICATION or told[1] not in _TABLES:
                raise CatalogueDamaged(f"catalogue {path}: not of this version", hint="scan again to make a new one")
            connection.execute(
                "SELECT count(*) FROM (SELECT id FROM scans UNION ALL SELECT object FROM reasons LIMIT 1)"
            )
            if thorough:
                words = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if words != "ok":
                    raise CatalogueDamaged(f"catalogue {path}: damaged ({words})", hint="scan again to make a new one")
        except BaseException:
            connection.close()
            raise
    return connection


def tells_by_id(connection: sqlite3.Connection, schema: Literal["main", "part"] = "main") -> bool:
    """Whether that file's objects are told apart by the store's id, and not by their names."""
    return bool(connection.execute(f"PRAGMA {schema}.user_version").fetchone()[0] == BY_ID)
