"""A delivery's objects with what is known of each, and all the evidence on one of them: found, ignored, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from icehouse.core.clock import Instant
from icehouse.core.deliveries import Delivery, DeliveryRow, ObjectLine, SourceRow
from icehouse.core.evidence import Finding, Ignored, Indicator, Kind, SourceStanding, Unparsed
from icehouse.core.outbox import QueuedMail
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone
from .indicators import done_word, indicator_cell, indicator_lines, of_object, sign, sure_words, word
from .sizes import NOTHING, count, plural, size
from .states import glyph, state_word
from .times import day, since, stamp, when

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

_NOT_YET = "not scanned yet"
_KINDS = (Kind.DOWNLOADED, Kind.COPIED, Kind.ATTEMPTED)

_REASONS = {
    Ignored.OURS: "our own requests",
    Ignored.SCANNER: "by a link scanner, or not to be told from one",
    Ignored.LOOKED: "only looked, no byte was sent",
    Ignored.EARLIER: "of another version, or before it was uploaded",
    Ignored.REFUSED: "refused: somebody wanted it and did not get it",
    Ignored.UNATTRIBUTED: "by whom is not known",
}


_DOWN = "enter in the list opens its objects; enter on one of them tells all there is on it"


def name_within(line: ObjectLine, folder: Delivery) -> str:
    """The object's path below its delivery, raw; its whole key where that does not begin with the folder."""
    return line.thing.key.removeprefix(folder.folder.prefix)


def object_cells(line: ObjectLine, delivery: Delivery, now: Instant, *, ascii: bool = False) -> Cells:
    """One object of a delivery and what is known of it."""
    evidence = line.evidence
    seen = [
        indicator_cell(of_object(evidence, kind, whole), ascii=ascii)
        for kind, whole in zip(_KINDS, delivery.indicators, strict=True)
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
    for kind, whole in zip(_KINDS, delivery.indicators, strict=True):
        seen = of_object(line.evidence, kind, whole)
        lines.append((done_word(kind), Cell(f"{sign(seen, ascii)} {word(seen)}", ours=False)))
        for finding in line.evidence.findings:
            if finding.kind is kind:
                lines.append(("", Cell(f"  {_span(finding, now)} UTC by {safe(finding.who) or '?'}", ours=False)))
                lines.append(("", Cell(f"  {safe(finding.source)}", Tone.FAINT, ours=False)))
    for reason, number in line.evidence.ignored.items():
        lines.append(("not counted", Cell(f"{count(number)} {_REASONS[reason]}")))
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
    rows += [Remark(" "), Heading("records", ("of", "", "", ""))]
    rows += [Reach(kind, whole) for kind, whole in zip(_KINDS, delivery.indicators, strict=True)]
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
            return (Cell(f"  {times}: {_REASONS[row.reason]}", tone, span=5, align="left"),)
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
        return [("not counted", Cell(plural(row.number, "access", "accesses"))), ("why", Cell(_REASONS[row.reason]))]
    return []


# Sources


def standings_of(
    row: DeliveryRow, sources: Sequence[SourceRow], standings: Sequence[SourceStanding]
) -> list[SourceStanding]:
    """The records that can tell something of a delivery: those that its source names; all where that is not known."""
    source = next((each.source for each in sources if each.source.label == row.delivery.source), None)
    if source is None:
        return list(standings)
    labels = {label for spec in source.evidence for label in (spec.label, f"{spec.kind}:{source.store}")}
    return [standing for standing in standings if standing.source in labels]


def told_lines(
    row: DeliveryRow, standings: Sequence[SourceStanding], now: Instant, here: Instant, *, ascii: bool = False
) -> list[tuple[str, Cell]]:
    """What is known of who fetched a delivery, and which records say so.  `now` is the store's time, `here` ours."""
    found = row.delivery
    lines: list[tuple[str, Cell]] = []
    for kind, indicator in zip(_KINDS, found.indicators, strict=True):
        lines += [*indicator_lines(done_word(kind), indicator, now, ascii), ("", Cell(""))]
    lines.append(("", Cell("Records that could tell", Tone.STRONG)))
    lines += _standings_lines(standings, (), here)
    lines += [
        ("", Cell("")),
        ("", Cell("enter opens its objects, and enter on one of them all there is on it", Tone.FAINT)),
    ]
    return lines


def source_lines(
    sources: Sequence[SourceRow],
    standings: Sequence[SourceStanding],
    samples: Sequence[tuple[str, Unparsed]],
    mails: Sequence[QueuedMail],
    now: Instant,
    *,
    ascii: bool = False,
) -> list[tuple[str, Cell]]:
    """How everything stands that the checklist rests on: sources, records with their lines, and mails.  Host's time."""
    lines: list[tuple[str, Cell]] = [("", Cell("Where deliveries are looked for", Tone.STRONG))]
    for each in sources:
        lines.append(("", Cell(safe(each.source.label), ours=False)))
        told = f"{plural(each.deliveries, 'delivery', 'deliveries')}, read {since(each.read, now)}" if each.read else ""
        lines.append(("", Cell(f"  {told or 'not read yet: S reads it'}", Tone.FAINT)))
        if each.error and each.error != _NOT_YET:
            lines.append(("", Cell(f"  {safe(each.error)}", Tone.DANGER, ours=False)))
    if not sources:
        lines.append(("", Cell("none: the config has no [[deliveries]]", Tone.FAINT)))
    lines += [("", Cell("")), ("", Cell("Records that tell who fetched what", Tone.STRONG))]
    lines += _standings_lines(standings, samples, now)
    waiting = [mail for mail in mails if mail.sent is None]
    if waiting:
        lines += [("", Cell("")), ("", Cell("Mails that were not sent", Tone.STRONG))]
    for mail in waiting:
        lines.append(("", Cell(f"{safe(mail.subject)} to {safe(', '.join(mail.to))}", ours=False)))
        again = f"again {when(mail.next_try, now)} UTC" if mail.next_try else "not tried again"
        tries = f"  {plural(mail.tries, 'try', 'tries')}, {again}"
        lines.append(("", Cell(f"{tries}{': ' if mail.error else ''}{safe(mail.error)}", Tone.WAY, ours=False)))
    return lines


def _standings_lines(
    standings: Sequence[SourceStanding], samples: Sequence[tuple[str, Unparsed]], now: Instant
) -> list[tuple[str, Cell]]:
    lines: list[tuple[str, Cell]] = []
    for standing in standings:
        lines.append(("", Cell(safe(standing.source), ours=False)))
        lines.append(("", Cell(f"  {_standing_words(standing, now)}", Tone.FAINT)))
        if standing.unparsed:
            unread = f"  {plural(standing.unparsed, 'line')} could not be understood"
            lines.append(("", Cell(unread, Tone.WAY)))
            for source, sample in samples:
                if source == standing.source:
                    lines.append(("", Cell(f"    {safe(sample.where)}: {safe(sample.why)}", Tone.FAINT, ours=False)))
        if standing.error:
            lines.append(("", Cell(f"  {safe(standing.error)}", Tone.DANGER, ours=False)))
    if not standings:
        lines.append(("", Cell("none was read", Tone.FAINT)))
    return lines


def _standing_words(standing: SourceStanding, now: Instant) -> str:
    kinds = ", ".join(done_word(kind) for kind in _KINDS if kind in standing.kinds)
    as_of = f"as of {stamp(standing.as_of)}" if standing.as_of else "no record was found yet"
    read = f", read {since(standing.gathered, now)}" if standing.gathered else ", not read yet"
    files = f"; {plural(standing.files, 'file')}, {plural(standing.lines, 'line')}" if standing.files else ""
    return f"{kinds}: {as_of}{read}{files}"


def mail_trouble(mails: Sequence[QueuedMail]) -> str:
    """What the status line says of mails that failed, "" for none."""
    failed = [mail for mail in mails if mail.sent is None and mail.tries and mail.error]
    if not failed:
        return ""
    return f"{plural(len(failed), 'mail')} not sent: {safe(failed[-1].error)}"


def source_trouble(sources: Sequence[SourceRow], standings: Sequence[SourceStanding]) -> str:
    """What the status line says of sources that could not be read to their end, "" for none."""
    failed = [(each.source.label, each.error) for each in sources if each.error and each.error != _NOT_YET]
    failed += [(each.source, each.error) for each in standings if each.error]
    if not failed:
        return ""
    more = f" (and {len(failed) - 1} more: t tells)" if len(failed) > 1 else ""
    return f"{safe(failed[0][0])}: {safe(failed[0][1])}{more}"


def as_of_words(standings: Sequence[SourceStanding], sources: Sequence[SourceRow], now: Instant) -> str:
    """How old what is on screen is: ``evidence as of 21 Nov 04:10 · read 3 h ago``.  Host's time."""
    reach = [each.as_of for each in standings if each.as_of is not None]
    told = f"evidence as of {when(min(reach), now)} UTC" if reach else "no record tells anything yet"
    reads = [each.read for each in sources if each.read is not None]
    if not reads:
        return "not read yet: S looks for deliveries"
    left = len(sources) - len(reads)
    more = f" · {plural(left, 'source')} not read yet: S reads {'it' if left == 1 else 'them'}" if left else ""
    return f"{told} · read {since(min(reads), now)}{more}"


def scanning_words(sources: Sequence[SourceRow], since: Instant) -> str:
    """What a scan that began at `since` (host's time) has done so far: ``scanning: 1 of 4 sources read``."""
    done = sum(each.read is not None and each.read >= since for each in sources)
    return f"scanning: {done} of {plural(len(sources), 'source')} read" if sources else "scanning"
