"""Ticks: which deliveries somebody ticked or unticked by hand, in a small file of its own as marks are."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.errors import LedgerError
from icehouse.core.refs import FolderRef

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SCHEMA = """
CREATE TABLE IF NOT EXISTS ticks (
    store TEXT NOT NULL, container TEXT NOT NULL, prefix TEXT NOT NULL, fingerprint TEXT NOT NULL,
    ticked INTEGER NOT NULL CHECK (ticked IN (0, 1)), at TEXT NOT NULL, by TEXT NOT NULL,
    PRIMARY KEY (store, container, prefix)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Tick:
    """What a hand said of one delivery, as long as its content is `fingerprint`: ticked or not, when and by whom."""

    folder: FolderRef
    fingerprint: str
    ticked: bool
    at: Instant
    by: str


class TickFile:
    """The ticks of one user, kept in one file; every change is on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        """Open or make the file (0600); LedgerError where it can't be used."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            damaged = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _DAMAGED
            hint = "move the file aside: what was ticked by hand is lost then" if damaged else ""
            raise LedgerError(f"{path}: the ticks can't be opened: {error}", hint=hint) from error

    def all(self) -> dict[FolderRef, Tick]:
        """Every tick by its folder.  LedgerError, as with every change."""
        with self._telling("read"):
            rows = self._db.execute("SELECT store, container, prefix, fingerprint, ticked, at, by FROM ticks")
            found = [
                Tick(FolderRef(store, container, prefix), fingerprint, bool(ticked), from_text(at), by)
                for store, container, prefix, fingerprint, ticked, at, by in rows
            ]
        return {each.folder: each for each in found}

    def put(self, ticks: Iterable[Tick]) -> None:
        """Set ticks, each in place of the one that its folder had."""
        self._many("INSERT OR REPLACE INTO ticks VALUES (?, ?, ?, ?, ?, ?, ?)", [_row(each) for each in ticks])

    def discard(self, folders: Iterable[FolderRef]) -> None:
        """Take the ticks of these folders away; those that have none are no error."""
        rows = [(each.store, each.container, each.prefix) for each in folders]
        self._many("DELETE FROM ticks WHERE store=? AND container=? AND prefix=?", rows)

    def version(self) -> int:
        """A number that changes whenever another process changes a tick."""
        with self._telling("read"):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _many(self, statement: str, rows: list[tuple[object, ...]] | list[tuple[str, str, str]]) -> None:
        with self._telling("written"):
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """LedgerError for anything SQLite says, and for what it can't hold (ValueError); no transaction stays open."""
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            with suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            raise LedgerError(f"{self.path}: the ticks could not be {what}: {error}") from error


def _row(tick: Tick) -> tuple[object, ...]:
    folder = tick.folder
    return (
        folder.store, folder.container, folder.prefix, tick.fingerprint, int(tick.ticked), to_text(tick.at), tick.by,
    )  # fmt: skip
