"""`icehouse deliveries list`: one line a delivery, with what is known of who fetched it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence

import click

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, SourceRow, totals
from icehouse.core.errors import IcehouseError
from icehouse.present.cells import cut
from icehouse.present.deliveries import expired_cell, tick_cell, why_words
from icehouse.present.delivery_names import KEEP, names_told
from icehouse.present.indicators import sign
from icehouse.present.sizes import count, plural, size
from icehouse.present.times import since

from .choice import json_lines
from .delivered import chosen_rows, clock_of, ended, is_of, json_rows, labelled, plain_signs
from .output import say, shown, table, tell
from .session import Session

_ID = 6
_FIXED = 1 + _ID + 7 + 9 + 5 * 2
_LEAST = 45
_WIDER, _WIDE, _PIPE = 94, 120, 140
_MORE = (10, 22)
"""Cells of what always has its own, two between each; what name and the rest have at least; from how many on there is
room for the store, and for whom; how many there are where nobody looks; and how many those two have."""

source_option = click.option(
    "--source", "sources", metavar="ADDRESS", multiple=True, help="Only of sources that begin so; may be repeated."
)  # fmt: skip


def filters(command: click.decorators.FC) -> click.decorators.FC:
    """The options that choose rows."""
    for option in (
        source_option,
        click.option("--problems", is_flag=True, help="Only what an operator has to look at."),
        click.option("--expired", is_flag=True, help="Only what is known to have expired."),
    ):
        command = option(command)
    return command


@click.command()
@filters
@json_lines
@click.pass_obj
def command(session: Session, expired: bool, problems: bool, sources: tuple[str, ...], as_json: bool) -> int:
    """List the deliveries that the last scan found, and which of them are ticked. No store is asked.

    got: downloaded through a link; copy: copied to a project or bucket of another account; try: somebody began to read.
    ● yes, ◐ partly, · nothing seen, ? can't be told. Exit code 1 tells that a source, or its records, were not read to
    the end.
    """
    from icehouse.services.deliveries import source_rows, standings

    found = chosen_rows(session, expired, problems, sources)
    standing = [each for each in source_rows(session.house) if is_of(each.source.label, sources)]
    if as_json:
        json_rows(session, found)
    else:
        _tell(session, found)
    wrong = [each for each in standing if each.error]
    for each in wrong:
        tell(f"{labelled(each.source.label, each.error)}{_as_of(session, each)}")
    try:
        failed = [f"{each.source}: {each.error}" for each in standings(session.house) if each.error]
    except IcehouseError as error:
        failed = [str(error)]
    for line in failed:
        tell(line)
    return 1 if wrong or failed else 0


def _tell(session: Session, found: Sequence[DeliveryRow]) -> None:
    if not session.house.config.deliveries:
        tell(f"no source of deliveries is declared in {session.house.paths.config}: write [[deliveries]]")
    room = shutil.get_terminal_size((_PIPE, 24)).columns
    clock = clock_of(session)
    heads = ["", "id", "delivery", "expired", "size", "got  copy  try"]
    more = [_MORE[0], *([_MORE[1]] if room >= _WIDE else [])] if room >= _WIDER else []
    told = names_told(found, stores=room < _WIDER, ascii=plain_signs())
    cells = [_cells(row, clock(row), room - sum(each + 2 for each in more), told) for row in found]
    aligns = "<<<>>"
    if room >= _WIDER:
        heads[2:2], aligns = ["store"], "<<<<>>"
        for row, line in zip(found, cells, strict=True):
            line[2:2] = [cut(shown(row.delivery.folder.store), _MORE[0])]
    if room >= _WIDE:
        heads[4:4], aligns = ["for"], "<<<<<>>"
        for row, line in zip(found, cells, strict=True):
            line[4:4] = [cut(shown(row.delivery.recipient), _MORE[1])]
    if found:
        table(heads, cells, aligns)
    summed = totals(row for row in found if row.ticked)
    expired = sum(1 for row in found if row.expired)
    say(
        f"{plural(len(found), 'delivery', 'deliveries')}, {count(expired)} expired, {count(summed.deliveries)} ticked: "
        f"{plural(summed.rollup.objects, 'object')}, {size(summed.rollup.bytes)}"
    )


def _cells(row: DeliveryRow, now: Instant, room: int, told: Mapping[str, str]) -> list[str]:
    """One row in `room` cells: what is left beside the columns that always have theirs is for name and reason.

    `told` is what those of one name are called.
    """
    delivery = row.delivery
    alike = told.get(delivery.id)
    left = max(_LEAST, room - _FIXED)
    name = left * 2 // 5
    plain = plain_signs()
    seen = (sign(each.seen, plain) for each in delivery.indicators)
    signs = "" if delivery.apart else "{:<5}{:<6}{:<5}".format(*seen)
    return [
        tick_cell(row, plain).text,
        delivery.id[:_ID],
        cut(shown(alike or delivery.name), name, tail=bool(alike), keep=KEEP),
        expired_cell(row, now).text,
        size(delivery.bytes),
        ended(signs + shown(why_words(row, now)), left - name),
    ]


def _as_of(session: Session, row: SourceRow) -> str:
    if row.read is None:
        return ""
    return f"; its deliveries are as of {since(row.read, session.house.clock.now())}"
