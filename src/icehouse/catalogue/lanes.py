"""The two lanes of a folder's list, folders and objects: which row stands where."""

from __future__ import annotations

# ruff: noqa: S608  (columns are this module's own; values are bound)
import json
import sqlite3
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from icehouse.core.rows import SortBy

from .filters import Clause, Filter, Value
from .ranks import NO_ANCHORS, PARENT, Anchors, Gone, Indexed, Kind, kept, numbers_at, of_index, order_of, rank_of
from .reader import Reader
from .trigrams import having

_FETCH = 5_000
_FIRST = 200
"""Rows under a condition that are shown before the rest of them is found."""

_RARE = 5_000
_SOME = 100_000
"""Rows that an index names for a condition, up to which those are looked at and no others: at once, or behind."""

_EVERY: Clause = ("", ())
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Lane:
    """The rows of one kind, in order.

    Either their `numbers`, or the index that holds the `order`, where nothing needs to be built: `anchors` are places
    known in it.
    """

    kind: Kind
    folder: int
    count: int
    descending: bool
    order: Indexed
    numbers: array[int] | None = None
    clause: Clause = _EVERY
    anchors: Anchors = NO_ANCHORS

    def at(self, connection: sqlite3.Connection, start: int, end: int) -> Sequence[int]:
        """The row numbers from `start` to `end` (exclusive)."""
        if self.numbers is not None:
            return self.numbers[start:end]
        if self.descending:
            start, end = self.count - min(end, self.count), self.count - start
        found = self._surely(
            lambda anchors: numbers_at(
                connection, self.order, self.folder, self.clause, anchors, self.count, start, end
            )
        )
        return found[::-1] if self.descending else found

    def position(self, connection: sqlite3.Connection, number: int) -> int | None:
        """Where the row of that number stands."""
        if self.numbers is not None:
            try:
                return self.numbers.index(number)
            except ValueError:
                return None
        rank = self._surely(lambda anchors: rank_of(connection, self.order, self.folder, self.clause, anchors, number))
        return rank if rank is None or not self.descending else self.count - 1 - rank

    def _surely(self, found: Callable[[Anchors], Found]) -> Found:
        """What is found from the anchors, or without them where they are gone."""
        try:
            return found(self.anchors)
        except Gone:
            return found(NO_ANCHORS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rows of one kind in one folder that are to be had, in that order under that filter."""

    kind: Kind
    folder: int
    by: SortBy
    descending: bool
    filter: Filter

    @property
    def clause(self) -> Clause:
        """The condition on the rows."""
        return self.filter.objects if self.kind == "objects" else self.filter.folders

    @property
    def start(self) -> Clause:
        """What of the condition the index of that order can begin by."""
        for by, (text, values) in self.filter.sought if self.kind == "objects" else ():
            if by == self.by == "size":
                return text, values
            if by == self.by == "state" and values:
                return "standing BETWEEN ? AND ?", (min(values, key=_number), max(values, key=_number))
        return _EVERY


def plain(reader: Reader, wanted: Wanted, count: int) -> Lane:
    """All `count` rows straight from the index of names, walked from the nearer end where no anchors are kept."""
    order = order_of(wanted.kind, "name", reader.by_id)
    return Lane(wanted.kind, wanted.folder, count, wanted.descending, order)


def prompt(reader: Reader, wanted: Wanted, count: int) -> Lane | None:
    """The lane of all `count` rows where the file holds it as it is, with its anchors."""
    order = order_of(wanted.kind, wanted.by, reader.by_id)
    if wanted.clause[0] or not _held(reader, order):
        return None
    anchors = kept(reader.connection, order, wanted.folder)
    if anchors is None:
        return None
    return Lane(wanted.kind, wanted.folder, count, wanted.descending, order, anchors=anchors)


def build(
    reader: Reader,
    wanted: Wanted,
    stopped: Callable[[], bool],
    early: Callable[[Lane], None] | None = None,
) -> Lane | None:
    """The lane, found by reading through it; None where `stopped` said so.

    A few rows are found by what an index says of the rarest thing that is asked of them.  Else they are read in their
    order, and the first are told `early`, as a lane of their own, before all of them are counted.
    """
    order = replace(order_of(wanted.kind, wanted.by, reader.by_id), start=wanted.start)
    rare = _named(reader, wanted, _RARE) if early is not None else None
    if rare is not None or early is None or not _held(reader, order):
        return _sorted(reader, wanted, order, rare, stopped)
    if wanted.clause[0]:
        first = _sorted(reader, wanted, order, None, stopped, limit=_FIRST)
        if first is None or first.count < _FIRST:
            return first
        early(first)
        some = _named(reader, wanted, _SOME)
        if some is not None:
            return _sorted(reader, wanted, order, some, stopped)
    found = of_index(reader.connection, order, wanted.folder, wanted.clause, stopped)
    if found is None:
        return None
    return Lane(
        wanted.kind, wanted.folder, found[1], wanted.descending, order, clause=wanted.clause, anchors=found[0]
    )  # fmt: skip


def _held(reader: Reader, order: Indexed) -> bool:
    """Whether the file has the index of that order."""
    return order.index in reader.indexes and (order.columns[0] != "standing" or reader.standings.in_order)


def _named(reader: Reader, wanted: Wanted, most: int) -> list[int] | None:
    """The numbers of rows that may pass, as an index names them; None where no index names so few."""
    connection = reader.connection
    for text in sorted(wanted.filter.texts, key=len, reverse=True):
        asked = having(wanted.kind, text) if reader.finds_texts else None
        if asked is not None:
            found = connection.execute(
                f"SELECT rowid FROM {asked[0]} WHERE {asked[0]} MATCH ? LIMIT ?", (asked[1], most + 1)
            ).fetchall()
            if len(found) <= most:
                return [row[0] for row in found]
    for by, (condition, values) in wanted.filter.sought if wanted.kind == "objects" else ():
        order = order_of(wanted.kind, by, reader.by_id)
        if order.index in reader.indexes:
            found = connection.execute(
                f"SELECT id FROM objects INDEXED BY {order.index} WHERE folder = ? AND {condition} LIMIT ?",
                (wanted.folder, *values, most + 1),
            ).fetchall()
            if len(found) <= most:
                return [row[0] for row in found]
    return None


def _sorted(
    reader: Reader,
    wanted: Wanted,
    order: Indexed,
    among: list[int] | None,
    stopped: Callable[[], bool],
    *,
    limit: int = -1,
) -> Lane | None:
    """The lane as the numbers of its rows, of 4 bytes each; of those `among` where they are given."""
    condition, values = wanted.clause
    where = f"{PARENT[wanted.kind]} = ?" + (f" AND {condition}" if condition else "")
    told: tuple[object, ...] = (wanted.folder, *values)
    if limit >= 0 and order.start[0]:
        where, told = f"{where} AND {order.start[0]}", (*told, *order.start[1])
    if among is not None:
        where, told = f"id IN (SELECT value FROM json_each(?)) AND +{where}", (json.dumps(among), *told)
    way = "DESC" if wanted.descending else "ASC"
    by_state = order.columns[0] == "standing" and not reader.standings.in_order
    ranks = " ".join(f"WHEN {number} THEN {rank}" for number, rank in reader.standings.by_rank().items())
    ranked = f"CASE standing {ranks} ELSE 99 END {way}, " if by_state and ranks else ""
    by = f"INDEXED BY {order.index}" if limit >= 0 else ""
    cursor = reader.connection.execute(
        f"SELECT id FROM {wanted.kind} {by} WHERE {where} ORDER BY {ranked}{order.ordered(way)} LIMIT ?",
        (*told, limit),
    )
    numbers = array("I" if reader.highest < 1 << 32 else "q")
    while rows := cursor.fetchmany(_FETCH):
        if stopped():
            return None
        numbers.extend([row[0] for row in rows])
    return Lane(wanted.kind, wanted.folder, len(numbers), wanted.descending, order, numbers, wanted.clause)


def _number(value: Value) -> int:
    return int(value)
