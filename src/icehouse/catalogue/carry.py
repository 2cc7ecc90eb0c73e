"""A rescan keeps what describes settled, for objects that are the same as before."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from pathlib import Path

from .base import plainly
from .restate import Restated, restate
from .schema import ROOT, changing, tells_by_id
from .standings import Standings

_CHUNK = 5_000

_MAP = f"""CREATE TEMP TABLE same_folders AS
    WITH RECURSIVE same (old, new) AS (
        SELECT {ROOT}, {ROOT}
        UNION ALL
        SELECT o.id, n.id FROM same
        JOIN old.folders o ON o.parent = same.old
        JOIN main.folders n ON n.parent = same.new AND n.name = o.name)
    SELECT old, new FROM same"""

_SAME = """n.etag = o.etag AND n.modified IS o.modified AND n.size = o.size AND n.asked_at IS NULL
      AND (n.standing IN (SELECT id FROM main.standings WHERE state = 'unknown')
        OR o.asked_at > (SELECT max(store_finished) FROM main.scans WHERE inventory = 1))
      AND o.standing NOT IN (SELECT id FROM old.standings WHERE state IN ('unknown', 'missing'))"""

_SETTLED = f"""CREATE TEMP TABLE settled AS
    SELECT n.id AS object, o.standing, o.until, o.asked_at
    FROM same_folders s
    JOIN old.objects o ON o.folder = s.old AND o.asked_at IS NOT NULL
    JOIN main.objects n ON n.folder = s.new AND n.name = o.name
    WHERE {_SAME}"""

_SETTLED_BY_ID = f"""CREATE TEMP TABLE settled AS
    SELECT n.id AS object, o.standing, o.until, o.asked_at
    FROM old.objects o JOIN main.objects n ON n.version = o.version
    WHERE o.asked_at IS NOT NULL AND {_SAME}"""

_TEMPORARY = ("same_folders", "settled")


def carry_over(connection: sqlite3.Connection, path: Path, older: Path) -> int:
    """Give objects of the catalogue at `path` the described standings they had in the one at `older`.

    Only where the new listing can't tell, or is an inventory from before that describe, and size, change and ETag are
    what they were.  The standing keeps the age of its describe.  Returns how many were carried; doing it twice does no
    harm.
    """
    carried = 0
    with plainly(older):
        connection.execute("ATTACH ? AS old", (str(older),))
        try:
            _drop(connection)
            if tells_by_id(connection):
                connection.execute(_SETTLED_BY_ID)
            else:
                connection.execute(_MAP)
                connection.execute(_SETTLED)
            was, ours = Standings(connection, "old"), Standings(connection)
        finally:
            connection.execute("DETACH old")
    with plainly(path):
        after = 0
        while rows := connection.execute(
            "SELECT rowid, object, standing, until, asked_at FROM settled WHERE rowid > ? ORDER BY rowid LIMIT ?",
            (after, _CHUNK),
        ).fetchall():
            after = rows[-1][0]
            with changing(connection):
                carried += restate(
                    connection, ours, [Restated(row[1], was.standing(row[2], row[3]), row[4]) for row in rows]
                )
        _drop(connection)
    return carried


def _drop(connection: sqlite3.Connection) -> None:
    for table in _TEMPORARY:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
