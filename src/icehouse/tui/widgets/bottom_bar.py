"""The bar that always tells what is marked."""

from __future__ import annotations

from icehouse.present.marks import MarkTotals, hidden_cells, marks_cells

from .words_line import WordsLine


class BottomBar(WordsLine):
    """Marks, objects, bytes, bytes by state, and how many marks are out of sight."""

    def tell(self, totals: MarkTotals) -> None:
        """Show these totals."""
        self.say(marks_cells(totals), hidden_cells(totals))
