"""Changing the standing of objects that are in the catalogue, with their folders' sums."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from icehouse.core.states import Standing, State

from .base import param, to_micros
from .ranks import order_of
from .schema import tells_by_id
from .standings import Standings
from .tally import COUNT_AT, SIZE_AT, Tally
from .tree import line_of, line_to

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


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An object whose standing the listing could not tell: its row, its folder's number and its name there."""

    id: int
    folder: int
    name: str
    version: str | None
    about: About


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


def unsettled(
    connection: sqlite3.Connection, standings: Standings, prefix: str, words: Sequence[str], *, limit: int
) -> Iterator[list[Unsettled]]:
    """The objects under `prefix` that are UNKNOWN with one of the store's `words`, in lists of up to `limit`.

    Walks the folders by their sums, so that those where everything is known cost nothing.  Between two lists the
    caller may write: each object is given once.
    """
    numbers = [n for n in standings.of_state(State.UNKNOWN) if standings.standing(n).word in words]
    line = line_to(connection, prefix)
    if line is None or not numbers:
        return
    marks = ", ".join("?" * len(numbers))
    order = order_of("objects", "name", tells_by_id(connection))
    found: list[Unsettled] = []
    for folder in _unknown_folders(connection, line[-1]):
        after: tuple[object, ...] = ()
        while True:
            behind = f"AND ({', '.join(order.columns)}) > ({order.marks})" if after else ""
            rows = connection.execute(
                f"SELECT id, folder, name, version, modified, etag, standing, {order.told} "
                f"FROM objects INDEXED BY {order.index} "
                f"WHERE folder = ? {behind} AND standing IN ({marks}) ORDER BY {order.ordered('ASC')} LIMIT ?",
                (folder, *after, *numbers, limit),
            ).fetchall()
            if not rows:
                break
            after = rows[-1][7:]
            found.extend(Unsettled(row[0], row[1], row[2], row[3], row[4:7]) for row in rows)
            while len(found) >= limit:
                yield found[:limit]
                found = found[limit:]
    if found:
        yield found


def _unknown_folders(connection: sqlite3.Connection, top: int) -> Iterator[int]:
    """`top` and the folders below it that have unknown objects somewhere, depth first, a few held at a time."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        row = connection.execute("SELECT n_unknown, kids FROM folders WHERE id = ?", (folder,)).fetchone()
        if row is None or not row[0]:
            continue
        yield folder
        if row[1]:
            below = connection.execute(
                "SELECT id FROM folders WHERE parent = ? AND n_unknown > 0 ORDER BY name DESC", (folder,)
            )
            waiting.extend(each[0] for each in below)


def count_unsettled(connection: sqlite3.Connection, standings: Standings, prefix: str, words: Sequence[str]) -> int:
    """How many objects `unsettled` would give."""
    numbers = [n for n in standings.of_state(State.UNKNOWN) if standings.standing(n).word in words]
    line = line_to(connection, prefix)
    if line is None or not numbers:
        return 0
    others = [n for n in standings.of_state(State.UNKNOWN) if n not in numbers]
    if not others:
        row = connection.execute("SELECT n_unknown FROM folders WHERE id = ?", (line[-1],)).fetchone()
        return int(row[0])
    marks = ", ".join("?" * len(numbers))
    return sum(
        connection.execute(
            f"SELECT count(*) FROM objects WHERE folder = ? AND standing IN ({marks})",
            (folder, *numbers),
        ).fetchone()[0]
        for folder in _unknown_folders(connection, line[-1])
    )
