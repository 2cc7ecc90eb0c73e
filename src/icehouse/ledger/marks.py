"""Marks: what one user picked by hand, as identities.

A mark is an object, a folder, or (with `pattern`) everything under a folder that fits a glob.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, Ref

from .byhand import HandFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (
    store TEXT NOT NULL, container TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('object', 'folder')),
    path TEXT NOT NULL, version TEXT NOT NULL DEFAULT '', pattern TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (store, container, kind, path, version, pattern)
) WITHOUT ROWID
"""


class MarkFile(HandFile):
    """The marks of one user."""

    NOUN: ClassVar[str] = "marks"
    SCHEMA: ClassVar[str] = _SCHEMA

    def all(self) -> list[Mark]:
        """Every mark, in the order of their addresses.  LedgerError, as with every change."""
        with self._telling("read"):
            rows = self._db.execute(
                "SELECT store, container, kind, path, version, pattern FROM marks ORDER BY store, container, path, kind"
            )
            return [
                Mark(FolderRef(store, container, path), pattern)
                if kind == "folder"
                else Mark(Ref(store, container, path, version or None))
                for store, container, kind, path, version, pattern in rows
            ]

    def add(self, marks: Iterable[Mark]) -> None:
        """Add marks; those that are there already stay."""
        self._many("INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?, ?, ?)", [_row(each) for each in marks])

    def discard(self, marks: Iterable[Mark]) -> None:
        """Take marks away; those that are not there are no error."""
        self._many(
            "DELETE FROM marks WHERE store=? AND container=? AND kind=? AND path=? AND version=? AND pattern=?",
            [_row(each) for each in marks],
        )

    def clear(self) -> None:
        """Take every mark away."""
        with self._telling("written"):
            self._db.execute("DELETE FROM marks")

    def _way_out(self, *, damaged: bool) -> str:
        return "move the file aside"


def _row(mark: Mark) -> tuple[str, str, str, str, str, str]:
    target = mark.target
    if isinstance(target, FolderRef):
        return target.store, target.container, "folder", target.prefix, "", mark.pattern
    return target.store, target.container, "object", target.key, target.version or "", ""
