"""The base of the screens: one list, what its actions may depend on, and the words around it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical

from icehouse.present.cells import Cell, Column, Tone
from icehouse.present.marks import hidden_cells, marks_cells
from icehouse.present.sizes import count
from icehouse.tui.actions import Situation
from icehouse.tui.actions.registry import ROOMS, bindings
from icehouse.tui.sources import Line, Source
from icehouse.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from textual.binding import BindingsMap

    from icehouse.tui.app import Console


class Room(Vertical):
    """One screen of the console."""

    DEFAULT_CSS = "Room { height: 1fr; width: 1fr; }"

    room: ClassVar[str]
    title: ClassVar[str]
    columns: ClassVar[Sequence[Column]] = ()
    heading: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(id=self.room)
        self.list = VirtualList(self.columns, marked=self.sign, heading=self.heading, id=f"{self.room}-list")

    def compose(self) -> ComposeResult:
        """The list and nothing else."""
        yield self.list

    def on_mount(self) -> None:
        """Take the keys of this screen's actions."""
        keys: BindingsMap = self._bindings
        for binding in bindings(ROOMS[self.room]):
            for key in binding.key.split(","):
                keys.bind(key, binding.action, binding.description, show=False)

    @property
    def console(self) -> Console:
        """The app."""
        return cast("Console", self.app)

    def sign(self, line: Line) -> str:
        """What stands in the gutter of a row."""
        return ""

    def situation(self) -> Situation:
        """What actions may depend on now."""
        here = self.list.current
        return Situation(
            room=self.room, write=self.console.write, row=here.row if here else None,
            marks=self.console.marked.all(), ranging=self.list.range_from is not None, rows=self.list.source.count,
            manners=self.console.known.manners,
        )  # fmt: skip

    def place(self) -> list[str]:
        """Where one is, for the line at the top."""
        return [self.title]

    def standing(self) -> tuple[str, Tone]:
        """What there is to say about what is on screen."""
        return "", Tone.FAINT

    def sums(self) -> tuple[Sequence[Cell], Sequence[Cell]]:
        """What is chosen and what it comes to, for the bar below: its left and its right."""
        totals = self.console.marked.totals
        return marks_cells(totals), hidden_cells(totals)

    def position(self) -> str:
        """Where the cursor is among the rows."""
        number = self.list.source.count
        return f"{count(self.list.cursor + 1)} of {count(number)}" if number else ""

    def details(self) -> list[tuple[str, Cell]]:
        """All that is known about the row under the cursor."""
        return []

    def entered(self) -> None:
        """The screen is shown."""

    def left(self) -> None:
        """Another screen is shown."""

    def closing(self) -> None:
        """The console ends: nothing that was decided may be lost."""

    def changed(self) -> None:
        """Jobs or scans have moved on."""

    def scoped(self) -> None:
        """Scopes were read, or one decides otherwise than before."""

    def learned(self, store: str) -> None:
        """It is known now what that store is like."""

    def back(self) -> bool:
        """One step back within the screen; False where there is none."""
        return False

    def never_mind(self) -> bool:
        """What escape ends here, a filter or a search; False where there is none."""
        return False

    def verb(self, action_id: str) -> Callable[[], None] | None:
        """What that action does here; None where it is the console's own."""
        found = getattr(self, f"do_{action_id}", None)
        return cast("Callable[[], None]", found) if callable(found) else None

    def show(self, source: Source, columns: Sequence[Column] | None = None, *, on: Hashable | None = None) -> None:
        """Show these rows and bring the lines around them up to date."""
        self.list.show(source, columns, on=on)
        self.console.tell()

    def on_virtual_list_moved(self, event: VirtualList.Moved) -> None:
        """The cursor moved: so did what actions and details are about."""
        event.stop()
        self.console.tell()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        """A row was clicked twice."""
        event.stop()
        self.console.action_act("open")
