"""A project's worth of synthetic files that cost no memory: each is computed from its number when it is looked at."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from icehouse.sim.dnanexus.ids import Series
from icehouse.sim.dnanexus.model import LIVE, STATES, DataObject, Placement, within


class Sprout(NamedTuple):
    """One synthetic file as a fixture grows it: size in bytes, archival state at the start."""

    name: str
    size: int
    state: str = LIVE
    tags: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    media: str = "application/octet-stream"
    job: str = ""
    executable: str = ""
    types: tuple[str, ...] = ()


class Block(NamedTuple):
    """So many files with consecutive numbers in one folder."""

    folder: str
    files: int


@dataclass(slots=True)
class Census:
    """What a plot holds in all: bytes by state, and the numbers of the files in each state."""

    bytes_in: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    numbers: dict[str, array[int]] = field(default_factory=lambda: {state: array("L") for state in STATES})


class Plot:
    """Files numbered from 0, newest first: number n was modified `step` ms before number n - 1."""

    def __init__(
        self,
        project: str,
        seed: str,
        blocks: Sequence[Block],
        grow: Callable[[int], Sprout],
        *,
        newest: int,
        step: int,
        owner: str,
    ) -> None:
        if step < 1:
            raise ValueError("files of a plot are at least a millisecond apart")
        self.project = project
        self.series = Series("file", seed)
        self._seed = seed
        self._blocks = [block for block in blocks if block.files]
        self._grow = grow
        self._newest = newest
        self._step = step
        self._owner = owner
        self._starts: list[int] = []
        self.count = 0
        for block in self._blocks:
            self._starts.append(self.count)
            self.count += block.files
        self._census: Census | None = None

    def folders(self) -> list[str]:
        """The folders that hold files."""
        return [block.folder for block in self._blocks]

    def number(self, name: str) -> int | None:
        """The number of a file's id, or None."""
        number = self.series.number(name)
        return number if number is not None and number < self.count else None

    def modified(self, number: int) -> int:
        """When a file was last modified, in ms."""
        return self._newest - number * self._step

    def first_at(self, modified: int) -> int:
        """The first number modified at or before an instant in ms."""
        return min(self.count, max(0, -((modified - self._newest) // self._step)))

    def place(self, number: int) -> Placement:
        """Where a file lies, and its state."""
        sprout = self._grow(number)
        return Placement(
            self.project,
            self.series.name(number),
            self._blocks[bisect_right(self._starts, number) - 1].folder,
            sprout.name,
            self._newest - number * self._step,
            sprout.state,
            None,
            list(sprout.tags),
            dict(sprout.properties),
        )

    def thing(self, number: int) -> DataObject:
        """What is the same in every project that holds the file."""
        sprout = self._grow(number)
        creator = {"user": self._owner}
        if sprout.job:
            creator |= {"job": sprout.job, "executable": sprout.executable}
        name = self.series.name(number)
        return DataObject(
            name,
            "file",
            self.modified(number) // 1000 * 1000,
            creator,
            sprout.size,
            types=list(sprout.types),
            media=sprout.media,
            seed=f"{self._seed}\0{number}",
        )

    def numbers(self, folder: str, *, recurse: bool, state: str | None, first: int) -> Iterator[int]:
        """The numbers from `first` on in a folder or below it, of one state if named, rising."""
        spans = [
            range(max(first, start), start + block.files)
            for start, block in zip(self._starts, self._blocks, strict=True)
            if start + block.files > first and (within(block.folder, folder) if recurse else block.folder == folder)
        ]
        if state is None:
            for span in spans:
                yield from span
            return
        known = self.census().numbers[state]
        for span in spans:
            for at in range(bisect_right(known, span.start - 1), len(known)):
                if known[at] >= span.stop:
                    break
                yield known[at]

    def census(self) -> Census:
        """Sizes and states of all files; counted once, at the first question that needs it."""
        if self._census is None:
            census = Census()
            for number in range(self.count):
                sprout = self._grow(number)
                census.bytes_in[sprout.state] += sprout.size
                census.numbers[sprout.state].append(number)
            self._census = census
        return self._census

    def base(self, number: int) -> tuple[int, str]:
        """Size and state of a file as planted."""
        sprout = self._grow(number)
        return sprout.size, sprout.state
