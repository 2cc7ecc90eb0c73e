"""Folders by path and paths by folder: a path is split at every slash, and empty names count."""

from __future__ import annotations

import sqlite3

# ruff: noqa: S608  (the root's number is this module's own; values are bound)
from .base import param
from .schema import ROOT


def parts_of(prefix: str) -> list[str]:
    """The folder names of a prefix that is empty or ends in ``/``: ``"a//"`` is ``a`` and the empty name."""
    return prefix.split("/")[:-1]


def child(connection: sqlite3.Connection, parent: int, name: str) -> int | None:
    """The folder `name` right in `parent`."""
    row = connection.execute(
        "SELECT id FROM folders WHERE parent = ? AND name = CAST(? AS TEXT)", (parent, param(name))
    ).fetchone()
    return None if row is None else int(row[0])


def line_to(connection: sqlite3.Connection, prefix: str) -> list[int] | None:
    """The folders from the root down to `prefix`, or None where that folder is not in the catalogue."""
    line = [ROOT]
    for name in parts_of(prefix):
        found = child(connection, line[-1], name)
        if found is None:
            return None
        line.append(found)
    return line


def line_of(connection: sqlite3.Connection, folder: int) -> list[int]:
    """The folders from the root down to `folder`."""
    line = [folder]
    while line[-1] != ROOT:
        line.append(connection.execute("SELECT parent FROM folders WHERE id = ?", (line[-1],)).fetchone()[0])
    return line[::-1]


def prefix_of(connection: sqlite3.Connection, folder: int) -> str:
    """The prefix of a folder: its names joined, ending in ``/`` (the root's is empty)."""
    names: list[str] = []
    while folder != ROOT:
        folder, name = connection.execute("SELECT parent, name FROM folders WHERE id = ?", (folder,)).fetchone()
        names.append(name)
    return "".join(f"{name}/" for name in reversed(names))


def prune_empty(connection: sqlite3.Connection) -> None:
    """Remove the folders that hold nothing any more, inside the caller's transaction."""
    empty = f"objects = 0 AND id <> {ROOT}"
    connection.execute(
        "UPDATE folders SET kids = kids - "
        f"(SELECT count(*) FROM folders below WHERE below.parent = folders.id AND below.objects = 0) "
        f"WHERE id IN (SELECT parent FROM folders WHERE {empty})"
    )
    connection.execute(f"DELETE FROM folders WHERE {empty}")


def add_child(connection: sqlite3.Connection, parent: int, name: str) -> int:
    """A new folder `name` in `parent`, inside the caller's transaction."""
    cursor = connection.execute("INSERT INTO folders (parent, name) VALUES (?, CAST(? AS TEXT))", (parent, param(name)))
    connection.execute("UPDATE folders SET kids = kids + 1 WHERE id = ?", (parent,))
    return int(cursor.lastrowid or 0)
