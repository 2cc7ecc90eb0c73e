"""Which simulated instant a moment of wall time was, so that links signed by real clients age by simulated time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

_MOMENT: Final = 0.2
"""Seconds that the machine may be late."""


class Anchor(NamedTuple):
    """From `wall` on simulated time ran at `speed` (0 while frozen), beginning with `simulated`.

    `resumed`: a process started here, and time had stood still before.
    """

    wall: float
    simulated: float
    speed: float
    resumed: bool = False


class LinkClock:
    """What the simulated clock was set to, and when."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        """The simulated instant."""
        self._anchors: list[Anchor] = []

    def note(self, anchor: Anchor) -> None:
        """From here on the clock runs otherwise; what was set within a moment after a whole second was set with it."""
        whole = math.floor(anchor.wall)
        self._anchors.append(anchor._replace(wall=whole) if anchor.wall - whole < _MOMENT else anchor)

    def replay(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Take over what an earlier process noted in the journal."""
        for record in records:
            if "wall" in record:
                speed = 0.0 if record["frozen"] else record["speed"]
                self.note(Anchor(record["wall"], record["simulated"], speed, record.get("resumed", False)))

    def simulated_at(self, wall: float) -> float:
        """The simulated instant at a moment of wall time; before the first start time ran as it does on a wall."""
        first = self._anchors[0]
        if wall < first.wall:
            return first.simulated - (first.wall - wall)
        place = max(place for place, anchor in enumerate(self._anchors) if anchor.wall <= wall)
        anchor = self._anchors[place]
        there = anchor.simulated + (wall - anchor.wall) * anchor.speed
        following = self._anchors[place + 1] if place + 1 < len(self._anchors) else None
        return min(there, following.simulated) if following and following.resumed else there


def whole_second(wall: float) -> float:
    """Seconds until the next whole second of wall time.

    Signatures tell whole seconds: a clock that is set only between two of them leaves no doubt which came first.
    """
    return 1.0 - wall % 1.0


def wall_now() -> float:
    """Seconds since 1970 of wall time."""
    return time.time()
