"""Marks for faces: toggled by identity, read once and kept in step with their file."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from icehouse.core.globs import compiled
from icehouse.core.marks import Mark, Target
from icehouse.core.refs import FolderRef, Ref

from .house import House


class Marks:
    """This user's marks, held in memory and on disk; every change is on disk when the call returns."""

    def __init__(self, house: House) -> None:
        self._file = house.marks()
        self._lock = threading.Lock()
        self._marks: set[Mark] = set(self._file.all())

    def __len__(self) -> int:
        return len(self._marks)

    def all(self) -> list[Mark]:
        """Every mark, in the order of their addresses."""
        return sorted(self._marks, key=str)

    def is_marked(self, target: Target) -> bool:
        """Whether this very object or folder was marked."""
        return Mark(target) in self._marks

    def covered_by(self, target: Target) -> Mark | None:
        """The mark on a folder that takes `target` with it, or None."""
        for mark in self._marks:
            folder = mark.target
            if isinstance(folder, FolderRef) and mark != Mark(target) and _takes(folder, mark.pattern, target):
                return mark
        return None

    def toggle(self, target: Target) -> bool:
        """Mark it, or take its mark away; returns whether it is marked now."""
        mark = Mark(target)
        with self._lock:
            if mark in self._marks:
                self._file.discard([mark])
                self._marks.discard(mark)
                return False
            self._file.add([mark])
            self._marks.add(mark)
            return True

    def add(self, targets: Iterable[Target]) -> None:
        """Mark each of `targets`."""
        self.add_marks(Mark(target) for target in targets)

    def add_marks(self, marks: Iterable[Mark]) -> None:
        """Add marks as they are, patterns and all."""
        fresh = set(marks)
        with self._lock:
            self._file.add(fresh)
            self._marks |= fresh

    def discard(self, marks: Iterable[Mark]) -> None:
        """Take marks away."""
        gone = set(marks)
        with self._lock:
            self._file.discard(gone)
            self._marks -= gone

    def clear(self) -> None:
        """Take every mark away."""
        with self._lock:
            self._file.clear()
            self._marks.clear()


def _takes(folder: FolderRef, pattern: str, target: Target) -> bool:
    path = target.prefix if isinstance(target, FolderRef) else target.key
    if target.store != folder.store or target.container != folder.container or not path.startswith(folder.prefix):
        return False
    if not pattern:
        return True
    return isinstance(target, Ref) and compiled(pattern).fullmatch(path[len(folder.prefix) :]) is not None
