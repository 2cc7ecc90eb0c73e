"""A scan of one folder takes the place of that folder in the container's catalogue, in one transaction."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from pathlib import Path

from .about import about_in, note_whose, tell_less
from .base import param, plainly
from .labels import COLUMNS as LABELS
from .lineage import splice_lineage
from .scans import scans_in
from .schema import COUNTS, ROOT, SIZES, changing, tells_by_id
from .standings import Standings
from .tally import COUNT_AT, SIZE_AT, Tally, renew_newest
from .tree import add_child, line_of, line_to, parts_of, prune_empty

_SUMS = ("objects", "bytes", *COUNTS, *SIZES)
_FOLDER_SUMS = ", ".join(("own", "kids", "newest", *_SUMS))
_CHUNK = 5_000
_BELOW = """WITH RECURSIVE below (id) AS (
    SELECT :top UNION ALL SELECT f.id FROM {schema}.folders f JOIN below ON f.parent = below.id)"""
_SCAN = (
    "prefix, started, finished, store_started, store_finished, objects, bytes, requests, seconds, walked, complete, "
    "inventory"
)


def splice(connection: sqlite3.Connection, path: Path, part: Path, prefix: str) -> None:
    """Replace everything under `prefix` in the catalogue at `path` by what the complete scan at `part` found.

    Readers see it before or after, never between.  Folders that are empty now go away, as they do in the store.
    """
    with plainly(path):
        connection.execute("ATTACH ? AS part", (str(part),))
        try:
            with changing(connection):
                # numbers are not used again: a list that is open holds the old ones
                shifts = _highest(connection, "folders"), _highest(connection, "objects")
                _take_out(connection, prefix)
                if tells_by_id(connection):
                    _take_moved(connection)
                _put_in(connection, prefix, *shifts)
                inside = [scan.id for scan in scans_in(connection) if scan.prefix.startswith(prefix)]
                connection.executemany("DELETE FROM main.scans WHERE id = ?", [(each,) for each in inside])
                connection.execute(f"INSERT INTO main.scans ({_SCAN}) SELECT {_SCAN} FROM part.scans")
                _tell(connection)
        finally:
            connection.execute("DETACH part")


def _take_out(connection: sqlite3.Connection, prefix: str) -> None:
    line = line_to(connection, prefix)
    if line is None:
        return
    top, above = line[-1], line[:-1]
    _add_to_line(connection, above, "main", top, -1)
    below = _BELOW.format(schema="main")
    connection.execute(
        f"{below} DELETE FROM main.reasons WHERE object IN (SELECT id FROM main.objects WHERE folder IN below)",
        {"top": top},
    )
    connection.execute(f"{below} DELETE FROM main.objects WHERE folder IN below", {"top": top})
    connection.execute(f"{below} DELETE FROM main.folders WHERE id IN below", {"top": top})
    connection.execute("UPDATE main.folders SET kids = kids - 1 WHERE id = ?", (above[-1],))
    renew_newest(connection, above)


def _take_moved(connection: sqlite3.Connection) -> None:
    """Take out what the part found and the catalogue has elsewhere: it has moved here since."""
    standings = Standings(connection)
    after = 0
    while moved := connection.execute(
        "SELECT m.id, m.folder, m.size, m.standing, p.id FROM part.objects p "
        "JOIN main.objects m ON m.version = p.version WHERE p.id > ? ORDER BY p.id LIMIT ?",
        (after, _CHUNK),
    ).fetchall():
        after = moved[-1][4]
        tally = Tally()
        lines: dict[int, list[int]] = {}
        for _, folder, size, standing, _ in moved:
            if folder not in lines:
                lines[folder] = line_of(connection, folder)
            sums = tally.at(folder, lines[folder])
            state = standings.state_index(standing)
            sums[COUNT_AT + state] -= 1
            sums[SIZE_AT + state] -= size
        numbers = [(row[0],) for row in moved]
        for statement in ("main.reasons WHERE object", "main.objects WHERE id"):
            connection.executemany(f"DELETE FROM {statement} = ?", numbers)
        tally.write(connection)
        for line in lines.values():
            renew_newest(connection, line)
    prune_empty(connection)


def _put_in(connection: sqlite3.Connection, prefix: str, shift: int, shift_objects: int) -> None:
    source = _line_in_part(connection, prefix)
    if (
        source is None
        or not connection.execute("SELECT objects FROM part.folders WHERE id = ?", (source,)).fetchone()[0]
    ):
        _prune(connection, prefix)
        return
    above = [ROOT]
    for name in parts_of(prefix)[:-1]:
        row = connection.execute(
            "SELECT id FROM main.folders WHERE parent = ? AND name = CAST(? AS TEXT)", (above[-1], param(name))
        ).fetchone()
        above.append(add_child(connection, above[-1], name) if row is None else row[0])
    shift = max(shift, _highest(connection, "folders"))
    values = {"top": source, "shift": shift, "objects": shift_objects, "parent": above[-1]}
    connection.execute(
        f"{_BELOW.format(schema='part')} INSERT INTO main.folders (id, parent, name, {_FOLDER_SUMS}) "
        f"SELECT id + :shift, CASE id WHEN :top THEN :parent ELSE parent + :shift END, name, {_FOLDER_SUMS} "
        "FROM part.folders WHERE id IN below",
        values,
    )
    connection.execute("UPDATE main.folders SET kids = kids + 1 WHERE id = ?", (above[-1],))
    connection.execute(
        "INSERT OR IGNORE INTO main.standings (state, word, cold_word, tier) "
        "SELECT state, word, cold_word, tier FROM part.standings"
    )
    connection.execute(f"INSERT OR IGNORE INTO main.labels (mark, {LABELS}) SELECT mark, {LABELS} FROM part.labels")
    connection.execute("INSERT OR IGNORE INTO main.makers (job) SELECT job FROM part.makers")
    connection.execute(
        "INSERT INTO main.objects (id, folder, name, size, modified, etag, standing, until, version, asked_at, label, "
        "maker) "
        "SELECT o.id + :objects, o.folder + :shift, o.name, o.size, o.modified, o.etag, m.id, o.until, o.version, "
        "o.asked_at, coalesce(l.id, 0), coalesce(j.id, 0) FROM part.objects o "
        "JOIN part.standings s ON s.id = o.standing JOIN main.standings m "
        "ON m.state = s.state AND m.word = s.word AND m.cold_word = s.cold_word AND m.tier = s.tier "
        "LEFT JOIN part.labels p ON p.id = o.label LEFT JOIN main.labels l ON l.mark = p.mark "
        "LEFT JOIN part.makers q ON q.id = o.maker LEFT JOIN main.makers j ON j.job = q.job",
        values,
    )
    _add_to_line(connection, above, "part", source, +1)
    renew_newest(connection, above)


def _tell(connection: sqlite3.Connection) -> None:
    """Take over what the part says about the container, and drop the labels that nothing has any more."""
    about = about_in(connection, "part")
    tell_less(connection, about.tells)
    note_whose(connection, about.shared, about.copyable)
    splice_lineage(connection)
    connection.execute("DELETE FROM main.labels WHERE id NOT IN (SELECT label FROM main.objects)")
    connection.execute("DELETE FROM main.makers WHERE id NOT IN (SELECT maker FROM main.objects)")


def _highest(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT coalesce(max(id), 0) FROM main.{table}").fetchone()[0])


def _add_to_line(connection: sqlite3.Connection, line: list[int], schema: str, folder: int, sign: int) -> None:
    """Add (or take away) the sums of one folder to all folders of `line`."""
    sums = connection.execute(f"SELECT {', '.join(_SUMS)} FROM {schema}.folders WHERE id = ?", (folder,)).fetchone()
    changes = ", ".join(f"{column} = {column} + ?" for column in _SUMS)
    connection.executemany(
        f"UPDATE main.folders SET {changes} WHERE id = ?",
        [(*(sign * each for each in sums), above) for above in line],
    )


def _prune(connection: sqlite3.Connection, prefix: str) -> None:
    """Remove the folders above `prefix` that hold nothing any more."""
    line = [ROOT]
    for name in parts_of(prefix)[:-1]:
        row = connection.execute(
            "SELECT id FROM main.folders WHERE parent = ? AND name = CAST(? AS TEXT)", (line[-1], param(name))
        ).fetchone()
        if row is None:
            break
        line.append(row[0])
    while len(line) > 1:
        folder = line.pop()
        if connection.execute("SELECT objects FROM main.folders WHERE id = ?", (folder,)).fetchone()[0]:
            return
        connection.execute("DELETE FROM main.folders WHERE id = ?", (folder,))
        connection.execute("UPDATE main.folders SET kids = kids - 1 WHERE id = ?", (line[-1],))


def _line_in_part(connection: sqlite3.Connection, prefix: str) -> int | None:
    folder = ROOT
    for name in parts_of(prefix):
        row = connection.execute(
            "SELECT id FROM part.folders WHERE parent = ? AND name = CAST(? AS TEXT)", (folder, param(name))
        ).fetchone()
        if row is None:
            return None
        folder = row[0]
    return folder
