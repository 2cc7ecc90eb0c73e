"""The base of the dialogs, and the choices at their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input

from icehouse.present.cells import Cell, Tone, head, wide
from icehouse.tui.widgets.painted import CURSOR, Painted, strip_of
from icehouse.tui.widgets.words_line import WordsLine

Result = TypeVar("Result")


class Dialog(ModalScreen[Result], Generic[Result]):
    """A dialog: escape is always no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "never_mind", show=False, priority=True),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("ctrl+q,ctrl+c", "app.act('quit')", show=False, priority=True),
    ]

    def entered(self, field: Input) -> None:
        """Enter was pressed in a field."""

    def action_never_mind(self) -> None:
        """End without a result."""
        self.dismiss(None)


class Choice(Painted, can_focus=True):
    """One choice at the end of a dialog: ``[ Cancel ]``; in reverse while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", show=False),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("right,l", "app.focus_next", show=False),
    ]

    class Pressed(Message):
        """The choice was made."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """The choice that was made."""
            return self.choice

    def __init__(self, label: str, *, id: str, can: bool = True) -> None:
        super().__init__(id=id)
        self.label = label
        self.can = can
        self.styles.width = len(label) + 5
        self.styles.margin = (0, 0, 0, 2)

    def allow(self, can: bool) -> None:
        """Whether it can be made now; where it can't, it can't be reached either."""
        if can != self.can:
            self.can = can
            self.disabled = not can
            self.repaint()

    def say(self, label: str) -> None:
        """Call it something else."""
        if label != self.label:
            self.label = label
            self.styles.width = len(label) + 5
            self.repaint()

    def on_mount(self) -> None:
        """Out of reach from the start where it can't be made."""
        self.disabled = not self.can

    def lines(self, width: int, height: int) -> Sequence[Strip]:
        """The one line."""
        style = CURSOR if self.has_focus else Style(dim=True) if not self.can else Style()
        return [Strip([Segment(f"[ {self.label} ]", style)])]

    def action_press(self) -> None:
        """Make it."""
        if self.can:
            self.post_message(self.Pressed(self))

    def on_click(self, event: events.Click) -> None:
        """A click makes it too."""
        event.stop()
        self.action_press()

    def watch_has_focus(self, focus: bool) -> None:
        """Show whether it has the focus."""
        super().watch_has_focus(focus)
        self.repaint()


class Words(WordsLine):
    """A line of a dialog, as wide as it is told (0: what is left)."""

    def __init__(self, text: str = "", tone: Tone = Tone.PLAIN, *, width: int = 0, id: str | None = None) -> None:
        super().__init__(id=id)
        if width:
            self.styles.width = width
        if text:
            self._left = [Cell(text, tone)]

    def put(self, text: str, tone: Tone = Tone.PLAIN, *, ours: bool = True) -> None:
        """Show this text."""
        self.say([Cell(text, tone, ours)])


class Paragraph(Painted):
    """Words over several lines, wrapped where they are wide; `snug` ones take no more lines than they need.

    What finds no room is never left out without a sign: an ellipsis, and `beyond`, which says where the rest is.
    """

    def __init__(
        self,
        text: str,
        *,
        height: int,
        tone: Tone = Tone.PLAIN,
        ours: bool = True,
        snug: bool = False,
        beyond: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.text, self.tone, self.ours, self.most, self.snug = text, tone, ours, height, snug
        self.beyond = beyond
        self.taken = 1 if snug else height
        self.styles.height = self.taken

    def put(self, text: str) -> None:
        """Show this text."""
        if text != self.text:
            self.text = text
            self._fit()
            self.repaint()

    def on_resize(self, event: events.Resize) -> None:
        """A new width breaks the lines elsewhere."""
        self._fit()
        super().on_resize(event)

    def allow(self, most: int) -> None:
        """Let a snug one grow to so many lines."""
        if most != self.most:
            self.most = most
            self._fit()

    def _fit(self) -> None:
        from icehouse.tui.widgets.details import folded

        width = self.content_size.width
        if self.snug and width and self.text:  # without a word it keeps its lines: the dialog stands still
            self.taken = min(self.most, len(folded(self.text, width)))
            self.styles.height = self.taken

    def lines(self, width: int, height: int) -> Sequence[Strip]:
        """The text, broken at spaces."""
        from icehouse.tui.widgets.details import folded

        pieces = folded(self.text, width)
        if len(pieces) > height > 0:
            sign = (".." if self.ascii else "…") + (f" {self.beyond}" if self.beyond else "")
            pieces[height - 1 :] = [head(pieces[height - 1].rstrip(), width - wide(sign)) + sign]
        return [strip_of([Cell(piece, self.tone, self.ours)], width, ascii=self.ascii) for piece in pieces]


class Field(Input):
    """An input whose enter acts at once: keys typed ahead must not land in a field that was just left.

    One for a number takes digits alone: other letters are keys of the dialog, which names them beside it.
    """

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether the key is to be written into the field."""
        return super().check_consume_key(key, character) and (self.type != "integer" or str(character).isdecimal())

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and not self.check_consume_key(event.key, event.character):
            event.stop().prevent_default()
            if meant := self.screen.active_bindings.get(event.key):
                await self.app.run_action(meant.binding.action, meant.node)

    async def action_submit(self) -> None:
        """Hand over to the dialog."""
        if isinstance(self.screen, Dialog):
            self.screen.entered(self)


def field(value: str = "", *, id: str, width: int | None = None, kind: str = "text") -> Field:
    """An input of one line without a frame and without a blinking cursor."""
    made = Field(value, id=id, compact=True, type="integer" if kind == "integer" else "text")
    made.cursor_blink = False
    if width is not None:
        made.styles.width = width
    return made
