"""The small dialog that turns what is marked into a rule: a reason is required, and nothing is saved yet."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from icehouse.present import restores as words
from icehouse.present.cells import Tone

from .dialog import Choice, Dialog, Paragraph, Words, field


class RulingDialog(Dialog[str]):
    """The reason that was given; None where the rule is not wanted.

    `title` says what is decided about how much, `about` are its addresses, `where` is the rule's place among the
    others, `twin` the command line that does the same.
    """

    def __init__(self, title: str, about: Sequence[str], where: str, twin: str, go: str) -> None:
        super().__init__()
        self._title, self._about, self._where, self._twin, self._go = title, list(about), where, twin, go

    def compose(self) -> ComposeResult:
        """What is decided, why, where the rule goes, and the choices."""
        with Vertical(classes="frame"):
            yield Words(self._title, Tone.STRONG)
            yield Words(id="about")
            yield Words()
            with Horizontal(classes="row"):
                yield Words("because   [", width=11)
                yield field(id="reason")
                yield Words("]", width=1)
            yield Words("a rule tells why, for whoever reads the file later", Tone.FAINT, id="told")
            yield Words()
            yield Paragraph(self._where, height=2, ours=False, tone=Tone.FAINT)
            yield Paragraph(self._twin, height=2, ours=False, tone=Tone.FAINT)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", id="cancel")
                yield Choice(self._go, id="go", can=False)

    def on_mount(self) -> None:
        """The reason has the focus."""
        self.set_focus(self.query_one("#reason"))
        self.call_after_refresh(self._tell)

    def on_resize(self) -> None:
        """Name what is chosen in the room there is now."""
        self.call_after_refresh(self._tell)

    def _tell(self) -> None:
        shown = self.query_one("#about", Words)
        shown.put(words.chosen(self._about, shown.content_size.width), ours=False)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#go", Choice).allow(bool(event.value.strip()))

    def entered(self, field: Input) -> None:
        """The reason is given."""
        if field.value.strip():
            self.dismiss(field.value.strip())
        else:
            self.query_one("#told", Words).put("a rule needs a reason: type one, or esc", Tone.DANGER)

    @on(Choice.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Choice.Pressed, "#go")
    def _chosen(self) -> None:
        self.dismiss(self.query_one("#reason", Input).value.strip() or None)
