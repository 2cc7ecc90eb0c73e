"""How many requests go at once: more while answers come no slower for it, half as many where the store says so."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from icehouse.core.errors import Throttled

_BEGIN = 2
"""Lanes to begin with, for each process that asks."""

_BUSY = 0.9
"""A process that works for this share of the time gains nothing by more lanes."""

_SLOWER, _JAM = 3.0, 6.0
"""Answers that take so many times as long as the quickest did wait for each other at the server: no more, or fewer."""

_SHORTEST, _LONGEST = 0.2, 20.0
"""Seconds of a pause after the store asked for fewer, the first and the longest."""

_PATIENCE = 300.0
"""Seconds without a page after which to be asked for fewer is an error."""


class Lanes:
    """The number of lanes that may be used now; for one thread at a time."""

    def __init__(
        self, most: int, *, monotonic: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        """At most `most`, to begin with a few."""
        self._most = most
        self._monotonic, self._chance = monotonic, chance
        self._pauses = 0
        self._until = 0.0
        self._since = monotonic()
        self.anew(1)

    def anew(self, processes: int) -> None:
        """So many processes ask from now on; their answers are not to be compared with those before."""
        self._processes = processes
        self.open = min(_BEGIN * processes, self._most)
        """So many requests may be under way."""
        self._quickest = float("inf")
        self._usual, self._work = 0.0, 0.0
        self._good, self._full, self._doubling = 0, 0, True

    @property
    def pause(self) -> float:
        """Seconds until the next request may be made."""
        return max(0.0, self._until - self._monotonic())

    def fine(self, seconds: float, work: float, *, full: bool) -> None:
        """An answer came after so many seconds, `work` of them spent on it by a processor; `full` where it held enough
        to compare it with others."""
        self._since, self._pauses = self._monotonic(), 0
        if full:
            self._quickest = min(self._quickest * 1.002, seconds)
            self._usual += seconds
            self._work += work
            self._full += 1
        self._good += 1
        if self._good < max(self.open, 4):
            return
        usual, busy = 0.0, 0.0
        if self._full:
            usual, busy = self._usual / self._full, self._work / self._usual * self.open / self._processes
        self._good, self._full, self._usual, self._work = 0, 0, 0.0, 0.0
        if usual > self._quickest * _JAM:
            self.open = max(2, self.open - 1)
        if busy > _BUSY or usual > self._quickest * _SLOWER:
            self._doubling = False
            return
        self.open = min(self._most, self.open + (self.open if self._doubling else max(1, self.open // 4)))

    def throttled(self, error: Throttled) -> None:
        """The store asked for fewer: half as many, after a pause.  Raises `error` where this has gone on too long."""
        now = self._monotonic()
        if now - self._since > _PATIENCE:
            raise error
        if now < self._until:
            return  # said of requests that were under way already
        self.open, self._doubling = max(1, self.open // 2), False
        pause = min(_LONGEST, _SHORTEST * 2**self._pauses) * (0.5 + self._chance())
        self._pauses = min(self._pauses + 1, 10)
        self._until = now + max(pause, min(error.retry_after or 0.0, _PATIENCE))
