"""What a search through a whole bucket found, as rows of a list, and how far that can be trusted."""

from __future__ import annotations

from icehouse.core.clock import Instant
from icehouse.core.refs import FolderRef
from icehouse.core.rows import Coverage, Row, ScanStanding
from icehouse.core.text import safe

from .browse import FOLDER, coverage_line, row_cells
from .cells import Cell, Cells, Column, Tone
from .sizes import plural

HIT = (Column("name", "where it lies", 0, least=30), *(column for column in FOLDER[1:] if column.id != "objects"))
"""A folder's list with whole paths in it; what that takes, the number of objects gives."""

NEVER_SCANNED = "never scanned: there is nothing to search · S scans"


def path_of(row: Row) -> str:
    """The whole path of a hit inside its bucket, raw."""
    return row.ref.prefix if isinstance(row.ref, FolderRef) else row.ref.key


def hit_cells(row: Row, now: Instant, *, ascii: bool = False) -> Cells:
    """One hit; of a long path the end is kept, which is what fits the search."""
    _, _, *rest = row_cells(row, now, ascii=ascii)
    return (Cell(safe(path_of(row)), ours=False, tail=True), *rest)


def search_line(
    hits: int, coverage: Coverage | None, scan: ScanStanding | None, now: Instant, *, reading: bool, cut: bool
) -> tuple[str, Tone]:
    """How much was found, in how old a catalogue; `cut` where more was found than is shown."""
    if coverage is None:
        running = scan is not None and scan.running
        return ("being scanned: the search follows at its end" if running else NEVER_SCANNED), Tone.WAY
    found = f"the first {plural(hits, 'hit')}: narrow the search" if cut else plural(hits, "hit")
    found += " so far" if reading else ""
    return f"{found} · {coverage_line(coverage, scan, now)}", Tone.FAINT if coverage.complete else Tone.WAY
