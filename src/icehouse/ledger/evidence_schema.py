"""The evidence file's tables, how it is opened, and its errors in one line."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from icehouse.core.errors import LedgerError

from .files import make_private

VERSION: Final = 2
_APPLICATION: Final = 0x69636576
_BUSY_SECONDS: Final = 30
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_TABLES: Final = """
CREATE TABLE sources (
    id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, kinds TEXT NOT NULL DEFAULT '', as_of INTEGER, gathered TEXT,
    files INTEGER NOT NULL DEFAULT 0, lines INTEGER NOT NULL DEFAULT 0, unparsed INTEGER NOT NULL DEFAULT 0,
    gathering INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT ''
);
CREATE TABLE records (
    source INTEGER NOT NULL, name TEXT NOT NULL, mark TEXT NOT NULL, lines INTEGER NOT NULL, unparsed INTEGER NOT NULL,
    PRIMARY KEY (source, name)
) WITHOUT ROWID;
CREATE TABLE samples (source INTEGER NOT NULL, record TEXT NOT NULL, place TEXT NOT NULL, why TEXT NOT NULL);
CREATE INDEX samples_by_record ON samples (source, record);
CREATE TABLE places (id INTEGER PRIMARY KEY, store TEXT NOT NULL, container TEXT NOT NULL, UNIQUE (store, container));
CREATE TABLE keys (
    place INTEGER NOT NULL, key TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (place, key)
) WITHOUT ROWID;
CREATE TABLE numbers (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO numbers VALUES ('sources', 1), ('places', 1), ('keys', 1), ('clients', 1), ('agents', 1),
    ('manners', 1), ('links', 1);
CREATE TABLE clients (
    id INTEGER PRIMARY KEY, way INTEGER NOT NULL, requester TEXT NOT NULL, address TEXT NOT NULL,
    UNIQUE (way, requester, address)
);
CREATE TABLE agents (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE links (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO links VALUES (0, '');
CREATE TABLE manners (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, deed INTEGER NOT NULL, partial INTEGER NOT NULL,
    status INTEGER NOT NULL, error TEXT NOT NULL, client INTEGER NOT NULL, agent INTEGER NOT NULL,
    UNIQUE (client, agent, source, deed, partial, status, error)
);
CREATE TABLE accesses (
    key INTEGER NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, manner INTEGER NOT NULL, link INTEGER NOT NULL,
    sent INTEGER NOT NULL, size INTEGER, version TEXT, PRIMARY KEY (key, id)
) WITHOUT ROWID;
"""
"""An access is one row under its key's number: so one tree both tells what is there already and reads in key order.
What it shares with many others, of whatever key, is its manner.

Text that is not valid is kept as bytes, but for keys, of which the order matters.  `numbers` has the next number of
each table of names.
"""


def opened(path: Path) -> sqlite3.Connection:
    """The evidence file at `path`, made (0600) where there is none; LedgerError where it can't be used.

    In autocommit, with a rollback journal: what was kept stays, whatever happens to the machine.
    """
    try:
        make_private(path)
    except OSError as error:
        raise LedgerError(
            f"{path}: the evidence can't be opened: {error.strerror}", hint="choose another place with --state"
        ) from error
    with telling(path, "opened"):
        db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            for pragma in (
                "journal_mode=TRUNCATE",
                "synchronous=FULL",
                "trusted_schema=OFF",
                "cell_size_check=ON",
                "cache_size=-65536",
                *(("fullfsync=ON",) if sys.platform == "darwin" else ()),
            ):
                db.execute(f"PRAGMA {pragma}")
            _prepare(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file; refuse any other that is not of this version."""
    if _told(db) == (_APPLICATION, VERSION):
        return
    with transaction(db):
        application, version = _told(db)
        if (application, version) == (_APPLICATION, VERSION):
            return
        if application == _APPLICATION and version > VERSION:
            raise LedgerError(
                f"{path}: written by a newer Icehouse (schema {version}, this one knows {VERSION})",
                hint="update Icehouse; nothing was changed",
            )
        if application == _APPLICATION:
            raise LedgerError(
                f"{path}: written by an older Icehouse (schema {version}, this one knows {VERSION})",
                hint="move it aside to read the records anew; nothing was changed",
            )
        if application or version or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise LedgerError(f"{path}: a database, but no evidence", hint="choose another --state folder")
        for statement in _TABLES.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION}")
        db.execute(f"PRAGMA user_version = {VERSION}")


def _told(db: sqlite3.Connection) -> tuple[int, int]:
    application, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    return int(application), int(version)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One immediate transaction: all or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
        raise


@contextmanager
def telling(path: Path, what: str) -> Iterator[None]:
    """LedgerError for anything that SQLite says, and for numbers that it can't hold."""
    try:
        yield
    except (sqlite3.Error, OverflowError, ValueError) as error:
        damaged = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _DAMAGED
        hint = "restore it from a backup, or move it aside to read the records anew" if damaged else ""
        raise LedgerError(f"{path}: the evidence could not be {what}: {error}", hint=hint) from error
