"""Rows by position in an order that an index holds: from an anchor nearby, never by walking there from the first row.

An anchor is the key of every so many-th row.  Those of large folders are kept in the file; triggers drop them when
their folder changes, and then whoever needs them makes them anew.
"""

# ruff: noqa: S608  (tables and columns are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from icehouse.core.rows import SortBy

if TYPE_CHECKING:
    from .filters import Clause

Kind = Literal["folders", "objects"]
PARENT: dict[Kind, str] = {"folders": "parent", "objects": "folder"}
OWN: dict[Kind, str] = {"folders": "kids", "objects": "own"}
"""By kind, the column of what a row is right in, and that of folders for how many there are right in them."""

Key = tuple[int | float | bytes, ...]
"""What a row is ordered by, names and ids as bytes: so they compare as SQLite compares them."""

TABLE = """CREATE TABLE anchors (
    kind TEXT NOT NULL, parent INTEGER NOT NULL, by TEXT NOT NULL, rank INTEGER NOT NULL,
    value INTEGER, name BLOB NOT NULL, version BLOB, PRIMARY KEY (kind, parent, by, rank)) WITHOUT ROWID"""

STEP = 1_000
"""Rows from one anchor to the next: walked in a twentieth of a millisecond."""

_FEW = 100
_MOST = 20_000
"""Under a condition anchors begin this close, and are thinned out when there are more than these, 3 MB."""

_VALUES: dict[Kind, dict[SortBy, str]] = {
    "objects": {"size": "size", "changed": "moment", "state": "standing"},
    "folders": {"size": "bytes", "objects": "objects", "changed": "newest", "state": "cold"},
}
_TEXTS = frozenset({"name", "version"})


@dataclass(frozen=True, slots=True)
class Indexed:
    """An order of the rows of one kind, and the index that holds it.

    `start` narrows the walk through the index where no key says where it begins; conditions must not, as SQLite would
    begin by them every time.
    """

    kind: Kind
    by: SortBy
    columns: tuple[str, ...]
    start: Clause = ("", ())

    @property
    def index(self) -> str:
        """The index's name."""
        return f"{self.kind}_by_{self.by}"

    @property
    def held(self) -> str:
        """The columns of the index: those that it orders by, and what a filter may ask."""
        asked = [each for each in ("name", "standing", "size") if self.kind == "objects" and self.by != "name"]
        return ", ".join(dict.fromkeys((PARENT[self.kind], *self.columns, *asked)))

    @property
    def marks(self) -> str:
        """A key's place in a statement; joined to nothing, a text has no affinity, for which no index would be used."""
        return ", ".join("CAST(? AS TEXT) || ''" if each in _TEXTS else "?" for each in self.columns)

    @property
    def told(self) -> str:
        """What a SELECT says to have the key of a row."""
        return ", ".join(f"CAST({each} AS BLOB)" if each in _TEXTS else each for each in self.columns)

    def ordered(self, way: str) -> str:
        """The ORDER BY; ``DESC`` is the exact reverse of ``ASC``."""
        return ", ".join(f"{each} {way}" for each in self.columns)


def order_of(kind: Kind, by: SortBy, by_id: bool) -> Indexed:
    """That order, in which objects of one value stand by name, and those of one name by their ids."""
    value = _VALUES[kind].get(by)
    names = ("name", "version") if by_id and kind == "objects" else ("name",)
    return Indexed(kind, by, (value, *names)) if value else Indexed(kind, "name", names)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The keys of every `step`-th row, from the first; none where nothing is known."""

    step: int = STEP
    keys: Sequence[Key] = field(default_factory=tuple)


NO_ANCHORS = Anchors()
"""Where nothing is known, the first and the last row are near."""


def of_index(
    connection: sqlite3.Connection, order: Indexed, parent: int, clause: Clause, stopped: Callable[[], bool]
) -> tuple[Anchors, int] | None:
    """The anchors of a folder's rows under a condition, and how many rows there are; None where `stopped` said so.

    The rows are walked inside SQLite, some twenty million a second where the index answers the condition.
    """
    step = _FEW if clause[0] else STEP
    keys: list[Key] = []
    after: Key | None = None
    while not stopped():
        row = _ahead(connection, order, parent, clause, after, step)
        if row is None:
            return Anchors(step, keys), _counted(connection, order, parent, clause, keys, step)
        keys.append(row)
        after = row
        if len(keys) >= _MOST and clause[0]:
            keys, step = keys[::2], step * 2
            after = keys[-1]
    return None


class Gone(LookupError):
    """The anchors were dropped, as rows have come or gone."""


class _Kept(Sequence[Key]):
    """The anchors that the file keeps of a folder, each looked up when it is asked for.  Gone where it is no more."""

    def __init__(self, connection: sqlite3.Connection, order: Indexed, parent: int, number: int) -> None:
        self._connection = connection
        self._of = (order.kind, parent, order.by)
        self._number = number
        first = 1 if order.columns[0] in _TEXTS else 0
        self._columns = slice(first, first + len(order.columns))

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, at: int) -> Key:  # type: ignore[override]
        row = self._connection.execute(
            "SELECT value, name, version FROM main.anchors WHERE kind = ? AND parent = ? AND by = ? AND rank = ?",
            (*self._of, at * STEP),
        ).fetchone()
        if row is None:
            raise Gone
        key: Key = row[self._columns]
        return key


def kept(connection: sqlite3.Connection, order: Indexed, parent: int) -> Anchors | None:
    """The anchors that are kept of a folder, None where there are none."""
    (last,) = connection.execute(
        "SELECT max(rank) FROM main.anchors WHERE kind = ? AND parent = ? AND by = ?", (order.kind, parent, order.by)
    ).fetchone()
    return None if last is None else Anchors(STEP, _Kept(connection, order, parent, last // STEP + 1))


def keep(connection: sqlite3.Connection, order: Indexed, parent: int) -> None:
    """Have the anchors of a folder kept, inside the caller's transaction."""
    found = of_index(connection, order, parent, ("", ()), lambda: False)
    assert found is not None
    rows = []
    for at, key in enumerate(found[0].keys):
        value, texts = (None, key) if order.columns[0] in _TEXTS else (key[0], key[1:])
        rows.append((order.kind, parent, order.by, at * STEP, value, texts[0], texts[1] if len(texts) > 1 else None))
    connection.executemany("INSERT OR REPLACE INTO main.anchors VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def numbers_at(
    connection: sqlite3.Connection,
    order: Indexed,
    parent: int,
    clause: Clause,
    anchors: Anchors,
    count: int,
    start: int,
    end: int,
) -> list[int]:
    """The numbers of the rows from `start` to `end` (exclusive) of `count`, walked from the nearest place known.

    Gone as `Anchors` say.
    """
    end = min(end, count)
    at = min(start // anchors.step, len(anchors.keys) - 1)
    ahead = start - max(at, 0) * anchors.step
    back = count - end < ahead
    key = anchors.keys[at] if at > 0 and not back else None
    where, values = _where(order, parent, clause, key)
    rows = connection.execute(
        f"SELECT id FROM {order.kind} INDEXED BY {order.index} WHERE {where} "
        f"ORDER BY {order.ordered('DESC' if back else 'ASC')} LIMIT ? OFFSET ?",
        (*values, max(0, end - start), count - end if back else ahead),
    ).fetchall()
    found = [row[0] for row in rows]
    return found[::-1] if back else found


def rank_of(
    connection: sqlite3.Connection, order: Indexed, parent: int, clause: Clause, anchors: Anchors, number: int
) -> int | None:
    """Where the row of that number stands, None where it is not among them.  Gone as `Anchors` say."""
    where, values = _where(order, parent, clause, None)
    row = connection.execute(
        f"SELECT {order.told} FROM {order.kind} WHERE id = ? AND {where}", (number, *values)
    ).fetchone()
    if row is None:
        return None
    at = max(0, bisect_right(anchors.keys, tuple(row)) - 1) if anchors.keys else 0
    where, values = _where(order, parent, clause, anchors.keys[at] if at else None)
    (ahead,) = connection.execute(
        f"SELECT count(*) FROM {order.kind} INDEXED BY {order.index} "
        f"WHERE {where} AND ({', '.join(order.columns)}) < ({order.marks})",
        (*values, *row),
    ).fetchone()
    return at * anchors.step + int(ahead)


def _where(order: Indexed, parent: int, clause: Clause, key: Key | None) -> tuple[str, tuple[object, ...]]:
    """The condition for rows from that key on."""
    where, values = f"{PARENT[order.kind]} = ?", (parent, *clause[1])
    if clause[0]:
        where += f" AND {clause[0]}"
    if key is None:
        return (f"{where} AND {order.start[0]}", (*values, *order.start[1])) if order.start[0] else (where, values)
    return f"{where} AND ({', '.join(order.columns)}) >= ({order.marks})", (*values, *key)


def _ahead(
    connection: sqlite3.Connection, order: Indexed, parent: int, clause: Clause, after: Key | None, step: int
) -> Key | None:
    """The key so many rows behind `after`, that of the first row where that is None."""
    where, values = _where(order, parent, clause, after)
    row = connection.execute(
        f"SELECT {order.told} FROM {order.kind} INDEXED BY {order.index} WHERE {where} "
        f"ORDER BY {order.ordered('ASC')} LIMIT 1 OFFSET ?",
        (*values, 0 if after is None else step),
    ).fetchone()
    return None if row is None else tuple(row)


def _counted(
    connection: sqlite3.Connection, order: Indexed, parent: int, clause: Clause, keys: Sequence[Key], step: int
) -> int:
    """How many rows there are, of which these are anchors."""
    if not keys:
        return 0
    where, values = _where(order, parent, clause, keys[-1])
    (rest,) = connection.execute(
        f"SELECT count(*) FROM {order.kind} INDEXED BY {order.index} WHERE {where}", values
    ).fetchone()
    return (len(keys) - 1) * step + int(rest)
