"""Opening the ledger, and the two ways in: one query to read, one immediate transaction to write.

SQLite's peculiarities live here alone.  Rollback journal with `synchronous=EXTRA`: the ledger is precious and written
in groups, so durability is bought per group; readers wait at most for one commit.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc

from icehouse.core.errors import LedgerError

from . import tables
from .files import make_private
from .migrate import bring_up

_BUSY_SECONDS = 30
_POOL, _OVERFLOW = 4, 12
_RAW = (exc.SQLAlchemyError, sqlite3.Error)
"""What must not leave this file."""


class Ledger:
    """One ledger file, opened for this process.  Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the ledger at `path`, making it (0600) where there is none; LedgerError where it can't be used."""
        self.path = path
        self._version_lock = threading.Lock()
        self._version_connection: sqlite3.Connection | None = None
        try:
            make_private(path)
        except OSError as error:
            raise LedgerError(
                f"{path}: the ledger can't be opened: {error.strerror}", hint="choose another place with --state"
            ) from error
        self.engine = _engine(path)
        try:
            self._prepare()
        except _RAW as error:
            self.engine.dispose()
            raise LedgerError(
                f"{path}: not a usable ledger: {_words(error)}",
                hint="nothing was changed; move it aside or restore it from a backup",
            ) from error

    def _prepare(self) -> None:
        """Bring the schema to this version, or refuse the file."""
        with self.engine.connect() as connection:
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version == tables.SCHEMA:
            return
        if version > tables.SCHEMA:
            raise LedgerError(
                f"{self.path}: written by a newer Icehouse (schema {version}, this one knows {tables.SCHEMA})",
                hint="update Icehouse; nothing was changed",
            )
        with self.writing() as connection:
            bring_up(connection, self.path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for one query; nothing is held open between queries."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except _RAW as error:
            raise self._unread(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One immediate transaction: committed durably at the end, rolled back on any exception.

        Waits up to 30 s for another writer; LedgerError after that, and when the disk is full, in SQLite's words.
        """
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.exec_driver_sql("COMMIT")
                except BaseException:
                    _roll_back(connection)
                    raise
        except _RAW as error:
            raise LedgerError(f"{self.path}: the ledger could not be written: {_words(error)}") from error

    def version(self) -> int:
        """A number that changes whenever anybody else commits: asked before a screen reads anything.  LedgerError."""
        with self._version_lock:
            try:
                if self._version_connection is None:
                    self._version_connection = sqlite3.connect(
                        self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
                    )
                return int(self._version_connection.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error as error:
                raise self._unread(error) from error

    def _unread(self, error: BaseException) -> LedgerError:
        return LedgerError(f"{self.path}: the ledger could not be read: {_words(error)}")

    def close(self) -> None:
        """Give back every connection."""
        with self._version_lock:
            if self._version_connection is not None:
                self._version_connection.close()
                self._version_connection = None
        self.engine.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_timeout=_BUSY_SECONDS,
    )

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=DELETE",
            "synchronous=EXTRA",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "cell_size_check=ON",
            *(("fullfsync=ON",) if sys.platform == "darwin" else ()),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _roll_back(connection: Connection) -> None:
    """Undo what is open.  SQLite often did so itself (a full disk); what went wrong first is what is to be told."""
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        return
    try:
        driver.execute("ROLLBACK")
    except sqlite3.Error:
        connection.invalidate()


def _words(error: BaseException) -> str:
    """What SQLite said, without SQLAlchemy's statement, parameters and links."""
    if isinstance(error, exc.TimeoutError):
        return f"{_POOL + _OVERFLOW} threads are at it and none has ended in {_BUSY_SECONDS} s"
    origin = getattr(error, "orig", None)
    return str(origin or (error.args[0] if error.args else error))
