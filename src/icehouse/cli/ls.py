"""`icehouse ls`: stores, containers, or one level of a folder as it is now."""

from __future__ import annotations

import click

from icehouse.core.clock import Instant
from icehouse.core.errors import NotFound, UsageError
from icehouse.core.marks import Mark
from icehouse.core.refs import Address, FolderRef, Ref, folder_address
from icehouse.core.rows import ContainerRow, Coverage, FolderRow, ObjectRow, Rollup, Row, StoreRow
from icehouse.core.states import State
from icehouse.core.text import safe
from icehouse.present.browse import coverage_line
from icehouse.present.cells import cut
from icehouse.present.sizes import NOTHING, at_least, count, plural, share, size
from icehouse.present.states import glyph, state_word, word
from icehouse.present.times import day

from .choice import json_lines
from .output import json_line, say, table, tell
from .rows import entry_row, instant, ref_row
from .session import Session
from .twins import told_apart

_PAGE = 1000
_LONGEST_NAME = 48
"""Cells that a project's name takes at most in a table; JSON has it whole."""
_FACTS = ("level", "region", "billed to")
"""What is told of a container in its line, of the facts that its platform tells; all of them are in JSON."""


@click.command()
@click.argument("address", required=False)
@click.option("--search", metavar="TEXT", help="Everything below ADDRESS whose name holds TEXT, from the last scan.")
@json_lines
@click.pass_obj
def command(session: Session, address: str | None, search: str | None, as_json: bool) -> int:
    """List the stores; with STORE: its buckets; with STORE:BUCKET/folder/ one level of it, asked now.

    Folders show what the last scan found below them. --search asks no store but the catalogue: it finds TEXT in any
    name; folder/TEXT in names that begin so right in such a folder; TEXT/ in folders alone. What is listed no more and
    not confirmed to be gone is in the catalogue alone, as unknown.
    """
    from icehouse.services import browse
    from icehouse.services.look import resolve

    house = session.house
    if search is not None:
        return _search(session, address, search, as_json)
    if address is None:
        _stores(browse.stores(house), as_json)
        if not house.config.stores:
            tell(f"no store is configured in {house.paths.config}")
        return 0
    place = session.address(address)
    if not place.container:
        _containers(browse.containers(house, place.store), as_json, house.clock.now())
        return 0
    try:
        target = resolve(house, place)
        if isinstance(target, FolderRef):
            _folder(session, target, as_json)
            return 0
    except NotFound as gone:
        kept = _kept(session, place)
        if kept:
            raise NotFound(f"{gone.line}, as listed now", hint=kept) from gone
        raise
    from icehouse.services.status import keys

    for entry in keys(house, [Mark(target)]):
        row = ObjectRow(entry.ref, entry.ref.key, entry.size, entry.modified, entry.etag, entry.standing)
        json_line(entry_row(entry)) if as_json else say(_line(row, house.clock.now()))
    return 0


def _folder(session: Session, folder: FolderRef, as_json: bool) -> None:
    """Print one level of a folder; NotFound for one that holds nothing, which no store knows from one that is not."""
    from icehouse.services import browse

    house, now = session.house, session.house.clock.now()
    empty = True
    for page in browse.live(house, folder, in_order=True):
        for row, apart in told_apart(page, lambda row: row.ref):
            empty = False
            json_line(_row(row)) if as_json else say(_line(row, now) + apart)
    if empty and folder.prefix:
        raise NotFound(f"{folder_address(folder)}: no such folder")
    if empty:
        tell(f"{folder_address(folder)} is empty")
    coverage = browse.coverage(house, folder)
    if coverage is not None and not as_json:
        tell(f"as listed now; sums of folders: {_scanned(coverage, now)}")
    if absent := browse.absentees(house, folder):
        tell(_absent(folder, absent))


def _kept(session: Session, place: Address) -> str:
    """What the catalogue has of a place that the store knows no more, "" for nothing."""
    from icehouse.services import browse

    ref = Ref(place.store, place.container, place.path)
    row = None if place.folder is not None else browse.catalogued(session.house, ref)
    if row is not None and row.reason:
        return f"the catalogue has it as unknown: {row.reason}"
    folder = FolderRef(place.store, place.container, f"{place.path.removesuffix('/')}/")
    absent = browse.absentees(session.house, folder)
    return _absent(folder, absent) if absent else ""


def _absent(folder: FolderRef, number: int) -> str:
    """What is said of objects that only the catalogue has."""
    return (
        f"{plural(number, 'object')} below {folder_address(folder)} listed no more and not confirmed to be gone: "
        "unknown, in the catalogue alone; --search finds them"
    )


def _scanned(coverage: Coverage, now: Instant) -> str:
    return coverage_line(coverage, None, now).partition(" · S ")[0]


def _age(folder: FolderRef, coverage: Coverage | None, now: Instant) -> None:
    """Say of sums that are from an inventory how old that is."""
    if coverage is not None and coverage.complete and coverage.from_inventory:
        tell(f"{folder_address(folder)}: {coverage_line(coverage, None, now)}")


def _search(session: Session, address: str | None, text: str, as_json: bool) -> int:
    """Print what the catalogue has under such a name below `address`; its age goes to stderr."""
    from icehouse.services import browse

    place = session.address(address) if address else None
    if place is None or not place.container:
        raise UsageError("a search is through one bucket", hint="say icehouse ls STORE:BUCKET/ --search TEXT")
    if not text:
        raise UsageError("--search: there is nothing to search for")
    house, now = session.house, session.house.clock.now()
    where = FolderRef(place.store, place.container, "")
    coverage = browse.coverage(house, where)
    if coverage is None:
        raise UsageError(f"{folder_address(where)} was never scanned", hint=f"icehouse scan {folder_address(where)}")
    below = place.path + "/" if place.path and not place.path.endswith("/") else place.path
    following: str | None = None
    hits = 0
    while True:
        page = browse.search(house, place.store, place.container, text, following, limit=_PAGE)
        for row, apart in told_apart(page.rows, lambda row: row.ref):
            path = row.ref.prefix if isinstance(row.ref, FolderRef) else row.ref.key
            if path.startswith(below):
                hits += 1
                json_line(_row(row)) if as_json else say(_line(row, now, path) + apart)
        following = page.following
        if following is None:
            break
    tell(f"{plural(hits, 'hit')} in the catalogue · {_scanned(coverage, now)}")
    return 0


def _stores(rows: list[StoreRow], as_json: bool) -> None:
    if as_json:
        for row in rows:
            json_line({"store": row.name, "kind": row.kind, "scanned": row.scanned, **_sums(row.rollup)})
        return
    table(
        ("store", "kind", "scanned", "objects", "size", "cold"),
        [(f"{row.name}:", row.kind, count(row.scanned), *_told(row.rollup)) for row in rows],
        "<<>>>>",
    )


def _containers(rows: list[ContainerRow], as_json: bool, now: Instant) -> None:
    if as_json:
        for row in rows:
            scanned = row.coverage.scanned if row.coverage else None
            json_line(
                {
                    "address": f"{row.store}:{row.name}/", "store": row.store, "container": row.name,
                    "title": row.title or None, "facts": dict(row.facts),
                    "created": instant(row.created), "scanned": instant(scanned), **_sums(row.rollup),
                }
            )  # fmt: skip
        return
    if any(row.title for row in rows):
        _titled(rows, now)
        return
    table(
        ("container", "created", "objects", "size", "cold"),
        [(f"{row.name}/", day(row.created, now), *_told(row.rollup)) for row in rows],
        "<>>>>",
    )
    for row in rows:
        _age(FolderRef(row.store, row.name, ""), row.coverage, now)


def _titled(rows: list[ContainerRow], now: Instant) -> None:
    """Containers that people know by another name than their identity, with what the platform says of each."""
    facts = [name for name in _FACTS if any(name in dict(row.facts) for row in rows)]
    cells = [
        (
            f"{cut(safe(row.title or row.name), _LONGEST_NAME)}/",
            *(dict(row.facts).get(name, NOTHING) for name in facts),
            day(row.created, now), *_told(row.rollup), row.name,
        )
        for row in rows
    ]  # fmt: skip
    titles = ("name", *facts, "created", "objects", "size", "cold", "id")
    table(titles, cells, "<" + "<" * len(facts) + ">>>><")


def _told(rollup: Rollup | None) -> tuple[str, str, str]:
    """A folder's sums for people: objects, bytes, and the cold share."""
    if rollup is None:
        return NOTHING, NOTHING, NOTHING
    growing = not rollup.complete
    cold = share(rollup.sizes.get(State.ARCHIVED, 0), rollup.bytes)
    return at_least(count(rollup.objects), growing=growing), at_least(size(rollup.bytes), growing=growing), cold


def _below(rollup: Rollup, cold: str) -> str:
    """What lies below a folder: ``1 object``, ``12,380 objects, 40% cold, ? 5 unknown``."""
    told = [at_least(plural(rollup.objects, "object"), growing=not rollup.complete)]
    if cold != NOTHING:
        told.append(f"{cold} cold")
    if unknown := rollup.counts.get(State.UNKNOWN):
        told.append(f"{glyph(State.UNKNOWN)} {count(unknown)} {word(State.UNKNOWN)}")
    return ", ".join(told)


def _sums(rollup: Rollup | None) -> dict[str, object]:
    """A folder's sums for scripts, None where it was never scanned."""
    if rollup is None:
        return {"objects": None, "bytes": None, "complete": None, "states": None, "from_inventory": None}
    return {
        "objects": rollup.objects,
        "bytes": rollup.bytes,
        "complete": rollup.complete,
        "states": {
            state.value: {"objects": n, "bytes": rollup.sizes.get(state, 0)} for state, n in rollup.counts.items()
        },
        "from_inventory": rollup.from_inventory,
    }


def _row(row: Row) -> dict[str, object]:
    """One line of a level for scripts."""
    if isinstance(row, FolderRow):
        ref = row.ref
        return {
            "kind": "folder", "address": folder_address(ref), "store": ref.store, "container": ref.container,
            "prefix": ref.prefix, "name": row.name, **_sums(row.rollup),
        }  # fmt: skip
    return {
        "kind": "object",
        **ref_row(row.ref),
        "name": row.name,
        "size": row.size,
        "modified": instant(row.modified),
        "etag": row.etag,
        "state": row.standing.state.value,
        "word": row.standing.word,
        "reason": row.reason or None,
        "until": instant(row.standing.until),
        "asked": row.asked,
        "traits": sorted(row.traits),
        "tags": sorted(row.tags),
    }


def _line(row: Row, now: Instant, path: str = "") -> str:
    """One line for people: size first, the name (or `path`) last, as names have no bounds."""
    if isinstance(row, FolderRow):
        _, amount, cold = _told(row.rollup)
        changed = row.rollup.newest if row.rollup else None
        told = _below(row.rollup, cold) if row.rollup else "never scanned"
        return f"{amount:>11}  {told:32}  {day(changed, now):>7}  {path or row.name + '/'}"
    why = [row.reason] if row.reason else []
    state = ", ".join([f"{glyph(row.standing.state)} {state_word(row.standing, now)}", *sorted(row.traits), *why])
    return f"{size(row.size):>11}  {state:32}  {day(row.modified, now):>7}  {path or row.name or '(folder marker)'}"
