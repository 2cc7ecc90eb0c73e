"""Simulated time: starts at a chosen instant, runs at a chosen speed, can be frozen, stepped and set."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

DAY: Final = 86_400.0


class SimClock:
    """Seconds since 1970 UTC as the stand-in sees them; the states of all objects are derived from it, lazily."""

    def __init__(self, start: float, speed: float = 1.0, *, frozen: bool = False) -> None:
        self.speed = speed
        self.frozen = frozen
        self._simulated = start
        self._real = time.monotonic()

    def now(self) -> float:
        """The simulated instant, in seconds since 1970."""
        if self.frozen:
            return self._simulated
        return self._simulated + (time.monotonic() - self._real) * self.speed

    def change(
        self,
        *,
        speed: float | None = None,
        frozen: bool | None = None,
        step_seconds: float | None = None,
        instant: float | None = None,
    ) -> None:
        """Apply what is given, in the order set, step, speed, freeze; raises ValueError for a speed of 0 or less."""
        if speed is not None and not (speed > 0 and math.isfinite(speed)):
            raise ValueError("speed must be a positive number")
        here = self.now() if instant is None else instant
        self._simulated = here + (step_seconds or 0.0)
        self._real = time.monotonic()
        if speed is not None:
            self.speed = speed
        if frozen is not None:
            self.frozen = frozen


def midnight(instant: float) -> float:
    """The midnight UTC at or before an instant."""
    return math.floor(instant / DAY) * DAY


def next_midnight(instant: float) -> float:
    """The midnight UTC at or after an instant: S3 rounds the expiry of a restored copy up to it."""
    return math.ceil(instant / DAY) * DAY


_MINUTES: Final = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(1440)]


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).strftime("%Y-%m-%d")


def iso(instant: float) -> str:
    """An instant as S3 writes it in XML, to the second: `2026-11-21T07:00:00.000Z`."""
    minutes, second = divmod(int(instant), 60)
    day, minute = divmod(minutes, 1440)
    return f"{_date(day)}T{_MINUTES[minute]}:{second:02}.000Z"


def iso_precise(instant: float) -> str:
    """An instant with microseconds, for the request log and the admin routes."""
    return datetime.fromtimestamp(instant, UTC).isoformat().replace("+00:00", "Z")


_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(instant: float) -> str:
    """An instant as an HTTP header writes it: `Sat, 21 Nov 2026 07:00:00 GMT`, whatever the locale."""
    at = datetime.fromtimestamp(int(instant), UTC)
    return f"{_WEEKDAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} GMT"


def parse_iso(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 instant; one without an offset is UTC.  Raises ValueError."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
