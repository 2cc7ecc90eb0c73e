"""The line at the bottom: the keys that matter here; what can't be done now is faint, and says why when pressed."""

from __future__ import annotations

from collections.abc import Sequence

from icehouse.present.cells import Cell, Tone

from .words_line import WordsLine


class KeyLine(WordsLine):
    """Keys and their labels."""

    def tell(self, keys: Sequence[tuple[str, str, bool]], width: int) -> None:
        """Show as many as fit; help and write, which come last, always do."""
        taken = 0
        kept: list[tuple[str, str, bool]] = []
        last = list(keys[-2:])
        room = width - sum(len(key) + len(label) + 3 for key, label, _ in last)
        for key, label, can in keys[:-2]:
            need = len(key) + len(label) + 3
            if taken + need > room:
                break
            kept.append((key, label, can))
            taken += need
        cells: list[Cell] = []
        for key, label, can in [*kept, *last]:
            if cells:
                cells.append(Cell("  "))
            cells.append(Cell(key, Tone.STRONG if can else Tone.FAINT))
            cells.append(Cell(f" {label}", Tone.PLAIN if can else Tone.FAINT))
        self.say(cells)
