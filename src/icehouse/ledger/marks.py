"""Marks: what one user picked by hand, as identities, in a small file of its own.

A mark is an object, a folder, or (with `pattern`) everything under a folder that fits a glob.  Marks are plain
`sqlite3`, not the ledger: they are read before the first screen is painted and are not history.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from icehouse.core.errors import LedgerError
from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, Ref

_SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (
    store TEXT NOT NULL, container TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('object', 'folder')),
    path TEXT NOT NULL, version TEXT NOT NULL DEFAULT '', pattern TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (store, container, kind, path, version, pattern)
) WITHOUT ROWID
"""


class MarkFile:
    """The marks of one user, kept in one file; every change is on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        """Open or make the file (0600); LedgerError where it can't be used."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"{path}: the marks can't be opened: {error}", hint="move the file aside") from error

    def all(self) -> list[Mark]:
        """Every mark, in the order of their addresses.  LedgerError, as with every change."""
        with self._telling("read"):
            rows = self._db.execute(
                "SELECT store, container, kind, path, version, pattern FROM marks ORDER BY store, container, path, kind"
            )
            return [
                Mark(FolderRef(store, container, path), pattern)
                if kind == "folder"
                else Mark(Ref(store, container, path, version or None))
                for store, container, kind, path, version, pattern in rows
            ]

    def add(self, marks: Iterable[Mark]) -> None:
        """Add marks; those that are there already stay."""
        self._many("INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?, ?, ?)", marks)

    def discard(self, marks: Iterable[Mark]) -> None:
        """Take marks away; those that are not there are no error."""
        self._many(
            "DELETE FROM marks WHERE store=? AND container=? AND kind=? AND path=? AND version=? AND pattern=?", marks
        )

    def clear(self) -> None:
        """Take every mark away."""
        with self._telling("written"):
            self._db.execute("DELETE FROM marks")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _many(self, statement: str, marks: Iterable[Mark]) -> None:
        rows = [_row(mark) for mark in marks]
        with self._telling("written"):
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """LedgerError for anything SQLite says, and for names it can't hold (ValueError); no transaction stays open."""
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            with suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            raise LedgerError(f"{self.path}: the marks could not be {what}: {error}") from error


def _row(mark: Mark) -> tuple[str, str, str, str, str, str]:
    target = mark.target
    if isinstance(target, FolderRef):
        return target.store, target.container, "folder", target.prefix, "", mark.pattern
    return target.store, target.container, "object", target.key, target.version or "", ""
