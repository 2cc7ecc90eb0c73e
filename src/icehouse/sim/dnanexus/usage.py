"""How much lies in a project, live and archived, and what it costs a month."""

from __future__ import annotations

from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from icehouse.sim.dnanexus.model import ARCHIVED, STATES
from icehouse.sim.dnanexus.shelf import Shelf
from icehouse.sim.dnanexus.world import World

GIB: Final = 2**30
LIVE_DOLLARS: Final = 0.023
"""A GiB's month; what DNAnexus charges differs by contract."""
ARCHIVED_DOLLARS: Final = 0.0045


class Usage(NamedTuple):
    """Bytes of files that are not open by their archival state."""

    cold: int
    all: int

    def data_gib(self, *, include_archived: bool) -> float:
        """What `dataUsage` tells."""
        return (self.all if include_archived else self.all - self.cold) / GIB

    @property
    def archived_gib(self) -> float:
        """What `archivedDataUsage` tells."""
        return self.cold / GIB

    @property
    def month_dollars(self) -> float:
        """What `storageCost` tells."""
        return round(((self.all - self.cold) * LIVE_DOLLARS + self.cold * ARCHIVED_DOLLARS) / GIB, 6)


_COUNTED: WeakKeyDictionary[Shelf, tuple[int, float, Usage]] = WeakKeyDictionary()


def usage(world: World, project: str, now: float) -> Usage:
    """The bytes in a project; counted anew only when something changed or a transition came due."""
    shelf = world.shelves[project]
    known = _COUNTED.get(shelf)
    if known is not None and known[0] == shelf.version and now < known[1]:
        return known[2]
    by_state = dict.fromkeys(STATES, 0)
    until = float("inf")
    if shelf.plot is not None:
        for state, size in shelf.plot.census().bytes_in.items():
            by_state[state] += size
        for number in shelf.replaced:
            size, state = shelf.plot.base(number)
            by_state[state] -= size
    for place in shelf.placed.values():
        thing = world.objects[place.id]
        if thing.kind == "file" and thing.state != "open":
            by_state[place.standing(now)] += thing.size
            if place.due is not None and place.due > now:
                until = min(until, place.due)
    counted = Usage(by_state[ARCHIVED], sum(by_state.values()))
    _COUNTED[shelf] = (shelf.version, until, counted)
    return counted
