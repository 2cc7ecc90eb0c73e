"""The command palette: actions by name; those that can't be done now say why."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from icehouse.present.cells import Cell, Cells, Column, Tone, wide
from icehouse.tui.actions import Action, Situation, key_name
from icehouse.tui.actions.registry import of_room
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList

from .dialog import Dialog, Words, field

_NOT_HERE = ("palette", "escape")


class PaletteDialog(Dialog[str]):
    """The id of the action to do, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
    ]

    def __init__(self, room: str, now: Situation) -> None:
        super().__init__()
        self._now = now
        self._actions = [action for action in of_room(room) if action.id not in _NOT_HERE]

    def compose(self) -> ComposeResult:
        """The field and what fits it."""
        with Vertical(classes="frame"):
            with Horizontal(classes="row"):
                yield Words(": ", Tone.STRONG, width=2)
                yield field(id="palette")
            yield Words()
            widest = max(wide(action.label) for action in self._actions)
            columns = (Column("label", "", widest), Column("words", "", 0), Column("key", "", 6, "right"))
            yield VirtualList(columns, heading=False, id="found")

    def on_mount(self) -> None:
        """All actions at first."""
        self._find("")
        self.query_one("#palette").focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._find(event.value)

    def entered(self, field: Input) -> None:
        """Do what is under the cursor."""
        self._find(field.value)  # what was typed last may not have been told yet
        here = self.query_one(VirtualList).current
        self.dismiss(here.row.id if here and isinstance(here.row, Action) else None)

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        """A double click does it too."""
        here = event.control.current
        self.dismiss(here.row.id if here and isinstance(here.row, Action) else None)

    def action_step(self, by: int) -> None:
        """Move among what was found while typing goes on."""
        self.query_one(VirtualList).action_move(by)

    def _find(self, text: str) -> None:
        words = text.lower().split()
        fits = [a for a in self._actions if all(word in f"{a.label} {a.words}".lower() for word in words)]
        fits.sort(key=lambda a: not a.label.startswith(text.lower()))
        shown = self.query_one(VirtualList)
        shown.nothing = "no such action here"
        shown.show(Rows(fits, lambda action: action.id, self._cells))
        shown.go(0)

    def _cells(self, row: Action) -> Cells:
        why = row.why_not(self._now)
        tone = Tone.FAINT if why else Tone.PLAIN
        words = f"{row.words}  ({why})" if why else row.words
        return (
            Cell(row.label, Tone.FAINT if why else Tone.STRONG),
            Cell(words, tone),
            Cell(key_name(row.keys[0]), tone),
        )
