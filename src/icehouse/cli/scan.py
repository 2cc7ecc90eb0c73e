"""`icehouse scan`: read a container, or a folder of it, into the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from icehouse.core.states import State
from icehouse.present.sizes import count, plural, rate, size
from icehouse.present.states import glyph, word
from icehouse.present.times import duration

from .choice import json_lines
from .main import INTERRUPTED
from .output import json_line, say, table, tell
from .progress import ProgressLine
from .session import Interrupt, Session

if TYPE_CHECKING:
    from icehouse.services.scan import ScanProgress, ScanReport


@click.command()
@click.argument("address")
@click.option("--fresh", is_flag=True, help="Begin anew instead of going on with an unfinished scan.")
@click.option("--quiet", is_flag=True, help="No progress.")
@json_lines
@click.pass_obj
def command(session: Session, address: str, fresh: bool, quiet: bool, as_json: bool) -> int:
    """Scan everything under ADDRESS, so that folders show their counts, bytes and states.

    A scan that is stopped keeps what it found; the same command goes on from there.
    """
    from icehouse.services.scan import STOPPED, scan

    line = ProgressLine(quiet=quiet)

    def progress(so_far: ScanProgress) -> None:
        line.show(f"scanning: {count(so_far.objects)} objects, {size(so_far.bytes)} · {rate(so_far.rate)}")

    with Interrupt().listening() as stop:
        try:
            report = scan(session.house, session.address(address), fresh=fresh, progress=progress, stop=stop)
        finally:
            line.clear()
    if as_json:
        json_line(_row(report))
    else:
        _tell(report)
    if report.complete:
        return 0
    tell(f"icehouse: the scan is not complete: {report.error}; the same command goes on from here")
    if report.error == STOPPED:
        return INTERRUPTED
    return report.cause.exit_code if report.cause is not None else 1


def _row(report: ScanReport) -> dict[str, object]:
    return {
        "objects": report.objects,
        "bytes": report.bytes,
        "complete": report.complete,
        "seconds": round(report.seconds, 3),
        "requests": report.requests,
        "states": {
            state.value: {"objects": report.by_state.get(state, 0), "bytes": report.bytes_by_state.get(state, 0)}
            for state in State
        },
        "error": report.error or None,
    }


def _tell(report: ScanReport) -> None:
    more = "" if report.complete else "at least "
    took = f"{duration(report.seconds)}, {plural(report.requests, 'request')}"
    say(f"{more}{plural(report.objects, 'object')}, {size(report.bytes)} in {took}")
    table(
        ("state", "objects", "size"),
        [
            (f"{glyph(state)} {word(state)}", count(n), size(report.bytes_by_state.get(state, 0)))
            for state, n in sorted(report.by_state.items(), key=lambda item: list(State).index(item[0]))
        ],
        "<>>",
    )
