"""A delivery's objects with what is known of each, and all the evidence on one of them: found, ignored, and how far."""

from __future__ import annotations

from dataclasses import dataclass

from icehouse.core.clock import Instant
from icehouse.core.deliveries import Delivery, ObjectLine
from icehouse.core.evidence import Finding, Ignored, Indicator, Kind
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone
from .indicators import done_word, indicator_cell, of_object, sign, sure_words, word
from .sizes import NOTHING, count, plural, size
from .states import glyph, state_word
from .times import day, stamp, when

OBJECTS = (
    Column("state", "", 1),
    Column("name", "object", 0, least=22),
    Column("size", "size", 9, "right"),
    Column("got", "got", 6),
    Column("copied", "copied", 6),
    Column("tried", "tried", 6),
    Column("last", "last", 7, "right", drop=2),
    Column("who", "by whom", 15, drop=1),
)

EVIDENCE = (
    Column("when", "", 16),
    Column("what", "", 11),
    Column("sure", "", 8),
    Column("sent", "", 9, "right"),
    Column("who", "", 0, least=16),
)

KINDS = (Kind.DOWNLOADED, Kind.COPIED, Kind.ATTEMPTED)

REASONS = {
    Ignored.OURS: "our own requests",
    Ignored.SCANNER: "by a link scanner, or not to be told from one",
    Ignored.LOOKED: "only looked, no byte was sent",
    Ignored.EARLIER: "of another version, or before it was uploaded",
    Ignored.HANDED: "by some of several recipients, and not by all",
    Ignored.REFUSED: "refused: somebody wanted it and did not get it",
    Ignored.UNATTRIBUTED: "by whom is not known",
}


def name_within(line: ObjectLine, folder: Delivery) -> str:
    """The object's path below its delivery, raw; its whole key where that does not begin with the folder."""
    return line.thing.key.removeprefix(folder.folder.prefix)


def object_cells(line: ObjectLine, delivery: Delivery, now: Instant, *, ascii: bool = False) -> Cells:
    """One object of a delivery and what is known of it."""
    evidence = line.evidence
    seen = [
        indicator_cell(of_object(evidence, kind, whole), ascii=ascii)
        for kind, whole in zip(KINDS, delivery.indicators, strict=True)
    ]
    last = max(evidence.findings, key=lambda finding: finding.last, default=None)
    return (
        Cell(glyph(line.standing.state, ascii), Tone.PLAIN, ours=False),
        Cell(safe(name_within(line, delivery)), ours=False, tail=True),
        Cell(size(line.thing.size)),
        *seen,
        Cell(day(last.last, now) if last else NOTHING, Tone.PLAIN if last else Tone.FAINT),
        Cell(safe(last.who), ours=False) if last else Cell(ignored_words(line), Tone.FAINT),
    )


def ignored_words(line: ObjectLine) -> str:
    """How many accesses count for nothing: ``3 not counted``."""
    number = sum(line.evidence.ignored.values())
    return f"{count(number)} not counted" if number else ""


def unfetched(line: ObjectLine) -> bool:
    """Whether nobody is known to have all of it."""
    return not line.evidence.fetched


def object_details(
    line: ObjectLine, delivery: Delivery, now: Instant, *, ascii: bool = False
) -> list[tuple[str, Cell]]:
    """All that is known of one object."""
    thing = line.thing
    lines: list[tuple[str, Cell]] = [
        ("object", Cell(safe(name_within(line, delivery)), Tone.STRONG, ours=False)),
        ("state", Cell(f"{glyph(line.standing.state, ascii)} {state_word(line.standing, now)}", ours=False)),
        ("size", Cell(f"{size(thing.size)} ({plural(thing.size, 'byte')})")),
        ("uploaded", Cell(stamp(thing.uploaded) if thing.uploaded else "not known")),
        ("key", Cell(safe(thing.key), Tone.FAINT, ours=False)),
    ]
    if thing.version:
        lines.append(("version", Cell(safe(thing.version), Tone.FAINT, ours=False)))
    lines.append(("", Cell("")))
    for kind, whole in zip(KINDS, delivery.indicators, strict=True):
        seen = of_object(line.evidence, kind, whole)
        lines.append((done_word(kind), Cell(f"{sign(seen, ascii)} {word(seen)}", ours=False)))
        for finding in line.evidence.findings:
            if finding.kind is kind:
                lines.append(("", Cell(f"  {_span(finding, now)} UTC by {safe(finding.who) or '?'}", ours=False)))
                lines.append(("", Cell(f"  {safe(finding.source)}", Tone.FAINT, ours=False)))
    for reason, number in line.evidence.ignored.items():
        lines.append(("not counted", Cell(f"{count(number)} {REASONS[reason]}")))
    return lines


def _span(finding: Finding, now: Instant) -> str:
    began, ended = when(finding.first, now), when(finding.last, now)
    return began if began == ended else f"{began} to {ended}"


# The evidence on one object, as a list


@dataclass(frozen=True, slots=True)
class Heading:
    """What the lines below it are."""

    words: str
    titles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One finding; `number` tells it from its like."""

    number: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class From:
    """Where the finding above it comes from, and in how many accesses."""

    number: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class Discounted:
    """Accesses that count for nothing, for one reason."""

    reason: Ignored
    number: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the records that can tell one kind reach."""

    kind: Kind
    indicator: Indicator


@dataclass(frozen=True, slots=True)
class Remark:
    """A line that says that there is nothing, and why."""

    words: str


EvidenceRow = Heading | Found | From | Discounted | Reach | Remark

_FOUND = Heading("when (UTC)", ("what", "how sure", "sent", "by whom"))


def evidence_rows(line: ObjectLine, delivery: Delivery) -> list[EvidenceRow]:
    """All evidence on one object: what was found, what was ignored and why, and how far the records reach."""
    rows: list[EvidenceRow] = [_FOUND]
    for number, finding in enumerate(line.evidence.findings):
        rows += [Found(number, finding), From(number, finding)]
    if not line.evidence.findings:
        rows.append(Remark("nothing was found of this very object"))
    rows += [Remark(""), Heading("not counted")]
    for reason, number in line.evidence.ignored.items():
        rows.append(Discounted(reason, number))
    if not line.evidence.ignored:
        rows.append(Remark("no access was left out"))
    rows += [Remark(" "), Heading("how far the records reach")]
    rows += [Reach(kind, whole) for kind, whole in zip(KINDS, delivery.indicators, strict=True)]
    return rows


def evidence_identity(row: EvidenceRow) -> tuple[str, object]:
    """Who a line is."""
    match row:
        case Heading() | Remark():
            return type(row).__name__, row.words
        case Found() | From():
            return type(row).__name__, row.number
        case Discounted():
            return "Discounted", row.reason
        case Reach():
            return "Reach", row.kind


def evidence_cells(row: EvidenceRow, now: Instant, *, ascii: bool = False) -> Cells:
    """One line of the evidence."""
    match row:
        case Heading():
            titles = [Cell(title, Tone.FAINT) for title in row.titles]
            return (Cell(row.words, Tone.FAINT, span=1 if titles else 5), *titles)
        case Remark():
            return (Cell(f"  {row.words}" if row.words.strip() else "", Tone.FAINT, span=5, align="left"),)
        case Found():
            finding = row.finding
            return (
                Cell(when(finding.first, now)),
                Cell(done_word(finding.kind), Tone.STRONG),
                Cell(finding.sure.value),
                Cell(size(finding.sent) if finding.sent else NOTHING),
                Cell(safe(finding.who) or "not known", ours=not finding.who),
            )
        case From():
            finding = row.finding
            until = f"until {when(finding.last, now)} · " if when(finding.last, now) != when(finding.first, now) else ""
            times = f"{plural(finding.times, 'access', 'accesses')} · " if finding.times else ""
            return (Cell(f"  {until}{times}from {safe(finding.source)}", Tone.FAINT, span=5, align="left"),)
        case Discounted():
            tone = Tone.WAY if row.reason is Ignored.REFUSED else Tone.PLAIN
            times = plural(row.number, "access", "accesses")
            return (Cell(f"  {times}: {REASONS[row.reason]}", tone, span=5, align="left"),)
        case Reach():
            return (Cell(_reach(row, ascii), ours=False, span=5, align="left"),)


def _reach(row: Reach, ascii: bool) -> str:
    indicator = row.indicator
    said = f"as of {stamp(indicator.as_of)}" if indicator.as_of else "no record was found that could tell"
    more = f" ({safe(indicator.words)})" if indicator.words and indicator.as_of else ""
    if indicator.words and not indicator.as_of:
        said = safe(indicator.words)
    return f"  {done_word(row.kind)}: {said}{more}"


def evidence_details(row: EvidenceRow) -> list[tuple[str, Cell]]:
    """All that one line of the evidence stands for."""
    if isinstance(row, Found | From):
        finding = row.finding
        return [
            ("what", Cell(done_word(finding.kind), Tone.STRONG)),
            ("by whom", Cell(safe(finding.who) or "not known", ours=not finding.who)),
            ("first", Cell(stamp(finding.first))),
            ("last", Cell(stamp(finding.last))),
            ("sent", Cell(f"{size(finding.sent)} in {plural(finding.times, 'access', 'accesses')}")),
            ("how sure", Cell(sure_words(finding.sure))),
            ("source", Cell(safe(finding.source), ours=False)),
        ]
    if isinstance(row, Discounted):
        return [("not counted", Cell(plural(row.number, "access", "accesses"))), ("why", Cell(REASONS[row.reason]))]
    return []
