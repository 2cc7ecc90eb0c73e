"""What rescans found other than before, as one list: the newest comparison first, each under a heading of its sums."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from icehouse.catalogue.changes.reading import Stretch, bytes_in, changes_in, comparisons_in, stretches
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.core.changes import Change, ChangeKind, ChangeSum, Comparison
from icehouse.core.refs import FolderRef

from .house import House

SHOWN = 100
"""Comparisons whose changes one list holds; older ones are had by their number."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The beginning of what one comparison found: its sums below the folder that the list is of."""

    comparison: Comparison
    sums: Mapping[ChangeKind, int] = field(default_factory=dict)

    @property
    def objects(self) -> int:
        """How many objects below the folder are not as they were."""
        return sum(self.sums.values())


class ChangeList:
    """The changes below a folder by position, each comparison under its heading; instant however many there are.

    May be used by one thread at a time.  It keeps to the catalogue's generation that it opened.
    """

    def __init__(self, reader: Reader, folder: FolderRef, kinds: Collection[ChangeKind], number: int | None) -> None:
        self.folder = folder
        self.kinds = tuple(kinds)
        self._reader = reader
        found = comparisons_in(reader, folder.prefix)
        self.known = len(found)
        """How many comparisons there are, whatever they found."""
        self.headings: list[Heading] = []
        self._parts: list[list[Stretch]] = []
        chosen = [each for each in found if number in (None, each.number)]
        for each in chosen[:SHOWN]:
            parts = stretches(reader, folder.prefix, [each.number], self.kinds)
            sums = {part.kind: part.count for part in parts}
            if not each.kept and each.prefix.startswith(folder.prefix):
                sums = {kind: total.objects for kind, total in each.sums.items() if not kinds or kind in kinds}
                if not folder.prefix:
                    sums.pop(ChangeKind.AWAY, None)
            if sums or each is chosen[0]:
                self.headings.append(Heading(each, sums))
                self._parts.append(parts)
        lengths = [1 + sum(part.count for part in parts) for parts in self._parts]
        self._begins = [0, *accumulate(lengths)]

    @property
    def count(self) -> int:
        """Rows of the list, the headings among them."""
        return self._begins[-1]

    def rows(self, start: int, n: int) -> list[Heading | Change]:
        """The rows from `start`, up to `n` of them; fewer at the end."""
        found: list[Heading | Change] = []
        end = min(start + n, self.count)
        while start < end:
            at = bisect_right(self._begins, start) - 1
            inside = start - self._begins[at]
            if not inside:
                found.append(self.headings[at])
                start += 1
                continue
            taken = self._changes(self._parts[at], inside - 1, min(end, self._begins[at + 1]) - start)
            if not taken:
                break
            found += taken
            start += len(taken)
        return found

    def position_of(self, comparison: int, number: int) -> int | None:
        """Where a change stands, or the heading of its comparison for number 0; None where it is not shown."""
        for begin, heading, parts in zip(self._begins, self.headings, self._parts, strict=False):
            if heading.comparison.number != comparison:
                continue
            if not number:
                return begin
            before = begin + 1
            for part in parts:
                if part.first <= number < part.past:
                    return before + number - part.first
                before += part.count
        return None

    def bytes(self, heading: Heading) -> dict[ChangeKind, ChangeSum]:
        """The sums of a heading with their bytes, added up where they are not on record."""
        comparison = heading.comparison
        found = {}
        for part in self._parts[self.headings.index(heading)]:
            whole = comparison.sums.get(part.kind, ChangeSum())
            size = whole.bytes if whole.objects == part.count else bytes_in(self._reader, part)
            found[part.kind] = ChangeSum(part.count, size)
        return found or {kind: comparison.sums[kind] for kind in heading.sums}

    def close(self) -> None:
        """Give the catalogue's file back."""
        self._reader.close()

    def _changes(self, parts: Sequence[Stretch], start: int, n: int) -> list[Change]:
        """Changes of one comparison, counted over its kinds."""
        found: list[Change] = []
        for part in parts:
            if start >= part.count:
                start -= part.count
                continue
            found += changes_in(self._reader, part, start, n - len(found))
            if len(found) >= n:
                break
            start = 0
        return found


def open_changes(
    house: House, folder: FolderRef, *, kinds: Collection[ChangeKind] = (), number: int | None = None
) -> ChangeList | None:
    """What is known to have changed below `folder`: of some kinds, or of one comparison, where they are given.

    None where its container was never scanned.
    """
    reader = Reader.open(Files(house.paths.catalogue, folder.store, folder.container))
    if reader is None:
        return None
    try:
        return ChangeList(reader, folder, kinds, number)
    except BaseException:
        reader.close()
        raise
