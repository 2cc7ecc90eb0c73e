"""`icehouse deliveries scan`: look for deliveries, and read the records of who fetched them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from icehouse.core.errors import IcehouseError, Refused, UsageError
from icehouse.giving_way import give_way
from icehouse.present.sizes import count, plural

from .choice import json_lines
from .delivered import labelled, nothing_in
from .deliveries_list import source_option
from .output import json_line, say, tell
from .progress import ProgressLine
from .rows import instant
from .session import INTERRUPTED, Interrupt, Session

if TYPE_CHECKING:
    from icehouse.core.evidence import SourceStanding
    from icehouse.services.deliveries import DeliveriesProgress, ScanReport, SourceReport


@click.command()
@source_option
@click.option("--mail", is_flag=True, help="Mail what is due to whom the config names.")
@click.option("--quiet", is_flag=True, help="No progress.")
@json_lines
@click.pass_obj
def command(session: Session, sources: tuple[str, ...], mail: bool, quiet: bool, as_json: bool) -> int:
    """Look for deliveries in every source that the config declares, and read what is new in the records.

    Exit code 1 tells that a source, or its records, could not be read to the end: what was known of it stays. 4 tells
    that a store was out of reach.
    """
    from icehouse.services.deliveries import scan, unmailed
    from icehouse.services.mail import require_mail

    if mail:
        require_mail(session.house)
    give_way()
    line = ProgressLine(quiet=quiet)

    def progress(so_far: DeliveriesProgress) -> None:
        of = f" of {count(so_far.of)}" if so_far.of is not None else ""
        line.show(f"{so_far.source}: {so_far.doing} {count(so_far.done)}{of}")

    try:
        with Interrupt().listening() as stop:
            try:
                report = scan(session.house, only=sources, progress=progress, stop=stop)
            finally:
                line.clear()
    except IcehouseError as error:
        if mail and not isinstance(error, Refused | UsageError):
            from .deliveries_mail import send_failure

            send_failure(session, error)
        raise
    for row in report.sources:
        if as_json:
            json_line(_source_row(row))
        else:
            _tell_source(row)
    for standing in report.records:
        if as_json:
            json_line(standing_row(standing))
        elif standing.error or standing.unparsed:
            tell(f"{standing.source}: {_standing_words(standing)}")
    code = _ending(report)
    if report.stopped:
        return code
    for handed in unmailed(session.house):
        again = f"icehouse deliveries links {handed.id} --mail tries again"
        tell(f"no mail of its links went out to {handed.recipient} (delivery {handed.id}): {again}")
    from .deliveries_mail import send_news, tell_waiting
    from .run_due import new_links

    code = max(code, new_links(session))
    if mail:
        return max(code, send_news(session, report))
    tell_waiting(session)
    return code


def standing_row(standing: SourceStanding) -> dict[str, object]:
    """How far a source of evidence was read, for scripts."""
    return {
        "records": standing.source,
        "kinds": sorted(kind.value for kind in standing.kinds),
        "as_of": instant(standing.as_of),
        "gathered": instant(standing.gathered),
        "files": standing.files,
        "lines": standing.lines,
        "unparsed": standing.unparsed,
        "error": standing.error or None,
    }


def _source_row(row: SourceReport) -> dict[str, object]:
    return {
        "source": row.source.label,
        "deliveries": row.deliveries,
        "expired": row.expired,
        "apart": row.apart,
        "newly_expired": list(row.newly),
        "error": row.error or None,
    }


def _tell_source(row: SourceReport) -> None:
    if row.error:
        tell(f"{labelled(row.source.label, row.error)}; what was known of it stays")
        return
    newly = f", {count(len(row.newly))} newly" if row.newly else ""
    apart = f", {count(row.apart)} listed apart" if row.apart else ""
    found = plural(row.deliveries, "delivery", "deliveries")
    say(f"{row.source.label}: {found}, {count(row.expired)} expired{newly}{apart}")
    if not row.deliveries:
        tell(nothing_in(row.source))


def _standing_words(standing: SourceStanding) -> str:
    unparsed = f"{plural(standing.unparsed, 'line')} not understood" if standing.unparsed else ""
    return "; ".join(part for part in (standing.error, unparsed) if part)


def _ending(report: ScanReport) -> int:
    if report.stopped:
        return INTERRUPTED
    causes = [each.cause for each in report.sources if each.cause is not None] + list(report.failed)
    codes = {cause.exit_code for cause in causes}
    return 4 if 4 in codes else 1 if codes else 0
