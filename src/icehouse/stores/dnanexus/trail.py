"""The way of a search from page to page, which must not come where it was before."""

from __future__ import annotations

import json
from typing import Any

from .errors import garbled


class Trail:
    """The cursors that a search has been led to."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._been: set[str] = set()

    def go(self, cursor: Any) -> Any:
        """`cursor`, to be followed.  Unavailable where it was followed before: the search would never end."""
        mark = json.dumps(cursor, sort_keys=True)
        if mark in self._been:
            raise garbled(self._what, "the search leads nowhere")
        self._been.add(mark)
        return cursor
