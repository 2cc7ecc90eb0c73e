"""A list of any length: it asks its source for the rows in view and for no others.

The cursor is a row's identity, not a position: it stays on its row when the source is sorted, filtered or grows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from icehouse.core.errors import IcehouseError
from icehouse.present.cells import Cell, Column, Tone, cut, fitted, head, wide
from icehouse.tui.sources import NO_ROWS, Line, Source

from .details import folded
from .painted import CURSOR, Painted, padded, spoken, strip_of

GUTTER = 2
_HEADING = Cell("", Tone.FAINT)


class VirtualList(Painted, can_focus=True):
    """Rows of cells under one line of column titles, a cursor, and a gutter for marks."""

    DEFAULT_CSS = "VirtualList { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("pagedown", "page(1.0)", show=False),
        Binding("pageup", "page(-1.0)", show=False),
        Binding("ctrl+d", "page(0.5)", show=False),
        Binding("ctrl+u", "page(-0.5)", show=False),
        Binding("home,g", "to(0)", show=False),
        Binding("end,G", "to(-1)", show=False),
    ]

    class Moved(Message):
        """The cursor stands on another row, or the rows changed under it."""

        def __init__(self, sender: VirtualList) -> None:
            super().__init__()
            self.sender = sender

        @property
        def control(self) -> VirtualList:
            """The list it happened in."""
            return self.sender

    class Opened(Moved):
        """A row was clicked a second time: open it."""

    def __init__(
        self,
        columns: Sequence[Column] = (),
        *,
        marked: Callable[[Line], str] | None = None,
        heading: bool = True,
        soft: bool = False,
        height: int | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.source: Source = NO_ROWS
        self.cursor = 0
        self.top = 0
        self.range_from: Hashable | None = None
        """Where a range began, while one is being drawn."""
        self.nothing = ""
        """What to say where there are no rows; lines that are too long are broken."""
        self.sorted_by: tuple[str, bool] | None = None
        """Column id and whether descending, shown in its title."""
        self._marked = marked
        self._heading = heading
        self._soft = soft
        if height is not None:
            self.styles.height = height
        self._range_at = 0

    # What is shown

    @property
    def room(self) -> int:
        """How many rows fit."""
        return max(1, self.content_size.height - int(self._heading))

    @property
    def current(self) -> Line | None:
        """The row under the cursor."""
        found = self._in_view(self.cursor, 1) if 0 <= self.cursor < self.source.count else ()
        return found[0] if found else None

    def _in_view(self, start: int, number: int) -> Sequence[Line]:
        """Rows of the source; one that can't be read any more is let go of, and the list says why it is empty."""
        try:
            return self.source.rows(start, number)
        except IcehouseError as error:
            self.source, self.nothing, self.cursor, self.top, self.range_from = NO_ROWS, str(error), 0, 0, None
            self.call_later(self.repaint)
            return ()

    def span(self) -> tuple[int, int]:
        """The positions of the range being drawn, first and last; the cursor alone where there is none."""
        if self.range_from is None:
            return self.cursor, self.cursor
        return min(self._range_at, self.cursor), max(self._range_at, self.cursor)

    def show(self, source: Source, columns: Sequence[Column] | None = None, *, on: Hashable | None = None) -> None:
        """Show other rows.  The cursor goes to `on`, else stays with its identity, else at its position."""
        keep = on
        if keep is None:
            here = self.current
            keep = here.identity if here else None
        height = self.cursor - self.top
        self.source = source
        if columns is not None and tuple(columns) != self.columns:
            self.columns = tuple(columns)
        found = source.position_of(keep) if keep is not None else None
        if self.range_from is not None:
            at = source.position_of(self.range_from)
            self.range_from, self._range_at = (self.range_from, at) if at is not None else (None, 0)
        self.cursor = min(max(0, self.cursor if found is None else found), max(0, source.count - 1))
        self._bring_into_view(height)
        self.repaint()
        self.post_message(self.Moved(self))

    def renew(self) -> None:
        """Show the same source again after its rows changed, the cursor staying with its row."""
        self.show(self.source)

    def begin_range(self) -> None:
        """Start a range at the cursor."""
        here = self.current
        self.range_from, self._range_at = (here.identity if here else None), self.cursor
        self.repaint()

    def end_range(self) -> None:
        """Forget the range."""
        self.range_from = None
        self.repaint()

    # Moving

    def go(self, position: int) -> None:
        """Put the cursor on `position`, within bounds."""
        last = self.source.count - 1
        position = min(max(0, position), max(0, last))
        if position == self.cursor:
            return
        self.cursor = position
        self._bring_into_view(None)
        self.repaint()
        self.post_message(self.Moved(self))

    def _bring_into_view(self, height: int | None) -> None:
        """Scroll so that the cursor shows: by a third of a page at the edges, so that most steps repaint two rows.

        `height` is how far below the top the cursor is to stay, where that can be kept.
        """
        room = self.room
        most = max(0, self.source.count - room)
        if height is not None:
            self.top = self.cursor - min(max(0, height), room - 1)
        elif self.cursor < self.top:
            near = self.top - self.cursor < room
            self.top = self.cursor - (room - 1 - room // 3 if near else room // 2)
        elif self.cursor >= self.top + room:
            near = self.cursor - self.top < 2 * room
            self.top = self.cursor - (room // 3 * 2 if near else room // 2)
        self.top = min(max(0, self.top), most)
        if self.cursor < self.top or self.cursor >= self.top + room:
            self.top = min(max(0, self.cursor - room + 1), most)

    def action_move(self, by: int) -> None:
        """One row down or up."""
        self.go(self.cursor + by)

    def action_page(self, pages: float) -> None:
        """Some pages down or up, the view moving with the cursor."""
        step = round(self.room * pages) or (1 if pages > 0 else -1)
        self.top = min(max(0, self.top + step), max(0, self.source.count - self.room))
        self.go(self.cursor + step)

    def action_to(self, position: int) -> None:
        """The first row, or the last (-1)."""
        self.go(self.source.count - 1 if position < 0 else position)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves three rows."""
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves three rows."""
        event.stop()
        self.action_move(-3)

    def watch_has_focus(self, focus: bool) -> None:
        """The cursor of a soft list is shown in reverse only while it has the focus."""
        super().watch_has_focus(focus)
        if self._soft:
            self.repaint()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a double click opens the row.  Nothing in a row is ever a link."""
        event.stop()
        position = self.top + event.y - int(self._heading)
        if event.y - int(self._heading) >= 0 and position < self.source.count:
            self.go(position)
            if event.chain == 2:
                self.post_message(self.Opened(self))

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view in the new size."""
        self._bring_into_view(None)
        super().on_resize(event)

    def shows(self, column: str) -> bool:
        """Whether there is room for the column of that id."""
        layout = fitted(self.columns, self.content_size.width - GUTTER, gap=1)
        return any(self.columns[index].id == column for index, _ in layout)

    # Painting

    def lines(self, width: int, height: int) -> Sequence[Strip]:
        """The titles and the rows in view."""
        layout = fitted(self.columns, width - GUTTER, gap=1)
        strips = [self._titles(layout, width)] if self._heading else []
        found = self._in_view(self.top, self.room)
        if self.source.count == 0:
            strips.append(Strip.blank(width))
            for said in self.nothing.splitlines() or [""]:
                for part in folded(said, max(1, width - GUTTER)):
                    strips.append(strip_of([Cell(" " * GUTTER + part, Tone.FAINT)], width, ascii=self.ascii))
            return strips
        first, last = self.span() if self.range_from is not None else (-1, -1)
        for i, line in enumerate(found, self.top):
            strips.append(self._row(line, layout, width, here=i == self.cursor, ranged=first <= i <= last))
        return strips

    def _titles(self, layout: Sequence[tuple[int, int]], width: int) -> Strip:
        parts = [Cell(" " * GUTTER, Tone.FAINT)]
        for n, (index, room) in enumerate(layout):
            column = self.columns[index]
            title = column.title
            if self.sorted_by and self.sorted_by[0] == column.id:
                title = head(title, room - 1) + ("↓" if self.sorted_by[1] else "↑")
            title = spoken(Cell(title), self.ascii)
            parts.append(Cell((" " if n else "") + padded(title, room, column.align), Tone.FAINT))
        return strip_of(parts, width, ascii=self.ascii)

    def _row(self, line: Line, layout: Sequence[tuple[int, int]], width: int, *, here: bool, ranged: bool) -> Strip:
        mark = self._marked(line) if self._marked else ""
        pointed = here and (self.has_focus or not self._soft)
        sign = mark or ("▸" if pointed else "│" if ranged else " ")
        parts = [Cell(padded(spoken(Cell(sign), self.ascii)[:1], GUTTER, "left"), Tone.MARK if mark else Tone.PLAIN)]
        ellipsis = ".." if self.ascii else "…"
        covered = -1
        for n, (index, room) in enumerate(layout):
            if index <= covered:
                continue
            cell = line.cells[index] if index < len(line.cells) else Cell("")
            joined = [w for i, w in layout if index <= i < index + cell.span]
            covered = index + cell.span - 1
            room = sum(joined) + len(joined) - 1
            align = cell.align or self.columns[index].align
            said = spoken(cell, self.ascii)
            if cell.short and wide(said) > room:
                said = spoken(Cell(cell.short, ours=cell.ours), self.ascii)
            text = padded(cut(said, room, tail=cell.tail, keep=cell.keep, ellipsis=ellipsis), room, align)
            parts.append(Cell((" " if n else "") + text, cell.tone, ours=False))
        base: Style | None = CURSOR if here and (self.has_focus or not self._soft) else None
        return strip_of(parts, width, ascii=self.ascii, base=base)
