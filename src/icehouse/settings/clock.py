"""The host's clocks, the one place where Icehouse reads them."""

from __future__ import annotations

import time
from datetime import UTC

from icehouse.core.clock import Instant

_SINCE_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts through suspend on Linux, so that a lease ages while a laptop sleeps."""


class SystemClock:
    """The clock of this machine (`core.clock.Clock`)."""

    def now(self) -> Instant:
        """The wall clock, aware and in UTC."""
        return Instant.now(UTC)

    def monotonic(self) -> float:
        """Seconds since boot, on one scale for every process of this boot."""
        return time.clock_gettime(_SINCE_BOOT)

    def sleep(self, seconds: float) -> None:
        """Wait that long."""
        time.sleep(seconds)
