"""`icehouse deliveries list`: one line a delivery, with what is known of who fetched it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import click

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, SourceRow, totals
from icehouse.core.errors import IcehouseError
from icehouse.present.cells import cut, head
from icehouse.present.deliveries import expired_cell, is_problem, tick_cell, why_words
from icehouse.present.indicators import sign
from icehouse.present.sizes import count, plural, size
from icehouse.present.times import since

from .choice import json_lines
from .output import json_line, say, shown, table, tell
from .session import Session

_ID = 6
_FIXED = 1 + _ID + 7 + 9 + 5 * 2
_LEAST = 45
_WIDE = 120
_MORE = 22
"""Cells of what always has its own, two between each; what name and the rest have at least; and what more room adds."""

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
    standing = [each for each in source_rows(session.house) if _wanted(each.source.label, sources)]
    if as_json:
        from icehouse.services.delivery_export import delivery_row

        for row in found:
            json_line(delivery_row(row))
    else:
        _tell(session, found, standing)
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


def chosen_rows(session: Session, expired: bool, problems: bool, sources: Sequence[str]) -> list[DeliveryRow]:
    """The rows that the options choose.  UsageError for a source that there is not."""
    from icehouse.services.deliveries import check_sources, rows

    check_sources(session.house, sources)
    return [
        row
        for row in rows(session.house)
        if _wanted(row.delivery.source, sources) and (not expired or row.expired) and (not problems or is_problem(row))
    ]


def _wanted(label: str, sources: Sequence[str]) -> bool:
    return not sources or any(label.startswith(each) for each in sources)


def _tell(session: Session, found: Sequence[DeliveryRow], standing: Sequence[SourceRow]) -> None:
    if not session.house.config.deliveries:
        tell(f"no source of deliveries is declared in {session.house.paths.config}: write [[deliveries]]")
    room = shutil.get_terminal_size().columns
    wide = room >= _WIDE
    by_store = {each.source.label: each.by_store for each in standing}
    now = session.house.clock.now()
    heads = ["", "id", "delivery", "expired", "size", "got  copy  try"]
    cells = [_cells(row, by_store.get(row.delivery.source) or now, room - 2 * _MORE * wide) for row in found]
    if wide:
        heads[3:3] = ["for"]
        heads[5:5] = ["objects"]
        for row, line in zip(found, cells, strict=True):
            line[3:3] = [cut(shown(row.delivery.recipient), _MORE)]
            line[5:5] = [count(row.delivery.objects)]
    if found:
        table(heads, cells, "<<<<>>>" if wide else "<<<>>")
    summed = totals(row for row in found if row.ticked)
    expired = sum(1 for row in found if row.expired)
    say(
        f"{plural(len(found), 'delivery', 'deliveries')}, {count(expired)} expired, {count(summed.deliveries)} ticked: "
        f"{plural(summed.rollup.objects, 'object')}, {size(summed.rollup.bytes)}"
    )


def _cells(row: DeliveryRow, now: Instant, room: int) -> list[str]:
    """One row in `room` cells: what is left beside the columns that always have theirs is for name and reason."""
    delivery = row.delivery
    left = max(_LEAST, room - _FIXED)
    name = left * 2 // 5
    plain = plain_signs()
    seen = (sign(each.seen, plain) for each in delivery.indicators)
    signs = "" if delivery.apart else "{:<5}{:<6}{:<5}".format(*seen)
    return [
        tick_cell(row, plain).text,
        delivery.id[:_ID],
        cut(shown(delivery.name), name),
        expired_cell(row, now).text,
        size(delivery.bytes),
        head(signs + shown(why_words(row, now)), left - name),
    ]


def labelled(label: str, words: str) -> str:
    """What is to be told of a source, with its label once."""
    return f"{label}: {words.removeprefix(f'{label}: ')}"


def plain_signs() -> bool:
    """Whether this terminal takes ASCII alone."""
    return "utf" not in (sys.stdout.encoding or "").lower()


def _as_of(session: Session, row: SourceRow) -> str:
    if row.read is None:
        return ""
    return f"; its deliveries are as of {since(row.read, session.house.clock.now())}"
