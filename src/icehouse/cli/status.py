"""`icehouse status`: where everything stands, asked now; it never requests anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from icehouse.core.errors import NotFound, UsageError
from icehouse.core.refs import FolderRef, ref_address
from icehouse.core.states import State
from icehouse.present.sizes import count, plural, share, size
from icehouse.present.states import cold_label, glyph, state_word, word
from icehouse.present.times import stamp

from .choice import exclude, include, json_lines, looking, marks_at
from .output import json_line, say, table
from .progress import ProgressLine
from .rows import entry_row, instant
from .session import Interrupt, Session

if TYPE_CHECKING:
    from icehouse.core.entries import Entry
    from icehouse.services.status import StatusReport


@click.command()
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.option("--keys", is_flag=True, help="Also every object with its state.")
@include
@exclude
@json_lines
@click.pass_obj
def command(
    session: Session,
    addresses: tuple[str, ...],
    keys: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    as_json: bool,
) -> int:
    """Count what is under each ADDRESS by state and by the store's own word, asked fresh.

    What a listing can't tell is asked of each object, which is one request apiece.
    """
    from icehouse.services import status

    marks, line = marks_at(session, addresses), ProgressLine()
    stores = {mark.target.store for mark in marks}
    if len(stores) > 1:
        raise UsageError(f"one status is of one store, these are in {', '.join(sorted(stores))}")

    def each(entry: Entry) -> None:
        if as_json:
            json_line(entry_row(entry))
        else:
            state = f"{glyph(entry.standing.state)} {state_word(entry.standing)}"
            say(f"{state:32} {size(entry.size):>9}  {ref_address(entry.ref)}")

    with Interrupt().listening() as stop:
        try:
            report = status.status(
                session.house, marks, include=include, exclude=exclude,
                progress=None if keys else lambda so_far: line.show(looking(so_far)),
                stop=stop, each=each if keys else None,
            )  # fmt: skip
        finally:
            line.clear()
    named = [mark for mark in marks if isinstance(mark.target, FolderRef) and mark.target.prefix]
    if not report.objects and named and not (include or exclude):
        raise NotFound(f"{named[0]}: no such folder")
    if as_json:
        json_line(_row(report, [str(mark) for mark in marks]))
    else:
        _tell(report, ", ".join(str(mark) for mark in marks))
    return 0


def _row(report: StatusReport, addresses: list[str]) -> dict[str, object]:
    """The report as one JSON-ready object: a count for every state that there is, 0 included."""
    return {
        "addresses": addresses,
        "objects": report.objects,
        "bytes": report.bytes,
        "states": {
            state.value: {"objects": report.counts.get(state, 0), "bytes": report.sizes.get(state, 0)}
            for state in State
        },
        "words": [
            {"state": state.value, "word": word, "objects": objects, "bytes": size}
            for (state, word), (objects, size) in sorted(report.words.items(), key=lambda item: _order(item[0]))
        ],
        "falls_cold": instant(report.falls_cold),
        "seen_at": instant(report.seen_at),
    }


def _tell(report: StatusReport, where: str) -> None:
    say(f"{where}  {plural(report.objects, 'object')}, {size(report.bytes)}, as of {stamp(report.seen_at)}")
    rows = [
        (f"{glyph(state)} {word(state)}", cold_label(own), count(objects), size(amount), share(amount, report.bytes))
        for (state, own), (objects, amount) in sorted(report.words.items(), key=lambda item: _order(item[0]))
    ]
    if rows:
        table(("state", "class", "objects", "size", "share"), rows, "<<>>>")
    if report.falls_cold is not None:
        say(f"the first restored copy falls cold {stamp(report.falls_cold)}")


def _order(place: tuple[State, str]) -> tuple[int, str]:
    return list(State).index(place[0]), place[1]
