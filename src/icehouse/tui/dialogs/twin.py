"""The command lines that do what this screen does, to read and to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from icehouse.present.cells import Cell, Cells, Column, Tone, wide
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList

from .dialog import Dialog, Paragraph, Words

AROUND = 10
"""Lines of the dialog besides the list."""


class TwinDialog(Dialog[None]):
    """A list of command lines; y or enter copies the one under the cursor by the terminal's clipboard."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "copy", show=False),
        Binding("q", "never_mind", show=False),
    ]

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._lines = list(lines)

    def compose(self) -> ComposeResult:
        """The list, and the whole of the line under the cursor."""
        with Vertical(classes="frame"):
            yield Words("On the command line", Tone.STRONG)
            yield Words()
            yield VirtualList(heading=False, id="twins")
            yield Words()
            yield Paragraph("", height=4, ours=False, snug=True, beyond="y copies all of it")
            yield Words("y copies · q closes", Tone.FAINT, id="copied")

    def on_mount(self) -> None:
        """Fill and focus the list."""
        shown = self.query_one(VirtualList)
        shown.styles.height = lines = min(len(self._lines), max(3, self.app.size.height - AROUND))
        self.query_one(Paragraph).allow(max(4, self.app.size.height - AROUND + 4 - lines))
        widest = max((wide(label) for label, _ in self._lines), default=0)
        shown.show(Rows(self._lines, lambda row: row, _cells), (Column("label", "", widest), Column("line", "", 0)))
        shown.focus()

    def on_virtual_list_moved(self, event: VirtualList.Moved) -> None:
        """Show the whole line."""
        here = event.control.current
        if here is not None:
            self.query_one(Paragraph).put(str(here.row[1]))  # type: ignore[index]

    def action_copy(self) -> None:
        """Copy it where the terminal allows that (OSC 52)."""
        here = self.query_one(VirtualList).current
        if here is not None:
            self.app.copy_to_clipboard(str(here.row[1]))  # type: ignore[index]
            self.query_one("#copied", Words).put("sent to the terminal's clipboard · q closes")


def _cells(row: tuple[str, str]) -> Cells:
    return (Cell(row[0], Tone.FAINT), Cell(row[1], ours=False))
