"""Searching a whole container: names that hold a text, found a page at a time."""

from __future__ import annotations

# ruff: noqa: S608  (tables and columns are this package's own; values are bound)
import json
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

from icehouse.core.rows import Row

from .base import CatalogueError, param, transaction
from .filters import like
from .ranks import OWN, PARENT, Kind
from .reader import Reader
from .trigrams import having

_FOUND_AT = 1_000_000
_LOOKED_AT = 100_000
"""Rows a page goes through at most, where an index names those that may fit, and where all are looked at."""

_TRIED = 2_000
"""Rows of fitting names that a page tries at most: against the names as they are, and the folders of the text."""

_MANY = 250
"""Rows that an index named, looked up together."""

_FOLDERS = 500
_INSIDE = 50_000
"""Folders of the text, and objects in them, up to which those are gone through and nothing else."""

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
"""ASCII letters alone, as in names."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found; `following` continues it, None where all was searched."""

    rows: tuple[Row, ...]
    following: str | None


def search(reader: Reader, text: str, following: str | None = None, *, limit: int = 200) -> Found:
    """Folders, then objects, whose path holds `text` in the part that is their own; up to `limit`.

    ``img_01`` is looked for in every name; ``plate7/img`` in names that begin with ``img`` right in folders that end in
    ``plate7``; ``plate7/`` in folders alone.  ASCII letters match in both cases.  A page may hold fewer than `limit`
    rows and yet have a `following`, which goes on in the same generation alone: CatalogueError in another.  UsageError
    for a text that is too long.
    """
    if not text:
        return Found((), None)
    generation = reader.path.name
    kind, after, of = (following or f"folders:0:{generation}").split(":", 2)
    if of != generation:  # there the numbers are those of other rows
        raise CatalogueError(
            f"{reader.files.store}:{reader.files.container} was scanned anew while it was searched", hint="search again"
        )
    position = int(after)
    rows: list[Row] = []
    with reader.reading(), transaction(reader.connection, "DEFERRED"):  # a folder that was found does not go meanwhile
        if kind == "folders":
            numbers, position = _matches(reader, "folders", text, position, limit)
            rows.extend(reader.folder_rows(numbers))
            if position:
                return Found(tuple(rows), f"folders:{position}:{generation}")
            if text.endswith("/"):
                return Found(tuple(rows), None)
        numbers, position = _matches(reader, "objects", text, position, limit - len(rows))
        rows.extend(reader.object_rows(numbers))
    return Found(tuple(rows), f"objects:{position}:{generation}" if position else None)


@dataclass(frozen=True, slots=True)
class _Sought:
    """A text taken apart: what a name must be like, and how the path of the folder that it is in must end.

    `text` is what the name holds, and `ending` None where it may be in any folder.
    """

    kind: Kind
    text: str
    pattern: str
    ending: str | None

    @classmethod
    def of(cls, kind: Kind, text: str) -> _Sought:
        above, slash, name = (text.removesuffix("/") if kind == "folders" else text).rpartition("/")
        pattern = like(name, start=bool(slash))
        if kind == "folders" and text.endswith("/"):
            pattern = pattern[:-1]
        return cls(kind, name, pattern, f"{above}/".translate(_LOWER) if slash else None)


def _matches(reader: Reader, kind: Kind, text: str, after: int, limit: int) -> tuple[list[int], int]:
    """The row numbers found after `after`, and where to go on (0: nowhere)."""
    sought = _Sought.of(kind, text)
    after = max(after, 1 if kind == "folders" else 0)  # the root has no name
    with reader.reading():
        inside = _inside(reader, sought, after, limit)
        if inside is not None:
            return inside
        (highest,) = reader.connection.execute(f"SELECT coalesce(max(id), 0) FROM {kind}").fetchone()
        asked = having(kind, sought.text) if reader.finds_texts else None
        upto = after + (_LOOKED_AT if asked is None else _FOUND_AT)
        found: list[int] = []
        known: dict[int, bool] = {}
        for tried, (number, folder) in enumerate(_named(reader, sought, asked, after, upto), 1):
            if _fits(reader, sought, folder, known):
                found.append(number)
            if len(found) >= limit or tried >= _TRIED:
                return found, number
    return found, upto if upto < highest else 0


def _named(
    reader: Reader, sought: _Sought, asked: tuple[str, str] | None, after: int, upto: int
) -> Iterator[tuple[int, int]]:
    """Rows whose own name fits, in the order of their numbers, each with the folder that it is in."""
    fitting = f"SELECT id, {PARENT[sought.kind]} FROM {sought.kind} WHERE"
    if asked is None:
        yield from reader.connection.execute(
            f"{fitting} id > ? AND id <= ? AND name LIKE CAST(? AS TEXT) ESCAPE '\\' ORDER BY id",
            (after, upto, param(sought.pattern)),
        )
        return
    index, words = asked
    rows = reader.connection.execute(
        f"SELECT rowid FROM {index} WHERE {index} MATCH ? AND rowid > ? AND rowid <= ? ORDER BY rowid",
        (words, after, upto),
    )
    while some := rows.fetchmany(_MANY):
        yield from reader.connection.execute(
            f"{fitting} id IN (SELECT value FROM json_each(?)) AND name LIKE CAST(? AS TEXT) ESCAPE '\\' ORDER BY id",
            (json.dumps([row[0] for row in some]), param(sought.pattern)),
        )


def _fits(reader: Reader, sought: _Sought, folder: int, known: dict[int, bool]) -> bool:
    """Whether the folders above are those of the text."""
    if sought.ending is None:
        return True
    if folder not in known:
        known[folder] = reader.prefix(folder).translate(_LOWER).endswith(sought.ending)
    return known[folder]


def _inside(reader: Reader, sought: _Sought, after: int, limit: int) -> tuple[list[int], int] | None:
    """As `_matches`, out of the folders of the text, where they are few and small and can be found first; else None."""
    name = "" if sought.ending is None else sought.ending[:-1].rpartition("/")[2]
    asked = having("folders", name) if reader.finds_texts and name.isascii() else None
    if sought.ending is None or asked is None:
        return None
    index, words = asked
    rows = reader.connection.execute(
        f"SELECT rowid FROM {index} WHERE {index} MATCH ? LIMIT ?", (words, _FOLDERS + 1)
    ).fetchall()
    if len(rows) > _FOLDERS:
        return None
    inside = json.dumps([row[0] for row in rows if _fits(reader, sought, row[0], {})])
    among = "IN (SELECT value FROM json_each(?))"
    (objects,) = reader.connection.execute(
        f"SELECT coalesce(sum({OWN[sought.kind]}), 0) FROM folders WHERE id {among}", (inside,)
    ).fetchone()
    if objects > _INSIDE:
        return None
    found = reader.connection.execute(
        f"SELECT id FROM {sought.kind} WHERE {PARENT[sought.kind]} {among} AND id > ? "
        "AND name LIKE CAST(? AS TEXT) ESCAPE '\\' ORDER BY id LIMIT ?",
        (inside, after, param(sought.pattern), limit),
    ).fetchall()
    numbers = [row[0] for row in found]
    return numbers, numbers[-1] if len(numbers) == limit else 0
