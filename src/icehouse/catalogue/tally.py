"""Roll-ups: what a batch of objects adds to their folders, carried up to the root."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from icehouse.core.rows import Rollup

from .base import from_micros
from .schema import COUNTS, SIZES, STATES

Sums = list[int]
"""newest, then objects by state, then bytes by state; the two groups in the order of `STATES`."""

COUNT_AT = 1
SIZE_AT = 1 + len(STATES)
_WIDTH = SIZE_AT + len(STATES)
_RANGE = range(COUNT_AT, _WIDTH)

_ADD = (
    "UPDATE folders SET own = own + ?, objects = objects + ?, bytes = bytes + ?, newest = max(newest, ?), "
    + ", ".join(f"{column} = {column} + ?" for column in COUNTS + SIZES)
    + " WHERE id = ?"
)

ROLLUP_COLUMNS = ", ".join(("objects", "bytes", "newest", *COUNTS, *SIZES))


class Tally:
    """What is to be added to folders; negative for what goes away.

    `lines` holds the ancestors of each folder that something is added to, so that sums can be carried up.
    """

    def __init__(self) -> None:
        self._sums: dict[int, Sums] = {}
        self._parents: dict[int, tuple[int, int]] = {}

    def at(self, folder: int, line: Iterable[int]) -> Sums:
        """The sums of `folder`, to be added to in place; `line` runs from the root to `folder` itself."""
        found = self._sums.get(folder)
        if found is None:
            above = 0
            for depth, each in enumerate(line):
                self._parents[each] = (above, depth)
                above = each
            found = self._sums[folder] = [0] * _WIDTH
        return found

    def write(self, connection: sqlite3.Connection) -> None:
        """Add everything to the folders and their ancestors, inside the caller's transaction."""
        own = {folder: sum(sums[COUNT_AT:SIZE_AT]) for folder, sums in self._sums.items()}
        totals = {folder: list(sums) for folder, sums in self._sums.items()}
        for folder in self._parents:
            totals.setdefault(folder, [0] * _WIDTH)
        for folder in sorted(totals, key=lambda each: self._parents[each][1], reverse=True):
            above = self._parents[folder][0]
            if above:
                onto(totals[above], totals[folder])
        connection.executemany(
            _ADD,
            [
                (
                    own.get(folder, 0),
                    sum(sums[COUNT_AT:SIZE_AT]),
                    sum(sums[SIZE_AT:]),
                    sums[0],
                    *sums[COUNT_AT:],
                    folder,
                )
                for folder, sums in totals.items()
            ],
        )


def renew_newest(connection: sqlite3.Connection, line: Sequence[int]) -> None:
    """The latest change below each folder of `line` (from the root down), from what they hold now."""
    for folder in reversed(line):
        connection.execute(
            "UPDATE main.folders SET newest = max(0, "
            "coalesce((SELECT max(newest) FROM main.folders WHERE parent = :id), 0), "
            "coalesce((SELECT max(modified) FROM main.objects WHERE folder = :id), 0)) WHERE id = :id",
            {"id": folder},
        )


def rollup(columns: tuple[int, ...], *, complete: bool, from_inventory: bool = False) -> Rollup:
    """The roll-up in a row of `ROLLUP_COLUMNS`."""
    objects, size, newest, *sums = columns
    counts, sizes = sums[: len(STATES)], sums[len(STATES) :]
    return Rollup(
        objects=objects,
        bytes=size,
        newest=from_micros(newest or None),
        counts={state: n for state, n in zip(STATES, counts, strict=True) if n},
        sizes={state: size for state, n, size in zip(STATES, counts, sizes, strict=True) if n},
        complete=complete,
        from_inventory=from_inventory,
    )


def blank() -> Sums:
    """The sums of nothing."""
    return [0] * _WIDTH


def onto(sums: Sums, more: Sums) -> None:
    """Add `more` to `sums`, in place."""
    if more[0] > sums[0]:
        sums[0] = more[0]
    for i in _RANGE:
        if more[i]:
            sums[i] += more[i]
