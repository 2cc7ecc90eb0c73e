"""Help, made from the action registry: every key of a screen, what it does, and why it can't now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from icehouse.core.states import State
from icehouse.present.cells import Cell, Cells, Column, Tone
from icehouse.present.deliveries import tick_legend
from icehouse.present.delivery_order import WORDS
from icehouse.present.indicators import indicator_legend
from icehouse.present.states import glyph, word
from icehouse.present.verdicts import LEGEND
from icehouse.tui.actions import Action, Situation, key_name
from icehouse.tui.actions.everywhere import ACTIONS
from icehouse.tui.actions.registry import MOVING, ROOMS
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.details import folded
from icehouse.tui.widgets.virtual_list import GUTTER, VirtualList

from .dialog import Dialog, Words

FOOT = "q closes · y shows the command line · times are UTC"

COLUMNS = (Column("keys", "", 15), Column("words", "", 0))

STATES = tuple((glyph(state), word(state)) for state in State)

SIGNS = (
    ("✓", "marked"),
    ("·", "inside a marked folder"),
    ("≥", "at least this: still counting, or partly scanned"),
)

Line = tuple[str, str, Tone]
"""Keys, words, and how they are shown."""

NOTHING: Line = ("", "", Tone.PLAIN)


class HelpDialog(Dialog[None]):
    """A list to read; any of q, ? and escape ends it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,question_mark,enter", "never_mind", show=False)]

    def __init__(self, room: str, now: Situation) -> None:
        super().__init__()
        self._room, self._now = room, now

    def compose(self) -> ComposeResult:
        """The keys of the screen, of the list, and of everywhere."""
        with Vertical(classes="frame"):
            yield Words(f"Keys in {self._room.capitalize()}", Tone.STRONG)
            yield VirtualList(COLUMNS, heading=False, id="help")
            yield Words(FOOT, Tone.FAINT, id="foot")

    def on_mount(self) -> None:
        """Focus the list, and fill it as soon as its width is known."""
        self.query_one(VirtualList).focus()
        self.call_after_refresh(self._fill)

    def on_resize(self) -> None:
        """Fill the list, its lines broken to the room there is."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        shown = self.query_one(VirtualList)
        room = max(8, shown.content_size.width - GUTTER - COLUMNS[0].width - 1)
        rows: list[Line] = []
        for keys, words, tone in self._all():
            for n, part in enumerate(folded(words, room)):
                rows.append((keys if n == 0 else "", part, tone))
        shown.show(Rows(list(enumerate(rows)), lambda row: row[0], _cells))

    def on_virtual_list_moved(self, event: VirtualList.Moved) -> None:
        """Tell how much there is further down."""
        shown = event.control
        below = shown.source.count - shown.top - shown.room
        more = [Cell(f"↓ {below} more", Tone.STRONG)] if below > 0 else []
        self.query_one("#foot", Words).say([Cell(FOOT, Tone.FAINT)], more)

    def _all(self) -> Iterator[Line]:
        for action in ROOMS[self._room]:
            yield from self._about(action)
        yield NOTHING
        for keys, words in MOVING:
            yield keys, words, Tone.PLAIN
        yield NOTHING
        for action in ACTIONS:
            yield from self._about(action)
        for title, signs in (*self._own(), ("states", STATES), ("verdicts", LEGEND), ("signs", SIGNS)):
            yield NOTHING
            for n, (sign, words) in enumerate(signs):
                yield title if n == 0 else "", f"{sign}  {words}" if sign else words, Tone.PLAIN

    def _own(self) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
        """The signs that this screen alone has."""
        if self._room == "deliveries":
            ascii = bool(getattr(self.app, "ascii_only", False))
            yield "ticks", tick_legend(ascii)
            yield "evidence", indicator_legend(ascii)
            yield "filter", (("", ", ".join(word for word in WORDS if word != "problem")),)

    def _about(self, action: Action) -> Iterator[Line]:
        why = action.why_not(self._now)
        yield " ".join(key_name(key) for key in action.keys), action.words, Tone.FAINT if why else Tone.PLAIN
        if why:
            yield "", f"not now: {why}", Tone.FAINT


def _cells(row: tuple[int, Line]) -> Cells:
    keys, words, tone = row[1]
    return (Cell(keys, Tone.STRONG), Cell(words, tone))
