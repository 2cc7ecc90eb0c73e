"""The base of every widget here: lines of segments, of which only the cells that changed are sent to the terminal.

Textual's compositor re-sends whatever is marked dirty, changed or not; over SSH that is what hurts.  So a `Painted`
widget keeps the lines that are on screen, compares new ones cell by cell, and marks the differing spans alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from icehouse.present.cells import Cell, Tone
from icehouse.present.states import in_ascii
from icehouse.tui.frames import columns_of, runs

TONES: dict[Tone, Style] = {
    Tone.PLAIN: Style(),
    Tone.COLD: Style(color="bright_blue"),
    Tone.WAY: Style(color="yellow"),
    Tone.DANGER: Style(color="red", bold=True),
    Tone.FAINT: Style(dim=True),
    Tone.STRONG: Style(bold=True),
    Tone.MARK: Style(color="green", bold=True),
}
"""The 16-colour styles; each only repeats what a glyph or a word says."""

CURSOR = Style(reverse=True)


def spoken(cell: Cell, ascii: bool) -> str:
    """The cell's text as it goes on screen: our own words in ASCII where that is asked for, names as they are."""
    return in_ascii(cell.text) if ascii and cell.ours else cell.text


def strip_of(cells: Iterable[Cell], width: int, *, ascii: bool, base: Style | None = None) -> Strip:
    """The cells one after the other in exactly `width` terminal cells, neighbours of one style joined."""
    parts: list[tuple[str, Style]] = []
    for cell in cells:
        style = TONES[cell.tone] if base is None else base
        text = spoken(cell, ascii)
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + text, style)
        elif text:
            parts.append((text, style))
    strip = Strip([Segment(text, style) for text, style in parts])
    return strip.adjust_cell_length(width, base or Style())


def padded(text: str, width: int, align: str) -> str:
    """`text` in exactly `width` terminal cells, flush left or right."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width)
    room = " " * (width - length)
    return room + text if align == "right" else text + room


def changed_span(old: Strip, new: Strip) -> tuple[int, int] | None:
    """The columns from the first to the last difference of two lines; None where they look the same."""
    if old is new:
        return None
    before, after = columns_of(old), columns_of(new)
    if len(before) != len(after):
        return 0, max(len(before), len(after))
    found = runs(before, after, gap=len(after) + 1)
    return found[0] if found else None


class Painted(Widget):
    """A widget that says what its lines are; `repaint` sends what is new of them."""

    DEFAULT_CSS = "Painted { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self._on_screen: list[Strip] = []

    @property
    def ascii(self) -> bool:
        """Whether our own glyphs are to be ASCII."""
        return bool(getattr(self.app, "ascii_only", False))

    def lines(self, width: int, height: int) -> Sequence[Strip]:
        """What is to be seen now, at most `height` lines of exactly `width` cells.  For subclasses."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Bring what is on screen up to date; sends nothing where nothing changed."""
        width, height = self.content_size
        if not width or not height:
            return
        new = list(self.lines(width, height))[:height]
        new.extend(Strip.blank(width) for _ in range(height - len(new)))
        old, self._on_screen = self._on_screen, new
        if len(old) != len(new):
            self.refresh()
            return
        regions = []
        for y, (before, after) in enumerate(zip(old, new, strict=True)):
            span = changed_span(before, after)
            if span is not None:
                regions.append(Region(span[0], y, span[1] - span[0], 1))
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One line as `repaint` left it."""
        if len(self._on_screen) != self.content_size.height:
            width, height = self.content_size
            fresh = list(self.lines(width, height))[:height]
            fresh.extend(Strip.blank(width) for _ in range(height - len(fresh)))
            self._on_screen = fresh
        return self._on_screen[y] if y < len(self._on_screen) else Strip.blank(self.content_size.width)

    def on_resize(self, event: Resize) -> None:
        """A new size is painted from nothing."""
        self._on_screen = []
        self.refresh()
