"""What a presenter hands to a face: columns, and cells of safe text with a tone that only repeats what words say."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal


class Tone(Enum):
    """How a cell may be coloured: cold is blue, on its way is yellow, danger is red and rare, faint is secondary."""

    PLAIN = "plain"
    COLD = "cold"
    WAY = "way"
    DANGER = "danger"
    FAINT = "faint"
    STRONG = "strong"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, already safe.  `ours` tells that every character is Icehouse's own and may be put in ASCII.

    `span` is over how many columns it reaches; `align` overrides its column's; `tail` keeps the end where it is cut,
    `keep` that many cells at its beginning all the same.  `short` is said where the text does not fit.
    """

    text: str
    tone: Tone = Tone.PLAIN
    ours: bool = True
    span: int = 1
    align: Literal["left", "right"] | None = None
    tail: bool = False
    keep: int = 0
    short: str = ""


Cells = Sequence[Cell]
"""One row, as many cells as its table has columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its id (what sorting calls it), its title, its width in cells.

    `width` 0 takes what the others leave, at least `least`; `drop` tells in which order columns go when the line is
    short: the highest first, 0 never.
    """

    id: str
    title: str
    width: int
    align: Literal["left", "right"] = "left"
    drop: int = 0
    least: int = 20


def fitted(columns: Sequence[Column], width: int, *, gap: int = 2) -> list[tuple[int, int]]:
    """Which columns fit into `width` cells, and how wide: pairs of column index and width, in order.

    The one elastic column keeps at least its `least` cells; others are dropped by `drop`, highest first.
    """
    kept = list(range(len(columns)))
    while True:
        fixed = sum(columns[i].width for i in kept) + gap * max(0, len(kept) - 1)
        elastic = [i for i in kept if columns[i].width == 0]
        droppable = [i for i in kept if columns[i].drop > 0]
        if fixed + sum(columns[i].least for i in elastic) <= width or not droppable:
            room = max(1, width - fixed) if elastic else 0
            return [(i, columns[i].width or room) for i in kept]
        kept.remove(max(droppable, key=lambda i: columns[i].drop))


def wide(text: str) -> int:
    """How many terminal cells `text` takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def head(text: str, width: int) -> str:
    """The beginning of `text` that fits into `width` cells."""
    if text.isascii():
        return text[:width]
    taken = 0
    for i, character in enumerate(text):
        taken += _cell(character)
        if taken > width:
            return text[:i]
    return text


def _tail(text: str, width: int) -> str:
    if text.isascii():
        return text[len(text) - width :] if width else ""
    taken = 0
    for i in range(len(text) - 1, -1, -1):
        taken += _cell(text[i])
        if taken > width:
            return text[i + 1 :]
    return text


def cut(text: str, width: int, *, tail: bool = False, keep: int = 0, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells; the middle goes first, so that the end of a name (its kind) stays.

    `tail` True keeps the end, as a path wants it, and of the beginning only `keep` cells.
    """
    if wide(text) <= width:
        return text
    room = width - len(ellipsis)
    if room <= 0:
        return head(text, width)
    back = max(0, room - keep) if tail else room // 3
    return head(text, room - back) + ellipsis + _tail(text, back)
