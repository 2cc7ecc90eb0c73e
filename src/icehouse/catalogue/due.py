"""What a sweep is to ask about: whose standing nobody knows, and whose was asked for too long ago."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from icehouse.core.clock import Instant
from icehouse.core.states import State

from .base import to_micros
from .ranks import order_of
from .restate import About
from .schema import ROOT, tells_by_id
from .standings import Standings
from .tree import line_of, line_to

_PAGE = 500
_OPEN = "n_unknown + n_archiving + n_restoring"
_COLUMNS = "id, folder, name, version, modified, etag, standing"


@dataclass(frozen=True, slots=True)
class Due:
    """Which objects are due, of those whose listing says one of the store's `words`, which tell no state.

    Those that are UNKNOWN, those that were on their way when they were asked about before `moving`, and all that were
    asked about before `settled`: the store may have moved them since, and no listing shows it.
    """

    words: Sequence[str]
    moving: Instant
    settled: Instant


@dataclass(frozen=True, slots=True)
class DueObject:
    """An object to be asked about: its row, its folder's number and its name there."""

    id: int
    folder: int
    name: str
    version: str | None
    about: About


def due_objects(
    connection: sqlite3.Connection, standings: Standings, prefix: str, due: Due, *, limit: int
) -> Iterator[list[DueObject]]:
    """The objects under `prefix` that are due, in lists of up to `limit`, first those that are open.

    Between two lists the caller may write: each object is given once.
    """
    line = line_to(connection, prefix)
    if line is None:
        return
    one = _Questions(connection, standings, line[-1], due)
    found: list[DueObject] = []
    for each in chain(one.open(), one.old()):
        found.append(each)
        if len(found) == limit:
            yield found
            found = []
    if found:
        yield found


def count_due(connection: sqlite3.Connection, standings: Standings, prefix: str, due: Due) -> tuple[int, int]:
    """How many objects `due_objects` would give, and how many of them were told of before."""
    line = line_to(connection, prefix)
    if line is None:
        return 0, 0
    one = _Questions(connection, standings, line[-1], due)
    unknown, again = one.count_open()
    again += one.count_old()
    return unknown + again, again


class _Questions:
    """What is due under one folder."""

    def __init__(self, connection: sqlite3.Connection, standings: Standings, top: int, due: Due) -> None:
        self._connection = connection
        self._top = top
        self._due = due
        ours = [number for number, each in standings.all().items() if each.word in due.words]
        unknown, moving = standings.of_state(State.UNKNOWN), standings.of_state(State.ARCHIVING, State.RESTORING)
        self._unknown = [number for number in unknown if number in ours]
        self._moving = [number for number in moving if number in ours]
        self._settled = [number for number in ours if number not in unknown and number not in moving]
        self._all_unknown = len(self._unknown) == len(unknown)

    def open(self) -> Iterator[DueObject]:
        """What is unknown or was on its way, folder by folder."""
        if not self._unknown and not self._moving:
            return
        order = order_of("objects", "name", tells_by_id(self._connection))
        condition, values = self._is_open()
        for folder in self._open_folders():
            after: tuple[object, ...] = ()
            while True:
                behind = f"AND ({', '.join(order.columns)}) > ({order.marks})" if after else ""
                rows = self._connection.execute(
                    f"SELECT {_COLUMNS}, {order.told} FROM objects INDEXED BY {order.index} "
                    f"WHERE folder = ? {behind} AND {condition} ORDER BY {order.ordered('ASC')} LIMIT ?",
                    (folder, *after, *values, _PAGE),
                ).fetchall()
                if not rows:
                    break
                after = rows[-1][7:]
                yield from map(_due, rows)

    def old(self) -> Iterator[DueObject]:
        """What was settled too long ago, in each folder the longest ago first."""
        condition, values = self._is_old()
        for folder in self._asked_folders():
            after = (-(1 << 62), 0)
            while True:
                rows = self._connection.execute(
                    f"SELECT {_COLUMNS}, asked_at FROM objects INDEXED BY objects_asked "
                    f"WHERE folder = ? AND (asked_at, id) > (?, ?) AND {condition} ORDER BY asked_at, id LIMIT ?",
                    (folder, *after, *values, _PAGE),
                ).fetchall()
                if not rows:
                    break
                after = (rows[-1][7], rows[-1][0])
                yield from map(_due, rows)

    def count_open(self) -> tuple[int, int]:
        """How many are unknown, and how many were on their way."""
        if self._all_unknown and not self._moving:
            row = self._connection.execute("SELECT n_unknown FROM folders WHERE id = ?", (self._top,)).fetchone()
            return int(row[0]), 0
        if not self._unknown and not self._moving:
            return 0, 0
        condition, values = self._is_open()
        marks = _marks(self._moving)
        unknown = again = 0
        for folder in self._open_folders():
            of, on_the_way = self._connection.execute(
                f"SELECT count(*), coalesce(sum(standing IN ({marks})), 0) FROM objects WHERE folder = ? "
                f"AND {condition}",
                (*self._moving, folder, *values),
            ).fetchone()
            unknown, again = unknown + of - on_the_way, again + on_the_way
        return unknown, again

    def count_old(self) -> int:
        """How many were settled too long ago."""
        condition, values = self._is_old()
        return sum(
            self._connection.execute(
                f"SELECT count(*) FROM objects INDEXED BY objects_asked WHERE folder = ? AND {condition}",
                (folder, *values),
            ).fetchone()[0]
            for folder in self._asked_folders()
        )

    def _is_open(self) -> tuple[str, tuple[object, ...]]:
        condition = (
            f"(standing IN ({_marks(self._unknown)}) OR (standing IN ({_marks(self._moving)}) AND asked_at < ?))"
        )
        return condition, (*self._unknown, *self._moving, to_micros(self._due.moving))

    def _is_old(self) -> tuple[str, tuple[object, ...]]:
        return f"asked_at < ? AND standing IN ({_marks(self._settled)})", (to_micros(self._due.settled), *self._settled)

    def _open_folders(self) -> Iterator[int]:
        """The folder and those below it that have open objects somewhere, depth first, a few held at a time."""
        waiting = [self._top]
        while waiting:
            folder = waiting.pop()
            row = self._connection.execute(f"SELECT {_OPEN}, kids FROM folders WHERE id = ?", (folder,)).fetchone()
            if row is None or not row[0]:
                continue
            yield folder
            if row[1]:
                below = self._connection.execute(
                    f"SELECT id FROM folders WHERE parent = ? AND {_OPEN} > 0 ORDER BY name DESC", (folder,)
                )
                waiting.extend(each[0] for each in below)

    def _asked_folders(self) -> Iterator[int]:
        """The folder and those below it in which something was settled, by a leap of the index each."""
        folder = 0
        while self._settled and (
            row := self._connection.execute(
                "SELECT folder FROM objects INDEXED BY objects_asked WHERE asked_at IS NOT NULL AND folder > ? "
                "ORDER BY folder LIMIT 1",
                (folder,),
            ).fetchone()
        ):
            folder = row[0]
            if self._top == ROOT or self._top in line_of(self._connection, folder):
                yield folder


def _due(row: Sequence[object]) -> DueObject:
    id, folder, name, version, *about = row[:7]
    return DueObject(id, folder, name, version, tuple(about))  # type: ignore[arg-type]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
