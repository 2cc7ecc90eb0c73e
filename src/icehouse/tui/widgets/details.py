"""The details panel: labels and values, values wrapped to the panel's width; it scrolls."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from icehouse.present.cells import Cell, Tone, head, wide

from .painted import Painted, spoken, strip_of

LABEL = 12


class Details(Painted):
    """Labelled values, one under the other; a line with neither label nor value is a pause."""

    DEFAULT_CSS = "Details { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[tuple[str, Cell]] = []
        self.top = 0

    def say(self, lines: Sequence[tuple[str, Cell]]) -> None:
        """Show these; the same ones again send nothing."""
        if list(lines) != self._lines:
            self._lines = list(lines)
            self.top = 0
            self.repaint()

    def scroll_by(self, rows: int) -> None:
        """Show later or earlier lines."""
        self.top = min(max(0, self.top + rows), self._most)
        self.repaint()

    def page(self, pages: int) -> None:
        """Show the next lines, as many as fit, or those before."""
        self.scroll_by(pages * max(1, self.content_size.height - 1))

    def to(self, *, end: bool) -> None:
        """Show the first lines, or the last ones."""
        self.scroll_by(self._most if end else -self.top)

    @property
    def below(self) -> int:
        """How many lines there are further down than what is shown."""
        return max(0, self._most - self.top)

    @property
    def _most(self) -> int:
        width, height = self.content_size
        return max(0, len(self._wrapped(width)) - height)

    def lines(self, width: int, height: int) -> Sequence[Strip]:
        """The lines from `top` on."""
        return [
            strip_of(cells, width, ascii=self.ascii) for cells in self._wrapped(width)[self.top : self.top + height]
        ]

    def _wrapped(self, width: int) -> list[list[Cell]]:
        edge = Cell("│ ", Tone.FAINT)
        room = max(4, width - LABEL - 4)
        wrapped: list[list[Cell]] = []
        for label, value in self._lines:
            text = spoken(value, self.ascii)
            if not label:
                whole = max(4, width - 3)
                wrapped.extend([edge, Cell(part, value.tone, ours=False)] for part in folded(text, whole))
                continue
            shown = head(spoken(Cell(label), self.ascii), LABEL)
            for part in folded(text, room):
                wrapped.append([edge, Cell(shown + " " * (LABEL - wide(shown) + 1), Tone.FAINT, ours=False),
                                Cell(part, value.tone, ours=False)])  # fmt: skip
                shown = ""
        return wrapped


def folded(text: str, width: int) -> list[str]:
    """`text` in pieces of at most `width` cells; at least one."""
    pieces: list[str] = []
    while wide(text) > width:
        piece = head(text, width)
        space = piece.rfind(" ")
        if space > width // 2:
            piece = piece[: space + 1]
        pieces.append(piece)
        text = text[len(piece) :]
    return [*pieces, text]
