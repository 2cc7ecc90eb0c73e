"""The dialog that makes a scope: a name, the containers it covers, and the presets it begins with."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from icehouse.core.scope_presets import PRESETS
from icehouse.core.scopes import Cover
from icehouse.present.cells import Cell, Cells, Column, Tone
from icehouse.tui.actions.quoting import command
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList

from .dialog import Choice, Dialog, Paragraph, Words, field
from .planning import Among

_COLUMNS = (Column("tick", "", 3), Column("what", "", 0))


@dataclass(frozen=True, slots=True)
class NewScope:
    """What was asked for."""

    name: str
    covers: tuple[Cover, ...]
    presets: tuple[str, ...]


class Ticks(Among):
    """A list of which any number is ticked: space ticks and goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", show=False),
        Binding("enter", "app.focus_next", show=False),
    ]

    def __init__(self, rows: Sequence[tuple[Hashable, str]], ticked: set[Hashable], *, most: int, id: str) -> None:
        super().__init__(_COLUMNS, heading=False, soft=True, height=max(1, min(most, len(rows))), id=id)
        self._rows, self.ticked = list(rows), set(ticked)

    def on_mount(self) -> None:
        """Fill the list."""
        self.show(Rows(self._rows, lambda row: row[0], self._cells))

    def action_tick(self) -> None:
        """Tick or untick the row, and go one down."""
        here = self.current
        if here is not None:
            self.ticked ^= {here.identity}
            self.repaint()
            self.action_move(1)
            self.post_message(self.Moved(self))

    def _cells(self, row: tuple[Hashable, str]) -> Cells:
        on = row[0] in self.ticked
        return (Cell("[x]" if on else "[ ]", Tone.MARK if on else Tone.FAINT), Cell(row[1], ours=False))


class NewScopeDialog(Dialog[NewScope]):
    """What scope to make; None where none."""

    def __init__(self, covers: Sequence[tuple[Cover, str]], chosen: set[Cover]) -> None:
        super().__init__()
        self._covers, self._chosen = list(covers), set(chosen)

    def compose(self) -> ComposeResult:
        """Name, containers, presets with what the one under the cursor means, and the choices."""
        with Vertical(classes="frame"):
            yield Words("A new scope: what must be backed up, and what need not", Tone.STRONG)
            with Horizontal(classes="row"):
                yield Words("name      [", width=11)
                yield field(id="name")
                yield Words("]", width=1)
            yield Words("covers (space ticks)", Tone.FAINT)
            yield Ticks([(cover, called) for cover, called in self._covers], set(self._chosen), most=5, id="covers")
            yield Words("begins with (what a rule decides, later ones don't change)", Tone.FAINT)
            yield Ticks([(name, name) for name in PRESETS], set(PRESETS), most=6, id="presets")
            yield Paragraph("", height=3, tone=Tone.FAINT, ours=False, id="sentence")
            yield Paragraph("", height=2, tone=Tone.FAINT, ours=False, id="twin")
            with Horizontal(classes="choices"):
                yield Choice("Cancel", id="cancel")
                yield Choice("Make", id="go", can=False)

    def on_mount(self) -> None:
        """The name has the focus."""
        self.set_focus(self.query_one("#name"))
        self._tell()

    @property
    def wish(self) -> NewScope:
        """What is asked for as it stands."""
        covers, presets = self.query_one("#covers", Ticks).ticked, self.query_one("#presets", Ticks).ticked
        return NewScope(
            self.query_one("#name", Input).value.strip(),
            tuple(cover for cover, _ in self._covers if cover in covers),
            tuple(name for name in PRESETS if name in presets),
        )

    def _tell(self) -> None:
        presets, wish = self.query_one("#presets", Ticks), self.wish
        if presets.has_focus and presets.current is not None:
            self.query_one("#sentence", Paragraph).put(PRESETS[str(presets.current.identity)].sentence)
        elif not wish.covers:
            self.query_one("#sentence", Paragraph).put("tick a container; what was never scanned can't be counted")
        else:
            self.query_one("#sentence", Paragraph).put("the file can be edited by hand at any time; comments stay")
        covers = [str(cover) for cover in wish.covers] or ["STORE:BUCKET"]
        chosen = [word for name in wish.presets for word in ("--preset", name)] or ["--no-presets"]
        words = [] if len(wish.presets) == len(PRESETS) else chosen
        self.query_one("#twin", Paragraph).put(command("scope", "new", wish.name or "NAME", *covers, *words))
        self.query_one("#go", Choice).allow(bool(wish.name and wish.covers))

    @on(Input.Changed)
    def _typed(self) -> None:
        self._tell()

    @on(VirtualList.Moved)
    def _moved(self, event: VirtualList.Moved) -> None:
        event.stop()
        self._tell()

    def on_descendant_focus(self) -> None:
        """What the words are about depends on where one is."""
        self._tell()

    def entered(self, field: Input) -> None:
        """The name is given: on to the containers."""
        self.focus_next()

    @on(Choice.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Choice.Pressed, "#go")
    def _made(self) -> None:
        wish = self.wish
        if wish.name and wish.covers:
            self.dismiss(wish)
