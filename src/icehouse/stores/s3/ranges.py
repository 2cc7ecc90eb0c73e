"""Ranges of keys, and the frontier that says which of them are still to be listed.

A frontier is the JSON ``{"ranges": [[AFTER, UPTO], ...]}``: only what lies in these ranges has not been seen.  AFTER
null begins with the first key, UPTO null ends with the last.  ``{"after": KEY}``, the frontier of a walk in order, is
read as well.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from icehouse.core.errors import UsageError


class KeyRange(NamedTuple):
    """The keys behind `after` ("" to begin with the first) up to and with `upto` (None: to the last)."""

    after: str
    upto: str | None

    @property
    def empty(self) -> bool:
        """Whether no key can lie in it."""
        return self.upto is not None and self.upto <= self.after

    def holds(self, key: str) -> bool:
        """Whether `key` lies in it."""
        return self.after < key and (self.upto is None or key <= self.upto)


class OpenRanges:
    """What has not been seen yet: ranges that rise and do not overlap."""

    def __init__(self, ranges: Iterable[KeyRange]) -> None:
        """`ranges` in order."""
        self._ranges = [each for each in ranges if not each.empty]

    def __iter__(self) -> Iterator[KeyRange]:
        """The open ranges in order."""
        return iter(self._ranges)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ranges)

    def cover(self, seen: KeyRange) -> None:
        """All keys of `seen` have been told."""
        if seen.empty:
            return
        open_ranges = self._ranges
        begin = bisect_left(open_ranges, seen.after, key=lambda each: each.after)
        if begin and _reaches(open_ranges[begin - 1].upto, seen.after):
            begin -= 1
        end = begin
        left: list[KeyRange] = []
        while end < len(open_ranges) and (seen.upto is None or open_ranges[end].after < seen.upto):
            after, upto = open_ranges[end]
            if after < seen.after:
                left.append(KeyRange(after, seen.after))
            if seen.upto is not None and _reaches(upto, seen.upto):
                left.append(KeyRange(seen.upto, upto))
            end += 1
        open_ranges[begin:end] = left

    def frontier(self) -> str | None:
        """What to go on from; None where everything was seen."""
        return write_ranges(self._ranges) if self._ranges else None


def write_ranges(ranges: Iterable[KeyRange]) -> str:
    """The frontier of these ranges."""
    return json.dumps({"ranges": [[after or None, upto] for after, upto in ranges]})


def read_ranges(frontier: str | None) -> tuple[KeyRange, ...]:
    """The ranges that a frontier leaves open, in order; everything for None.  UsageError where it is not one."""
    if frontier is None:
        return (KeyRange("", None),)
    try:
        told = json.loads(frontier)
        ranges = [(told["after"] + "", None)] if "after" in told else told["ranges"]
        found = tuple(KeyRange(_text(after) or "", _text(upto)) for after, upto in ranges)
        rising = all(low.upto is not None and low.upto <= high.after for low, high in pairwise(found))
        if not found or not rising or any(each.empty for each in found):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"not a frontier of an S3 walk: {frontier[:80]}") from None
    return found


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError
    return value


def _reaches(upto: str | None, key: str) -> bool:
    """Whether a range that ends at `upto` has keys behind `key`."""
    return upto is None or upto > key
