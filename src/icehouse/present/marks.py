"""What is marked, in one line: marks, objects, bytes, bytes by state, and how many marks are out of sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from icehouse.core.states import State

from .cells import Cell, Tone
from .sizes import at_least, count, plural, size
from .states import word


@dataclass(frozen=True, slots=True)
class MarkTotals:
    """The sum over all marks, as far as the catalogue knows it.

    `unsized` marks have no sums yet, or incomplete ones, so that the totals are at least this; `hidden` marks are not
    among the rows on screen.
    """

    marks: int = 0
    objects: int = 0
    bytes: int = 0
    sizes: Mapping[State, int] = field(default_factory=dict)
    unsized: int = 0
    hidden: int = 0


def marks_cells(totals: MarkTotals) -> list[Cell]:
    """The bottom bar: ``✓ 3 marks · 18,433 objects · 212 GiB · archived 212 GiB``."""
    if not totals.marks:
        return [Cell("nothing marked", Tone.FAINT)]
    more = totals.unsized > 0
    parts = [plural(totals.marks, "mark")]
    if totals.objects or not more:
        parts.append(
            f"{at_least(count(totals.objects), growing=more)} {'object' if totals.objects == 1 else 'objects'}"
        )
        parts.append(at_least(size(totals.bytes), growing=more))
    cells = [Cell("✓ ", Tone.MARK), Cell(" · ".join(parts), Tone.STRONG)]
    by_state = [f"{word(state)} {size(n)}" for state in State if (n := totals.sizes.get(state, 0))]
    if len(by_state) > 0 and totals.objects:
        cells.append(Cell(" · " + ", ".join(by_state)))
    if more:
        cells.append(Cell(f" · {count(totals.unsized)} without sums", Tone.FAINT))
    return cells


def hidden_cells(totals: MarkTotals) -> list[Cell]:
    """How many marks are out of sight; at the right, where no long line pushes it out."""
    if not totals.marks:
        return []
    return [Cell(f"{count(totals.hidden)} hidden", Tone.DANGER if totals.hidden else Tone.FAINT)]
