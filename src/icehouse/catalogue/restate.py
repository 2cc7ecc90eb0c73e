"""Changing the standing of objects that are in the catalogue, with their folders' sums."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from icehouse.core.states import Standing

from .base import param, to_micros
from .standings import Standings
from .tally import COUNT_AT, SIZE_AT, Tally
from .tree import line_of

About = tuple[int | None, str, int]
"""What tells one object from another in the same row: when it was changed, its ETag, and its standing's number."""


@dataclass(frozen=True, slots=True)
class Restated:
    """A new standing for object row `id`, learned at `asked_at` (microseconds); `reason` why it is still unknown.

    `asked_at` None leaves how it is known as it was: a describe that was refused settled nothing.  `about` is what the
    row said when it was asked about; a rescan may have made it another object since, of which nothing was learned.
    """

    id: int
    standing: Standing
    asked_at: int | None
    reason: str = ""
    about: About | None = None


def restate(connection: sqlite3.Connection, standings: Standings, changes: Iterable[Restated]) -> int:
    """Write the changes, inside the caller's transaction; how many objects were still there, and the same."""
    tally = Tally()
    lines: dict[int, list[int]] = {}
    written = 0
    for change in changes:
        row = connection.execute(
            "SELECT folder, size, modified, etag, standing FROM objects WHERE id = ?", (change.id,)
        ).fetchone()
        if row is None or (change.about is not None and row[2:] != change.about):
            continue
        folder, size, before = row[0], row[1], row[4]
        number, state = standings.number(change.standing)
        if folder not in lines:
            lines[folder] = line_of(connection, folder)
        sums = tally.at(folder, lines[folder])
        old = standings.state_index(before)
        sums[COUNT_AT + old] -= 1
        sums[SIZE_AT + old] -= size
        sums[COUNT_AT + state] += 1
        sums[SIZE_AT + state] += size
        connection.execute(
            "UPDATE objects SET standing = ?, until = ?, asked_at = coalesce(?, asked_at) WHERE id = ?",
            (number, to_micros(change.standing.until), change.asked_at, change.id),
        )
        if change.reason:
            connection.execute(
                "INSERT OR REPLACE INTO reasons VALUES (?, CAST(? AS TEXT))", (change.id, param(change.reason))
            )
        else:
            connection.execute("DELETE FROM reasons WHERE object = ?", (change.id,))
        written += 1
    tally.write(connection)
    return written
