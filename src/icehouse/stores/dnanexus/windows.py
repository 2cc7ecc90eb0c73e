"""Windows of time: a search of a project in disjoint parts, by when its objects were created.

That moment never changes, so that no object goes from one window to another while they are walked, whatever happens to
it.  It is told in whole seconds, of which many objects may share one: a window ends between two seconds.  Whether the
platform counts the ends of a span as within it need not be known: each search asks for a little more on both sides and
keeps what is its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from icehouse.core.clock import Instant
from icehouse.core.entries import Entry

from .client import in_milliseconds

SECOND = 1000
"""In milliseconds, as all moments here."""

_MARGIN = 2 * SECOND
_FIRST = 1_230_768_000_000
"""2009, before which no object was made; a window reaches down to any age all the same."""

_PARTS = 4
"""So many pages or more has each part of a window that is split, as far as can be told."""

_MOST_PARTS = 16
_WIDER = 4
"""How much wider each further window is where nothing is known of the past."""

_LARGE = 8
_WORTH = 3
"""A window with so many pages to come is split at once; with so many, where a lane has nothing else to do."""


@dataclass(frozen=True, slots=True)
class Window:
    """What was created from `low` on and before `high`, None for no end; `cursor` is where its search goes on.

    `known` are the identities of what was told of it before it was split off, in several sets.
    """

    low: int | None = None
    high: int | None = None
    cursor: Any = None
    known: tuple[Set[object], ...] = ()

    def filters(self) -> Mapping[str, Any]:
        """What the platform is asked for: the window and a little around it."""
        created: dict[str, int] = {}
        if self.low is not None:
            created["after"] = max(0, self.low - _MARGIN)
        if self.high is not None:
            created["before"] = max(0, self.high + _MARGIN)
        return {"created": created} if created else {}

    def told(self, identity: object) -> bool:
        """Whether something need not come again."""
        return any(identity in some for some in self.known)

    def holds(self, created: Instant | None) -> bool:
        """Whether something belongs to it; what has no moment belongs to every window."""
        if created is None:
            return True
        at = in_milliseconds(created)
        return (self.low is None or at >= self.low) and (self.high is None or at < self.high)


def first_windows(entries: Sequence[Entry], now: int, seen: tuple[Set[object], ...]) -> tuple[Window, ...]:
    """Windows over everything, after `entries` of it were told as `seen`; the further from those, the wider."""
    moments = [in_milliseconds(entry.created) for entry in entries if entry.created is not None] or [now]
    oldest, newest = min(moments), max(moments)
    span = max(newest - oldest, SECOND)
    ends = {oldest + span * part // 4 for part in range(4)}
    at, step = oldest, span
    while at > _FIRST:
        ends.add(at)
        at, step = at - step, step * _WIDER
    if newest + SECOND < now:
        ends.add(newest + SECOND)
    return _between(Window(known=seen), ends)


def parts_of(
    window: Window, oldest: int, newest: int, pages: int, seen: Set[object], *, idle: bool
) -> tuple[Window, ...]:
    """`window` in parts, after `pages` of it held what was created from `oldest` to `newest`, told as `seen`.

    What was seen comes again in the parts.  Empty where that would not be worth the requests.
    """
    low = _FIRST if window.low is None else window.low
    below = max(0, oldest - low)
    # Newest first, mostly: what is still to come lies below what was seen, as dense as that.
    to_come = pages * below // max(newest - oldest, SECOND)
    if not (pages == 1 and to_come >= _LARGE) and not (idle and to_come >= max(_WORTH, 2 * pages)):
        return ()
    count = min(_MOST_PARTS, max(2, to_come // _PARTS))
    ends = {low + below * part // count for part in range(1, count + 1)}
    parts = _between(Window(window.low, window.high, known=(*window.known, seen)), ends)
    return parts if len(parts) > 1 else ()


def _between(whole: Window, ends: Collection[int]) -> tuple[Window, ...]:
    """The windows between these ends, each moved to a whole second, newest first."""
    seconds = sorted({end // SECOND * SECOND for end in ends})
    inside = [
        end
        for end in seconds
        if (whole.low is None or end > whole.low) and (whole.high is None or end < whole.high) and end > 0
    ]
    lows, highs = [whole.low, *inside], [*inside, whole.high]
    parts = [Window(low, high, known=whole.known) for low, high in zip(lows, highs, strict=True)]
    return tuple(reversed(parts))
