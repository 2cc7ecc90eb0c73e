"""The jobs of a container and what they took in, from which follows what can be made again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from icehouse.core.clock import Instant
from icehouse.core.entries import Lineage

from .about import about_in
from .base import param, plainly, to_micros
from .schema import changing

_JOB = "INSERT OR IGNORE INTO jobs VALUES (CAST(? AS TEXT))"
_USED = "INSERT OR IGNORE INTO used VALUES (CAST(? AS TEXT))"


class LineageWriter:
    """Writes the lineage of one container, page by page; until `finish` nothing may be concluded from it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self.jobs = 0
        self.used = 0

    @property
    def wanted(self) -> bool:
        """Whether this or an earlier scan of the container was asked for it."""
        with plainly(self._path):
            return about_in(self._connection).lineage.wanted

    def want(self) -> None:
        """Have this scan read it, also where it is gone on with later, and each scan after it."""
        with plainly(self._path), changing(self._connection):
            self._connection.execute("UPDATE lineage SET wanted = 1")

    def begin(self) -> None:
        """Begin from nothing."""
        self.jobs = self.used = 0
        with plainly(self._path), changing(self._connection):
            forget_lineage(self._connection)

    def add(self, page: Lineage) -> None:
        """Keep one page; what comes twice counts once."""
        with plainly(self._path), changing(self._connection):
            for statement, ids in ((_JOB, page.jobs), (_USED, page.used)):
                self._connection.executemany(statement, [(param(each),) for each in ids])
        self.jobs += len(page.jobs)

    def finish(self, now: Instant) -> None:
        """That was all of it.  The objects must all be there."""
        with plainly(self._path), changing(self._connection):
            self.jobs, self.used = (
                self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in ("jobs", "used")
            )
            self._connection.execute(
                "UPDATE lineage SET complete = 1, read = ?, jobs = ?, used = ?, error = ''",
                (to_micros(now), self.jobs, self.used),
            )
            find_consumed(self._connection)

    def fail(self, line: str) -> None:
        """It can't be known, and `line` says why."""
        with plainly(self._path), changing(self._connection):
            forget_lineage(self._connection)
            self._connection.execute("UPDATE lineage SET error = CAST(? AS TEXT)", (param(line),))


def find_consumed(connection: sqlite3.Connection) -> None:
    """Have the objects that jobs took in by their numbers, inside the caller's transaction."""
    connection.execute("DELETE FROM main.consumed")
    connection.execute(
        "INSERT OR IGNORE INTO main.consumed SELECT o.id FROM main.used u CROSS JOIN main.objects o ON o.version = u.id"
    )


def forget_lineage(connection: sqlite3.Connection) -> None:
    """Know nothing of any job, inside the caller's transaction."""
    for table in ("jobs", "used", "consumed"):
        connection.execute(f"DELETE FROM main.{table}")  # noqa: S608  (tables are this module's own)
    connection.execute("UPDATE main.lineage SET complete = 0, read = NULL, jobs = 0, used = 0, error = ''")


def splice_lineage(connection: sqlite3.Connection) -> None:
    """Take over the lineage of the attached ``part``, which was read later, inside the caller's transaction."""
    if connection.execute("SELECT wanted FROM part.lineage").fetchone()[0]:
        for table in ("jobs", "used", "lineage"):
            connection.execute(f"DELETE FROM main.{table}")  # noqa: S608  (tables are this module's own)
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM part.{table}")  # noqa: S608
    find_consumed(connection)
