"""The letter, word and colour of every verdict, on one object and on everything below a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from icehouse.core.clock import Instant
from icehouse.core.rows import FolderRow, ObjectRow, Row
from icehouse.core.scopes import Sums, Verdict, VerdictSums
from icehouse.core.text import safe

from .browse import TOLD
from .cells import Cell, Cells, Column, Tone
from .sizes import NOTHING, at_least, count, plural, share, size
from .times import day

NOT_KNOWN: Final = Cell("")
"""Where no scope covers a place, or its verdicts were not applied yet."""

_SIGNS: Mapping[str, tuple[str, Tone, str]] = {
    "keep": ("K", Tone.MARK, "keep"),
    "skip": ("S", Tone.FAINT, "skip"),
    "mixed": ("M", Tone.WAY, "partly kept, partly skipped"),
    "undecided": ("?", Tone.DANGER, "not decided, or not all of it"),
    "empty": ("·", Tone.FAINT, "nothing in it"),
}


def letter(word: str) -> str:
    """``K``, ``S``, ``M``, ``?`` or ``·`` for a verdict's word or a folder's (`VerdictSums.word`)."""
    return _SIGNS[word][0]


def tone(word: str) -> Tone:
    """The colour that repeats what the letter says."""
    return _SIGNS[word][1]


def verdict_cell(found: Verdict | VerdictSums | None) -> Cell:
    """The one-letter cell of an object's verdict or of a folder's; empty where it is not known."""
    if found is None:
        return NOT_KNOWN
    word = found.value if isinstance(found, Verdict) else found.word
    return Cell(letter(word), tone(word))


LEGEND: Final = tuple((letter, words) for letter, _, words in _SIGNS.values())
"""Every letter with what it means, for help."""


VERDICT: Final = Column("verdict", "", 1)
"""The column that a list of objects and folders gets where a scope covers them."""

TREE: Final = (
    VERDICT,
    Column("name", "name", 0),
    Column("objects", "objects", 10, "right", drop=1),
    Column("size", "size", 10, "right"),
    Column("keep", "keep", 5, "right"),
    Column("skip", "skip", 5, "right"),
    Column("open", "open", 5, "right"),
)
"""A folder by verdict; the rule that decided about an object reaches over the three shares."""

DECIDED: Final = (
    VERDICT,
    Column("name", "object", 0),
    Column("size", "size", 10, "right"),
    Column("changed", "changed", 8, "right", drop=1),
)
"""Objects with their whole paths, as one rule decided them."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a scope says of a row: `found` None where it is not known; `rule` by its number, from 1."""

    found: Verdict | VerdictSums | None = None
    rule: int | None = None
    words: str = ""

    @property
    def open(self) -> bool:
        """Whether this, or something below it, is not decided."""
        if isinstance(self.found, VerdictSums):
            return self.found.undecided.objects > 0
        return self.found is Verdict.UNDECIDED


NOTHING_SAID: Final = Said()


def tree_cells(row: Row, said: Said, *, alike: bool = False) -> Cells:
    """One folder or object with its verdict; `alike` puts the end of its id beside a name that another one has."""
    sign = verdict_cell(said.found)
    if isinstance(row, FolderRow):
        name = Cell(safe(row.name) + "/", ours=False)
        if not isinstance(said.found, VerdictSums):
            dot = Cell(NOTHING, Tone.FAINT)
            return (sign, name, dot, dot, dot, dot, dot)
        every = said.found
        growing = row.rollup is not None and not row.rollup.complete
        objects, amount = count(every.objects), size(every.bytes)
        return (
            sign, name,
            Cell(at_least(objects, growing=growing)), Cell(at_least(amount, growing=growing)),
            *(_share(part, every, word) for word, part in _parts(every)),
        )  # fmt: skip
    said_name = safe(row.name) if row.name else "(this folder's own marker)"
    if alike and row.ref.version:
        said_name = f"{said_name} ~{safe(row.ref.version)[-TOLD:]}"
    by = Cell("no rule", Tone.DANGER) if said.found is Verdict.UNDECIDED else Cell("")
    if said.rule is not None:
        by = Cell(f"{said.rule} {said.words}", Tone.FAINT, ours=False, span=3, align="left")
    elif by.text:
        by = Cell(by.text, by.tone, span=3, align="left")
    blank = Cell("")
    return (sign, Cell(said_name, ours=not row.name), blank, Cell(size(row.size)), by, blank, blank)


def decided_cells(row: ObjectRow, verdict: Verdict, now: Instant) -> Cells:
    """One object by its whole path."""
    path = Cell(safe(row.ref.key), ours=False, tail=True, keep=8)
    return (verdict_cell(verdict), path, Cell(size(row.size)), Cell(day(row.modified, now), Tone.FAINT))


def sums_lines(sums: VerdictSums) -> list[tuple[str, Cell]]:
    """Everything below a folder by verdict, for details."""
    lines = []
    for word, each in _parts(sums):
        if each.objects:
            text = f"{size(each.bytes):>9}  {plural(each.objects, 'object')}"
            lines.append((f"{letter(word)} {word}", Cell(text, tone(word))))
    return lines or [("verdict", Cell("nothing in it", Tone.FAINT))]


def _parts(sums: VerdictSums) -> tuple[tuple[str, Sums], ...]:
    return ("keep", sums.keep), ("skip", sums.skip), ("undecided", sums.undecided)


def _share(part: Sums, whole: VerdictSums, word: str) -> Cell:
    told = share(part.bytes, whole.bytes) if whole.bytes else share(part.objects, whole.objects)
    if told == NOTHING and part.objects:
        told = "<1%"
    return Cell(told, tone(word) if part.objects else Tone.FAINT)
