"""How a step ends.  Seven words, used everywhere and never mixed."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """The end of a step; the value is what the ledger and JSON hold."""

    OK = "ok"
    NOT_NEEDED = "notneeded"
    IMPOSSIBLE = "impossible"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    ERROR = "error"

    @property
    def failed(self) -> bool:
        """Whether the operator has to look at it: exit code 1, and what `retry` takes up again."""
        return self in (Outcome.CONFLICT, Outcome.UNKNOWN, Outcome.ERROR, Outcome.IMPOSSIBLE)
