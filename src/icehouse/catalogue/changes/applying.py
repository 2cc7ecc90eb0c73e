"""Bringing the visible catalogue up to date: only rows that differ are touched, and all others keep their numbers."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from icehouse.catalogue.about import about_in, note_whose, spelt, tell_less
from icehouse.catalogue.base import to_micros
from icehouse.catalogue.labels import COLUMNS as LABELS
from icehouse.catalogue.lineage import splice_lineage
from icehouse.catalogue.scans import scans_in
from icehouse.catalogue.schema import ROOT, STATES, tells_by_id
from icehouse.catalogue.standings import Standings
from icehouse.catalogue.tally import COUNT_AT, SIZE_AT, Tally
from icehouse.catalogue.tree import line_of
from icehouse.core.changes import ChangeKind
from icehouse.core.clock import Instant
from icehouse.core.states import UNKNOWN, State

from .keeping import find_words
from .matching import NUMBER

_SCAN = "prefix, started, store_started, objects, bytes, requests, seconds, walked, inventory"
_FOLDERS = 2_000
"""Folders whose sums are held before they are written."""

_UNKNOWN = STATES.index(State.UNKNOWN)
_STATE = "CASE state " + " ".join(f"WHEN '{state.value}' THEN {i}" for i, state in enumerate(STATES)) + " END"


def apply(connection: sqlite3.Connection, prefix: str, at: Instant, by_store: Instant | None, *, unlisted: str) -> None:
    """Make ``main`` what ``part`` is under `prefix`, inside the caller's transaction.

    What nobody could confirm to be gone stays as UNKNOWN with the reason `unlisted`.  ``differing`` must be settled,
    and on record already.
    """
    apply = _Applying(connection, prefix, unlisted)
    apply.run()
    apply.tell(at, by_store)


class _Applying:
    """The steps, in their order."""

    def __init__(self, connection: sqlite3.Connection, prefix: str, unlisted: str) -> None:
        self._connection = connection
        self._prefix = prefix
        self._unlisted = unlisted
        self._by_id = tells_by_id(connection)
        self._leaving = f"(d.new IS NULL AND d.kind = {NUMBER[ChangeKind.GONE]})"
        self._staying = f"(d.new IS NULL AND d.kind = {NUMBER[ChangeKind.MISSING]})"

    def run(self) -> None:
        """Bring rows and sums up to date."""
        execute = self._connection.execute
        self._find_words()
        self._add_folders()
        self._forget_reasons()
        left = self._left()
        self._add_up()
        execute(
            f"DELETE FROM main.unlisted WHERE object IN (SELECT d.old FROM temp.differing d "
            f"WHERE {self._leaving} OR d.new IS NOT NULL)"
        )
        execute(f"DELETE FROM main.objects WHERE id IN (SELECT d.old FROM temp.differing d WHERE {self._leaving})")
        self._change_rows()
        self._add_rows()
        self._end_folders(left)

    def tell(self, at: Instant, by_store: Instant | None) -> None:
        """Take over what the rescan says about the container, and that it is through."""
        connection = self._connection
        about = about_in(connection, "part")
        if self._prefix:
            tell_less(connection, about.tells)
        else:
            connection.execute("UPDATE main.about SET tells = ?", (spelt(about.tells),))
        note_whose(connection, about.shared, about.copyable)
        splice_lineage(connection)
        for table, column in (("labels", "label"), ("makers", "maker")):
            connection.execute(f"DELETE FROM main.{table} WHERE id NOT IN (SELECT {column} FROM main.objects)")
        inside = [scan.id for scan in scans_in(connection) if scan.prefix.startswith(self._prefix)]
        connection.executemany("DELETE FROM main.scans WHERE id = ?", [(each,) for each in inside])
        connection.execute(
            f"INSERT INTO main.scans ({_SCAN}, finished, store_finished, complete) "
            f"SELECT {_SCAN}, coalesce(finished, ?), coalesce(store_finished, ?), 1 FROM part.scans",
            (to_micros(at), to_micros(by_store)),
        )

    def _find_words(self) -> None:
        """Standings, labels and makers of the rescan by their numbers here."""
        find_words(self._connection, "main")
        execute = self._connection.execute
        execute(f"INSERT OR IGNORE INTO main.labels (mark, {LABELS}) SELECT mark, {LABELS} FROM part.labels")
        execute("INSERT OR IGNORE INTO main.makers (job) SELECT job FROM part.makers")
        for table, column in (("labels", "mark"), ("makers", "job")):
            execute(f"DELETE FROM temp.same_{table}")
            execute(
                f"INSERT INTO temp.same_{table} SELECT p.id, m.id FROM part.{table} p "
                f"JOIN main.{table} m ON m.{column} = p.{column}"
            )

    def _add_folders(self) -> None:
        execute = self._connection.execute
        shift = self._highest("folders")
        before = execute("SELECT count(*) FROM main.folders").fetchone()[0]
        execute(
            "INSERT INTO main.folders (id, parent, name) "
            "SELECT f.id + ?, coalesce(p.old, f.parent + ?), f.name FROM temp.places here "
            "JOIN part.folders f ON f.id = here.new JOIN temp.places p ON p.new = f.parent "
            "WHERE here.old IS NULL AND f.objects > 0",
            (shift, shift),
        )
        if execute("SELECT count(*) FROM main.folders").fetchone()[0] == before:
            return
        execute("UPDATE temp.places SET old = new + ? WHERE old IS NULL", (shift,))
        execute(
            "UPDATE main.folders SET kids = kids + fresh.n FROM "
            "(SELECT parent, count(*) AS n FROM main.folders WHERE id > ? GROUP BY parent) fresh "
            "WHERE main.folders.id = fresh.parent",
            (shift,),
        )

    def _forget_reasons(self) -> None:
        """Why something could not be told once says nothing of now."""
        kept = "SELECT object FROM main.unlisted"
        if self._prefix:
            self._connection.execute(
                f"DELETE FROM main.reasons WHERE object NOT IN ({kept}) AND "
                "EXISTS (SELECT 1 FROM main.objects o JOIN temp.inside i ON i.old = o.folder WHERE o.id = object)"
            )
        else:
            self._connection.execute(f"DELETE FROM main.reasons WHERE object NOT IN ({kept})")
        self._connection.execute(
            "DELETE FROM main.reasons WHERE object IN "
            f"(SELECT d.old FROM temp.differing d WHERE d.new IS NOT NULL OR {self._leaving})"
        )

    def _left(self) -> list[int]:
        """Folders whose latest change may leave them, or everything that they hold."""
        return [
            row[0]
            for row in self._connection.execute(
                "SELECT DISTINCT o.folder FROM temp.differing d CROSS JOIN main.objects o ON o.id = d.old "
                "JOIN main.folders f ON f.id = o.folder LEFT JOIN part.objects n ON n.id = d.new "
                "LEFT JOIN temp.places p ON p.new = n.folder "
                f"WHERE ({self._leaving} OR (n.id IS NOT NULL AND "
                "(p.old <> o.folder OR coalesce(n.modified, 0) < coalesce(o.modified, 0))))"
            )
        ]

    def _add_up(self) -> None:
        """Take what leaves off the sums of its folders, and add what comes, up to the root."""
        states = dict(self._connection.execute(f"SELECT id, {_STATE} FROM main.standings").fetchall())
        tally, lines = Tally(), 0
        folder, line = 0, [ROOT]
        for at, standing, sign, objects, size, newest in self._sums():
            if at != folder:
                if lines >= _FOLDERS:
                    tally.write(self._connection)
                    tally, lines = Tally(), 0
                folder, line, lines = at, line_of(self._connection, at), lines + 1
            sums = tally.at(at, line)
            state = _UNKNOWN if standing is None else states[standing]
            sums[COUNT_AT + state] += sign * objects
            sums[SIZE_AT + state] += sign * size
            if sign > 0 and newest is not None and newest > sums[0]:
                sums[0] = newest
        tally.write(self._connection)

    def _sums(self) -> Iterator[tuple[int, int | None, int, int, int, int | None]]:
        """folder, standing (None: becomes unknown), sign, objects, bytes, latest change; by folder."""
        taken = f"({self._leaving} OR {self._staying} OR n.id IS NOT NULL)"
        self._connection.execute("DROP TABLE IF EXISTS temp.sums")
        self._connection.execute(
            "CREATE TEMP TABLE sums AS "
            "SELECT o.folder AS folder, o.standing AS standing, -1 AS sign, count(*) AS objects, sum(o.size) AS size, "
            "NULL AS newest FROM temp.differing d CROSS JOIN main.objects o ON o.id = d.old "
            f"LEFT JOIN part.objects n ON n.id = d.new WHERE {taken} GROUP BY 1, 2 "
            "UNION ALL SELECT p.old, CASE WHEN d.keep THEN o.standing ELSE w.target END, 1, count(*), sum(n.size), "
            "max(n.modified) FROM temp.differing d CROSS JOIN part.objects n ON n.id = d.new "
            "JOIN temp.places p ON p.new = n.folder JOIN temp.words_new w ON w.id = n.standing "
            "LEFT JOIN main.objects o ON o.id = d.old GROUP BY 1, 2 "
            "UNION ALL SELECT o.folder, NULL, 1, count(*), sum(o.size), NULL FROM temp.differing d "
            f"CROSS JOIN main.objects o ON o.id = d.old WHERE {self._staying} GROUP BY 1, 2"
        )
        cursor = self._connection.execute("SELECT * FROM temp.sums ORDER BY folder")
        while rows := cursor.fetchmany(_FOLDERS):
            yield from rows

    def _change_rows(self) -> None:
        execute = self._connection.execute
        version = "" if self._by_id else "version = x.version, "
        execute(
            f"UPDATE main.objects SET size = x.size, modified = x.modified, etag = x.etag, {version}"
            "standing = CASE WHEN x.keep THEN main.objects.standing ELSE x.standing END, "
            "until = CASE WHEN x.keep THEN main.objects.until ELSE x.until END, "
            "asked_at = CASE WHEN x.keep THEN main.objects.asked_at ELSE x.asked_at END, "
            "label = x.label, maker = x.maker FROM "
            "(SELECT d.old, d.keep, n.size, n.modified, n.etag, n.version, w.target AS standing, n.until, n.asked_at, "
            "coalesce(l.old, 0) AS label, coalesce(m.old, 0) AS maker FROM temp.differing d "
            "CROSS JOIN part.objects n ON n.id = d.new JOIN temp.words_new w ON w.id = n.standing "
            "LEFT JOIN temp.same_labels l ON l.new = n.label LEFT JOIN temp.same_makers m ON m.new = n.maker "
            "WHERE d.old IS NOT NULL) x WHERE main.objects.id = x.old"
        )
        if self._by_id:
            self._move_rows()
        self._keep_unlisted()

    def _move_rows(self) -> None:
        self._connection.execute(
            "UPDATE main.objects SET folder = x.folder, name = x.name FROM "
            "(SELECT d.old, p.old AS folder, n.name FROM temp.differing d CROSS JOIN main.objects o ON o.id = d.old "
            "CROSS JOIN part.objects n ON n.id = d.new JOIN temp.places p ON p.new = n.folder "
            "WHERE p.old <> o.folder OR n.name <> o.name) x WHERE main.objects.id = x.old"
        )

    def _keep_unlisted(self) -> None:
        """What nobody could confirm to be gone is neither there nor gone."""
        execute = self._connection.execute
        number, _ = Standings(self._connection).number(UNKNOWN)
        execute(
            "UPDATE main.objects SET standing = ?, until = NULL, asked_at = NULL WHERE id IN "
            f"(SELECT d.old FROM temp.differing d WHERE {self._staying})",
            (number,),
        )
        execute(
            "INSERT OR IGNORE INTO main.unlisted SELECT d.old, (SELECT max(started) FROM part.scans) "
            f"FROM temp.differing d WHERE {self._staying}"
        )
        # what was open before keeps why, unless it was asked about again
        execute(
            "INSERT OR REPLACE INTO main.reasons SELECT d.old, ? || coalesce(nullif(': ' || a.words, ': '), '') "
            "FROM temp.differing d LEFT JOIN part.asked a ON a.object = d.old "
            f"WHERE {self._staying} OR (d.new IS NULL AND a.gone = 0)",
            (self._unlisted,),
        )

    def _add_rows(self) -> None:
        self._connection.execute(
            "INSERT INTO main.objects (id, folder, name, size, modified, etag, standing, until, version, asked_at, "
            "label, maker) SELECT n.id + ?, p.old, n.name, n.size, n.modified, n.etag, w.target, n.until, n.version, "
            "n.asked_at, coalesce(l.old, 0), coalesce(m.old, 0) FROM temp.differing d "
            "CROSS JOIN part.objects n ON n.id = d.new JOIN temp.places p ON p.new = n.folder "
            "JOIN temp.words_new w ON w.id = n.standing LEFT JOIN temp.same_labels l ON l.new = n.label "
            "LEFT JOIN temp.same_makers m ON m.new = n.maker WHERE d.old IS NULL ORDER BY n.id",
            (self._highest("objects"),),
        )

    def _end_folders(self, left: list[int]) -> None:
        """Take folders away that are empty now, and have the latest change of the others."""
        execute = self._connection.execute
        deepest: dict[int, set[int]] = {}
        for folder in left:
            deepest.setdefault(len(line_of(self._connection, folder)), set()).add(folder)
        for depth in range(max(deepest, default=0), 0, -1):
            above: set[int] = set()
            for folder in deepest.get(depth, ()):
                parent, objects, newest = execute(
                    "SELECT parent, objects, newest FROM main.folders WHERE id = ?", (folder,)
                ).fetchone()
                if folder != ROOT and not objects:
                    execute("DELETE FROM main.folders WHERE id = ?", (folder,))
                    execute("UPDATE main.folders SET kids = kids - 1 WHERE id = ?", (parent,))
                    above.add(parent)
                    continue
                (now,) = execute(
                    "SELECT max(0, coalesce((SELECT max(newest) FROM main.folders WHERE parent = :id), 0), "
                    "coalesce((SELECT max(modified) FROM main.objects WHERE folder = :id), 0))",
                    {"id": folder},
                ).fetchone()
                if now != newest:
                    execute("UPDATE main.folders SET newest = ? WHERE id = ?", (now, folder))
                    if folder != ROOT:
                        above.add(parent)
            if above:
                deepest.setdefault(depth - 1, set()).update(above)

    def _highest(self, table: str) -> int:
        """The highest number that was ever given to a row: an open list may hold it still."""
        column = f"highest_{table.removesuffix('s')}"
        return int(
            self._connection.execute(
                f"SELECT max(coalesce((SELECT max(id) FROM main.{table}), 0), "
                f"coalesce((SELECT max({column}) FROM main.comparisons), 0))"
            ).fetchone()[0]
        )
