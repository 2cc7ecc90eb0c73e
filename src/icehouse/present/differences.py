"""What differs between two scopes, or a scope and its saved state: what enters the backup, what leaves, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from icehouse.core.scope_rows import Difference, FolderChange
from icehouse.core.scopes import Sums, Verdict
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone
from .rules import NO_NAMES
from .scopes import folder_words
from .sizes import count, plural, size

DIFFERENCE = (
    Column("sign", "", 1),
    Column("what", "", 0, least=30),
    Column("change", "", 18, drop=1),
    Column("objects", "objects", 10, "right"),
    Column("size", "size", 10, "right"),
)


@dataclass(frozen=True, slots=True)
class Total:
    """All that changed in one way."""

    sign: str
    words: str
    sums: Sums
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Words:
    """A line between the parts, or in the place of what is not there."""

    text: str


DifferenceRow = Total | FolderChange | Words


def difference_rows(found: Difference) -> list[DifferenceRow]:
    """What enters, leaves and opens in all, what is not known, then the folders, largest first."""
    totals: list[DifferenceRow] = [
        Words(f"from {found.a} to {found.b}"),
        Total("+", "enters the backup", found.enters, Tone.MARK),
        Total("-", "leaves the backup", found.leaves, Tone.DANGER),
        Total("?", "is not decided any more", found.opens, Tone.WAY),
    ]
    others = [sums for pair, sums in found.pairs.items() if _sign(*pair) == "~"]
    if others:
        totals.append(Total("~", "is out of the backup before and after", sum(others, Sums()), Tone.PLAIN))
    rows = [*totals]
    if found.unknown:
        told = ", ".join(str(cover) for cover in found.unknown[:3])
        rows.append(Words(f"never scanned, so not compared: {told}"))
    rows.append(Words(""))
    rows.extend(found.folders)
    if not found.pairs:
        rows.append(Words("no object gets another verdict"))
    return rows


def identity(row: DifferenceRow) -> tuple[object, ...]:
    """Who a row is."""
    match row:
        case Total():
            return "Total", row.sign
        case FolderChange():
            return row.folder, row.before, row.after
        case Words():
            return "Words", row.text


def difference_cells(row: DifferenceRow, names: Mapping[tuple[str, str], str] = NO_NAMES) -> Cells:
    """One row of a comparison."""
    match row:
        case Total():
            there = row.tone if row.sums.objects else Tone.FAINT
            return (Cell(row.sign, there), Cell(row.words, there, span=2), Cell(""), *_sums(row.sums, there))
        case Words():
            return (Cell(""), Cell(safe(row.text), Tone.FAINT, ours=False, span=4))
        case FolderChange():
            where = Cell(folder_words(row.folder, names), ours=False, tail=True)
            sign = _sign(row.before, row.after)
            tone = {"+": Tone.MARK, "-": Tone.DANGER, "?": Tone.WAY}.get(sign, Tone.PLAIN)
            change = Cell(f"{_said(row.before)} → {_said(row.after)}")
            return (Cell(sign, tone), where, change, *_sums(row.sums, Tone.PLAIN))


def difference_line(found: Difference) -> str:
    """The whole of it in one line."""
    parts = [
        f"{sign}{plural(sums.objects, 'object')} {size(sums.bytes)}"
        for sign, sums in (("+", found.enters), ("-", found.leaves), ("?", found.opens))
        if sums.objects
    ]
    return ", ".join(parts) or "nothing enters, nothing leaves"


def _said(verdict: Verdict | None) -> str:
    return "not in" if verdict is None else verdict.value


def _sign(before: Verdict | None, after: Verdict | None) -> str:
    if after is Verdict.KEEP:
        return "+"
    if before is Verdict.KEEP:
        return "-"
    return "?" if after is Verdict.UNDECIDED else "~"


def _sums(sums: Sums, tone: Tone) -> tuple[Cell, Cell]:
    return Cell(count(sums.objects), tone), Cell(size(sums.bytes), tone)
