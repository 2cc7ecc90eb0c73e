"""Where much has changed the rescan's file takes the place of the visible one: what that holds besides is handed on."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from pathlib import Path

from icehouse.catalogue.base import param, plainly, to_micros
from icehouse.catalogue.schema import ROOT, STATES, changing
from icehouse.catalogue.standings import Standings
from icehouse.catalogue.tally import COUNT_AT, SIZE_AT, Tally
from icehouse.catalogue.tree import add_child, child, line_of, parts_of
from icehouse.core.changes import ChangeKind
from icehouse.core.clock import Instant
from icehouse.core.states import UNKNOWN, State

from .keeping import find_words
from .matching import NUMBER, UNTOLD, prefixes

_CHUNK = 5_000
_UNKNOWN = STATES.index(State.UNKNOWN)
_COLUMNS = (
    "id, path, was_path, size, was_size, modified, was_modified, etag, was_etag, {standing}, {was_standing}, until, "
    "was_until, version, was_version"
)


def hand_on(connection: sqlite3.Connection) -> None:
    """Copy earlier comparisons into ``part``, and note what it is to hold besides, inside the caller's transaction.

    That is what it did not tell of, and what nobody could confirm to be gone: `put_unlisted` puts it there.
    """
    find_words(connection, "part")
    for table in ("comparisons", "comparison_parts"):
        connection.execute(f"INSERT INTO part.{table} SELECT * FROM main.{table}")
    into = _COLUMNS.format(standing="standing", was_standing="was_standing")
    of = _COLUMNS.format(standing="w.target", was_standing="v.target")
    connection.execute(
        f"INSERT INTO part.changes ({into}) SELECT {of} FROM (SELECT * FROM main.changes ORDER BY id) c "
        "LEFT JOIN temp.words_old w ON w.id = c.standing LEFT JOIN temp.words_old v ON v.id = c.was_standing".replace(
            "SELECT id,", "SELECT c.id,"
        )
    )
    connection.execute("DELETE FROM part.asked WHERE gone = 1")
    connection.execute(
        "INSERT OR IGNORE INTO part.asked SELECT old, 0, '' FROM temp.differing "
        f"WHERE new IS NULL AND kind IN ({UNTOLD}, {NUMBER[ChangeKind.MISSING]})"
    )


def put_unlisted(connection: sqlite3.Connection, path: Path, visible: Path, since: Instant, words: str) -> None:
    """Put into the rescan's file (``main`` here) what `hand_on` noted, as unknown; again does nothing."""
    with plainly(path):
        if connection.execute("SELECT 1 FROM asked LIMIT 1").fetchone() is None:
            return
        connection.execute("ATTACH ? AS old", (str(visible),))
        try:
            with changing(connection):
                _put(connection, since, words)
                connection.execute("DELETE FROM main.asked")
        finally:
            connection.execute("DETACH old")


def _put(connection: sqlite3.Connection, since: Instant, words: str) -> None:
    number, _ = Standings(connection).number(UNKNOWN)
    known, lines = dict[int, str](), dict[int, list[int]]()
    after = 0
    while rows := connection.execute(
        "SELECT o.id, o.folder, o.name, o.size, o.modified, o.etag, o.version, a.words, u.since, r.reason "
        "FROM main.asked a CROSS JOIN old.objects o ON o.id = a.object "
        "LEFT JOIN old.unlisted u ON u.object = o.id LEFT JOIN old.reasons r ON r.object = u.object "
        "WHERE a.object > ? AND a.gone = 0 ORDER BY a.object LIMIT ?",
        (after, _CHUNK),
    ).fetchall():
        after = rows[-1][0]
        known.clear()
        prefixes(connection, "old", [row[1] for row in rows], known)
        tally = Tally()
        lines.clear()
        for _, place, name, size, modified, etag, version, why, before, earlier in rows:
            if place not in lines:
                lines[place] = _enter(connection, known[place])
            line = lines[place]
            row = connection.execute(
                "INSERT INTO objects (folder, name, size, modified, etag, standing, version) "
                "VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?, ?)",
                (line[-1], param(name), size, modified, etag, number, version),
            ).lastrowid
            connection.execute("INSERT INTO unlisted VALUES (?, ?)", (row, before or to_micros(since)))
            reason = f"{words}: {why}" if why else earlier or words
            connection.execute("INSERT INTO reasons VALUES (?, CAST(? AS TEXT))", (row, param(reason)))
            sums = tally.at(line[-1], line)
            sums[COUNT_AT + _UNKNOWN] += 1
            sums[SIZE_AT + _UNKNOWN] += size
            sums[0] = max(sums[0], modified or 0)
        tally.write(connection)


def _enter(connection: sqlite3.Connection, prefix: str) -> list[int]:
    line = [ROOT]
    for name in parts_of(prefix):
        found = child(connection, line[-1], name)
        line.append(add_child(connection, line[-1], name) if found is None else found)
    return line_of(connection, line[-1])
