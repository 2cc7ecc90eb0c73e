"""The lines around the list, and the details beside it, brought up to date from the screen that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icehouse.present.cells import Cell, Tone
from icehouse.present.marks import MarkTotals

from .actions import registry
from .screens.browse import Browse
from .widgets.bottom_bar import BottomBar
from .widgets.context_line import ContextLine
from .widgets.details import Details
from .widgets.key_line import KeyLine
from .widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.screen import Screen

    from .app import Console

NO_DETAILS = (("", Cell("nothing here has details", Tone.FAINT)), ("", Cell("i, esc or q closes this", Tone.FAINT)))
"""What the details say about a row that has none, or where there is no row."""


def tell(console: Console, base: Screen[object]) -> None:
    """Say where one is, how far that can be trusted, what is marked and what can be done."""
    room, width = console.room, base.size.width
    base.query_one(ContextLine).tell(room.place(), write=console.write, jobs=console.news.running, width=width)
    words, tone = room.standing()
    base.query_one(StatusLine).tell(words, tone, room.position())
    base.query_one(BottomBar).say(*room.sums())
    base.query_one(KeyLine).tell(registry.key_line(room.room, room.situation()), width)
    if console.has_class("-details"):
        base.query_one(Details).say(room.details() or NO_DETAILS)


def sum_up_marks(console: Console) -> None:
    """Sum the marks up anew, in a thread; out of sight is what the hits do not show, or else what Browse does not."""
    room, browse = console.room, console.rooms["browse"]
    assert isinstance(browse, Browse)
    source, at = (room.list.source, None) if room.room == "search" else (browse.list.source, browse.at.folder)

    def done(totals: MarkTotals) -> None:
        console.marked.totals = totals
        console.tell()

    console.feeds.read("marks", lambda turn: console.marked.sum_up(source, at, turn.stopped), done)
