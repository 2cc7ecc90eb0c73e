"""The two ways a folder is listed: by position out of the catalogue, or page by page as the store has it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from icehouse.core.clock import Instant
from icehouse.core.filters import refuse_strange
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.rows import FolderRow, ObjectRow, Row, SortBy
from icehouse.present.browse import row_cells
from icehouse.present.verdicts import verdict_cell

from .narrowing import narrowing, ordering
from .sources import Line
from .verdicts import Overlay

if TYPE_CHECKING:
    from icehouse.services.browse import FolderView

SORTS: tuple[tuple[SortBy, bool], ...] = (
    ("name", False), ("size", True), ("objects", True), ("changed", True), ("state", False),
)  # fmt: skip
"""What ``s`` goes through, each with the direction it begins with."""


def following(by: SortBy) -> tuple[SortBy, bool]:
    """The order after `by`."""
    names = [name for name, _ in SORTS]
    return SORTS[(names.index(by) + 1) % len(SORTS)]


class Catalogued:
    """A folder of the catalogue as a source; a million rows cost what is in view."""

    live = False

    def __init__(self, view: FolderView, now: Callable[[], Instant], *, ascii: bool) -> None:
        self.view = view
        self.growing = False
        self.overlay: Overlay | None = None
        """What a scope says of the rows; None where none covers them, or that is not known yet."""
        self._now = now
        self._ascii = ascii

    @property
    def count(self) -> int:
        """How many rows pass the filter."""
        return self.view.count

    @property
    def order(self) -> tuple[SortBy, bool]:
        """What the rows are ordered by, and whether descending."""
        return self.view.sorted_by

    @property
    def filtered(self) -> str:
        """The filter in force."""
        return self.view.filtered_by

    def rows(self, start: int, n: int) -> Sequence[Line]:
        """Rows by position."""
        found = self.view.rows(start, n)
        near = found
        if any(isinstance(row, ObjectRow) and row.ref.version for row in found):
            near = self.view.rows(max(0, start - 1), n + 2)
        lines = _lines(found, _alike(near), self._now(), ascii=self._ascii, growing=self.growing)
        return judged(found, lines, self.overlay)

    def position_of(self, identity: Hashable) -> int | None:
        """Where that object or folder stands."""
        return self.view.position_of(identity) if isinstance(identity, Ref | FolderRef) else None

    def sort(self, by: SortBy, descending: bool) -> None:
        """Order the rows; `view.on_change` tells when a large folder's order is there."""
        self.view.sort(by, descending)

    def filter(self, text: str) -> None:
        """Show only what passes.  UsageError for a wrong word."""
        self.view.filter(text)

    def close(self) -> None:
        """Give the catalogue's file back."""
        self.view.close()


class Live:
    """A folder as the store lists it, growing page by page; filter and order are applied here.

    `ordered` False: the store lists in no order, and may tell one object twice.
    """

    live = True

    def __init__(self, now: Callable[[], Instant], *, ascii: bool) -> None:
        self.order: tuple[SortBy, bool] = ("name", False)
        self.filtered = ""
        self.growing = False
        self.overlay: Overlay | None = None
        """As in `Catalogued`."""
        self.ordered = True
        self.whole = False
        """Whether the last page has come."""
        self.aside = False
        """Whether there was a catalogue that could not be read."""
        self._folders: dict[FolderRef, FolderRow] = {}
        self._objects: dict[Ref, ObjectRow] = {}
        self._shown: list[Row] = []
        self._positions: dict[Hashable, int] | None = None
        self._doubles: frozenset[str] | None = None
        self._now = now
        self._ascii = ascii

    @property
    def count(self) -> int:
        """How many of the rows so far pass the filter."""
        return len(self._shown)

    def rows(self, start: int, n: int) -> Sequence[Line]:
        """Rows by position."""
        if self._doubles is None:
            self._doubles = _alike(self._shown)
        shown = self._shown[start : start + n]
        lines = _lines(shown, self._doubles, self._now(), ascii=self._ascii, growing=self.growing)
        return judged(shown, lines, self.overlay)

    def position_of(self, identity: Hashable) -> int | None:
        """Where that object or folder stands."""
        if self._positions is None:
            self._positions = {row.ref: i for i, row in enumerate(self._shown)}
        return self._positions.get(identity)

    def add(self, rows: Sequence[Row]) -> None:
        """Take up another page."""
        for row in rows:
            if isinstance(row, FolderRow):
                self._folders[row.ref] = row
            else:
                self._objects[row.ref] = row
        self._arrange()

    @property
    def held(self) -> int:
        """How many rows have come so far, whatever the filter."""
        return len(self._folders) + len(self._objects)

    def renew(self, rows: Sequence[FolderRow]) -> None:
        """Put newer sums in the place of older ones."""
        for row in rows:
            if row.ref in self._folders:
                self._folders[row.ref] = row
        self._arrange()

    def sort(self, by: SortBy, descending: bool) -> None:
        """Order the rows."""
        self.order = (by, descending)
        self._arrange()

    def filter(self, text: str) -> None:
        """Show only what passes.  UsageError for a wrong word."""
        refuse_strange(text, {row.standing.word for row in self._objects.values()})
        self.filtered = text.strip()
        self._arrange()

    def close(self) -> None:
        """Nothing is held."""

    def _arrange(self) -> None:
        by, descending = self.order
        folders: list[Row] = list(self._folders.values())
        objects: list[Row] = list(self._objects.values())
        if self.filtered:
            test = narrowing(self.filtered)
            folders = [row for row in folders if test(row)]
            objects = [row for row in objects if test(row)]
        if self.order != ("name", False) or not self.ordered:
            folders.sort(key=ordering(by), reverse=descending)
            objects = sorted(objects, key=ordering(by), reverse=descending)
        self._shown = folders + objects
        self._positions = self._doubles = None


def judged(rows: Sequence[Row], lines: list[Line], overlay: Overlay | None) -> list[Line]:
    """The lines with a verdict before each, where there are any."""
    if overlay is None:
        return lines
    found = zip(lines, overlay.said(rows), strict=True)
    return [Line(line.identity, line.row, (verdict_cell(said.found), *line.cells)) for line, said in found]


Listing = Catalogued | Live
"""Either way."""


def _alike(rows: Sequence[Row]) -> frozenset[str]:
    """The names that several objects share, as a store that goes by ids allows."""
    names = Counter(row.name for row in rows if isinstance(row, ObjectRow) and row.ref.version)
    return frozenset(name for name, number in names.items() if number > 1)


def _lines(rows: Sequence[Row], doubles: frozenset[str], now: Instant, *, ascii: bool, growing: bool) -> list[Line]:
    return [
        Line(row.ref, row, row_cells(row, now, ascii=ascii, growing=growing, alike=row.name in doubles)) for row in rows
    ]
