"""What the checklist rests on: sources of deliveries, the records of who fetched what, and mails; and how old it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, ObjectLine, SourceRow
from icehouse.core.evidence import Ignored, SourceStanding, Unparsed
from icehouse.core.outbox import QueuedMail
from icehouse.core.text import safe

from .cells import Cell, Tone
from .evidence import KINDS, REASONS
from .indicators import done_word, indicator_lines
from .sizes import count, plural
from .times import moment, since, stamp, when

_NOT_YET = "not scanned yet"
_DOWN = "enter in the list opens its objects; enter on one of them tells all there is on it"


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
    row: DeliveryRow,
    objects: Sequence[ObjectLine] | None,
    standings: Sequence[SourceStanding],
    now: Instant,
    here: Instant,
    *,
    ascii: bool = False,
) -> list[tuple[str, Cell]]:
    """What is known of who fetched a delivery, what was left out, and which records say so.

    `objects` None: they are being read.  `now` is the store's time, `here` the host's.
    """
    found = row.delivery
    lines: list[tuple[str, Cell]] = []
    for kind, indicator in zip(KINDS, found.indicators, strict=True):
        lines += [*indicator_lines(done_word(kind), indicator, now, ascii), ("", Cell(""))]
    lines.append(("", Cell("Not counted", Tone.STRONG)))
    if objects is None:
        lines.append(("", Cell("reading …", Tone.FAINT)))
    else:
        lines += _discounted(objects)
    lines += [("", Cell("")), ("", Cell("Records that could tell", Tone.STRONG))]
    lines += _standings_lines(standings, (), here)
    lines += [
        ("", Cell("")),
        ("", Cell("enter opens its objects, and enter on one of them all there is on it", Tone.FAINT)),
    ]
    return lines


def _discounted(objects: Sequence[ObjectLine]) -> list[tuple[str, Cell]]:
    """How many accesses to these count for nothing, and why."""
    left_out: Counter[Ignored] = Counter()
    for line in objects:
        left_out.update(line.evidence.ignored)
    if not left_out:
        return [("", Cell("no access was left out", Tone.FAINT))]
    return [
        ("", Cell(f"{plural(number, 'access', 'accesses')}: {REASONS[reason]}"))
        for reason, number in left_out.most_common()
    ]


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
    kinds = ", ".join(done_word(kind) for kind in KINDS if kind in standing.kinds)
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
    """How old what is on screen is: ``evidence as of 14 Oct to 21 Nov 04:10 UTC · read 3 h ago``.  Host's time."""
    reach = [each.as_of for each in standings if each.as_of is not None]
    told = "no record tells anything yet"
    if reach:
        first = f"{moment(min(reach), now).rpartition(' ')[0]} to " if (max(reach) - min(reach)).days else ""
        told = f"evidence as of {first}{moment(max(reach), now)} UTC"
    reads = [each.read for each in sources if each.read is not None]
    if not reads:
        return ""
    left = len(sources) - len(reads)
    more = f" · {plural(left, 'source')} not read yet: S reads {'it' if left == 1 else 'them'}" if left else ""
    return f"{told} · read {since(min(reads), now)}{more}"


def scanning_words(source: str, doing: str, done: int, of: int | None) -> str:
    """What a scan of the deliveries is at: ``scanning lab-s3:outbox/: walking, 12,345``."""
    where = f" {safe(source)}" if source else ""
    far = f", {count(done)}{f' of {count(of)}' if of is not None else ''}" if done or of else ""
    return f"scanning{where}: {safe(doing)}{far}" if doing else f"scanning{where}"


def nothing_words(sources: Sequence[SourceRow], config: str, *, scanning: bool) -> str:
    """What the list says where there is no delivery."""
    if not sources:
        return _NO_SOURCE.format(config=safe(config))
    if scanning:
        return "looking for deliveries …"
    return "no delivery was found" if any(each.read for each in sources) else "not read yet: S looks for deliveries"


_NO_SOURCE = (
    "No deliveries are looked for: nothing is read without being named.\n \n"
    "A [[deliveries]] table in {config} says where: store, root, lifetime.\n"
    "Then S reads it, and what has expired stands here, with who fetched it."
)
