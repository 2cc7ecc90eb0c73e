"""Searching a whole container: names that hold a text, found a page at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from icehouse.core.rows import Row

from .filters import like
from .reader import Reader

_LOOKED_AT = 20_000
"""Matches tried against the folders of the text at most, before a page is given back unfilled."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found; `following` continues it, None where all was searched."""

    rows: tuple[Row, ...]
    following: str | None


def search(reader: Reader, text: str, following: str | None = None, *, limit: int = 200) -> Found:
    """Folders, then objects, whose path holds `text` in the part that is their own; up to `limit`.

    ``img_01`` is looked for in every name; ``plate7/img`` in names that begin with ``img`` right in folders that end in
    ``plate7``; ``plate7/`` in folders alone.  ASCII letters match in both cases.  A page may hold fewer than `limit`
    rows and yet have a `following`.
    """
    if not text:
        return Found((), None)
    kind, _, after = (following or "folders:0").partition(":")
    position = int(after)
    rows: list[Row] = []
    if kind == "folders":
        numbers, position = _matches(reader, "folders", text, position, limit)
        rows.extend(reader.folder_rows(numbers))
        if position:
            return Found(tuple(rows), f"folders:{position}")
        if text.endswith("/"):
            return Found(tuple(rows), None)
    numbers, position = _matches(reader, "objects", text, position, limit - len(rows))
    rows.extend(reader.object_rows(numbers))
    return Found(tuple(rows), f"objects:{position}" if position else None)


def _matches(reader: Reader, kind: str, text: str, after: int, limit: int) -> tuple[list[int], int]:
    """The row numbers found after `after`, and where to go on (0: nowhere)."""
    found: list[int] = []
    for looked, (number, fits) in enumerate(_candidates(reader, kind, text, after), 1):
        if fits:
            found.append(number)
        if len(found) >= limit or looked >= _LOOKED_AT:
            return found, number
    return found, 0


def _candidates(reader: Reader, kind: str, text: str, after: int) -> Iterator[tuple[int, bool]]:
    """Rows whose own name fits, in the order of their numbers, with whether the folders above fit too."""
    above, slash, name = text.rstrip("/").rpartition("/") if kind == "folders" else text.rpartition("/")
    whole_folder = kind == "folders" and text.endswith("/")
    parent = "parent" if kind == "folders" else "folder"
    pattern = like(name, start=bool(slash))
    if whole_folder:
        pattern = pattern[:-1] if pattern.endswith("%") else pattern
    with reader.reading():
        cursor = _scan(reader.connection, kind, parent, pattern, after)
        known: dict[int, bool] = {}
        for number, folder in cursor:
            if slash and folder not in known:
                known[folder] = reader.prefix(folder).lower().endswith(f"{above}/".lower())
            yield number, known[folder] if slash else True


def _scan(connection: sqlite3.Connection, kind: str, parent: str, pattern: str, after: int) -> sqlite3.Cursor:
    return connection.execute(
        f"SELECT id, {parent} FROM {kind} WHERE id > ? AND id > {0 if kind == 'objects' else 1} "  # noqa: S608
        "AND name LIKE ? ESCAPE '\\' ORDER BY id",
        (after, pattern),
    )
