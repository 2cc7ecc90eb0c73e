"""The lines around the list, and the details beside it, brought up to date from the screen that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .actions import registry
from .widgets.bottom_bar import BottomBar
from .widgets.context_line import ContextLine
from .widgets.details import Details
from .widgets.key_line import KeyLine
from .widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.screen import Screen

    from .app import Console


def tell(console: Console, base: Screen[object]) -> None:
    """Say where one is, how far that can be trusted, what is marked and what can be done."""
    room, width = console.room, base.size.width
    base.query_one(ContextLine).tell(room.place(), write=console.write, jobs=console.news.running, width=width)
    words, tone = room.standing()
    base.query_one(StatusLine).tell(words, tone, room.position())
    base.query_one(BottomBar).tell(console.marked.totals)
    base.query_one(KeyLine).tell(registry.key_line(room.room, room.situation()), width)
    if console.has_class("-details"):
        base.query_one(Details).say(room.details())
