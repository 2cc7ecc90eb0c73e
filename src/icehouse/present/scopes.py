"""A backup scope as rows of a list: scopes, rules with what each decides, what is undecided, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from icehouse.core.clock import Instant
from icehouse.core.refs import FolderRef
from icehouse.core.scope_rows import Changes, CoverLine, OpenFolder, RuleLine, ScopeLine, ScopeStanding
from icehouse.core.scopes import Sums, Verdict
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone
from .rules import NO_NAMES, rule_words
from .sizes import NOTHING, at_least, count, plural, share, short_count, size
from .times import since
from .verdicts import letter, tone, verdict_cell

__all__ = ["rule_words"]

SCOPES = (
    Column("name", "scope", 0),
    Column("covers", "containers", 10, "right", drop=2),
    Column("rules", "rules", 5, "right", drop=1),
    Column("undecided", "undecided", 10, "right"),
    Column("size", "size", 10, "right"),
    Column("saved", "saved", 10, "right", drop=3),
)
"""The list of scopes."""

SCOPE = (
    Column("number", "#", 3, "right"),
    Column("rule", "rule", 0, least=24),
    Column("verdict", "", 6),
    Column("objects", "objects", 9, "right"),
    Column("size", "size", 9, "right"),
    Column("share", "part", 4, "right", drop=2),
    Column("cost", "$/month", 8, "right", drop=1),
)
"""One scope: its rules, what is undecided, the containers."""

_NONE = Sums()
_DOT = Cell(NOTHING, Tone.FAINT)
_BLANK = Cell("")


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule in the list; `counted` False while what it decides is being found out."""

    line: RuleLine
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the rule above it."""

    line: RuleLine


@dataclass(frozen=True, slots=True)
class Undecided:
    """All that no rule decides, None while that is being found out; `growing` where not all was scanned."""

    sums: Sums | None
    whole: Sums = _NONE
    growing: bool = False


@dataclass(frozen=True, slots=True)
class Perhaps:
    """The part of it that a rule may match, where what it asks is not told."""

    sums: Sums


@dataclass(frozen=True, slots=True)
class Open:
    """One of the largest folders of which nothing is decided."""

    open: OpenFolder


@dataclass(frozen=True, slots=True)
class Covered:
    """One container of the scope; `counted` False while its verdicts are being found out.

    `only` tells of what is undecided in it, and of nothing else.
    """

    line: CoverLine
    counted: bool = True
    only: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A line between the parts of the list, with titles over the columns where they mean something else."""

    id: str
    title: str = ""
    titles: tuple[str, ...] = ()


ABOUT_UNDECIDED = (
    ("undecided", "No rule decides about these: nobody has said whether they must be backed up."),
    ("", "Where a rule may match and what it asks is not told, nothing is decided either: unknown is never yes."),
    ("", "enter walks into them; there + keeps and - skips what is marked, or the row, with a reason."),
)
"""What the details say of what is undecided."""

ScopeRow = Ruled | Problem | Undecided | Perhaps | Open | Covered | Heading

GAP = Heading("gap")
COVERS = Heading("covers", "containers", ("", "", "", "", "scanned"))


def scope_rows(
    rules: Sequence[RuleLine],
    covers: Sequence[CoverLine],
    standing: ScopeStanding | None,
    folders: Sequence[OpenFolder] = (),
) -> list[ScopeRow]:
    """The rows of one scope: rules in order, what they leave undecided, and the containers.

    `standing` None: nothing is counted yet, and `rules` and `covers` are shown without numbers; else they are its own.
    """
    counted = standing is not None
    rows: list[ScopeRow] = []
    for line in standing.rules if standing is not None else rules:
        rows.append(Ruled(line, counted))
        if line.problem:
            rows.append(Problem(line))
    if standing is None:
        rows.append(Undecided(None))
    else:
        every = standing.sums
        rows.append(Undecided(standing.undecided, Sums(every.objects, every.bytes), not standing.complete))
        if standing.perhaps.objects:
            rows.append(Perhaps(standing.perhaps))
        rows.extend(Open(each) for each in folders)
    rows += [GAP, COVERS]
    rows.extend(Covered(line, counted) for line in (standing.covers if standing is not None else covers))
    return rows


def identity(row: ScopeRow) -> tuple[object, ...]:
    """Who a row is, whatever its numbers; a rule goes by what it says, so that the cursor stays when it moves."""
    match row:
        case Ruled() | Problem():
            return type(row).__name__, row.line.rule.origin.file, row.line.rule
        case Open():
            return "Open", row.open.folder
        case Covered():
            return "Covered", row.line.cover
        case Heading():
            return "Heading", row.id
        case _:
            return (type(row).__name__,)


def scope_cells(row: ScopeRow, now: Instant, *, names: Mapping[tuple[str, str], str] = NO_NAMES) -> Cells:
    """One row of a scope; `now` by the host's clock."""
    match row:
        case Ruled():
            return _rule_cells(row, names)
        case Problem():
            return (_BLANK, Cell(f"  ! {safe(row.line.problem)}", Tone.DANGER, ours=False, span=6))
        case Undecided():
            return _undecided_cells(row)
        case Perhaps():
            words = Cell("  a rule may match, not told", Tone.FAINT)
            return (_BLANK, words, _BLANK, *_sums_cells(row.sums, Tone.FAINT))
        case Open():
            where = Cell(f"  {folder_words(row.open.folder, names)}", Tone.DANGER, ours=False, tail=True, keep=2)
            return (_BLANK, where, _BLANK, *_sums_cells(row.open.sums))
        case Covered():
            return _cover_cells(row, now, names)
        case Heading():
            titles = [Cell(title, Tone.FAINT) for title in row.titles]
            return (_BLANK, Cell(row.title, Tone.STRONG), *titles)


def _rule_cells(row: Ruled, names: Mapping[tuple[str, str], str]) -> Cells:
    line = row.line
    word = line.rule.verdict.value
    number = Cell(str(line.number), Tone.FAINT)
    what = Cell(rule_words(line.rule, names), ours=False)
    verdict = Cell(f"{letter(word)} {word}", tone(word))
    if not row.counted:
        return (number, what, verdict, _DOT, _DOT, _DOT, _DOT)
    none = Tone.FAINT if not line.sums.objects else Tone.PLAIN
    part = share(round(line.share * _PARTS), _PARTS)
    if part == NOTHING and line.sums.bytes:
        part = "<1%"
    return (number, what, verdict, *_sums_cells(line.sums, none), Cell(part, none), _cost(line))


_PARTS = 1_000_000
"""What a share is counted in to be told in percent."""


def _cost(line: RuleLine) -> Cell:
    if line.rule.verdict is not Verdict.KEEP:
        return _DOT
    return Cell(monthly(line.cost)) if line.cost is not None else Cell("?", Tone.FAINT)


def monthly(usd: float) -> str:
    """Dollars a month without their sign, in at most eight cells, never less than they are: ``0.01``, ``12,346``."""
    if usd <= 0:
        return NOTHING
    cents = -int(-usd * 100 // 1)
    return f"{cents / 100:,.2f}" if cents < 1_000_000 else f"{-(-cents // 100):,}"


def _undecided_cells(row: Undecided) -> Cells:
    if row.sums is None:
        counting = Cell("counting …", Tone.FAINT)
        return (Cell("?", Tone.FAINT), counting, _BLANK, _DOT, _DOT, _DOT, _BLANK)
    if not row.sums.objects:
        nothing = Cell("nothing is undecided", Tone.STRONG)
        return (Cell("?", Tone.FAINT), nothing, _BLANK, Cell("0", Tone.STRONG), _DOT, _DOT, _BLANK)
    where = Cell("undecided", Tone.DANGER)
    part = share(*((row.sums.bytes, row.whole.bytes) if row.whole.bytes else (row.sums.objects, row.whole.objects)))
    numbers = _sums_cells(row.sums, Tone.DANGER, growing=row.growing)
    return (Cell("?", Tone.DANGER), where, _BLANK, *numbers, Cell(part, Tone.DANGER), Cell("!", Tone.DANGER))


def _sums_cells(sums: Sums, tone: Tone = Tone.PLAIN, *, growing: bool = False) -> tuple[Cell, Cell]:
    return (
        Cell(at_least((short_count if growing else count)(sums.objects), growing=growing), tone),
        Cell(at_least(size(sums.bytes), growing=growing) if sums.bytes else NOTHING, tone),
    )


def _cover_cells(row: Covered, now: Instant, names: Mapping[tuple[str, str], str]) -> Cells:
    line = row.line
    called = line.title or names.get((line.cover.store, line.cover.container)) or line.cover.container
    name = Cell(safe(f"{line.cover.store}:{called}"), ours=False)
    if line.coverage is None:
        return (_BLANK, name, Cell("never scanned: nothing known · S", Tone.DANGER, span=5, align="right"))
    scanned = since(line.coverage.scanned, now).removesuffix(" ago") if line.coverage.scanned else "partly"
    age = Cell(scanned, Tone.FAINT if line.complete else Tone.DANGER)
    if not row.counted:
        return (_BLANK, name, _BLANK, _DOT, _DOT, _BLANK, age)
    every = Sums(line.sums.objects, line.sums.bytes)
    numbers = _sums_cells(line.sums.undecided if row.only else every, growing=not line.complete)
    return (verdict_cell(line.sums), name, _BLANK, *numbers, _BLANK, age)


def folder_words(folder: FolderRef, names: Mapping[tuple[str, str], str] = NO_NAMES) -> str:
    """A folder's address with what people call its container.  Safe text."""
    called = names.get((folder.store, folder.container)) or folder.container
    return safe(f"{folder.store}:{called}/{folder.prefix}")


def scope_line_cells(line: ScopeLine, now: Instant) -> Cells:
    """One scope of the list."""
    name = Cell(safe(line.name), ours=False)
    if line.error:
        wrong = safe(line.error.removeprefix(f"{line.path}: "))
        return (name, Cell(wrong, Tone.DANGER, ours=False, span=5, align="left"))
    saved = Cell(since(line.saved, now) if line.saved else NOTHING, Tone.FAINT)
    counts = (Cell(count(len(line.covers))), Cell(count(line.rules)))
    if line.undecided is None:
        return (name, *counts, Cell("not counted", Tone.FAINT, span=2, align="right"), _BLANK, saved)
    growing = not line.fresh or bool(line.unknown)
    stands = Tone.DANGER if line.undecided.objects else Tone.PLAIN
    return (name, *counts, *_sums_cells(line.undecided, stands, growing=growing), saved)


def undecided_words(standing: ScopeStanding) -> str:
    """What is open, in a few words for a line: ``? 12,771 undecided, 2.2 TiB``; what is not known is told as well."""
    sums, growing = standing.undecided, not standing.known
    unscanned = sum(line.coverage is None for line in standing.covers)
    parts = []
    if sums.objects or growing:
        parts.append(f"? {at_least(count(sums.objects), growing=growing)} undecided, {size(sums.bytes)}")
    else:
        parts.append("all is decided")
    if unscanned:
        parts.append(f"{plural(unscanned, 'container')} never scanned")
    return " · ".join(parts)


def changes_line(changes: Sequence[Changes]) -> str:
    """What nobody has decided about since it was reviewed, over all scopes; "" where there is nothing."""
    told = [each for each in changes if each.any]
    if not told:
        return ""
    first = max(told, key=lambda each: (each.now.objects, each.scope))
    more = f" (and {plural(len(told) - 1, 'scope')} more)" if len(told) > 1 else ""
    new = f"{plural(len(first.folders), 'new folder')}, " if first.folders and first.reviewed else ""
    open_ = f"{count(first.now.objects)} undecided, {size(first.now.bytes)}"
    return f"scope {safe(first.scope)}: {new}{open_}{more} · 2 shows"
