"""Which rows of two catalogue files are the same object, and which of those are not as they were.

The visible file is ``main`` of the connection, the rescan's is ``part``; what is found out lies in temporary tables.
"""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from icehouse.catalogue.base import param
from icehouse.catalogue.schema import ROOT
from icehouse.catalogue.tree import line_to, parts_of
from icehouse.core.changes import KINDS, ChangeKind
from icehouse.core.states import State

NUMBER = {kind: number for number, kind in enumerate(KINDS, 1)}
"""The number of a kind in the tables."""

UNTOLD = 0
"""The number of what is brought up to date and is no change to tell of: labels, how something is known, and so on."""

_READABLE = tuple(state.value for state in State if state.readable)
_COLD = (State.ARCHIVING.value, State.ARCHIVED.value, State.RESTORING.value)

_TABLES = (
    # the rescan's folders, and which of the visible ones each is; known: the visible one knew all that was in there
    "CREATE TEMP TABLE places (new INTEGER PRIMARY KEY, old INTEGER, known INTEGER NOT NULL)",
    # the visible folders that the rescan is about
    "CREATE TEMP TABLE inside (old INTEGER PRIMARY KEY, new INTEGER)",
    "CREATE TEMP TABLE ours (id INTEGER PRIMARY KEY, class INTEGER NOT NULL, tier TEXT NOT NULL)",
    "CREATE TEMP TABLE theirs (id INTEGER PRIMARY KEY, old INTEGER, class INTEGER NOT NULL, tier TEXT NOT NULL)",
    "CREATE TEMP TABLE same_labels (new INTEGER PRIMARY KEY, old INTEGER)",
    "CREATE TEMP TABLE same_makers (new INTEGER PRIMARY KEY, old INTEGER)",
    # keep: the rescan can't tell the standing, or is older, a describe did, and the object is the same
    "CREATE TEMP TABLE differing (old INTEGER, new INTEGER, kind INTEGER NOT NULL, keep INTEGER NOT NULL)",
    "CREATE TEMP TABLE found (old INTEGER PRIMARY KEY)",
)
_NAMES = ("places", "inside", "ours", "theirs", "same_labels", "same_makers", "differing", "found")

_PLACES = f"""INSERT INTO temp.places
    WITH RECURSIVE place (new, old) AS (
        SELECT {ROOT}, {ROOT}
        UNION ALL
        SELECT n.id, (SELECT o.id FROM main.folders o WHERE o.parent = place.old AND o.name = n.name)
        FROM place CROSS JOIN part.folders n ON n.parent = place.new)
    SELECT new, old, ? FROM place"""

_INSIDE = """INSERT INTO temp.inside
    WITH RECURSIVE below (id) AS (
        SELECT ? UNION ALL SELECT f.id FROM below CROSS JOIN main.folders f ON f.parent = below.id)
    SELECT id, NULL FROM below"""

_KNOWN = """UPDATE temp.places SET known = 1 WHERE new IN (
    WITH RECURSIVE below (id) AS (
        SELECT ? UNION ALL SELECT f.id FROM below CROSS JOIN part.folders f ON f.parent = below.id)
    SELECT id FROM below)"""


@dataclass(frozen=True, slots=True)
class Sides:
    """What a comparison depends on.

    `by_id`: objects are told apart by the store's id.  `by_inventory`: one side is an inventory, whose word for a
    storage class counts, and for a tier within it, and whose silence about restores does not.  `known` are the
    prefixes of which everything was known before.
    """

    prefix: str
    by_id: bool
    by_inventory: bool
    known: Collection[str]

    @property
    def whole(self) -> bool:
        """Whether all of the prefix was known before."""
        return any(self.prefix.startswith(each) for each in self.known)


def match(connection: sqlite3.Connection, sides: Sides) -> None:
    """Fill ``differing`` with what is not the same on both sides."""
    forget(connection)
    for statement in _TABLES:
        connection.execute(statement)
    _match_folders(connection, sides)
    _match_words(connection, sides)
    difference = _Difference(connection, sides)
    for statement in difference.statements():
        connection.execute(statement)
    connection.execute("CREATE INDEX temp.differing_absent ON differing (old) WHERE new IS NULL")


def match_found(connection: sqlite3.Connection, sides: Sides) -> None:
    """Take up again what ``found`` names: the rescan did not tell of it, and a describe did."""
    connection.execute("DELETE FROM temp.differing WHERE new IS NULL AND old IN (SELECT old FROM temp.found)")
    connection.execute("DELETE FROM temp.places")
    connection.execute("DELETE FROM temp.inside")
    _match_folders(connection, sides)
    connection.execute("DELETE FROM temp.ours")
    connection.execute("DELETE FROM temp.theirs")
    _match_words(connection, sides)
    connection.execute(_Difference(connection, sides).of_found())


def forget(connection: sqlite3.Connection) -> None:
    """Drop what was found out."""
    for table in _NAMES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _match_folders(connection: sqlite3.Connection, sides: Sides) -> None:
    connection.execute(_PLACES, (sides.whole,))
    if not sides.whole:
        for prefix in sides.known:
            top = line_in_part(connection, prefix)
            if top is not None:
                connection.execute(_KNOWN, (top,))
    line = line_to(connection, sides.prefix)
    if line is not None:
        connection.execute(_INSIDE, (line[-1],))
        connection.execute("UPDATE temp.inside SET new = p.new FROM temp.places p WHERE p.old = temp.inside.old")


def line_in_part(connection: sqlite3.Connection, prefix: str) -> int | None:
    """The number of a folder in the rescan's file, None where it has none."""
    folder = ROOT
    for name in parts_of(prefix):
        row = connection.execute(
            "SELECT id FROM part.folders WHERE parent = ? AND name = CAST(? AS TEXT)", (folder, param(name))
        ).fetchone()
        if row is None:
            return None
        folder = row[0]
    return folder


def _match_words(connection: sqlite3.Connection, sides: Sides) -> None:
    """Standings that say the same in both files, and labels that are the same."""
    classes: dict[tuple[str, ...], int] = {}

    def number(state: str, word: str, cold_word: str) -> int:
        key = (word,) if sides.by_inventory else (state, word, cold_word)
        return classes.setdefault(key, len(classes))

    columns = "id, state, word, cold_word, tier"
    same = {}
    for row in connection.execute(f"SELECT {columns} FROM main.standings").fetchall():
        same[row[1:]] = row[0]
        values = (row[0], number(*row[1:4]), row[3].removeprefix(row[2]))
        connection.execute("INSERT INTO temp.ours VALUES (?, ?, ?)", values)
    for row in connection.execute(f"SELECT {columns} FROM part.standings").fetchall():
        connection.execute(
            "INSERT INTO temp.theirs VALUES (?, ?, ?, ?)",
            (row[0], same.get(row[1:]), number(*row[1:4]), row[3].removeprefix(row[2])),
        )
    for table, column in (("labels", "mark"), ("makers", "job")):
        connection.execute(
            f"INSERT OR REPLACE INTO temp.same_{table} SELECT p.id, m.id FROM part.{table} p "
            f"LEFT JOIN main.{table} m ON m.{column} = p.{column}"
        )


class _Difference:
    """The statements that fill ``differing``, made for what the two files hold."""

    def __init__(self, connection: sqlite3.Connection, sides: Sides) -> None:
        self._connection = connection
        self._by_id = sides.by_id
        self._prefix = sides.prefix
        self._by_inventory = sides.by_inventory
        moved = "(p.old IS NOT o.folder OR n.name <> o.name)"
        self._moved = moved if sides.by_id else "0"
        self._unlisted = "o.id IN (SELECT object FROM main.unlisted)" if self._any("main.unlisted") else "0"
        unknown, lost = self._of("part", "unknown"), self._of("main", "unknown", "missing")
        same = "n.size = o.size AND n.modified IS o.modified AND n.etag = o.etag"
        taken = self._taken()
        tells_less = f"(n.standing IN ({unknown})" + (f" OR o.asked_at > {taken})" if taken is not None else ")")
        keep = (
            f"(o.asked_at IS NOT NULL AND n.asked_at IS NULL AND {tells_less} "
            f"AND o.standing NOT IN ({lost}) AND {same})"
        )
        self._keep = keep if unknown or taken is not None else "0"

    def statements(self) -> list[str]:
        """What is not as it was, what is there no more, and what is new."""
        if not self._by_id:
            gone = self._before(
                "temp.inside i CROSS JOIN main.objects o ON o.folder = i.old", "n.folder = i.new AND n.name = o.name"
            )
            new = (
                "temp.places p CROSS JOIN part.objects n ON n.folder = p.new "
                "LEFT JOIN main.objects o ON o.folder = p.old AND o.name = n.name"
            )
            return [gone, self._new(new)]
        theirs = "n.version = o.version LEFT JOIN temp.places p ON p.new = n.folder"
        found = [self._before("temp.inside i CROSS JOIN main.objects o ON o.folder = i.old", theirs)]
        if self._prefix:  # what lay elsewhere before
            found.append(
                f"INSERT INTO temp.differing SELECT o.id, n.id, {self._kind()}, {self._keep} "
                "FROM part.objects n CROSS JOIN main.objects o ON o.version = n.version "
                "LEFT JOIN temp.places p ON p.new = n.folder "
                f"WHERE o.folder NOT IN (SELECT old FROM temp.inside) AND ({self._differs()})"
            )
        new = (
            "part.objects n LEFT JOIN main.objects o ON o.version = n.version "
            "LEFT JOIN temp.places p ON p.new = n.folder"
        )
        return [*found, self._new(new)]

    def of_found(self) -> str:
        """The same for the objects that ``found`` names."""
        if self._by_id:
            ours = "temp.found f CROSS JOIN main.objects o ON o.id = f.old"
            return self._before(ours, "n.version = o.version LEFT JOIN temp.places p ON p.new = n.folder")
        ours = "temp.found f CROSS JOIN main.objects o ON o.id = f.old LEFT JOIN temp.inside i ON i.old = o.folder"
        return self._before(ours, "n.folder = i.new AND n.name = o.name")

    def _before(self, ours: str, theirs: str) -> str:
        """Rows that were there: with what they are now where that differs, and those that are not listed any more."""
        missing, gone = NUMBER[ChangeKind.MISSING], NUMBER[ChangeKind.GONE]
        lost = self._of("main", "missing")
        kind = (
            f"CASE WHEN n.id IS NULL THEN CASE WHEN o.standing IN ({lost}) THEN {gone} "
            f"WHEN {self._unlisted} THEN {UNTOLD} ELSE {missing} END ELSE {self._kind()} END"
        )
        return (
            f"INSERT INTO temp.differing SELECT o.id, n.id, {kind}, "
            f"CASE WHEN n.id IS NULL THEN 0 ELSE {self._keep} END FROM {ours} LEFT JOIN part.objects n ON {theirs} "
            f"WHERE n.id IS NULL OR {self._differs()}"
        )

    def _new(self, source: str) -> str:
        return (
            f"INSERT INTO temp.differing SELECT NULL, n.id, CASE WHEN p.known THEN {NUMBER[ChangeKind.NEW]} "
            f"ELSE {UNTOLD} END, 0 FROM {source} WHERE o.id IS NULL"
        )

    def _differs(self) -> str:
        standing = (
            f"(NOT {self._keep} AND (o.standing IS NOT (SELECT t.old FROM temp.theirs t WHERE t.id = n.standing) "
            "OR o.until IS NOT n.until OR o.asked_at IS NOT n.asked_at))"
        )
        parts = ["o.size <> n.size", "o.etag <> n.etag", "o.modified IS NOT n.modified"]
        parts += [self._moved] if self._by_id else ["o.version IS NOT n.version"]
        parts += [standing, self._unlisted]
        for table, column in (("labels", "label"), ("makers", "maker")):
            if self._any(f"main.{table}") or self._any(f"part.{table}"):
                number = f"(SELECT s.old FROM temp.same_{table} s WHERE s.new = n.{column})"
                parts.append(f"o.{column} <> CASE n.{column} WHEN 0 THEN 0 ELSE coalesce({number}, -1) END")
        return f"({' OR '.join(part for part in parts if part != '0')})"

    def _kind(self) -> str:
        """The number of the kind, of a row that is on both sides and differs."""
        number = NUMBER
        apart, tiers_apart = (
            f"(SELECT {column} FROM temp.ours u WHERE u.id = o.standing) <> "
            f"(SELECT {column} FROM temp.theirs t WHERE t.id = n.standing)"
            for column in ("class", "tier")
        )
        word = f"AND ({apart} OR {tiers_apart})" if self._by_inventory else ""
        lost = self._of("main", "missing")
        ours, theirs = partial(self._of, "main"), partial(self._of, "part")
        return (
            "CASE WHEN o.size <> n.size OR (o.etag <> '' AND n.etag <> '' AND o.etag <> n.etag) "
            f"THEN {number[ChangeKind.CHANGED]} "
            f"WHEN {self._moved} THEN {number[ChangeKind.MOVED]} "
            f"WHEN {self._unlisted} OR o.standing IN ({lost}) THEN {number[ChangeKind.RESTATED]} "
            f"WHEN {self._keep} AND o.version IS n.version THEN {UNTOLD} "
            f"WHEN o.standing IN ({ours(*_READABLE)}) AND n.standing IN ({theirs(*_COLD)}) {word} "
            f"THEN {number[ChangeKind.COLD]} "
            f"WHEN o.standing IN ({ours(*_COLD)}) AND n.standing IN ({theirs(*_READABLE)}) {word} "
            f"THEN {number[ChangeKind.BACK]} "
            f"WHEN o.modified <> n.modified OR o.version <> n.version THEN {number[ChangeKind.CHANGED]} "
            f"WHEN o.standing NOT IN ({ours('unknown')}) AND n.standing NOT IN ({theirs('unknown')}) "
            f"AND {apart} THEN {number[ChangeKind.RESTATED]} ELSE {UNTOLD} END"
        )

    def _of(self, schema: str, *states: str) -> str:
        """The numbers of a file's standings of those states."""
        marks = ", ".join("?" * len(states))
        rows = self._connection.execute(f"SELECT id FROM {schema}.standings WHERE state IN ({marks})", states)
        return ", ".join(str(row[0]) for row in rows.fetchall())

    def _taken(self) -> int | None:
        """The moment of the inventory that is compared, None for a walk."""
        (taken,) = self._connection.execute("SELECT max(store_finished) FROM part.scans WHERE inventory = 1").fetchone()
        return None if taken is None else int(taken)

    def _any(self, table: str) -> bool:
        return self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None


def prefixes(connection: sqlite3.Connection, schema: str, folders: Sequence[int], known: dict[int, str]) -> None:
    """Have the prefixes of `folders` and of those above them in `known`, which may be emptied in between."""
    for folder in folders:
        line: list[tuple[int, str]] = []
        at = folder
        while at != ROOT and at not in known:
            parent, name = connection.execute(
                f"SELECT parent, name FROM {schema}.folders WHERE id = ?", (at,)
            ).fetchone()
            line.append((at, name))
            at = parent
        path = "" if at == ROOT else known[at]
        for number, name in reversed(line):
            path = f"{path}{name}/"
            known[number] = path
        known[folder] = path
