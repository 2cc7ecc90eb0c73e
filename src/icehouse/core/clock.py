"""Time as Icehouse needs it: three clocks behind one protocol, so that no module reads the machine's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Protocol

Instant = datetime
"""A point in time; always aware, always UTC."""


_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


class Clock(Protocol):
    """The host's clocks.  The store's time comes from the store (`Store.now`)."""

    def now(self) -> Instant:
        """The host's wall clock, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since boot; the same scale in every process of this boot, never set back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait that long; `seconds` may be 0."""
        ...


_FIRST, _LAST = -62_135_510_400, 253_402_128_000
"""The second day of the year 1 and the last but one of the year 9999, which any zone can tell, in seconds."""


def from_seconds(seconds: int) -> Instant:
    """The instant so many seconds after 1970, of which a record told; the nearest that there is for any other."""
    return datetime.fromtimestamp(min(max(seconds, _FIRST), _LAST), UTC)


def to_text(instant: Instant) -> str:
    """An instant as the ledger keeps it: ISO 8601 in UTC with microseconds, so that text order is time order."""
    return f"{instant.astimezone(UTC).isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def from_text(text: str) -> Instant:
    """The instant that `to_text` wrote.  ValueError on anything else."""
    if not _TEXT.fullmatch(text):
        raise ValueError(f"not an instant: {text!r}")
    return datetime.fromisoformat(text)
