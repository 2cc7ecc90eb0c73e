"""Reading what rescans found other than before: by position, however much it is."""

# ruff: noqa: S608  (columns and marks are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from icehouse.catalogue.base import at_micros, from_micros, param
from icehouse.catalogue.reader import Reader
from icehouse.core.changes import KINDS, Aspect, Change, ChangeKind, ChangeSum, Comparison
from icehouse.core.refs import Ref

_COMPARISON = "id, prefix, at, since, inventory, since_inventory, whole, kept"
_CHANGE = (
    "id, path, was_path, size, was_size, modified, was_modified, etag, was_etag, standing, was_standing, until, "
    "was_until, version, was_version"
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Changes of one kind that stand together: those of numbers from `first` to before `past`, in path order."""

    comparison: int
    kind: ChangeKind
    first: int
    past: int

    @property
    def count(self) -> int:
        """How many they are."""
        return self.past - self.first


def comparison_in(reader: Reader, number: int) -> Comparison | None:
    """The comparison of that number, None where it is no longer on record."""
    with reader.reading():
        row = reader.connection.execute(f"SELECT {_COMPARISON} FROM comparisons WHERE id = ?", (number,)).fetchone()
        return None if row is None else _comparison(reader.connection, row)


def comparisons_in(reader: Reader, prefix: str) -> list[Comparison]:
    """The comparisons that may tell of what lies under `prefix`, newest first, and of what moved away from there."""
    with reader.reading():
        rows = reader.connection.execute(f"SELECT {_COMPARISON} FROM comparisons ORDER BY id DESC").fetchall()
        touching = [
            row
            for row in rows
            if row[1].startswith(prefix) or prefix.startswith(row[1]) or _was_left(reader.connection, row[0], prefix)
        ]
        return [_comparison(reader.connection, row) for row in touching]


def _was_left(connection: sqlite3.Connection, number: int, prefix: str) -> bool:
    """Whether a rescan of another folder found there what was under `prefix` before."""
    parts = connection.execute(
        "SELECT first, objects FROM comparison_parts WHERE comparison = ? AND kind = ? AND first > 0",
        (number, KINDS.index(ChangeKind.AWAY) + 1),
    ).fetchall()
    bounds = [_bounds(connection, prefix, first, first + objects) for first, objects in parts]
    return any(low < past for low, past in bounds)


def stretches(
    reader: Reader, prefix: str, comparisons: Sequence[int], kinds: Collection[ChangeKind] = ()
) -> list[Stretch]:
    """Where the changes under `prefix` stand, in the order of `comparisons` and then of kinds; () is every kind.

    What moved within the folder is told once, where it is now: what left it is of the kind AWAY, which the whole
    container has none of.
    """
    found = []
    with reader.reading():
        for comparison in comparisons:
            parts = reader.connection.execute(
                "SELECT kind, first, objects FROM comparison_parts WHERE comparison = ? AND first > 0 ORDER BY kind",
                (comparison,),
            ).fetchall()
            for number, first, objects in parts:
                kind = KINDS[number - 1]
                if (kinds and kind not in kinds) or (kind is ChangeKind.AWAY and not prefix):
                    continue
                low, past = _bounds(reader.connection, prefix, first, first + objects)
                if low < past:
                    found.append(Stretch(comparison, kind, low, past))
    return found


def changes_in(reader: Reader, stretch: Stretch, start: int, n: int) -> list[Change]:
    """The changes of one stretch from position `start`, up to `n` of them."""
    first = stretch.first + start
    with reader.reading():
        rows = reader.connection.execute(
            f"SELECT {_CHANGE} FROM changes WHERE id >= ? AND id < ? ORDER BY id",
            (first, min(first + n, stretch.past)),
        ).fetchall()
    return [_change(reader, stretch, row) for row in rows]


def bytes_in(reader: Reader, stretch: Stretch) -> int:
    """The bytes of one stretch, added up one by one."""
    with reader.reading():
        row = reader.connection.execute(
            "SELECT coalesce(sum(coalesce(size, was_size)), 0) FROM changes WHERE id >= ? AND id < ?",
            (stretch.first, stretch.past),
        ).fetchone()
    return int(row[0])


def _comparison(connection: sqlite3.Connection, row: Sequence[Any]) -> Comparison:
    number, prefix, at, since, inventory, since_inventory, whole, kept = row
    parts = connection.execute(
        "SELECT kind, objects, bytes FROM comparison_parts WHERE comparison = ? ORDER BY kind", (number,)
    ).fetchall()
    return Comparison(
        number=number,
        prefix=prefix,
        at=at_micros(at),
        since=from_micros(since),
        inventory=bool(inventory),
        since_inventory=bool(since_inventory),
        whole=bool(whole),
        kept=bool(kept),
        sums={KINDS[kind - 1]: ChangeSum(objects, size) for kind, objects, size in parts},
    )


def _bounds(connection: sqlite3.Connection, prefix: str, first: int, past: int) -> tuple[int, int]:
    """Which of the numbers, whose paths rise, are of paths that begin with `prefix`: found by halving."""
    if not prefix:
        return first, past
    low = _halve(connection, "path >= CAST(? AS TEXT)", param(prefix), first, past)
    # a prefix ends in "/", and "0" is what comes next
    return low, _halve(connection, "path >= CAST(? AS TEXT)", param(prefix[:-1] + "0"), low, past)


def _halve(connection: sqlite3.Connection, condition: str, value: str | bytes, first: int, past: int) -> int:
    """The first number for which the condition holds, `past` where there is none."""
    while first < past:
        middle = (first + past) // 2
        row = connection.execute(f"SELECT {condition} FROM changes WHERE id = ?", (value, middle)).fetchone()
        if row is None or row[0]:
            past = middle
        else:
            first = middle + 1
    return first


def _change(reader: Reader, stretch: Stretch, row: Sequence[Any]) -> Change:
    (
        number, path, other, size, was_size, modified, was_modified, etag, was_etag, standing, was_standing, until,
        was_until, version, was_version,
    ) = row  # fmt: skip
    away = stretch.kind is ChangeKind.AWAY
    here = other if away else path
    there = path if away or other is None else other
    after = _aspect(reader, here, size, modified, etag, standing, until, version)
    before = _aspect(reader, there, was_size, was_modified, was_etag, was_standing, was_until, was_version)
    shown = before if stretch.kind in (ChangeKind.GONE, ChangeKind.MISSING) else after
    told = shown.version if shown is not None and reader.by_id else None
    ref = Ref(reader.files.store, reader.files.container, path, told)
    return Change(stretch.kind, ref, before, after, stretch.comparison, number)


def _aspect(
    reader: Reader,
    path: str,
    size: int | None,
    modified: int | None,
    etag: str | None,
    standing: int,
    until: int | None,
    version: str | None,
) -> Aspect | None:
    if size is None:
        return None
    return Aspect(
        key=path,
        size=size,
        modified=from_micros(modified),
        etag=etag or "",
        standing=reader.standings.standing(standing, until),
        version=version,
    )
