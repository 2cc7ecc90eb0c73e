"""A dialog that tells something at length, line by line, and asks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from icehouse.present.cells import Cell, Tone
from icehouse.tui.widgets.details import Details

from .dialog import Dialog, Words


class TellingDialog(Dialog[None]):
    """Labels and values under a title; it scrolls, and q, enter and escape end it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter,e", "never_mind", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[tuple[str, Cell]], *, ours: bool = False) -> None:
        super().__init__()
        self._title, self._lines, self._ours = title, list(lines), ours

    def compose(self) -> ComposeResult:
        """The title, the lines, how to leave."""
        with Vertical(classes="frame"):
            yield Words()
            yield Details(id="told")
            yield Words("q closes · j k scroll", Tone.FAINT)

    def on_mount(self) -> None:
        """Show what there is so far."""
        self.query(Words).first().put(self._title, Tone.STRONG, ours=self._ours)
        self.query_one(Details).say(self._lines)

    def put(self, lines: Sequence[tuple[str, Cell]]) -> None:
        """Show these lines in the place of what was told before."""
        self._lines = list(lines)
        if self.is_mounted:
            self.query_one(Details).say(self._lines)

    def action_scroll(self, rows: int) -> None:
        """Other lines."""
        self.query_one(Details).scroll_by(rows)
