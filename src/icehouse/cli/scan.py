"""`icehouse scan`: read a container, or a folder of it, into the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from icehouse.core.changes import ChangeKind
from icehouse.core.errors import UsageError
from icehouse.core.refs import Address, FolderRef
from icehouse.core.states import State
from icehouse.garbage import seldom
from icehouse.giving_way import give_way
from icehouse.present.changes import caveats, comparison_sums, sums_line
from icehouse.present.sizes import count, money, plural, rate, size
from icehouse.present.states import glyph, word
from icehouse.present.times import duration, stamp

from .changes import comparison_row
from .choice import json_lines
from .output import json_line, say, table, tell
from .progress import ProgressLine
from .rows import instant
from .session import INTERRUPTED, Interrupt, Session

if TYPE_CHECKING:
    from icehouse.core.changes import Comparison
    from icehouse.core.errors import StoreError
    from icehouse.services.scan import ScanProgress, ScanReport
    from icehouse.services.sweep import SweepProgress, SweepReport


@click.command()
@click.argument("address", required=False)
@click.option(
    "--from-inventory", "manifest", metavar="MANIFEST",
    help="Read the S3 Inventory of that manifest.json instead of listing.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Begin anew instead of going on with an unfinished scan.")
@click.option("--sweep", "sweeping", is_flag=True, help="Then ask each object whose state a listing can't tell.")
@click.option(
    "--confirm", metavar="N", type=click.IntRange(min=0), default=None,
    help="Ask for so many objects that are listed no more whether they are gone (20,000; by an inventory 0).",
)  # fmt: skip
@click.option("--lineage", is_flag=True, help="Also read the jobs that ran there, in this and every later scan.")
@click.option("--quiet", is_flag=True, help="No progress.")
@json_lines
@click.pass_obj
def command(
    session: Session,
    address: str | None,
    manifest: str | None,
    fresh: bool,
    sweeping: bool,
    confirm: int | None,
    lineage: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Scan everything under ADDRESS, so that folders show their counts, bytes and states.

    A scan that is stopped keeps what it found; the same command goes on from there. With --sweep, objects whose state
    a listing can't tell (S3 Intelligent-Tiering) are asked one by one afterwards, a request apiece, and again a month
    later. With --lineage, the jobs of a DNAnexus project are read too, so that a scope can tell intermediates, which
    can be made again.

    Where it was scanned before, it tells what is not as it was (icehouse changes has each). What is listed no more is
    asked for by name: it is gone only if it is not found, and stays as unknown where that can't be confirmed.

    With --from-inventory STORE:BUCKET/.../manifest.json nothing is listed: what S3 wrote down is read, all or nothing.
    The catalogue is then as old as the inventory, and knows of no restore. ADDRESS may be left out. What it lacks stays
    as unknown; with --confirm N so many of those objects are asked for by name.
    """
    from icehouse.services.absent import MOST
    from icehouse.services.browse import absentees
    from icehouse.services.scan import folder_of, scan

    give_way()
    seldom()
    line = ProgressLine(quiet=quiet)
    if manifest is not None:
        if lineage:
            raise UsageError("--lineage does not go with --from-inventory: S3 knows no jobs")
        if sweeping and address is None:
            raise UsageError("--sweep needs the ADDRESS to ask about", hint="STORE:BUCKET/ or STORE:BUCKET/folder/")
        place = session.address(address) if address is not None else None
        return _from_inventory(session, manifest, place, fresh, confirm or 0, sweeping, line, as_json)
    if address is None:
        raise UsageError("name what to scan", hint="STORE:BUCKET/ or STORE:BUCKET/folder/")
    place = session.address(address)
    _tell_aside(session, folder_of(place))

    def progress(so_far: ScanProgress) -> None:
        if so_far.jobs is not None:
            line.show(f"reading jobs: {count(so_far.jobs)}")
            return
        if so_far.asked is not None:
            line.show(f"asking whether they are gone: {count(so_far.asked[0])} of {count(so_far.asked[1])}")
            return
        line.show(f"scanning: {count(so_far.objects)} objects, {size(so_far.bytes)} · {rate(so_far.rate)}")

    swept: SweepReport | None = None
    with Interrupt().listening() as stop:
        try:
            most = MOST if confirm is None else confirm
            report = scan(
                session.house, place, fresh=fresh, lineage=lineage, confirm=most, progress=progress, stop=stop
            )
            if sweeping and report.complete:
                swept = _sweep(session, place, line, stop)
        finally:
            line.clear()
    if as_json:
        json_line({**_row(report), "sweep": _swept_row(swept) if swept else None, "lineage": _lineage_row(report)})
    else:
        _tell(report, swept, absentees(session.house, folder_of(place)))
    code = _ending("scan", report.complete, report.error, report.cause)
    code = code or (_ending("sweep", swept.complete, swept.error, swept.cause) if swept else 0)
    return code or _lineage_ending(report)


def _from_inventory(
    session: Session,
    manifest: str,
    place: Address | None,
    fresh: bool,
    confirm: int,
    sweeping: bool,
    line: ProgressLine,
    as_json: bool,
) -> int:
    from icehouse.services.browse import absentees
    from icehouse.services.inventory import LoadProgress, scan_inventory
    from icehouse.services.scan import folder_of

    def progress(so_far: LoadProgress) -> None:
        if so_far.asked is not None:
            line.show(f"asking whether they are gone: {count(so_far.asked[0])} of {count(so_far.asked[1])}")
            return
        if so_far.written:
            line.show(f"writing: {count(so_far.written)} of {plural(so_far.objects, 'object')}")
            return
        line.show(f"reading: {count(so_far.objects)} objects · file {count(so_far.files + 1)} of {count(so_far.of)}")

    swept: SweepReport | None = None
    with Interrupt().listening() as stop:
        try:
            report = scan_inventory(
                session.house, session.address(manifest), place,
                fresh=fresh, confirm=confirm, progress=progress, stop=stop,
            )  # fmt: skip
            if sweeping and place is not None and report.complete:
                swept = _sweep(session, place, line, stop)
        finally:
            line.clear()
    if not report.complete:
        tell("icehouse: stopped; the catalogue is as it was")
        return INTERRUPTED
    if as_json:
        json_line({**_row(report), "sweep": _swept_row(swept) if swept else None, "lineage": None})
    else:
        _tell(report, swept, absentees(session.house, folder_of(place)) if place is not None else 0)
    return _ending("sweep", swept.complete, swept.error, swept.cause) if swept else 0


def _sweep(session: Session, place: Address, line: ProgressLine, stop: Interrupt) -> SweepReport:
    from icehouse.services.sweep import sweep

    def progress(so_far: SweepProgress) -> None:
        line.show(f"asking: {count(so_far.done)} of {count(so_far.of)} · {money(so_far.usd)}")

    prefix = place.path if place.path.endswith("/") or not place.path else f"{place.path}/"
    return sweep(session.house, FolderRef(place.store, place.container, prefix), progress=progress, stop=stop)


def _tell_aside(session: Session, folder: FolderRef) -> None:
    from icehouse.services.browse import set_aside

    aside = set_aside(session.house, folder)
    if aside is not None:
        tell(
            f"icehouse: the catalogue of {folder.store}:{folder.container} was damaged or of an older Icehouse: "
            f"scanning anew; it lies set aside as {aside}, with what was known of changes"
        )


def _ending(what: str, complete: bool, error: str, cause: StoreError | None) -> int:
    """The exit code, after a line on why it is not complete."""
    from icehouse.services.scan import STOPPED

    if complete:
        return 0
    tell(f"icehouse: the {what} is not complete: {error}; the same command goes on from here")
    if error == STOPPED:
        return INTERRUPTED
    return cause.exit_code if cause is not None else 1


def _lineage_ending(report: ScanReport) -> int:
    """The exit code, after a line on why the jobs are not known."""
    told = report.lineage
    if told is None or not told.error:
        return 0
    tell(f"icehouse: the scan is complete, but its jobs are not known: {told.error}; scan again to read them")
    return told.cause.exit_code if told.cause is not None else 1


def _lineage_row(report: ScanReport) -> dict[str, object] | None:
    told = report.lineage
    return None if told is None else {"jobs": told.jobs, "used": told.used, "error": told.error or None}


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
        "inventory": instant(report.inventory),
        "limit_known": None if report.inventory is None else not report.unbounded,
        "changes": _changes_row(report.changes) if report.changes else None,
    }


def _changes_row(changes: Comparison) -> dict[str, object]:
    """The sums of what changed; a move is told once."""
    return comparison_row(changes, {kind: changes.sums[kind] for kind in comparison_sums(changes)})


def _swept_row(report: SweepReport) -> dict[str, object]:
    return {
        "objects": report.done,
        "settled": report.settled,
        "missing": report.missing,
        "denied": report.denied,
        "failed": report.failed,
        "requests": report.requests,
        "usd": round(report.usd, 6),
        "complete": report.complete,
        "states": {state.value: n for state, n in report.by_state.items()},
        "error": report.error or None,
    }


def _apart(report: ScanReport, absent: int) -> list[str]:
    """Why the states below add up to something else than what this scan found; `absent` of them are listed no more."""
    held, size_held = sum(report.by_state.values()), sum(report.bytes_by_state.values())
    if (held, size_held) == (report.objects, report.bytes):
        return []
    if not report.complete:
        return ["That is this scan so far; below is the catalogue, as it was before it until it is complete:"]
    more = held - report.objects
    if absent and more == absent:
        return [f"{plural(more, 'object')} of before, listed no more and not confirmed to be gone, count as unknown:"]
    return [f"The catalogue has {plural(held, 'object')}, {size(size_held)} there:"]


def _tell(report: ScanReport, swept: SweepReport | None, absent: int) -> None:
    more = "" if report.complete else "at least "
    took = f"{duration(report.seconds)}, {plural(report.requests, 'request')}"
    say(f"{more}{plural(report.objects, 'object')}, {size(report.bytes)} in {took}")
    if report.inventory is not None:
        say(f"as of {stamp(report.inventory)}, by an inventory: it knows of no restore, and no plan rests on it")
        if report.unbounded:
            say("Whether it was limited to a prefix could not be asked: what it leaves out may be there all the same.")
    for line in _apart(report, absent):
        say(line)
    table(
        ("state" if swept is None else "before" if report.inventory else "as listed", "objects", "size"),
        [
            (f"{glyph(state)} {word(state)}", count(n), size(report.bytes_by_state.get(state, 0)))
            for state, n in sorted(report.by_state.items(), key=lambda item: list(State).index(item[0]))
        ],
        "<>>",
    )
    if report.changes is not None:
        since = f"since {stamp(report.changes.since)}: " if report.changes.since is not None else ""
        say(since + sums_line(comparison_sums(report.changes)))
        for caveat in caveats(report.changes):
            say(caveat)
        if ChangeKind.MISSING in report.changes.sums:
            asks = "a scan" if report.changes.inventory else "the next scan"
            say(f"What is missing stays as unknown; {asks} asks for it again, with --confirm N for more at once.")
    if report.lineage is not None and not report.lineage.error:
        told = report.lineage
        say(f"read {plural(told.jobs, 'job')}, which took in {plural(told.used, 'object')}")
    if swept is not None:
        found = " · ".join(f"{count(n)} {word(state)}" for state, n in swept.by_state.items() if n)
        say(f"asked {plural(swept.done, 'object')} for {money(swept.usd)}: {found or 'nothing was unknown'}")
