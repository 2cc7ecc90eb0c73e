"""Help, made from the action registry: every key of a screen, what it does, and why it can't now."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from icehouse.present.cells import Cell, Cells, Column, Tone
from icehouse.tui.actions import Action, Situation, key_name
from icehouse.tui.actions.everywhere import ACTIONS
from icehouse.tui.actions.registry import MOVING, ROOMS
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList

from .dialog import Dialog, Words

COLUMNS = (Column("keys", "", 15), Column("words", "", 0))

SIGNS = (
    ("● live  ◐ restoring  ◑ archiving  ○ archived  ◉ restored", "signs of states; ? is not known"),
    ("✓ marked  · inside a marked folder", "signs at the left edge"),
    ("≥", "at least this much: still counting, or only partly scanned"),
)


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
            yield Words("q closes · y shows what the command line would say · times are UTC", Tone.FAINT)

    def on_mount(self) -> None:
        """Fill and focus the list."""
        rows: list[tuple[str, str, str]] = [*(self._row(action) for action in ROOMS[self._room]), ("", "", "")]
        rows += [*((keys, words, "") for keys, words in MOVING), ("", "", "")]
        rows += [*(self._row(action) for action in ACTIONS), ("", "", "")]
        rows += [
            ("", words if len(sign) > 3 else f"{sign}  {words}", sign if len(sign) > 3 else "") for sign, words in SIGNS
        ]
        shown = self.query_one(VirtualList)
        shown.show(Rows(list(enumerate(rows)), lambda row: row[0], _cells))
        shown.focus()

    def _row(self, action: Action) -> tuple[str, str, str]:
        keys = " ".join(key_name(key) for key in action.keys)
        return keys, action.words, action.why_not(self._now) or ""


def _cells(row: tuple[int, tuple[str, str, str]]) -> Cells:
    keys, words, why = row[1]
    text = f"{words}   ({why})" if keys and why else f"{why}   {words}" if why else words
    return (Cell(keys, Tone.STRONG), Cell(text, Tone.FAINT if why and keys else Tone.PLAIN))
