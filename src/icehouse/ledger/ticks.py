"""Ticks: which deliveries somebody ticked or unticked by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.refs import FolderRef

from .byhand import HandFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ticks (
    store TEXT NOT NULL, container TEXT NOT NULL, prefix TEXT NOT NULL, fingerprint TEXT NOT NULL,
    ticked INTEGER NOT NULL CHECK (ticked IN (0, 1)), at TEXT NOT NULL, by TEXT NOT NULL,
    PRIMARY KEY (store, container, prefix)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Tick:
    """What a hand said of one delivery, as long as its content is `fingerprint`: ticked or not, when and by whom."""

    folder: FolderRef
    fingerprint: str
    ticked: bool
    at: Instant
    by: str


class TickFile(HandFile):
    """The ticks of one user."""

    NOUN: ClassVar[str] = "ticks"
    SCHEMA: ClassVar[str] = _SCHEMA

    def all(self) -> dict[FolderRef, Tick]:
        """Every tick by its folder.  LedgerError, as with every change."""
        with self._telling("read"):
            rows = self._db.execute("SELECT store, container, prefix, fingerprint, ticked, at, by FROM ticks")
            found = [
                Tick(FolderRef(store, container, prefix), fingerprint, bool(ticked), from_text(at), by)
                for store, container, prefix, fingerprint, ticked, at, by in rows
            ]
        return {each.folder: each for each in found}

    def put(self, ticks: Iterable[Tick]) -> None:
        """Set ticks, each in place of the one that its folder had."""
        self._many("INSERT OR REPLACE INTO ticks VALUES (?, ?, ?, ?, ?, ?, ?)", [_row(each) for each in ticks])

    def discard(self, folders: Iterable[FolderRef]) -> None:
        """Take the ticks of these folders away; those that have none are no error."""
        rows = [(each.store, each.container, each.prefix) for each in folders]
        self._many("DELETE FROM ticks WHERE store=? AND container=? AND prefix=?", rows)

    def version(self) -> int:
        """A number that changes whenever another process changes a tick."""
        with self._telling("read"):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _way_out(self, *, damaged: bool) -> str:
        return "move the file aside: what was ticked by hand is lost then" if damaged else ""


def _row(tick: Tick) -> tuple[object, ...]:
    folder = tick.folder
    return (
        folder.store, folder.container, folder.prefix, tick.fingerprint, int(tick.ticked), to_text(tick.at), tick.by,
    )  # fmt: skip
