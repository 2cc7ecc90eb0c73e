"""`icehouse deliveries show`: one delivery, what is known of it, and its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from icehouse.core.deliveries import DeliveryRow, ObjectLine
from icehouse.core.evidence import Finding, Indicator
from icehouse.core.refs import folder_address
from icehouse.present.sizes import count, plural, size
from icehouse.present.states import glyph, word
from icehouse.present.times import stamp

from .choice import json_lines
from .output import json_line, say, table
from .rows import instant
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    lines = deliveries.objects(session.house, row.delivery.id) if with_objects else []
    if as_json:
        json_line(delivery_row(row))
        for line in lines:
            json_line(_object_row(row, line))
        return 0
    _tell(row)
    if with_objects:
        say()
        _tell_objects(row, lines)
    return 0


def _tell(row: DeliveryRow) -> None:
    delivery = row.delivery
    facts = [
        ("delivery", delivery.id),
        ("address", folder_address(delivery.folder)),
        ("for", delivery.recipient or "not told"),
        ("uploaded", stamp(delivery.uploaded)),
        ("expires", f"{stamp(delivery.expires)}{_expired(row)}"),
        ("links live", f"until {stamp(delivery.links_until)}" if delivery.links_until else "none that was made here"),
        ("holds", f"{plural(delivery.objects, 'object')}, {size(delivery.bytes)}"),
        *((f"  {word(state)}", f"{glyph(state)} {count(n)}") for state, n in delivery.rollup.counts.items()),
        ("held", row.hold or "no"),
        ("scopes", _verdict(row)),
        ("ticked", _ticked(row)),
        ("as of", stamp(row.seen_at)),
    ]
    table(("", ""), facts)
    say()
    names = ("downloaded", "copied", "attempted")
    cells = [(name, *_indicator(each)) for name, each in zip(names, delivery.indicators, strict=True)]
    table(("evidence", "", "objects", "last", "by", "from", "sure", ""), cells, "<<><<<<<")


def _expired(row: DeliveryRow) -> str:
    return {True: ", expired", False: ", not expired", None: ""}[row.expired]


def _verdict(row: DeliveryRow) -> str:
    if row.verdict is None:
        return "none that was applied covers it"
    undecided = f", {plural(row.undecided, 'object')} undecided" if row.undecided else ""
    return f"{row.verdict.value}{undecided}"


def _ticked(row: DeliveryRow) -> str:
    how = "by hand" if row.by_hand else "by the rules"
    lapsed = "; what a hand said of it lapsed, as content or expiry changed since" if row.lapsed else ""
    why = f": {row.ticking.words}" if row.ticking.words else ""
    return f"{'yes' if row.ticked else 'no'}, {how}{why}{lapsed}"


def _indicator(each: Indicator) -> tuple[str, ...]:
    parts = f"{count(each.objects)} of {count(each.of)}"
    sure = each.sure.value if each.sure else ""
    as_of = f"as of {stamp(each.as_of)}" if each.as_of and not each.objects else ""
    return (each.seen.value, parts, stamp(each.last) if each.last else "", each.who, each.source, sure,
            " · ".join(part for part in (each.words, as_of) if part))  # fmt: skip


def _tell_objects(row: DeliveryRow, lines: Sequence[ObjectLine]) -> None:
    at = len(row.delivery.folder.prefix)
    for line in lines:
        state = line.standing.state
        say(f"{line.thing.key[at:]}  {size(line.thing.size)}  {glyph(state)} {line.standing.word or word(state)}")
        for finding in line.evidence.findings:
            say(f"    {_finding(finding)}")
        if line.evidence.ignored:
            counted = ", ".join(f"{count(n)} {why.value}" for why, n in line.evidence.ignored.items())
            say(f"    does not count: {counted}")


def _finding(finding: Finding) -> str:
    times = f", {count(finding.times)} times" if finding.times > 1 else ""
    sent = f", {size(finding.sent)}" if finding.sent else ""
    by = f" by {finding.who}" if finding.who else ""
    return f"{finding.kind.value} {stamp(finding.last)}{by}{sent}{times} ({finding.sure.value}, {finding.source})"


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
