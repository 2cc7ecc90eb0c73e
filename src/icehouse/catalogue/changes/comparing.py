"""A rescan held against what the catalogue shows: what differs, what is to be asked about, and how it is brought in."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from icehouse.catalogue.base import CatalogueDamaged, plainly, transaction
from icehouse.catalogue.files import Files
from icehouse.catalogue.finishing import index_up
from icehouse.catalogue.scans import coverage_of, scans_in
from icehouse.catalogue.schema import changing, open_checked, tells_by_id
from icehouse.core.changes import ChangeKind
from icehouse.core.clock import Instant
from icehouse.core.refs import Ref

from .applying import apply
from .keeping import Note, Target, keep, told
from .matching import NUMBER, UNTOLD, Sides, match, match_found, prefixes
from .succeeding import hand_on

FEW = 10_000
SHARE = 0.1
MANY = 50_000
"""Up to `FEW` changes, or that share of all objects, a rescan is brought in row by row; never more than `MANY`.

A changed row costs a tenth of a millisecond, and nobody else writes meanwhile.
"""

NOT_LISTED = "no longer listed, and not confirmed to be gone"
NOT_IN_INVENTORY = "not in the inventory, and not confirmed to be gone"

_GONE = NUMBER[ChangeKind.GONE]
_IN_VAIN = (
    f"EXISTS (SELECT 1 FROM main.reasons WHERE object = old AND reason NOT IN ('{NOT_LISTED}', '{NOT_IN_INVENTORY}'))"
)
"""Asked about before, by a rescan or a sweep, and could not be told."""

_OPEN = f"new IS NULL AND kind IN ({UNTOLD}, {NUMBER[ChangeKind.MISSING]})"
"""What is not listed: now for the first time, or not before either."""


@dataclass(frozen=True, slots=True)
class Absent:
    """An object that was there and that the rescan did not tell of: its row in the visible file, and its identity."""

    row: int
    ref: Ref


class Comparing:
    """The comparison of a rescan, whose walk is through, with the visible catalogue.

    Nothing that readers see changes before `bring_in`.  What was asked about absent objects is on record in the
    rescan's file, so that it need not be asked again after a crash.
    """

    def __init__(
        self, files: Files, visible: Path, part: Path, connection: sqlite3.Connection, sides: Sides, mark: str
    ) -> None:
        self.visible = visible
        self._files = files
        self._part = part
        self._connection = connection
        self._sides = sides
        self._mark = mark

    @classmethod
    def open(cls, files: Files, visible: Path, part: Path, mark: str) -> Comparing:
        """Compare the file `part` with the visible one.  CatalogueDamaged, FileNotFoundError of the latter.

        `mark` is a name that no other comparison has, and this one again after a crash.
        """
        connection = open_checked(visible)
        try:
            with plainly(visible):
                connection.execute("ATTACH ? AS part", (str(part),))
                if tells_by_id(connection) != tells_by_id(connection, "part"):
                    raise CatalogueDamaged(f"catalogue {visible}: of another kind of store")
                sides = _sides(connection)
                if not any(told(connection, target, mark) for target in ("main", "part")):
                    match(connection, sides)
                return cls(files, visible, part, connection, sides, mark)
        except BaseException:
            connection.close()
            raise

    @property
    def done(self) -> int | None:
        """The number of the comparison where an earlier run brought the rescan in, and could not clear up."""
        with plainly(self.visible):
            return told(self._connection, "main", self._mark)

    @property
    def handed(self) -> int | None:
        """Its number where an earlier run put it into the rescan's file, which is to take the visible one's place."""
        with plainly(self.visible):
            return told(self._connection, "part", self._mark)

    @property
    def settled(self) -> bool:
        """Whether nothing is to be compared or asked any more."""
        return self.done is not None or self.handed is not None

    @property
    def prefix(self) -> str:
        """What the rescan is of."""
        return self._sides.prefix

    @property
    def unlisted(self) -> str:
        """Why an object is unknown that the rescan does not tell of and nobody could confirm to be gone."""
        with plainly(self.visible):
            return NOT_IN_INVENTORY if self._inventory() else NOT_LISTED

    @property
    def few(self) -> bool:
        """Whether so little differs that it is brought in row by row."""
        with plainly(self.visible):
            differing = self._count("1")
            (objects,) = self._connection.execute("SELECT objects FROM main.folders WHERE id = 1").fetchone()
        return differing <= max(FEW, min(MANY, int(objects * SHARE)))

    @property
    def absent(self) -> int:
        """How many objects are to be asked about."""
        with plainly(self.visible):
            return self._count(f"{_OPEN} AND old NOT IN (SELECT object FROM part.asked)")

    def questions(self, *, limit: int, most: int) -> Iterator[list[Absent]]:
        """Those objects, up to `most`, in lists of up to `limit`; answers may be written between two lists.

        Those that were asked about before and could not be told come last: they are to keep no others from being asked.
        """
        for before in (f"NOT {_IN_VAIN}", _IN_VAIN):
            for rows in self._questions(before, limit, most):
                most -= len(rows)
                yield rows

    def _questions(self, before: str, limit: int, most: int) -> Iterator[list[Absent]]:
        after, known = 0, dict[int, str]()
        while most > 0:
            with plainly(self.visible):
                rows = self._connection.execute(
                    "SELECT o.id, o.folder, o.name, o.version FROM main.objects o WHERE o.id IN "
                    f"(SELECT old FROM temp.differing WHERE {_OPEN} AND {before} AND old > ? "
                    "AND old NOT IN (SELECT object FROM part.asked) ORDER BY old LIMIT ?) ORDER BY o.id",
                    (after, min(limit, most)),
                ).fetchall()
                if not rows:
                    return
                prefixes(self._connection, "main", [row[1] for row in rows], known)
            after, most = rows[-1][0], most - len(rows)
            yield [
                Absent(
                    row[0],
                    Ref(
                        self._files.store,
                        self._files.container,
                        known[row[1]] + row[2],
                        row[3] if self._sides.by_id else None,
                    ),
                )
                for row in rows
            ]
            known.clear()

    def answer(self, gone: Sequence[Absent], unsure: Sequence[tuple[Absent, str]]) -> None:
        """Put on record which objects a describe did not find, and of which it could not tell, with the reason."""
        rows = [(each.row, 1, "") for each in gone] + [(each.row, 0, words) for each, words in unsure]
        with plainly(self._part), transaction(self._connection, "DEFERRED"):
            self._connection.executemany(
                "INSERT OR REPLACE INTO part.asked VALUES (?, ?, CAST(? AS TEXT))",
                [(row, gone, words.encode("utf-8", "surrogateescape")) for row, gone, words in rows],
            )

    def found(self, objects: Sequence[Absent]) -> None:
        """These are there after all, and are in the rescan's file now."""
        with plainly(self.visible):
            self._connection.executemany(
                "INSERT OR IGNORE INTO temp.found VALUES (?)", [(each.row,) for each in objects]
            )

    def settle(self) -> None:
        """Take up what was answered; nothing is asked any more."""
        with plainly(self.visible), transaction(self._connection, "DEFERRED"):
            if self._connection.execute("SELECT 1 FROM temp.found LIMIT 1").fetchone():
                match_found(self._connection, self._sides)
            self._connection.execute(
                f"UPDATE temp.differing SET kind = {_GONE} WHERE {_OPEN} "
                "AND old IN (SELECT object FROM part.asked WHERE gone = 1)"
            )

    def bring_in(self, at: Instant, by_store: Instant | None) -> int | None:
        """Make the visible catalogue what the rescan found, at once; the number of the comparison.

        None where nothing was known before: what is seen for the first time is no change.
        """
        with plainly(self.visible), changing(self._connection):
            number = self._keep("main", at)
            apply(self._connection, self._sides.prefix, at, by_store, unlisted=self.unlisted)
        with plainly(self.visible):
            index_up(self._connection)
        return number

    def hand_on(self, at: Instant) -> int | None:
        """Have the rescan's file hold what the visible one does besides, so that it can take its place; as `bring_in`.

        `put_unlisted` is to follow.
        """
        with plainly(self._part), transaction(self._connection, "DEFERRED"):
            hand_on(self._connection)
            return self._keep("part", at)

    def close(self) -> None:
        """Give the files back."""
        self._connection.close()

    def _keep(self, target: Target, at: Instant) -> int | None:
        if not self._sides.whole and not self._count("old IS NOT NULL") and not self._inside_known():
            return None
        coverage = coverage_of(scans_in(self._connection), self._sides.prefix)
        note = Note(
            mark=self._mark,
            prefix=self._sides.prefix,
            at=at,
            since=coverage.scanned,
            inventory=self._inventory(),
            since_inventory=coverage.from_inventory,
            whole=self._sides.whole,
        )
        return keep(self._connection, target, note)

    def _inside_known(self) -> bool:
        return any(each.startswith(self._sides.prefix) for each in self._sides.known)

    def _inventory(self) -> bool:
        return bool(self._connection.execute("SELECT max(inventory) FROM part.scans").fetchone()[0])

    def _count(self, condition: str) -> int:
        return int(self._connection.execute(f"SELECT count(*) FROM temp.differing WHERE {condition}").fetchone()[0])


def _sides(connection: sqlite3.Connection) -> Sides:
    scans = scans_in(connection)
    prefix, inventory = connection.execute("SELECT prefix, inventory FROM part.scans").fetchone()
    known = [scan for scan in scans if scan.complete and (scan.covers(prefix) or scan.prefix.startswith(prefix))]
    return Sides(
        prefix=prefix,
        by_id=tells_by_id(connection),
        by_inventory=bool(inventory) or any(scan.inventory for scan in known),
        known=tuple(scan.prefix for scan in known),
    )
