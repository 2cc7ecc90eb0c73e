"""`icehouse deliveries show`: one delivery, what is known of it, and its objects."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, HandedOut, ObjectLine
from icehouse.core.evidence import Finding, Ignored, Issue
from icehouse.present.deliveries import delivery_details
from icehouse.present.sizes import count, size
from icehouse.present.states import glyph, word
from icehouse.present.times import stamp

from .choice import json_lines
from .delivered import clock_of, plain_signs, words_of
from .output import json_line, say, table
from .rows import instant
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 20_000
"""So many objects are looked at for what does not count, where nobody asked for the objects."""


@click.command()
@click.argument("delivery", metavar="ID")
@click.option("--objects", "with_objects", is_flag=True, help="Each object with its own evidence.")
@json_lines
@click.pass_obj
def command(session: Session, delivery: str, with_objects: bool, as_json: bool) -> int:
    """Show the delivery ID, as icehouse deliveries lists it; its address will do, too."""
    from icehouse.services import deliveries
    from icehouse.services.delivery_export import delivery_row

    row = deliveries.find(session.house, delivery)
    lines = deliveries.objects(session.house, row.delivery.id) if with_objects or row.delivery.objects <= _MOST else []
    ignored: Counter[Ignored] = Counter()
    for line in lines:
        ignored.update(line.evidence.ignored)
    handed = deliveries.hand_outs(session.house, row.delivery)
    if as_json:
        told = delivery_row(row, words_of(session)(row))
        counted = {why.name.lower(): n for why, n in ignored.items()} if lines or not row.delivery.objects else None
        json_line({**told, "ignored": counted, "handed_out": [_handed_row(*each) for each in handed]})
        for line in lines if with_objects else ():
            json_line(_object_row(row, line))
        return 0
    _tell(session, row)
    if ignored:
        say(f"does not count  {', '.join(f'{count(n)} {why.value}' for why, n in ignored.items())}")
    for made, issues in handed:
        say(_handed(made, issues, clock_of(session)(row)))
    if with_objects:
        say()
        _tell_objects(row, lines)
    return 0


def _tell(session: Session, row: DeliveryRow) -> None:
    now = clock_of(session)(row)
    table(("", ""), [(label, cell.text) for label, cell in delivery_details(row, now, ascii=plain_signs())])


def _handed(made: HandedOut, issues: Sequence[Issue], now: Instant) -> str:
    from icehouse.services.deliveries import is_unmailed

    until = max((each.until for each in issues), default=None)
    links = f"links until {stamp(until)}" if until else "no links"
    again = "" if made.promised <= now else f": icehouse deliveries links {made.id} makes some"
    noted = "" if made.noted else ", its note is not in the store"
    mailed = "; no mail of its links went out" if is_unmailed(issues) else ""
    told = f"handed out as {made.id} to {made.recipient}, promised until {stamp(made.promised)}; {links}"
    return f"{told}{mailed}{again if mailed or not until else ''}{noted}"


def _handed_row(made: HandedOut, issues: Sequence[Issue]) -> dict[str, object]:
    return {
        "id": made.id, "recipient": made.recipient, "made": instant(made.made), "promised": instant(made.promised),
        "noted": made.noted, "reissued": made.mail, "by": made.by,
        "links": [
            {"at": instant(each.at), "until": instant(each.until), "how": each.how, "links": each.links, "by": each.by}
            for each in issues
        ],
    }  # fmt: skip


def _tell_objects(row: DeliveryRow, lines: Sequence[ObjectLine]) -> None:
    at = len(row.delivery.folder.prefix)
    for line in lines:
        state = line.standing.state
        stands = f"{glyph(state, plain_signs())} {line.standing.word or word(state)}"
        say(f"{line.thing.key[at:]}  {size(line.thing.size)}  {stands}")
        for finding in line.evidence.findings:
            say(f"    {_finding(finding)}")
        if line.evidence.ignored:
            counted = ", ".join(f"{count(n)} {why.value}" for why, n in line.evidence.ignored.items())
            say(f"    does not count: {counted}")


def _finding(finding: Finding) -> str:
    times = f", {count(finding.times)} times" if finding.times > 1 else ""
    sent = f", {size(finding.sent)}" if finding.sent else ""
    by = f" by {finding.who}" if finding.who else ""
    seen = "as found " if finding.source.startswith("list-projects") else ""
    return f"{finding.kind.value} {seen}{stamp(finding.last)}{by}{sent}{times} ({finding.sure.value}, {finding.source})"


def _object_row(row: DeliveryRow, line: ObjectLine) -> dict[str, object]:
    thing, folder = line.thing, row.delivery.folder
    return {
        "delivery": row.delivery.id,
        "address": f"{folder.store}:{folder.container}/{thing.key}",
        "key": thing.key,
        "version": thing.version,
        "size": thing.size,
        "uploaded": instant(thing.uploaded),
        "state": line.standing.state.value,
        "word": line.standing.word,
        "findings": [
            {
                "kind": each.kind.value, "who": each.who or None, "first": instant(each.first),
                "last": instant(each.last), "source": each.source, "sure": each.sure.value, "sent": each.sent,
                "times": each.times,
            }
            for each in line.evidence.findings
        ],
        "ignored": {why.name.lower(): n for why, n in line.evidence.ignored.items()},
    }  # fmt: skip
