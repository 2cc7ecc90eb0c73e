"""What lies in one project: planted and changed placements in memory, synthetic ones computed, all in one order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from heapq import merge

from icehouse.sim.dnanexus.model import Placement, within
from icehouse.sim.dnanexus.plot import Plot

Key = tuple[int, str]
"""Minus the time of the last change, and the id: newest first, ties by id (facts §2.3)."""

_FEW = 2000
"""Up to so many objects of a folder are gathered and sorted; above, the whole project is walked and filtered."""


class Shelf:
    """The placements of a project, and its folders."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.plot: Plot | None = None
        self.folders: set[str] = {"/"}
        self.version = 0
        """Rises with every change."""
        self.placed: dict[str, Placement] = {}
        self.replaced: set[int] = set()
        """Numbers of the plot that were changed or removed."""
        self._keys: dict[str, tuple[Key, str]] = {}
        self._order: list[Key] = []
        self._fresh: list[Key] = []
        self._stale = 0
        self._inside: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self.placed) + (self.plot.count - len(self.replaced) if self.plot else 0)

    def get(self, name: str) -> Placement | None:
        """The placement of an object, or None; one of the plot is made anew at each call."""
        found = self.placed.get(name)
        if found is not None:
            return found
        number = self.plot.number(name) if self.plot else None
        if number is None or number in self.replaced:
            return None
        assert self.plot is not None
        return self.plot.place(number)

    def put(self, place: Placement) -> None:
        """Keep a placement, new or changed."""
        self.version += 1
        name = place.id
        key = (-place.modified, name)
        old = self._keys.get(name)
        if old is None and self.plot and (number := self.plot.number(name)) is not None:
            self.replaced.add(number)
        if old is None or old[0] != key:
            self._stale += old is not None
            self._fresh.append(key)
        if old is None or old[1] != place.folder:
            if old is not None:
                self._leave(old[1], name)
            self._inside.setdefault(place.folder, {})[name] = None
        self._keys[name] = (key, place.folder)
        self.placed[name] = place

    def drop(self, name: str) -> None:
        """Forget a placement."""
        self.version += 1
        if self.plot and (number := self.plot.number(name)) is not None:
            self.replaced.add(number)
        old = self._keys.pop(name, None)
        if old is not None:
            self._stale += 1
            self._leave(old[1], name)
            del self.placed[name]

    def _leave(self, folder: str, name: str) -> None:
        inside = self._inside[folder]
        del inside[name]
        if not inside:
            del self._inside[folder]

    def _sorted(self) -> list[Key]:
        if self._fresh or self._stale > 1000 + len(self.placed) // 4:
            self._order += self._fresh
            self._fresh = []
            self._order.sort()
            if self._stale:
                keys = self._keys
                held = (key for key in self._order if key[1] in keys and keys[key[1]][0] == key)
                self._order = list(dict.fromkeys(held))
                self._stale = 0
        return self._order

    def walk(
        self,
        folder: str = "/",
        *,
        recurse: bool = True,
        start: Key | None = None,
        state: str | None = None,
        created: tuple[int | None, int | None] = (None, None),
    ) -> Iterator[Placement]:
        """Placements in order, from `start` on, in a folder or below it.

        `state` leaves out synthetic files that are in another archival state, `created` (first and last ms) those
        that were made at other times; others must be looked at.
        """
        kept = self._kept(folder, recurse=recurse, start=start)
        if self.plot is None:
            yield from kept
            return
        grown = self._grown(self.plot, folder, recurse=recurse, start=start, state=state, created=created)
        if not self.placed:
            yield from grown
            return
        yield from merge(kept, grown, key=lambda place: (-place.modified, place.id))

    def _kept(self, folder: str, *, recurse: bool, start: Key | None) -> Iterator[Placement]:
        placed = self.placed
        if recurse and folder == "/":
            names: list[Key] | None = None
        else:
            names = self._gathered(folder, recurse=recurse)
        order = self._sorted() if names is None else names
        keys = self._keys
        for at in range(bisect_left(order, start) if start is not None else 0, len(order)):
            key = order[at]
            held = keys.get(key[1])
            if held is None or held[0] != key:
                continue
            if names is None and not within(held[1], folder):
                continue
            yield placed[key[1]]

    def _gathered(self, folder: str, *, recurse: bool) -> list[Key] | None:
        """The sorted keys of a folder, or None where they are so many that walking all is cheaper."""
        if not recurse:
            return sorted(self._keys[name][0] for name in self._inside.get(folder, ()))
        found: list[Key] = []
        for inside, names in self._inside.items():
            if within(inside, folder):
                found += (self._keys[name][0] for name in names)
                if len(found) > _FEW:
                    return None
        return sorted(found)

    def _grown(
        self,
        plot: Plot,
        folder: str,
        *,
        recurse: bool,
        start: Key | None,
        state: str | None,
        created: tuple[int | None, int | None],
    ) -> Iterator[Placement]:
        first = plot.first_at(-start[0]) if start is not None else 0
        stop = plot.count
        after, before = created
        # What is synthetic was made in the second of its last change.
        if before is not None:
            first = max(first, plot.first_at(before + 999))
        if after is not None:
            stop = plot.first_at(after - 1)
        replaced = self.replaced
        for number in plot.numbers(folder, recurse=recurse, state=state, first=first):
            if number >= stop:
                return
            if number in replaced:
                continue
            place = plot.place(number)
            if start is None or (-place.modified, place.id) >= start:
                yield place

    def inside(self, folder: str, *, recurse: bool) -> list[str]:
        """The ids of what lies in a folder or below it."""
        return [place.id for place in self.walk(folder, recurse=recurse)]

    def subfolders(self, folder: str) -> list[str]:
        """The folders directly in a folder, sorted."""
        head = "/" if folder == "/" else folder + "/"
        cut = len(head)
        return sorted(name for name in self.folders if name != "/" and name.startswith(head) and "/" not in name[cut:])

    def add_folder(self, folder: str) -> list[str]:
        """Make a folder and those above it; returns what was new, topmost first."""
        made: list[str] = []
        while folder not in self.folders:
            self.folders.add(folder)
            made.append(folder)
            folder = folder.rpartition("/")[0] or "/"
        return made[::-1]
