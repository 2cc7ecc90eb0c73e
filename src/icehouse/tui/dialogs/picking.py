"""One of a few things to pick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from icehouse.present.cells import Cell, Column, Tone
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList

from .dialog import Dialog, Words

Picked = TypeVar("Picked")


class PickDialog(Dialog[tuple[Picked]], Generic[Picked]):
    """What was picked, in a tuple of its own so that None can be; None where nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "pick", show=False),
        Binding("q", "never_mind", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[tuple[Picked, str]]) -> None:
        super().__init__()
        self._title, self._choices = title, list(choices)

    def compose(self) -> ComposeResult:
        """The title and the choices; texts are safe."""
        with Vertical(classes="frame"):
            yield Words(id="title")
            yield Words()
            yield VirtualList((Column("what", "", 0),), heading=False, height=min(12, len(self._choices)), id="picks")
            yield Words()
            yield Words("enter picks · esc does not", Tone.FAINT)

    def on_mount(self) -> None:
        """Fill and focus the list."""
        self.query_one("#title", Words).put(self._title, Tone.STRONG, ours=False)
        shown = self.query_one(VirtualList)
        rows = list(enumerate(self._choices))
        shown.show(Rows(rows, lambda row: row[0], lambda row: (Cell(row[1][1], ours=False),)))
        shown.focus()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        """A row was clicked twice."""
        event.stop()
        self.action_pick()

    def action_pick(self) -> None:
        """That one."""
        here = self.query_one(VirtualList).cursor
        if here < len(self._choices):
            self.dismiss((self._choices[here][0],))
