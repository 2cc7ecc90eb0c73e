"""The line at the top: where one is, whether anything can be changed, and how many jobs run."""

from __future__ import annotations

from collections.abc import Sequence

from icehouse.present.cells import Cell, Tone, wide

from .words_line import WordsLine


class ContextLine(WordsLine):
    """Place at the left; read-only or WRITE, and the jobs under way, at the right."""

    def tell(self, place: Sequence[str], *, write: bool, jobs: int, width: int) -> None:
        """Show the place, its front cut where the line is short: the end says where one is."""
        right = [Cell("WRITE" if write else "read-only", Tone.DANGER if write else Tone.FAINT)]
        if jobs:
            right.append(Cell(f"  ↻ {jobs} {'job' if jobs == 1 else 'jobs'}", Tone.WAY))
        room = width - sum(wide(cell.text) for cell in right) - 2
        parts = list(place)
        while len(parts) > 2 and sum(wide(part) + 3 for part in parts) > room:
            parts[1:3] = ["…"]
        cells: list[Cell] = []
        for i, part in enumerate(parts):
            if i:
                cells.append(Cell(" › ", Tone.FAINT))
            cells.append(Cell(part, Tone.STRONG if i == len(parts) - 1 else Tone.PLAIN, ours=False))
        self.say(cells, right)
