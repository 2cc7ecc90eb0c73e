"""Objects that the catalogue holds already and a walk tells of again: the later telling is the newer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from icehouse.core.entries import Entry
from icehouse.core.states import State

from .base import Text
from .schema import STATES
from .standings import Standings
from .tally import COUNT_AT, SIZE_AT, Sums, Tally
from .tree import line_of

_INTO = (
    "INTO objects (folder, name, size, modified, etag, standing, until, version, label, maker) "
    "VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT = f"INSERT OR IGNORE {_INTO}"
"""Adds an object, unless it is there already."""

ObjectValues = tuple[int, Text, int, int | None, str, int, int | None, str | None, int, int]
"""What `INSERT` takes: folder, name, size, modified, etag, standing, until, version, label, maker."""

_UPDATE = (
    "UPDATE objects SET folder = ?, name = CAST(? AS TEXT), size = ?, modified = ?, etag = ?, standing = ?, until = ?, "
    "version = ?, label = ?, maker = ?, asked_at = ? WHERE id = ?"
)
_UNKNOWN = STATES.index(State.UNKNOWN)


def latest(entries: Iterable[Entry]) -> list[Entry]:
    """Of several entries with one id the last, in key order, so that a folder is entered once."""
    return sorted({entry.ref.version: entry for entry in entries}.values(), key=lambda entry: entry.ref.key)


def replace_by_name(
    connection: sqlite3.Connection, standings: Standings, rows: Sequence[ObjectValues], tally: Tally
) -> tuple[int, int]:
    """Write rows one by one, each in the place of an object of that name; what was added, in objects and bytes.

    `tally` holds what the rows bring; what they take the place of is taken off.  What a describe settled stays, where
    the object is the same and the listing can't tell.
    """
    added = size = 0
    for row in rows:
        old = connection.execute(
            "SELECT id, size, standing, modified, etag, asked_at FROM objects "
            "WHERE folder = ? AND name = CAST(? AS TEXT)",
            row[:2],
        ).fetchone()
        sums = tally.at(row[0], ())
        if old is None:
            added, size = added + 1, size + row[2]
        else:
            settled = old[5] is not None and old[3] == row[3] and old[4] == row[4]
            if settled and standings.state_index(row[5]) == _UNKNOWN:
                _take(sums, row[2], _UNKNOWN)
                connection.execute("UPDATE objects SET label = ?, maker = ? WHERE id = ?", (*row[8:], old[0]))
                continue
            _take(sums, old[1], standings.state_index(old[2]))
            size += row[2] - old[1]
            connection.execute("DELETE FROM reasons WHERE object = ?", (old[0],))
            connection.execute("DELETE FROM objects WHERE id = ?", (old[0],))
        connection.execute(f"INSERT {_INTO}", row)
    return added, size


def replace_by_id(
    connection: sqlite3.Connection, standings: Standings, rows: Sequence[ObjectValues], tally: Tally
) -> tuple[int, int, set[int]]:
    """The same for objects that are told apart by id: one may come back under another path, and leaves its old one.

    Also gives the folders whose latest change may have left them; the caller looks once the sums are written.
    """
    added = size = 0
    left: set[int] = set()
    for row in rows:
        old = connection.execute(
            "SELECT id, size, standing, modified, etag, asked_at, until, folder FROM objects WHERE version = ?",
            (row[7],),
        ).fetchone()
        if old is None:
            added, size = added + 1, size + row[2]
            connection.execute(f"INSERT {_INTO}", row)
            continue
        number, was_size, was, modified, etag, asked_at, until, folder = old
        size += row[2] - was_size
        before = standings.state_index(was)
        _take(tally.at(folder, line_of(connection, folder)), was_size, before)
        if folder != row[0] or (modified or 0) > (row[3] or 0):
            left.add(folder)
        settled = asked_at is not None and modified == row[3] and etag == row[4]
        if settled and standings.state_index(row[5]) == _UNKNOWN:
            sums = tally.at(row[0], ())
            _take(sums, row[2], _UNKNOWN)
            sums[COUNT_AT + before] += 1
            sums[SIZE_AT + before] += row[2]
            connection.execute(_UPDATE, (*row[:5], was, until, *row[7:], asked_at, number))
            continue
        connection.execute(_UPDATE, (*row, None, number))
        connection.execute("DELETE FROM reasons WHERE object = ?", (number,))
    return added, size, left


def _take(sums: Sums, size: int, state: int) -> None:
    sums[COUNT_AT + state] -= 1
    sums[SIZE_AT + state] -= size
