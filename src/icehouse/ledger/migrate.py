"""Bringing a ledger's schema up to this version.

There is one schema so far: an empty file gets its tables, anything else that is not schema 1 is refused.  The first
change of the schema brings migrations here, with a copy of the old file made first.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from icehouse.core.errors import LedgerError

from . import tables


def bring_up(connection: Connection, path: Path) -> None:
    """Make the tables in an empty ledger, in the caller's transaction; of two processes the second finds it done."""
    if int(connection.exec_driver_sql("PRAGMA user_version").scalar_one()) == tables.SCHEMA:
        return
    if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
        raise LedgerError(f"{path}: a database, but not a ledger", hint="choose another --state folder")
    tables.metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(f"PRAGMA user_version = {tables.SCHEMA}")
