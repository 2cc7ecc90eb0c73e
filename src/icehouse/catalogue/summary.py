"""One small file over all containers: their totals for lists of stores, and the scans for the jobs screen."""

from __future__ import annotations

# ruff: noqa: S608  (columns are this module's own; values are bound)
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from icehouse.core.clock import Instant
from icehouse.core.rows import Coverage, Rollup

from .base import at_micros, from_micros, param, to_micros, transaction
from .disposable import Disposable
from .reader import Reader
from .schema import STATES
from .tally import ROLLUP_COLUMNS, rollup

_SUMS = ROLLUP_COLUMNS.split(", ")
_TABLES = (
    f"""CREATE TABLE IF NOT EXISTS containers (
        store TEXT NOT NULL, container TEXT NOT NULL, complete INTEGER NOT NULL, started INTEGER, scanned INTEGER,
        by_store INTEGER, error TEXT NOT NULL, from_inventory INTEGER NOT NULL,
        {", ".join(f"{column} INTEGER NOT NULL" for column in _SUMS)},
        PRIMARY KEY (store, container))""",
    """CREATE TABLE IF NOT EXISTS scans (
        store TEXT NOT NULL, container TEXT NOT NULL, prefix TEXT NOT NULL, pid INTEGER NOT NULL,
        started INTEGER NOT NULL, updated INTEGER NOT NULL, objects INTEGER NOT NULL, bytes INTEGER NOT NULL,
        requests INTEGER NOT NULL, rate REAL NOT NULL, complete INTEGER NOT NULL, error TEXT NOT NULL,
        inventory INTEGER,
        PRIMARY KEY (store, container))""",
)
_TITLES = """CREATE TABLE IF NOT EXISTS titles (
    store TEXT NOT NULL, container TEXT NOT NULL, title TEXT NOT NULL, PRIMARY KEY (store, container))"""


@dataclass(frozen=True, slots=True)
class ContainerSum:
    """What is known of one container: all of it summed, how far that can be trusted, and what people call it.

    `title` is "" where that is its name, or was never told.
    """

    store: str
    container: str
    rollup: Rollup
    coverage: Coverage
    title: str = ""


@dataclass(frozen=True, slots=True)
class ScanNote:
    """How far the last scan of a container has come, as its process wrote it down."""

    store: str
    container: str
    prefix: str
    pid: int
    started: Instant
    updated: Instant
    objects: int
    bytes: int
    requests: int
    rate: float
    complete: bool
    error: str
    title: str = ""
    inventory: Instant | None = None


class Summary(Disposable):
    """``summary.sqlite``.  Nothing in it is precious: a damaged one is set aside, and scans fill a new one."""

    VERSION: ClassVar[int] = 2
    TABLES: ClassVar[Sequence[str]] = _TABLES
    ADDED: ClassVar[Sequence[str]] = (_TITLES,)

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "summary.sqlite")

    def containers(self, store: str | None = None) -> list[ContainerSum]:
        """The containers that were scanned, of one store or of all, by store and name."""
        with self._reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT store, container, complete, started, scanned, by_store, error, "
                f"from_inventory, {ROLLUP_COLUMNS}, coalesce(title, '') "
                "FROM containers LEFT JOIN titles USING (store, container) "
                "WHERE :store IS NULL OR store = :store ORDER BY store, title, container",
                {"store": store},
            ).fetchall()
        return [
            ContainerSum(
                row[0],
                row[1],
                rollup(row[8:-1], complete=bool(row[2]), from_inventory=bool(row[7])),
                Coverage(
                    bool(row[2]), from_micros(row[3]), from_micros(row[4]), from_micros(row[5]), row[6], bool(row[7])
                ),
                row[-1],
            )
            for row in rows
        ]

    def scans(self) -> list[ScanNote]:
        """The last scan of each container, the newest first."""
        with self._reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT store, container, prefix, pid, started, updated, objects, bytes, requests, rate, complete, "
                "error, coalesce(title, ''), inventory FROM scans LEFT JOIN titles USING (store, container) "
                "ORDER BY started DESC, store, container"
            ).fetchall()
        return [
            ScanNote(
                store=row[0],
                container=row[1],
                prefix=row[2],
                pid=row[3],
                started=at_micros(row[4]),
                updated=at_micros(row[5]),
                objects=row[6],
                bytes=row[7],
                requests=row[8],
                rate=row[9],
                complete=bool(row[10]),
                error=row[11],
                title=row[12],
                inventory=from_micros(row[13]),
            )
            for row in rows
        ]

    def titles(self, store: str) -> dict[str, str]:
        """What people call the containers of a store, as it told last."""
        with self._reading() as connection:
            if connection is None:
                return {}
            return dict(connection.execute("SELECT container, title FROM titles WHERE store = ?", (store,)).fetchall())

    def note_titles(self, store: str, titles: Mapping[str, str]) -> None:
        """Remember what people call containers; writes nothing where that is known."""
        known = self.titles(store)
        news = [(store, param(name), param(title)) for name, title in titles.items() if known.get(name, "") != title]
        if not news:
            return
        with self._writing() as connection, transaction(connection):
            connection.executemany("INSERT OR REPLACE INTO titles VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT))", news)

    def note_scan(self, note: ScanNote) -> None:
        """Write down how far a scan has come."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO scans VALUES "
                "(?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?)",
                (
                    note.store,
                    param(note.container),
                    param(note.prefix),
                    note.pid,
                    to_micros(note.started),
                    to_micros(note.updated),
                    note.objects,
                    note.bytes,
                    note.requests,
                    note.rate,
                    note.complete,
                    param(note.error),
                    to_micros(note.inventory),
                ),
            )

    def note_container(self, reader: Reader) -> None:
        """Write down a container's totals from its catalogue."""
        whole, coverage = reader.rollup(""), reader.coverage("")
        sums = [whole.objects, whole.bytes, to_micros(whole.newest) or 0]
        sums += [whole.counts.get(state, 0) for state in STATES] + [whole.sizes.get(state, 0) for state in STATES]
        with self._writing() as connection:
            marks = ", ".join("?" * len(sums))
            connection.execute(
                f"INSERT OR REPLACE INTO containers (store, container, complete, started, scanned, by_store, error, "
                f"from_inventory, {ROLLUP_COLUMNS}) "
                f"VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?, CAST(? AS TEXT), ?, {marks})",
                (
                    reader.files.store,
                    param(reader.files.container),
                    coverage.complete,
                    to_micros(coverage.started),
                    to_micros(coverage.scanned),
                    to_micros(coverage.by_store),
                    param(coverage.error),
                    coverage.from_inventory,
                    *sums,
                ),
            )
