"""Folders out of objects in key order: each is written once, with its sums, when the last of it has come."""

# ruff: noqa: S608  (columns are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from .runs import Listed
from .schema import COUNTS, ROOT, SIZES
from .tally import COUNT_AT, SIZE_AT, Sums, blank, onto
from .tree import parts_of

ObjectRow = tuple[int, str, int, int | None, str, int]
"""folder, name, size, modified, etag, standing."""

_COLUMNS = ("own", "kids", "objects", "bytes", "newest", *COUNTS, *SIZES)
_ADD = f"INSERT INTO folders (id, parent, name, {', '.join(_COLUMNS)}) VALUES ({', '.join('?' * (3 + len(_COLUMNS)))})"
_SET = f"UPDATE folders SET {', '.join(f'{column} = ?' for column in _COLUMNS)} WHERE id = {ROOT}"
_BATCH = 5_000


class _Open:
    """A folder that is not written yet."""

    __slots__ = ("id", "kids", "name", "own", "sums")

    def __init__(self, number: int, name: str) -> None:
        self.id = number
        self.name = name
        self.own = 0
        self.kids = 0
        self.sums: Sums = blank()


class FolderTree:
    """The folders of one new catalogue; holds no more than the line to the folder it is in."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._line = [_Open(ROOT, "")]
        self._parts: list[str] = []
        self._highest = ROOT
        self._rows: list[tuple[int | str, ...]] = []
        self._here = ""

    def add(self, block: Sequence[Listed], told: Sequence[tuple[int, int]], rows: list[ObjectRow]) -> None:
        """Put the rows of `block`, whose keys go on behind those before, into `rows` and into their folders.

        `told` holds the number and the state of each standing.
        """
        here, folder = self._here, self._line[-1]
        sums, number = folder.sums, folder.id
        for key, size, modified, etag, standing in block:
            cut = key.rfind("/") + 1
            if key[:cut] != here:
                here = key[:cut]
                folder = self._enter(here)
                sums, number = folder.sums, folder.id
            word, state = told[standing]
            folder.own += 1
            sums[COUNT_AT + state] += 1
            sums[SIZE_AT + state] += size
            if modified is not None and modified > sums[0]:
                sums[0] = modified
            rows.append((number, key[cut:], size, modified, etag, word))
        self._here = here

    def end(self) -> None:
        """Write what is still open, the root last."""
        while len(self._line) > 1:
            self._leave()
        self._connection.executemany(_ADD, self._rows)
        self._connection.execute(_SET, _values(self._line[0]))

    def _enter(self, prefix: str) -> _Open:
        parts = parts_of(prefix)
        same = 0
        for old, new in zip(self._parts, parts, strict=False):
            if old != new:
                break
            same += 1
        while len(self._line) > same + 1:
            self._leave()
        for name in parts[same:]:
            self._highest += 1
            self._line[-1].kids += 1
            self._line.append(_Open(self._highest, name))
        self._parts = parts
        return self._line[-1]

    def _leave(self) -> None:
        done = self._line.pop()
        above = self._line[-1]
        onto(above.sums, done.sums)
        self._rows.append((done.id, above.id, done.name, *_values(done)))
        if len(self._rows) >= _BATCH:
            self._connection.executemany(_ADD, self._rows)
            self._rows.clear()


def _values(folder: _Open) -> tuple[int, ...]:
    sums = folder.sums
    return (folder.own, folder.kids, sum(sums[COUNT_AT:SIZE_AT]), sum(sums[SIZE_AT:]), *sums)
