"""Bringing a ledger's schema up to this version, with a copy of the old file made first."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Table

from icehouse.core.errors import LedgerError

from . import tables

_NEW: Mapping[int, Sequence[Table]] = {
    2: (tables.deliveries, tables.delivery_objects, tables.issues, tables.outbox, tables.told),
    3: (tables.orders, tables.order_steps, tables.checksums),
}
"""The tables that each schema brought; a schema that changes one of them spells the old one out here."""


def bring_up(connection: Connection, path: Path) -> None:
    """Make the tables in an empty ledger, or those that are new in an old one, in the caller's transaction.

    Of two processes the second finds it done.  An old ledger is copied first, beside itself, to
    ``ledger.sqlite.schema-1``; where that can't be done nothing is changed.  LedgerError then, and for what is no
    ledger.
    """
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if version == tables.SCHEMA:
        return
    there = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if not there and not version:
        tables.metadata.create_all(connection, checkfirst=False)
    elif version and there == _tables_of(version):
        copy(path, path.with_name(f"{path.name}.schema-{version}"))
        for each in range(version + 1, tables.SCHEMA + 1):
            tables.metadata.create_all(connection, tables=list(_NEW[each]), checkfirst=False)
    else:
        raise LedgerError(f"{path}: a database, but not a ledger", hint="choose another --state folder")
    connection.exec_driver_sql(f"PRAGMA user_version = {tables.SCHEMA}")


def copy(path: Path, to: Path) -> None:
    """A whole, durable copy of the ledger at `to` (0600), in place of an older one; LedgerError where there is none.

    The caller holds the ledger's write lock, so that nothing is written meanwhile.
    """
    made = to.with_name(f"{to.name}.new")
    try:
        with suppress(FileNotFoundError):
            made.unlink()
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _back_up(path, made)
        _sync(made)
        made.replace(to)
        _sync(to.parent)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            made.unlink()
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise LedgerError(
            f"{path}: an older ledger, and no copy of it can be made: {words}",
            hint=f"nothing was changed; make room for {to}",
        ) from error


def _back_up(path: Path, to: Path) -> None:
    """Copy page by page and have SQLite look the copy over."""
    source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        target = sqlite3.connect(to)
        try:
            source.backup(target)
            said = target.execute("PRAGMA quick_check(1)").fetchone()[0]
            if said != "ok":
                raise sqlite3.DatabaseError(said)
        finally:
            target.close()
    finally:
        source.close()


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _tables_of(version: int) -> set[str]:
    """The names of the tables that a ledger of that schema has."""
    later = {table.name for each, new in _NEW.items() if each > version for table in new}
    return set(tables.metadata.tables) - later
