"""A question with Cancel in focus: what will happen, in words, and one choice to go on."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from icehouse.present.cells import Tone

from .dialog import Choice, Dialog, Paragraph, Words


class Confirm(Dialog[bool]):
    """True where the operator goes on, False or None where not; `keep` is the choice that leaves all as it is."""

    def __init__(self, title: str, lines: Sequence[str], go: str, *, keep: str = "Cancel") -> None:
        super().__init__()
        self._title, self._lines, self._go, self._keep = title, list(lines), go, keep

    def compose(self) -> ComposeResult:
        """Title, words, choices."""
        with Vertical(classes="frame"):
            yield Words(self._title, Tone.STRONG)
            yield Words()
            for line in self._lines:
                yield Paragraph(line, height=1 if len(line) <= 72 else 2, ours=False)
            with Horizontal(classes="choices"):
                yield Choice(self._keep, id="cancel")
                yield Choice(self._go, id="go")

    def on_mount(self) -> None:
        """Cancel has the focus."""
        self.query_one("#cancel").focus()

    @on(Choice.Pressed)
    def _chosen(self, event: Choice.Pressed) -> None:
        self.dismiss(event.choice.id == "go")
