"""What the terminal shows, kept cell by cell, so that only what differs from it is ever sent.

Textual re-sends whatever is marked dirty, and the whole screen when a dialog opens or a focus moves: 20 KB for a help
screen at 80x24.  Compared with what is there already it is a fifth of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

Column = tuple[str, Style | None]
"""One terminal column; the second column of a wide character is empty."""

WORTH_A_JUMP = 10
"""Equal cells that are cheaper sent again than jumped over."""


def columns_of(segments: Iterator[Segment] | Strip) -> list[Column]:
    """The columns that segments fill."""
    columns: list[Column] = []
    for text, style, _ in segments:
        if text.isascii():
            columns.extend(zip(text, repeat(style), strict=False))
            continue
        for character in text:
            width = cell_len(character)
            if width == 0 and columns:
                columns[-1] = (columns[-1][0] + character, columns[-1][1])
            elif width:
                columns.extend(chain([(character, style)], repeat(("", style), width - 1)))
    return columns


def runs(old: Sequence[Column], new: Sequence[Column], gap: int = WORTH_A_JUMP) -> list[tuple[int, int]]:
    """Where `new` differs, as spans from and to; spans that lie within `gap` cells of each other are one."""
    found: list[tuple[int, int]] = []
    for x, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after:
            continue
        if found and x - found[-1][1] < gap:
            found[-1] = (found[-1][0], x + 1)
        else:
            found.append((x, x + 1))
    return [_whole(old, new, first, last) for first, last in found]


def _whole(old: Sequence[Column], new: Sequence[Column], first: int, last: int) -> tuple[int, int]:
    """The span widened so that it cuts no wide character in two, of neither line."""
    while first > 0 and (old[first][0] == "" or new[first][0] == ""):
        first -= 1
    while last < len(new) and (old[last][0] == "" or new[last][0] == ""):
        last += 1
    return first, last


class Changes(CompositorUpdate):
    """Spans of columns to be written where they belong."""

    def __init__(self, spans: Sequence[tuple[int, int, Strip]]) -> None:
        self.spans = spans

    def render_segments(self, console: Console) -> str:
        """The bytes: a jump and the cells, span after span."""
        return "".join(Control.move_to(x, y).segment.text + strip.render(console) for x, y, strip in self.spans)


class Frame:
    """The screen as the terminal has it; None rows are not known and are sent whole."""

    def __init__(self) -> None:
        self._size = Size(0, 0)
        self._rows: list[list[Column] | None] = []

    def forget(self) -> None:
        """The terminal may show anything now: send all of the next frame."""
        self._rows = [None] * len(self._rows)

    def changes(self, update: LayoutUpdate | ChopsUpdate, size: Size) -> Changes | None:
        """What of `update` the terminal does not show yet; None where it shows all of it."""
        if size != self._size:
            self._size = size
            self._rows = [None] * size.height
        spans: list[tuple[int, int, Strip]] = []
        for y, row in self._updated(update):
            old = self._rows[y]
            self._rows[y] = row
            for first, last in [(0, len(row))] if old is None else runs(old, row):
                spans.append((first, y, _strip(row[first:last])))
        return Changes(spans) if spans else None

    def _updated(self, update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, list[Column]]]:
        width = self._size.width
        if isinstance(update, LayoutUpdate):
            for y, strips in enumerate(update.strips, update.region.y):
                row = columns_of(chain.from_iterable(strips))
                if y < len(self._rows):
                    yield y, _exactly(row, width)
            return
        for y in sorted({y for y, _, _ in update.spans}):
            if y < len(self._rows):
                yield y, self._over(y, update.chops[y])

    def _over(self, y: int, chops: Mapping[int, Strip | None]) -> list[Column]:
        """The row with its new pieces laid over what is there."""
        row = list(self._rows[y] or [(" ", None)] * self._size.width)
        for x, strip in chops.items():
            if strip is not None:
                piece = columns_of(strip)
                row[x : x + len(piece)] = piece
        return _exactly(row, self._size.width)


def _exactly(row: list[Column], width: int) -> list[Column]:
    return row[:width] + [(" ", None)] * (width - len(row))


def _strip(columns: Sequence[Column]) -> Strip:
    """Columns as segments, neighbours of one style joined."""
    segments: list[Segment] = []
    text, style = "", columns[0][1]
    for character, its in columns:
        if its != style:
            segments.append(Segment(text, style))
            text, style = "", its
        text += character
    segments.append(Segment(text, style))
    return Strip(segments)
