"""One scale of states over all stores, with the store's own word always beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .clock import Instant


class State(Enum):
    """Where the bytes of an object stand.  The value is what databases and JSON hold."""

    LIVE = "live"
    ARCHIVING = "archiving"
    ARCHIVED = "archived"
    RESTORING = "restoring"
    RESTORED = "restored"
    SET_ASIDE = "set-aside"
    MISSING = "missing"
    UNKNOWN = "unknown"

    @property
    def readable(self) -> bool:
        """Whether a read is known to succeed; unknown is never yes."""
        return self in (State.LIVE, State.RESTORED)

    @property
    def moving(self) -> bool:
        """Whether the store is at work on it."""
        return self in (State.ARCHIVING, State.RESTORING)


@dataclass(frozen=True, slots=True)
class Standing:
    """A state with its details.

    `word` is the store's own (``DEEP_ARCHIVE``, ``INTELLIGENT_TIERING``, ``archival``); `cold_word` names the row of
    the restore rules and prices that applies (``INTELLIGENT_TIERING/ARCHIVE_ACCESS``), "" where nothing is cold.
    `until` is when a restored copy falls cold again; `tier` the restore tier under way where the store tells.
    """

    state: State
    word: str = ""
    cold_word: str = ""
    until: Instant | None = None
    tier: str = ""


def cold_words(standing: Standing) -> str:
    """What stands between an object and a copy of its bytes, "" where nothing is known to."""
    if standing.state in (State.ARCHIVED, State.RESTORING):
        return f"{standing.word or standing.state.value}: its bytes can be read once they are back"
    return ""


UNKNOWN = Standing(State.UNKNOWN)
