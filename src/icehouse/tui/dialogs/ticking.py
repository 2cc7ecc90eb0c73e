"""Before several are ticked at once that the rules leave: which evidence speaks how, and Cancel in focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from icehouse.present.cells import Tone
from icehouse.present.sizes import count

from .dialog import Choice, Dialog, Paragraph, Words

Which = Literal["evident", "all"]


class TickQuestion(Dialog[Which]):
    """``all``, or only those that are ``evident`` where some are and others not; None for neither."""

    def __init__(self, title: str, lines: Sequence[str], number: int, evident: int) -> None:
        super().__init__()
        self._title, self._lines, self._number, self._evident = title, list(lines), number, evident

    def compose(self) -> ComposeResult:
        """Title, words, choices."""
        with Vertical(classes="frame"):
            yield Words(self._title, Tone.STRONG)
            yield Words()
            for line in self._lines:
                yield Paragraph(line, height=3, ours=False, snug=True)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", id="cancel")
                if 0 < self._evident < self._number:
                    yield Choice(f"Only {count(self._evident)} with evidence", id="evident")
                yield Choice(f"Tick all {count(self._number)}", id="all")

    def on_mount(self) -> None:
        """Cancel has the focus."""
        self.query_one("#cancel").focus()

    @on(Choice.Pressed)
    def _chosen(self, event: Choice.Pressed) -> None:
        chosen: dict[str | None, Which] = {"evident": "evident", "all": "all"}
        self.dismiss(chosen.get(event.choice.id))
