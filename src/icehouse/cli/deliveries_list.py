"""`icehouse deliveries list`: one line a delivery, with what is known of who fetched it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from icehouse.core.deliveries import DeliveryRow, SourceRow, totals
from icehouse.core.evidence import Indicator, Seen
from icehouse.present.cells import cut
from icehouse.present.sizes import NOTHING, count, plural, short_count, size
from icehouse.present.times import day, since

from .choice import json_lines
from .output import json_line, say, shown, table, tell
from .session import Session

_SIGNS = {Seen.YES: "●", Seen.PARTLY: "◐", Seen.NOTHING: NOTHING, Seen.UNTELLABLE: "?"}
_NAME = 24
_WHY = 22

source_option = click.option(
    "--source", "sources", metavar="ADDRESS", multiple=True, help="Only of sources that begin so; may be repeated."
)  # fmt: skip


def filters(command: click.decorators.FC) -> click.decorators.FC:
    """The options that choose rows."""
    for option in (
        source_option,
        click.option("--problems", is_flag=True, help="Only what is apart, held, stale, not tellable or not whole."),
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
    ● yes, ◐ partly, · nothing seen, ? can't be told. Exit code 1 tells that a source was not read to its end.
    """
    from icehouse.services.deliveries import source_rows

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
        tell(f"{each.source.label}: {each.error}{_as_of(session, each)}")
    return 1 if wrong else 0


def chosen_rows(session: Session, expired: bool, problems: bool, sources: Sequence[str]) -> list[DeliveryRow]:
    """The rows that the options choose.  UsageError for a source that there is not."""
    from icehouse.services.deliveries import check_sources, rows

    check_sources(session.house, sources)
    return [
        row
        for row in rows(session.house)
        if _wanted(row.delivery.source, sources) and (not expired or row.expired) and (not problems or is_problem(row))
    ]


def is_problem(row: DeliveryRow) -> bool:
    """Whether something about a row wants a look: it is apart, held, not whole, or expired and not tellable."""
    delivery = row.delivery
    untold = any(each.seen is Seen.UNTELLABLE for each in delivery.indicators) and not row.ticking.ticked
    return bool(delivery.apart or row.hold or row.lapsed or not delivery.rollup.complete
                or row.expired is None or (row.expired and untold))  # fmt: skip


def _wanted(label: str, sources: Sequence[str]) -> bool:
    return not sources or any(label.startswith(each) for each in sources)


def _tell(session: Session, found: Sequence[DeliveryRow], standing: Sequence[SourceRow]) -> None:
    now = session.house.clock.now()
    if not session.house.config.deliveries:
        tell(f"no source of deliveries is declared in {session.house.paths.config}: write [[deliveries]]")
    if found:
        titles = ("", "id", "delivery", "expires", "objects", "size", "got", "copy", "try", "")
        table(titles, [_cells(row, now) for row in found], "<<<>>><<<<")
    summed = totals(row for row in found if row.ticked)
    expired = sum(1 for row in found if row.expired)
    say(
        f"{plural(len(found), 'delivery', 'deliveries')}, {count(expired)} expired, {count(summed.deliveries)} ticked: "
        f"{plural(summed.rollup.objects, 'object')}, {size(summed.rollup.bytes)}"
    )


def _cells(row: DeliveryRow, now: object) -> tuple[str, ...]:
    from datetime import datetime

    assert isinstance(now, datetime)
    delivery = row.delivery
    box = "☑" if row.ticked else "⊘" if row.hold else "☐" if row.ticking.allowed else NOTHING
    return (
        box,
        delivery.id[:6],
        cut(shown(delivery.name), _NAME),
        day(delivery.expires, now),
        short_count(delivery.objects),
        size(delivery.bytes),
        *(_sign(each) for each in delivery.indicators),
        cut(shown(_why(row)), _WHY),
    )


def _sign(each: Indicator) -> str:
    return _SIGNS[each.seen]


def _why(row: DeliveryRow) -> str:
    if row.by_hand:
        return "by hand"
    if row.lapsed:
        return "changed since ticked"
    return row.ticking.words


def _as_of(session: Session, row: SourceRow) -> str:
    if row.read is None:
        return ""
    return f"; its deliveries are as of {since(row.read, session.house.clock.now())}"
