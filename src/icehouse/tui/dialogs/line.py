"""One line to type, over the status line: a filter, or what to search for."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from icehouse.present.cells import Tone

from .dialog import Dialog, Words, field


class LineDialog(Dialog[str]):
    """What was typed, "" for nothing, None to leave it as it is; `hint` tells what the line takes."""

    def __init__(self, text: str, sign: str, hint: str) -> None:
        super().__init__()
        self._text, self._sign, self._hint = text, sign, hint

    def compose(self) -> ComposeResult:
        """A sign, the field, and what it takes."""
        with Horizontal(classes="frame"):
            yield Words(f" {self._sign} ", Tone.STRONG, width=len(self._sign) + 2)
            yield field(self._text, id="line")
            yield Words(f"  {self._hint}", Tone.FAINT, width=len(self._hint) + 3)

    def on_mount(self) -> None:
        """Type at once: what is shown takes keys."""
        self.set_focus(self.query_one("#line"))

    def entered(self, field: Input) -> None:
        """That is it."""
        self.dismiss(field.value)
