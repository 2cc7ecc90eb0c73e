"""SQLite as the catalogue uses it: connections, names byte for byte, and errors in one clear line."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icehouse.core.clock import Instant
from icehouse.core.errors import IcehouseError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
BUSY_SECONDS = 10.0
"""The longest that a connection waits for others."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it can't be written",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened",
    sqlite3.SQLITE_PERM: "it can't be opened",
    sqlite3.SQLITE_BUSY: "another process has kept it locked for too long",
    sqlite3.SQLITE_IOERR: "the disk failed or is full",
}

Text = str | bytes
"""A name as a parameter: bytes where it is not valid UTF-8; statements say ``CAST(? AS TEXT)``."""


class CatalogueError(IcehouseError):
    """The catalogue can't be used; it holds nothing precious, so the way out is always to scan again."""


class CatalogueDamaged(CatalogueError):
    """A catalogue file is damaged or of an older version; it is set aside and a scan makes a new one."""


class CatalogueNewer(CatalogueError):
    """A catalogue file was written by a newer Icehouse, which can go on using it: it stays where and as it is."""


def refuse_newer(path: Path, version: int, known: int) -> None:
    """CatalogueNewer where a file's version is higher than the highest that is `known` here."""
    if version > known:
        raise CatalogueNewer(
            f"catalogue written by a newer Icehouse (version {version}, this one knows {known}): {path}",
            hint="update Icehouse, or move that file away and scan again; nothing was changed",
        )


def connect(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """A connection in autocommit, in WAL, usable from any thread (one at a time).

    Names come out as they went in: text that is not UTF-8 travels as surrogate escapes.
    """
    uri = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        connection.text_factory = _text
        connection.execute("PRAGMA cache_size = -16000")
        if create:
            _set_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL, which SQLite refuses at once where another process is about to write the same new file."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def connect_aside() -> sqlite3.Connection:
    """A connection to a file that has no name and is gone when it is closed, for what is not whole yet."""
    connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    return connection


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """SQLite's errors as ours: CatalogueDamaged, or CatalogueError with what is wrong with `path`."""
    try:
        yield
    except sqlite3.Error as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in _DAMAGED:
            raise CatalogueDamaged(
                f"catalogue {path}: damaged ({error})", hint="scan again to make a new one"
            ) from error
        words = _WORDS.get(code, str(error))
        raise CatalogueError(f"catalogue {path}: {words}", hint="`icehouse info` shows the paths") from error
    except OSError as error:
        raise CatalogueError(f"catalogue {path}: {error.strerror}", hint="`icehouse info` shows the paths") from error


@contextmanager
def transaction(connection: sqlite3.Connection, how: str = "IMMEDIATE") -> Iterator[None]:
    """All or nothing; ``DEFERRED`` for one consistent look over several queries."""
    connection.execute(f"BEGIN {how}")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def param(name: str) -> Text:
    """`name` as a statement takes it, byte for byte."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape")
    return name


def to_micros(instant: Instant | None) -> int | None:
    """Microseconds since 1970, exactly; None for None."""
    return None if instant is None else (instant - _EPOCH) // _MICRO


def from_micros(micros: int | None) -> Instant | None:
    """The instant that `to_micros` took."""
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def at_micros(micros: int) -> Instant:
    """The instant of a column that is never null."""
    return _EPOCH + timedelta(microseconds=micros)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
