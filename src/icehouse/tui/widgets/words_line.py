"""One line of words: something at the left, something at the right, and room between them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from icehouse.present.cells import Cell, Tone, cut, head, wide

from .painted import Painted, spoken, strip_of


class WordsLine(Painted):
    """A line that shows what it was last given; `rule` fills the middle with a faint line."""

    def __init__(self, *, rule: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: list[Cell] = []
        self._right: list[Cell] = []
        self._rule = rule

    def say(self, left: Sequence[Cell], right: Sequence[Cell] = ()) -> None:
        """Show these cells; sends only what changed."""
        if list(left) != self._left or list(right) != self._right:
            self._left, self._right = list(left), list(right)
            self.repaint()

    def lines(self, width: int, height: int) -> Sequence[Strip]:
        """The one line: the right keeps its place, the left is cut where it must be."""
        right = [_said(cell, self.ascii) for cell in self._right]
        taken = sum(wide(cell.text) for cell in right)
        room = width - taken - (1 if right else 0)
        left = fitting([_said(cell, self.ascii) for cell in self._left], room, ".." if self.ascii else "…")
        gap = max(0, width - taken - sum(wide(cell.text) for cell in left))
        fill = ("-" if self.ascii else "─") if self._rule else " "
        middle = fill * gap
        if self._rule and gap >= 3:
            middle = (" " if left else fill) + fill * (gap - 2) + (" " if right else fill)
        return [strip_of([*left, Cell(middle, Tone.FAINT if self._rule else Tone.PLAIN), *right], width, ascii=False)]


def fitting(cells: Sequence[Cell], width: int, ellipsis: str = "…") -> list[Cell]:
    """The cells in at most `width` columns, the last one that fits cut."""
    kept: list[Cell] = []
    for cell in cells:
        room = width - sum(wide(each.text) for each in kept)
        if wide(cell.text) <= room:
            kept.append(cell)
            continue
        if room > 1 and cell.tail:
            kept.append(Cell(cut(cell.text, room, tail=True, ellipsis=ellipsis), cell.tone, ours=False))
        elif room > 1:
            kept.append(Cell(head(cell.text, room - len(ellipsis)) + ellipsis, cell.tone, ours=False))
        break
    return kept


def _said(cell: Cell, ascii: bool) -> Cell:
    """The cell with its text as it goes on screen."""
    return Cell(spoken(cell, ascii), cell.tone, ours=False, tail=cell.tail)
