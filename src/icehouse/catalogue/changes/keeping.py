"""Putting on record what a comparison found, sorted so that any folder's part of it is had at once."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from icehouse.catalogue.base import param, to_micros
from icehouse.catalogue.standings import Standings
from icehouse.core.changes import KINDS, ChangeKind
from icehouse.core.clock import Instant

from .matching import NUMBER, prefixes

Target = Literal["main", "part"]
"""The file that is to hold the record: the visible one, or the one that is to take its place."""

MOST = 2_000_000
"""Changes on record in one file, over all its comparisons; of the oldest then only sums are left."""

_COMPARISONS = 500
"""Comparisons on record in one file, be it with their sums alone."""

_SIDES: tuple[tuple[str, Target], ...] = (("old", "main"), ("new", "part"))
_FOLDERS = 5_000
_REMEMBERED = 50_000

_COLUMNS = (
    "path, was_path, size, was_size, modified, was_modified, etag, was_etag, standing, was_standing, until, was_until, "
    "version, was_version"
)


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be said of a comparison besides its changes; as in `core.changes.Comparison`.

    `mark` is the name of the rescan's file.
    """

    mark: str
    prefix: str
    at: Instant
    since: Instant | None
    inventory: bool
    since_inventory: bool
    whole: bool


def told(connection: sqlite3.Connection, target: Target, mark: str) -> int | None:
    """The number of the comparison of that mark, None where there is none: it was not put on record yet."""
    row = connection.execute(f"SELECT id FROM {target}.comparisons WHERE mark = ?", (mark,)).fetchone()
    return None if row is None else int(row[0])


def keep(connection: sqlite3.Connection, target: Target, note: Note) -> int:
    """Put ``differing`` on record in `target`, inside the caller's transaction; the comparison's number.

    The rows of both files must be as they were compared.
    """
    _find_paths(connection)
    find_words(connection, target)
    highest = [
        connection.execute(f"SELECT coalesce(max(id), 0) FROM main.{each}").fetchone()[0]
        for each in ("objects", "folders")
    ]
    number = connection.execute(
        f"INSERT INTO {target}.comparisons (mark, prefix, at, since, inventory, since_inventory, whole, kept, "
        "highest_object, highest_folder) VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?, ?, 1, ?, ?)",
        (
            note.mark, param(note.prefix), to_micros(note.at), to_micros(note.since), note.inventory,
            note.since_inventory, note.whole, *highest,
        ),
    ).lastrowid  # fmt: skip
    assert number is not None
    left = MOST
    for kind in KINDS:
        left -= _keep_kind(connection, target, number, kind, left)
    _trim(connection, target, number)
    return number


def _keep_kind(connection: sqlite3.Connection, target: Target, comparison: int, kind: ChangeKind, most: int) -> int:
    """Put the changes of one kind on record, or no more than their sums where they are more than `most`; how many."""
    away, lost = kind is ChangeKind.AWAY, kind in (ChangeKind.GONE, ChangeKind.MISSING)
    which = NUMBER[ChangeKind.MOVED if away else kind]
    here, there = "po.prefix || o.name", "pn.prefix || n.name"
    path = here if away or lost else there
    other = there if away else here if kind is ChangeKind.MOVED else "NULL"
    source = (
        "temp.differing d LEFT JOIN main.objects o ON o.id = d.old LEFT JOIN temp.paths_old po ON po.folder = o.folder "
        "LEFT JOIN part.objects n ON n.id = d.new LEFT JOIN temp.paths_new pn ON pn.folder = n.folder"
    )
    objects, size = connection.execute(
        f"SELECT count(*), coalesce(sum(coalesce(n.size, o.size)), 0) FROM {source} WHERE d.kind = ?", (which,)
    ).fetchone()
    if not objects:
        return 0
    kept = objects <= most
    first = 0
    if kept:
        first = connection.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {target}.changes").fetchone()[0]
        etags = ("NULL", "o.etag") if lost else ("nullif(n.etag, o.etag)", "nullif(o.etag, n.etag)")
        connection.execute(
            f"INSERT INTO {target}.changes ({_COLUMNS}) SELECT {path}, {other}, n.size, o.size, n.modified, "
            f"o.modified, {', '.join(etags)}, CASE WHEN d.keep THEN wo.target ELSE wn.target END, wo.target, "
            "CASE WHEN d.keep THEN o.until ELSE n.until END, o.until, n.version, o.version "
            f"FROM {source} LEFT JOIN temp.words_old wo ON wo.id = o.standing "
            f"LEFT JOIN temp.words_new wn ON wn.id = n.standing WHERE d.kind = ? "
            "ORDER BY 1, coalesce(n.version, o.version)",
            (which,),
        )
    else:
        connection.execute(f"UPDATE {target}.comparisons SET kept = 0 WHERE id = ?", (comparison,))
    connection.execute(
        f"INSERT INTO {target}.comparison_parts VALUES (?, ?, ?, ?, ?)",
        (comparison, NUMBER[kind], first, objects, size),
    )
    return int(objects) if kept else 0


def _find_paths(connection: sqlite3.Connection) -> None:
    """Have the prefixes of the folders in which something differs."""
    for side, schema in _SIDES:
        connection.execute(f"DROP TABLE IF EXISTS temp.paths_{side}")
        connection.execute(f"CREATE TEMP TABLE paths_{side} (folder INTEGER PRIMARY KEY, prefix TEXT)")
        connection.execute(
            f"INSERT INTO temp.paths_{side} SELECT DISTINCT o.folder, NULL FROM temp.differing d "
            f"CROSS JOIN {schema}.objects o ON o.id = d.{side} WHERE d.kind <> 0"
        )
        known: dict[int, str] = {}
        after = 0
        while rows := connection.execute(
            f"SELECT folder FROM temp.paths_{side} WHERE folder > ? ORDER BY folder LIMIT ?", (after, _FOLDERS)
        ).fetchall():
            after = rows[-1][0]
            if len(known) > _REMEMBERED:
                known.clear()
            folders = [row[0] for row in rows]
            prefixes(connection, schema, folders, known)
            connection.executemany(
                f"UPDATE temp.paths_{side} SET prefix = CAST(? AS TEXT) WHERE folder = ?",
                [(param(known[folder]), folder) for folder in folders],
            )


def find_words(connection: sqlite3.Connection, target: Target) -> None:
    """Have the standings of both files in the target, and their numbers there, in ``words_old`` and ``words_new``."""
    there = Standings(connection, target)
    for side, schema in _SIDES:
        connection.execute(f"DROP TABLE IF EXISTS temp.words_{side}")
        connection.execute(f"CREATE TEMP TABLE words_{side} (id INTEGER PRIMARY KEY, target INTEGER NOT NULL)")
        connection.executemany(
            f"INSERT INTO temp.words_{side} VALUES (?, ?)",
            [(number, there.number(each)[0]) for number, each in Standings(connection, schema).all().items()],
        )


def _trim(connection: sqlite3.Connection, target: Target, newest: int) -> None:
    """Let go of the changes of the oldest comparisons while there are more than `MOST`."""
    rows = connection.execute(
        f"SELECT comparison, sum(objects) FROM {target}.comparison_parts WHERE first > 0 "
        "GROUP BY comparison ORDER BY comparison"
    ).fetchall()
    total = sum(row[1] for row in rows)
    for comparison, objects in rows:
        if total <= MOST or comparison == newest:
            break
        for first, count in connection.execute(
            f"SELECT first, objects FROM {target}.comparison_parts WHERE comparison = ? AND first > 0", (comparison,)
        ).fetchall():
            connection.execute(f"DELETE FROM {target}.changes WHERE id >= ? AND id < ?", (first, first + count))
        connection.execute(f"UPDATE {target}.comparison_parts SET first = 0 WHERE comparison = ?", (comparison,))
        connection.execute(f"UPDATE {target}.comparisons SET kept = 0 WHERE id = ?", (comparison,))
        total -= objects
    old = f"SELECT id FROM {target}.comparisons ORDER BY id DESC LIMIT -1 OFFSET {_COMPARISONS}"
    for (number,) in connection.execute(old).fetchall():
        connection.execute(f"DELETE FROM {target}.comparison_parts WHERE comparison = ? AND first = 0", (number,))
        if not connection.execute(
            f"SELECT 1 FROM {target}.comparison_parts WHERE comparison = ?", (number,)
        ).fetchone():
            connection.execute(f"DELETE FROM {target}.comparisons WHERE id = ?", (number,))
