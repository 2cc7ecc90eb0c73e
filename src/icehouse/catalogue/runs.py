"""Sorting more objects than memory holds: sorted runs go to disk, and come back merged."""

from __future__ import annotations

import marshal
from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

Listed = tuple[str, int, int | None, str, int]
"""An object of an inventory: key, size, modified in microseconds, etag, and the number of its standing."""

_Place = tuple[int, int]
"""Where a block is in the file, and how long."""

RUN = 100_000
"""Objects a run: some 50 MB while it is sorted."""

BLOCK = 1_000
"""Objects that are held of each run while they are merged."""

_key = itemgetter(0)


class Runs:
    """Objects on their way into key order: `add` them all, then `merged` gives them, once."""

    def __init__(self, path: Path, *, run: int = RUN, block: int = BLOCK) -> None:
        """`path` is a file to be made where one run does not hold all."""
        self._path = path
        self._most = run
        self._block = block
        self._held: list[Listed] = []
        self._file = path.open("w+b")
        self._runs: list[list[_Place]] = []

    def add(self, objects: list[Listed]) -> None:
        """Take some, in any order."""
        self._held += objects
        if len(self._held) >= self._most:
            self._spill()

    def merged(self) -> Iterator[list[Listed]]:
        """All of them in key order, some at a time."""
        if not self._runs:
            self._held.sort(key=_key)
            yield from (self._held[at : at + self._block] for at in range(0, len(self._held), self._block))
            return
        if self._held:
            self._spill()
        live = [_Run(self, places) for places in self._runs]
        while live:
            bound = min(run.block[-1][0] for run in live)
            taken: list[Listed] = []
            for run in live:
                taken += run.take(bound)
            taken.sort(key=_key)
            yield taken
            live = [run for run in live if run.block]

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def read(self, place: _Place) -> list[Listed]:
        """The block that was written at `place`."""
        self._file.seek(place[0])
        block: list[Listed] = marshal.loads(self._file.read(place[1]))  # noqa: S302  (written by this process)
        return block

    def _spill(self) -> None:
        self._held.sort(key=_key)
        places = []
        for at in range(0, len(self._held), self._block):
            packed = marshal.dumps(self._held[at : at + self._block], 2)
            places.append((self._file.tell(), len(packed)))
            self._file.write(packed)
        self._runs.append(places)
        self._held = []


class _Run:
    """One run while it is merged: the block it is in, until there is none."""

    def __init__(self, runs: Runs, places: list[_Place]) -> None:
        self._runs = runs
        self._places = iter(places)
        self.block: list[Listed] = []
        self._at = 0
        self._next()

    def take(self, bound: str) -> list[Listed]:
        """What is left of the block up to the key `bound`; the next one is read where that is all of it."""
        end = bisect_right(self.block, bound, lo=self._at, key=_key)
        taken = self.block[self._at : end]
        self._at = end
        if end == len(self.block):
            self._next()
        return taken

    def _next(self) -> None:
        place = next(self._places, None)
        self.block, self._at = ([] if place is None else self._runs.read(place)), 0
