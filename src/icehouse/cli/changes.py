"""`icehouse changes`: what a scan found other than the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from icehouse.core.changes import Aspect, Change, ChangeKind, ChangeSum
from icehouse.core.errors import NotFound, UsageError
from icehouse.core.refs import FolderRef, folder_address
from icehouse.present.changes import NEVER_COMPARED, caveats, change_line, scan_words, sums_line
from icehouse.present.sizes import count, plural, size

from .choice import json_lines
from .output import json_line, say, tell
from .rows import instant, ref_row
from .session import Session

if TYPE_CHECKING:
    from icehouse.core.changes import Comparison
    from icehouse.services.changes import ChangeList, Heading

_PAGE = 1000
_LIMIT = 200
_EARLIER = 5


@click.command()
@click.argument("address")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in ChangeKind]),
    help="Only changes of that kind; may be repeated.",
)  # fmt: skip
@click.option("--scan", "number", metavar="N", type=click.IntRange(min=1), help="What scan N found; else the latest.")
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0), default=_LIMIT, show_default=True,
    help="Changes that are told, 0 for all.",
)  # fmt: skip
@json_lines
@click.pass_obj
def command(
    session: Session, address: str, kinds: tuple[str, ...], number: int | None, limit: int, as_json: bool
) -> int:
    """Tell what the latest scan of ADDRESS found other than the one before: a line of sums, then each change.

    Nothing is asked of the store. "gone" was listed before, is not now, and was not found when it was asked for by
    name; "missing" is not listed either, but nobody could confirm that it is gone. A move is told of where ids tell
    objects apart. What was not scanned before is no change.
    """
    from icehouse.services.changes import open_changes

    place = session.address(address)
    if not place.container:
        raise UsageError("changes are those of one container", hint="say icehouse changes STORE:BUCKET/folder/")
    prefix = place.path if place.path.endswith("/") or not place.path else place.path + "/"
    folder = FolderRef(place.store, place.container, prefix)
    found = open_changes(session.house, folder, kinds=[ChangeKind(kind) for kind in kinds], number=number)
    if found is None:
        raise UsageError(f"{folder_address(folder)} was never scanned", hint=f"icehouse scan {folder_address(folder)}")
    try:
        if not found.headings:
            if number is not None:
                raise NotFound(f"scan {number}: no such comparison of {folder_address(folder)}")
            tell(NEVER_COMPARED)
            return 0
        _tell(session, found, limit, as_json)
    finally:
        found.close()
    return 0


def _tell(session: Session, found: ChangeList, limit: int, as_json: bool) -> None:
    heading = found.headings[0]
    comparison, now = heading.comparison, session.house.clock.now()
    sums = found.bytes(heading)
    if as_json:
        json_line({"summary": comparison_row(comparison, sums)})
    else:
        say(f"{scan_words(comparison, now)}: {sums_line(heading.sums, filtered=bool(found.kinds))}")
        amounts = ", ".join(f"{kind.value} {size(each.bytes)}" for kind, each in sums.items() if each.bytes)
        if amounts:
            say(amounts)
        for line in caveats(comparison):
            say(line)
    of = sum(heading.sums.values()) if comparison.kept else 0
    most = min(of, limit or of)
    told = 0
    while told < most:
        rows = found.rows(1 + told, min(_PAGE, most - told))
        for row in rows:
            if isinstance(row, Change):
                json_line(change_row(row)) if as_json else say(change_line(row, now))
        told += len(rows)
        if not rows:
            break
    if told < of:
        tell(f"{plural(of - told, 'more change')}; --limit 0 tells all")
    if not as_json:
        _earlier(found.headings[1:])


def _earlier(headings: list[Heading]) -> None:
    for heading in headings[:_EARLIER]:
        tell(f"earlier: --scan {heading.comparison.number}: {sums_line(heading.sums)}")
    if len(headings) > _EARLIER:
        tell(f"and {count(len(headings) - _EARLIER)} earlier ones")


def comparison_row(comparison: Comparison, sums: Mapping[ChangeKind, ChangeSum]) -> dict[str, object]:
    """The sums of a comparison for scripts."""
    return {
        "scan": comparison.number,
        "prefix": comparison.prefix,
        "at": instant(comparison.at),
        "since": instant(comparison.since),
        "inventory": comparison.inventory,
        "since_inventory": comparison.since_inventory,
        "whole": comparison.whole,
        "kept": comparison.kept,
        "changes": {
            kind.value: {"objects": each.objects, "bytes": each.bytes} for kind, each in sums.items() if each.objects
        },
    }


def change_row(change: Change) -> dict[str, object]:
    """One change for scripts."""
    return {
        "kind": change.kind.value,
        "scan": change.comparison,
        **ref_row(change.ref),
        "before": _aspect(change.before),
        "after": _aspect(change.after),
    }


def _aspect(aspect: Aspect | None) -> dict[str, object] | None:
    """One side of a change; an ETag is told where the two sides differ in it, or one is left."""
    if aspect is None:
        return None
    return {
        "key": aspect.key,
        "size": aspect.size,
        "modified": instant(aspect.modified),
        "etag": aspect.etag or None,
        "state": aspect.standing.state.value,
        "word": aspect.standing.word,
        "until": instant(aspect.standing.until),
        "version": aspect.version,
    }
