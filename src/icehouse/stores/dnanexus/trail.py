"""The way of a search from page to page, which must not come where it was before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from typing import Any

from .errors import garbled

_MOST_IDLE = 10
"""So many pages in a run that bring nothing are a server that leads nowhere."""


class Trail:
    """The cursors that a search has been led to."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._been: set[str] = set()
        self._last: Set[object] = frozenset()
        self._idle = 0

    def got(self, ids: Iterable[object]) -> None:
        """Note what a page held.  Unavailable after too many that held nothing, or nothing but what one before did."""
        page = frozenset(ids)
        if page - self._last:
            self._last, self._idle = page, 0
            return
        self._idle += 1
        if self._idle > _MOST_IDLE:
            raise garbled(self._what, f"{self._idle} pages in a run without anything new")

    def go(self, cursor: Any) -> Any:
        """`cursor`, to be followed.  Unavailable where it was followed before: the search would never end."""
        mark = json.dumps(cursor, sort_keys=True)
        if mark in self._been:
            raise garbled(self._what, "the search leads nowhere")
        self._been.add(mark)
        return cursor
