"""A dialog that tells something at length, line by line, and asks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from icehouse.present.cells import Cell, Tone
from icehouse.present.sizes import plural
from icehouse.tui.widgets.details import Details

from .dialog import Dialog, Words


class TellingDialog(Dialog[None]):
    """Labels and values under a title; it scrolls, and q, enter and escape end it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter,e", "never_mind", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home,g", "to(False)", show=False),
        Binding("end,G", "to(True)", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[tuple[str, Cell]], *, ours: bool = False) -> None:
        super().__init__()
        self._title, self._lines, self._ours = title, list(lines), ours

    def compose(self) -> ComposeResult:
        """The title, the lines, how to leave."""
        with Vertical(classes="frame"):
            yield Words()
            yield Details(id="told")
            yield Words("q closes", Tone.FAINT, id="more")

    def on_mount(self) -> None:
        """Show what there is so far."""
        self.query(Words).first().put(self._title, Tone.STRONG, ours=self._ours)
        self.query_one(Details).say(self._lines)
        self._count()

    def on_resize(self) -> None:
        """More or fewer lines fit."""
        self._count()

    def put(self, lines: Sequence[tuple[str, Cell]]) -> None:
        """Show these lines in the place of what was told before."""
        self._lines = list(lines)
        if self.is_mounted:
            self.query_one(Details).say(self._lines)
            self._count()

    def action_scroll(self, rows: int) -> None:
        """Other lines."""
        self.query_one(Details).scroll_by(rows)
        self._count()

    def action_page(self, pages: int) -> None:
        """As many other lines as fit."""
        self.query_one(Details).page(pages)
        self._count()

    def action_to(self, end: bool) -> None:
        """The first lines, or the last ones."""
        self.query_one(Details).to(end=end)
        self._count()

    def _count(self) -> None:
        """Tell how much there is below, once the lines have their room."""
        self.call_after_refresh(self._tell)

    def _tell(self) -> None:
        told = self.query_one(Details)
        more = f"↓ {plural(told.below, 'more line')} · " if told.below else ""
        moving = " · j k pgdn g G scroll" if told.below or told.top else ""
        self.query_one("#more", Words).put(f"{more}q closes{moving}", Tone.STRONG if more else Tone.FAINT)
