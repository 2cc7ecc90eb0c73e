"""The marks as the console shows them: which rows carry one, and what they sum up to."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING

from icehouse.core.marks import Mark, Target
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.rows import FolderRow, ObjectRow
from icehouse.core.states import State
from icehouse.present.marks import MarkTotals

from .sources import Source

if TYPE_CHECKING:
    from icehouse.services.house import House
    from icehouse.services.marks import Marks

MOST_BY_HAND = 10_000
"""Marks made by one key; more belong into a folder's mark or a rule."""


class Marked:
    """This user's marks, with what the screen saw of the marked objects so that sums need no asking."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._marks: Marks | None = None
        self._folders: list[FolderRef] = []
        self._all: tuple[Mark, ...] = ()
        self._seen: dict[Ref, tuple[int, State]] = {}
        self.totals = MarkTotals()

    def open(self) -> None:
        """Read the marks of earlier sessions.  LedgerError where their file can't be used."""
        from icehouse.services.marks import Marks

        self._marks = Marks(self._house)
        self._changed()

    def all(self) -> tuple[Mark, ...]:
        """Every mark."""
        return self._all

    def sign(self, identity: Hashable) -> str:
        """``✓`` for a marked row, ``·`` for one that a marked folder takes with it."""
        if self._marks is None or not isinstance(identity, Ref | FolderRef) or not self._all:
            return ""
        if self._marks.is_marked(identity):
            return "✓"
        return "·" if self.covering(identity) is not None else ""

    def covering(self, target: Target) -> FolderRef | None:
        """The marked folder above `target`, None where there is none."""
        path = target.prefix if isinstance(target, FolderRef) else target.key
        for folder in self._folders:
            same = folder.store == target.store and folder.container == target.container
            if same and path.startswith(folder.prefix) and folder != target:
                return folder
        return None

    def toggle(self, target: Target, row: object) -> bool:
        """Mark or unmark; whether it is marked now."""
        assert self._marks is not None
        self._note(row)
        on = self._marks.toggle(target)
        self._changed()
        return on

    def add(self, targets: Iterable[Target], rows: Iterable[object] = ()) -> None:
        """Mark each of them."""
        assert self._marks is not None
        for row in rows:
            self._note(row)
        self._marks.add(targets)
        self._changed()

    def is_marked(self, target: Target) -> bool:
        """Whether this very object or folder is marked."""
        return self._marks is not None and self._marks.is_marked(target)

    def discard(self, marks: Iterable[Mark]) -> int:
        """Take those of them away that are there; how many were."""
        assert self._marks is not None
        gone = set(marks) & set(self._all)
        if gone:
            self._marks.discard(gone)
            self._changed()
        return len(gone)

    def clear(self) -> None:
        """Take every mark away."""
        assert self._marks is not None
        self._marks.clear()
        self._changed()

    def _note(self, row: object) -> None:
        if isinstance(row, ObjectRow):
            self._seen[row.ref] = (row.size, row.standing.state)

    def _changed(self) -> None:
        assert self._marks is not None
        self._all = tuple(self._marks.all())
        self._folders = [m.target for m in self._all if isinstance(m.target, FolderRef) and not m.pattern]

    def sum_up(self, source: Source, at: FolderRef | None, stopped: Callable[[], bool]) -> MarkTotals:
        """What the marks hold as far as the catalogue knows, and how many are out of sight.

        In sight are the rows of `source`, and a mark on the open folder `at` or one above it, as all its rows show
        that they are covered.  For a thread: it reads the catalogue.
        """
        from icehouse.services.browse import catalogued, rollup
        from icehouse.services.look import without_overlap

        marks = self._all
        objects = total = unsized = 0
        sizes: dict[State, int] = {}
        for mark in without_overlap(marks):
            if stopped():
                return self.totals
            target = mark.target
            if isinstance(target, FolderRef):
                found = None if mark.pattern else rollup(self._house, target)
                if found is None or not found.complete:
                    unsized += 1
                if found is not None:
                    objects += found.objects
                    total += found.bytes
                    for state, n in found.sizes.items():
                        sizes[state] = sizes.get(state, 0) + n
                continue
            known = self._seen.get(target)
            if known is None:
                row = catalogued(self._house, target)
                known = (row.size, row.standing.state) if row else None
                if known is not None:
                    self._seen[target] = known
            if known is None:
                unsized += 1
                continue
            objects += 1
            total += known[0]
            sizes[known[1]] = sizes.get(known[1], 0) + known[0]
        hidden = sum(1 for mark in marks if not _covers(mark, at) and source.position_of(mark.target) is None)
        return MarkTotals(len(marks), objects, total, sizes, unsized, hidden)


def _covers(mark: Mark, at: FolderRef | None) -> bool:
    """Whether the mark takes the whole open folder with it."""
    folder = mark.target
    if at is None or not isinstance(folder, FolderRef) or mark.pattern:
        return False
    same = folder.store == at.store and folder.container == at.container
    return same and at.prefix.startswith(folder.prefix)


def target_of(row: object) -> Target | None:
    """What a mark on that row is about."""
    return row.ref if isinstance(row, FolderRow | ObjectRow) else None
