"""Status: where everything under an address stands, asked now.  It never changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.marks import Mark
from icehouse.core.states import State

from .house import House
from .look import look
from .survey import Manner


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Counts and bytes by state, and by state with the store's word; `seen_at` is the store's time.

    `falls_cold` is when the first restored copy expires, None where there is none.
    """

    objects: int
    bytes: int
    counts: Mapping[State, int]
    sizes: Mapping[State, int]
    words: Mapping[tuple[State, str], tuple[int, int]]
    falls_cold: Instant | None
    seen_at: Instant


def keys(house: House, marks: Sequence[Mark], **how: Unpack[Manner]) -> Iterator[Entry]:
    """Every object under `marks` with its true standing.  Raises as the store does."""
    for name in sorted({mark.target.store for mark in marks}):
        chosen = [mark for mark in marks if mark.target.store == name]
        yield from look(house.store(name), chosen, **how)


def summed(entries: Iterator[Entry], seen_at: Instant, each: Callable[[Entry], None] | None = None) -> StatusReport:
    """The entries counted; `each` is called with every one on the way."""
    counts: Counter[State] = Counter()
    sizes: Counter[State] = Counter()
    words: dict[tuple[State, str], tuple[int, int]] = {}
    falls_cold: Instant | None = None
    for entry in entries:
        standing = entry.standing
        counts[standing.state] += 1
        sizes[standing.state] += entry.size
        objects, size = words.get((standing.state, standing.word), (0, 0))
        words[(standing.state, standing.word)] = (objects + 1, size + entry.size)
        if standing.until is not None:
            falls_cold = min(falls_cold or standing.until, standing.until)
        if each is not None:
            each(entry)
    return StatusReport(counts.total(), sizes.total(), counts, sizes, words, falls_cold, seen_at)


def status(
    house: House,
    marks: Sequence[Mark],
    *,
    each: Callable[[Entry], None] | None = None,
    **how: Unpack[Manner],
) -> StatusReport:
    """Where everything under `marks` stands now."""
    seen_at = house.store(marks[0].target.store).now()
    return summed(keys(house, marks, **how), seen_at, each)
