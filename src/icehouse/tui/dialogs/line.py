"""One line to type, over the status line: a filter, or what to search for."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input
from textual.widgets.input import Selection

from icehouse.present.cells import Tone

from .dialog import Dialog, Words, field


class LineDialog(Dialog[str]):
    """What was typed, "" for nothing, None to leave it as it is; `hint` tells what the line takes."""

    def __init__(self, text: str, sign: str, hint: str) -> None:
        super().__init__()
        self._text, self._sign, self._hint = text, sign, hint
        self._ahead, self._entered = "", False
        self._seen: events.Key | None = None
        """The last key that the field let pass: it came the usual way."""

    def compose(self) -> ComposeResult:
        """A sign, the field, and what it takes."""
        with Horizontal(classes="frame"):
            yield Words(f" {self._sign} ", Tone.STRONG, width=len(self._sign) + 2)
            yield field(self._text, id="line")
            yield Words(f"  {self._hint}", Tone.FAINT, width=len(self._hint) + 3)

    def on_mount(self) -> None:
        """Type at once: what is shown takes keys."""
        field = self.query_one("#line", Input)
        field.select_on_focus = False  # it is done here: the focus may come behind the first keys
        field.selection = Selection(0, len(field.value))
        self.set_focus(field)
        self._take_ahead()

    def on_key(self, event: events.Key) -> None:
        """A key of the field's own."""
        self._seen = event

    def typed_ahead(self, event: events.Key) -> bool:
        """Take a key that came right behind the one that opened this line; whether it is for the line."""
        if event is self._seen:
            return False
        if event.key == "enter":
            self._entered = True
        elif event.is_printable and not self._entered:
            self._ahead += event.character or ""
        else:
            return False
        if self.is_mounted:
            self._take_ahead()
        return True

    def _take_ahead(self) -> None:
        typed, self._ahead = self._ahead, ""
        field = self.query_one("#line", Input)
        if typed:
            field.replace(typed, *sorted(field.selection))
        if self._entered:
            self.entered(field)

    def entered(self, field: Input) -> None:
        """That is it."""
        self.dismiss(field.value)
