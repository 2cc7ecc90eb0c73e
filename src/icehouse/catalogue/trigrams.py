"""Texts in names, found by every three letters of them: an index that names the few rows worth looking at.

It may name a row too many and never one too few, so that whoever asks looks at the names themselves.  Triggers keep it
true from the moment it is whole.
"""

# ruff: noqa: S608  (tables are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from typing import Literal

from .base import transaction

Table = Literal["objects", "folders"]

TABLES = (
    # upto: objects up to that number are in the index; whole: everything is
    "CREATE TABLE texts (upto INTEGER NOT NULL, whole INTEGER NOT NULL)",
    "INSERT INTO texts VALUES (0, 0)",
)
_INDEX: dict[Table, str] = {"objects": "object_names", "folders": "folder_names"}
_OPTIONS = "tokenize = 'trigram', content = '', columnsize = 0, detail = none"
_MEMORY = 1 << 24
_PARTS = 16
"""Bytes of an index that are held before they are written as a part of it, and parts that are made one together.

Measured: larger is no faster, and what fits into the processor's own memory is.
"""

_CHUNK = 250_000
"""Rows a transaction, half a second or so, so that whoever wants to write beside it waits no longer."""

_TRIGGERS = """
CREATE TRIGGER {table}_come AFTER INSERT ON {table} BEGIN
    INSERT INTO {index} (rowid, name) VALUES (new.id, new.name);
END;
CREATE TRIGGER {table}_go AFTER DELETE ON {table} BEGIN
    INSERT INTO {index} ({index}, rowid, name) VALUES ('delete', old.id, old.name);
END;
CREATE TRIGGER {table}_renamed AFTER UPDATE OF name ON {table} WHEN old.name IS NOT new.name BEGIN
    INSERT INTO {index} ({index}, rowid, name) VALUES ('delete', old.id, old.name);
    INSERT INTO {index} (rowid, name) VALUES (new.id, new.name);
END;
"""
_MOST = 12
"""Threes of a long text that are asked for: enough to tell it from others."""


def is_whole(connection: sqlite3.Connection) -> bool:
    """Whether every name can be found by its texts."""
    return bool(connection.execute("SELECT whole FROM main.texts").fetchone()[0])


def index_names(connection: sqlite3.Connection) -> None:
    """Index every name, going on where this was interrupted; outside of transactions, with all objects there.

    Where this SQLite has no such index, names are looked at one by one, as before.
    """
    if is_whole(connection) or not _is_known(connection):
        return
    with transaction(connection):
        for index in _INDEX.values():
            connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS main.{index} USING fts5 (name, {_OPTIONS})")
            for option, value in (("hashsize", _MEMORY), ("automerge", _PARTS)):
                connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES (?, ?)", (option, value))
    while _index_some(connection):
        pass


def forget_names(connection: sqlite3.Connection) -> None:
    """Have no index: before most of the objects change, as making it anew is quicker; in the caller's transaction."""
    for table, index in _INDEX.items():
        for when in ("come", "go", "renamed"):
            connection.execute(f"DROP TRIGGER IF EXISTS main.{table}_{when}")
        connection.execute(f"DROP TABLE IF EXISTS main.{index}")
    connection.execute("UPDATE main.texts SET upto = 0, whole = 0")


def having(table: Table, text: str) -> tuple[str, str] | None:
    """The index of a table, and what to ask it (MATCH) for rows that may hold `text`.

    None where only the names can tell: the text is too short, or is none that the index has as names have it.
    """
    if len(text) < 3 or "\0" in text:
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    last = len(text) - 3
    starts = sorted({round(last * n / (_MOST - 1)) for n in range(_MOST)} if last >= _MOST else range(last + 1))
    threes = (text[at : at + 3].replace('"', '""') for at in starts)
    return _INDEX[table], " AND ".join(f'"{three}"' for three in threes)


def _is_known(connection: sqlite3.Connection) -> bool:
    """Whether this SQLite has indexes of texts by threes."""
    try:
        connection.execute(f"CREATE VIRTUAL TABLE temp.tried USING fts5 (name, {_OPTIONS})")
    except sqlite3.OperationalError as error:
        if "no such" in str(error):  # module, or tokenizer
            return False
        raise
    connection.execute("DROP TABLE temp.tried")
    return True


def _index_some(connection: sqlite3.Connection) -> bool:
    """Index some objects, or end; whether there is more."""
    with transaction(connection):
        (upto,) = connection.execute("SELECT upto FROM main.texts").fetchone()
        row = connection.execute(
            "SELECT id FROM main.objects WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?", (upto, _CHUNK - 1)
        ).fetchone()
        put = f"INSERT INTO {_INDEX['objects']} (rowid, name) SELECT id, name FROM main.objects WHERE id > ?"
        if row is not None:
            connection.execute(f"{put} AND id <= ? ORDER BY id", (upto, row[0]))
            connection.execute("UPDATE main.texts SET upto = ?", row)
            return True
        connection.execute(f"{put} ORDER BY id", (upto,))
        connection.execute(
            f"INSERT INTO {_INDEX['folders']} (rowid, name) SELECT id, name FROM main.folders ORDER BY id"
        )
        for table, index in _INDEX.items():
            for statement in _TRIGGERS.format(table=table, index=index).split("END;")[:-1]:
                connection.execute(f"{statement} END")
        connection.execute("UPDATE main.texts SET whole = 1")
    return False
