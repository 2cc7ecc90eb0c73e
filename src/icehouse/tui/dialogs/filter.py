"""The filter's one line, over the status line."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from icehouse.present.cells import Tone

from .dialog import Dialog, Words, field


class FilterDialog(Dialog[str]):
    """The text to filter by, "" for none, None to leave it as it is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """A sign, the field, and what it takes."""
        with Horizontal(classes="frame"):
            yield Words(" / ", Tone.STRONG, width=3)
            yield field(self._text, id="filter")
            yield Words("  text  !text  state:cold  size>1G", Tone.FAINT, width=35)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#filter").focus()

    def entered(self, field: Input) -> None:
        """That is the filter."""
        self.dismiss(field.value)
