"""What one user said by hand, each kind in a small file of its own.

Such a file is plain `sqlite3`, not the ledger: it is no history, and marks are read before the first screen is painted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from icehouse.core.errors import LedgerError

from .files import make_private

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class HandFile:
    """One such file; every change is on disk when the call returns.  What it holds is said by those that extend it."""

    NOUN: ClassVar[str]
    """What it holds, in words: ``marks``."""
    SCHEMA: ClassVar[str]
    """The statement that makes its table where there is none."""

    def __init__(self, path: Path) -> None:
        """Open or make the file (0600); LedgerError where it can't be used."""
        self.path = path
        try:
            make_private(path)
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute(self.SCHEMA)
        except (OSError, sqlite3.Error) as error:
            damaged = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _DAMAGED
            hint = self._way_out(damaged=damaged)
            raise LedgerError(f"{path}: the {self.NOUN} can't be opened: {error}", hint=hint) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _way_out(self, *, damaged: bool) -> str:
        """What to do about a file that can't be opened."""
        raise NotImplementedError

    def _many(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Carry `statement` out for every row, for all or for none."""
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
            raise LedgerError(f"{self.path}: the {self.NOUN} could not be {what}: {error}") from error
