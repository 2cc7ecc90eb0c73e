"""How many requests go at once: more while answers come no slower for it, half as many where the store says so."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from icehouse.core.errors import Throttled

_BEGIN = 4
_SLOWER = 2.0
"""Answers that take so many times as long as the quickest did are waiting for each other: no more are added."""

_JAM = 5.0
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
        self.open = min(_BEGIN, most)
        """So many requests may be under way."""
        self._quickest = float("inf")
        self._usual: float | None = None
        self._good = 0
        self._pauses = 0
        self._until = 0.0
        self._since = monotonic()

    @property
    def pause(self) -> float:
        """Seconds until the next request may be made."""
        return max(0.0, self._until - self._monotonic())

    def fine(self, seconds: float, *, full: bool) -> None:
        """An answer came after so long; `full` where it held enough to compare it with others."""
        self._since, self._pauses = self._monotonic(), 0
        if not full:
            return
        self._quickest = min(self._quickest * 1.002, seconds)
        self._usual = seconds if self._usual is None else self._usual + (seconds - self._usual) / 8
        self._good += 1
        if self._good < self.open:
            return
        self._good = 0
        if self._usual <= self._quickest * _SLOWER:
            self.open = min(self._most, self.open + max(1, self.open // 4))
        elif self._usual > self._quickest * _JAM:
            self.open = max(2, self.open - 1)

    def throttled(self, error: Throttled) -> None:
        """The store asked for fewer: half as many, after a pause.  Raises `error` where this has gone on too long."""
        now = self._monotonic()
        if now - self._since > _PATIENCE:
            raise error
        if now < self._until:
            return  # said of requests that were under way already
        self.open, self._good = max(1, self.open // 2), 0
        pause = min(_LONGEST, _SHORTEST * 2**self._pauses) * (0.5 + self._chance())
        self._pauses = min(self._pauses + 1, 10)
        self._until = now + max(pause, min(error.retry_after or 0.0, _PATIENCE))
