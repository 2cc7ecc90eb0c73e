"""The two lanes of a folder's list, folders and objects: which row stands where."""

from __future__ import annotations

# ruff: noqa: S608  (columns are this module's own; values are bound)
import sqlite3
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from icehouse.core.rows import SortBy

from .filters import Clause
from .standings import Standings

_FETCH = 5_000
Kind = Literal["folders", "objects"]
_PARENT: dict[Kind, str] = {"folders": "parent", "objects": "folder"}


@dataclass(frozen=True, slots=True)
class Lane:
    """The rows of one kind, in order.

    `numbers` None means name order straight from the index, which needs nothing built: a position is an offset.
    """

    kind: Kind
    folder: int
    count: int
    descending: bool = False
    numbers: array[int] | None = None
    by_id: bool = False

    def at(self, connection: sqlite3.Connection, start: int, end: int) -> Sequence[int]:
        """The row numbers from `start` to `end` (exclusive)."""
        if self.numbers is not None:
            return self.numbers[start:end]
        # from the nearer end, as an offset is walked
        back = start > self.count - end
        offset = max(0, self.count - end) if back else start
        order = _by_name(self.kind, "DESC" if self.descending != back else "ASC", self.by_id)
        rows = connection.execute(
            f"SELECT id FROM {self.kind} WHERE {_PARENT[self.kind]} = ? ORDER BY {order} LIMIT ? OFFSET ?",
            (self.folder, min(end, self.count) - start, offset),
        ).fetchall()
        found = [row[0] for row in rows]
        return found[::-1] if back else found

    def position(self, connection: sqlite3.Connection, number: int) -> int | None:
        """Where the row of that number stands."""
        if self.numbers is not None:
            try:
                return self.numbers.index(number)
            except ValueError:
                return None
        what = "(name, version)" if self.by_id and self.kind == "objects" else "name"
        row = connection.execute(
            f"SELECT count(*) FROM {self.kind} WHERE {_PARENT[self.kind]} = :folder AND {what} "
            f"{'>' if self.descending else '<'} (SELECT {what.strip('()')} FROM {self.kind} WHERE id = :number)",
            {"folder": self.folder, "number": number},
        ).fetchone()
        return int(row[0])


def build(
    connection: sqlite3.Connection,
    standings: Standings,
    kind: Kind,
    folder: int,
    by: SortBy,
    descending: bool,
    clause: Clause,
    stopped: Callable[[], bool],
    *,
    by_id: bool = False,
) -> Lane | None:
    """The lane in that order under that condition, as an array of 8 bytes a row; None where `stopped` said so."""
    condition, values = clause
    where = f"{_PARENT[kind]} = ?" + (f" AND {condition}" if condition else "")
    cursor = connection.execute(
        f"SELECT id FROM {kind} WHERE {where} ORDER BY {_order(kind, by, descending, standings, by_id)}",
        (folder, *values),
    )
    numbers = array("q")
    while rows := cursor.fetchmany(_FETCH):
        if stopped():
            return None
        numbers.extend([row[0] for row in rows])
    return Lane(kind, folder, len(numbers), descending, numbers, by_id)


def _by_name(kind: Kind, way: str, by_id: bool) -> str:
    """The ORDER BY of names, which the index holds; objects of one name stand in the order of their ids."""
    return f"name {way}, version {way}" if by_id and kind == "objects" else f"name {way}"


def _order(kind: Kind, by: SortBy, descending: bool, standings: Standings, by_id: bool) -> str:
    """The ORDER BY of a lane; descending is the exact reverse.

    Ties stand in the order of their numbers, which is that of their names where the walk was in order, else by name.
    """
    way = "DESC" if descending else "ASC"
    if kind == "folders":
        column = {
            "name": "name",
            "size": "bytes",
            "objects": "objects",
            "changed": "newest",
            "state": "CAST(b_archived AS REAL) / max(bytes, 1)",
        }[by]
        return f"{column} {way}, name {way}"
    ties = _by_name(kind, way, by_id) if by_id else f"id {way}"
    if by == "state":
        ranks = " ".join(f"WHEN {number} THEN {rank}" for number, rank in standings.by_rank().items())
        return f"CASE standing {ranks} ELSE 99 END {way}, {ties}"
    field = {"size": "size", "changed": "modified"}.get(by)
    return f"{field} {way}, {ties}" if field else _by_name(kind, way, by_id)
