"""The scans of one catalogue file: which prefixes were walked, how far, and when."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from icehouse.core.clock import Instant
from icehouse.core.rows import Coverage

from .base import at_micros, from_micros, param, to_micros

_COLUMNS = (
    "id, prefix, started, finished, store_finished, frontier, objects, bytes, requests, seconds, "
    "walked, complete, error, inventory"
)


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One scan as its file holds it.

    `frontier` is None before the first page and after the last; `walked` tells the two apart: the walk is through,
    though what follows it (carrying over, publishing) may not be.  `inventory`: nothing was walked, the store's own
    inventory was read; all its times are that of the inventory, by the store's clock.
    """

    id: int
    prefix: str
    started: Instant
    finished: Instant | None
    store_finished: Instant | None
    frontier: str | None
    objects: int
    bytes: int
    requests: int
    seconds: float
    walked: bool
    complete: bool
    error: str
    inventory: bool = False

    @property
    def as_of(self) -> Instant:
        """The moment that it tells of: its end, by the store's clock where that told."""
        return self.store_finished or self.finished or self.started

    def covers(self, prefix: str) -> bool:
        """Whether everything under `prefix` was in this scan's range."""
        return prefix.startswith(self.prefix)


def scans_in(connection: sqlite3.Connection) -> tuple[ScanRow, ...]:
    """All scans of a file, the widest range first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM scans").fetchall()
    scans = [
        ScanRow(
            id=row[0],
            prefix=row[1],
            started=at_micros(row[2]),
            finished=from_micros(row[3]),
            store_finished=from_micros(row[4]),
            frontier=row[5],
            objects=row[6],
            bytes=row[7],
            requests=row[8],
            seconds=row[9],
            walked=bool(row[10]),
            complete=bool(row[11]),
            error=row[12],
            inventory=bool(row[13]),
        )
        for row in rows
    ]
    return tuple(sorted(scans, key=lambda scan: (len(scan.prefix), scan.id)))


def unfinished_in(connection: sqlite3.Connection) -> ScanRow | None:
    """The scan of this file that did not end, if there is one."""
    return next((scan for scan in scans_in(connection) if not scan.complete), None)


def add_scan(connection: sqlite3.Connection, prefix: str, now: Instant, by_store: Instant | None) -> ScanRow:
    """A scan that begins now."""
    connection.execute(
        "INSERT INTO scans (prefix, started, store_started) VALUES (CAST(? AS TEXT), ?, ?)",
        (param(prefix), to_micros(now), to_micros(by_store)),
    )
    row = unfinished_in(connection)
    assert row is not None
    return row


def coverage_of(scans: Iterable[ScanRow], prefix: str) -> Coverage:
    """How far the scans of a file can be trusted for everything under `prefix`.

    A finished scan that covers it, the narrowest, makes it complete.  A folder above what was scanned is known in
    part only.  Where any of it is from an inventory, it is from one, and no newer than that.
    """
    scans = tuple(scans)
    parts = [scan for scan in scans if scan.inventory and scan.prefix.startswith(prefix)]
    told = bool(parts)
    best = _narrowest(scans, prefix)
    if best is not None:
        told = told or best.inventory
        oldest = min(best, *parts, key=lambda scan: scan.as_of) if parts else best
        return Coverage(True, oldest.started, oldest.finished, oldest.store_finished, from_inventory=told)
    touching = [scan for scan in scans if scan.covers(prefix) or scan.prefix.startswith(prefix)]
    if not touching:
        return Coverage(False)
    unfinished = next((scan for scan in touching if not scan.complete), None)
    if unfinished is not None:
        return Coverage(False, unfinished.started, error=unfinished.error, from_inventory=told)
    oldest = min(touching, key=lambda scan: scan.started)
    return Coverage(False, oldest.started, oldest.finished, oldest.store_finished, from_inventory=told)


def newest_of(scans: Iterable[ScanRow], prefix: str) -> ScanRow | None:
    """The finished scan that tells the newest of anything under `prefix`, None where nothing is known of it."""
    scans = tuple(scans)
    best = _narrowest(scans, prefix)
    telling = [scan for scan in scans if scan.complete and scan.prefix.startswith(prefix)]
    return max(telling if best is None else [best, *telling], key=lambda scan: scan.as_of, default=None)


def _narrowest(scans: Iterable[ScanRow], prefix: str) -> ScanRow | None:
    covering = [scan for scan in scans if scan.complete and scan.covers(prefix)]
    return max(covering, key=lambda scan: len(scan.prefix), default=None)
