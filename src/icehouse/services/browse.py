"""Browsing: stores, containers and folders, from the catalogue at once and from the store as it is now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from icehouse.catalogue.absentees import absentees as absentees_in
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader, opened
from icehouse.catalogue.search import Found
from icehouse.catalogue.search import search as search_in
from icehouse.catalogue.summary import ContainerSum, Summary
from icehouse.catalogue.view import FolderView
from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.rows import ContainerRow, Coverage, FolderRow, ObjectRow, Rollup, Row, StoreRow
from icehouse.core.states import State
from icehouse.stores.base import Store

from .house import House

__all__ = ["FolderView", "Found"]


def stores(house: House) -> list[StoreRow]:
    """The configured stores with what their scanned containers sum up to; asks no store."""
    sums = Summary(house.paths.catalogue).containers()
    rows = []
    for name, config in house.config.stores.items():
        own = [each for each in sums if each.store == name]
        rows.append(StoreRow(name, config.kind, len(own), add_up(each.rollup for each in own) if own else None))
    return rows


def containers(house: House, store: str, *, ask: bool = True) -> list[ContainerRow]:
    """The containers of a store by title and name, with what their catalogues know.

    `ask` False answers from the catalogue alone, at once; True asks the store, and raises its errors.  A container
    that was scanned and that the store does not list (these credentials may see it and not list it) stays.
    """
    summary = Summary(house.paths.catalogue)
    known = {each.container: each for each in summary.containers(store)}
    listed = {each.name: each for each in house.store(store).containers()} if ask else {}
    summary.note_titles(store, {each.name: each.title for each in listed.values() if each.title})
    rows = []
    for name in {*known, *listed}:
        told, found = listed.get(name), known.get(name)
        rows.append(
            ContainerRow(
                store,
                name,
                None if told is None else told.created,
                None if found is None else found.rollup,
                None if found is None else found.coverage,
                title=told.title if told is not None else found.title if found is not None else "",
                facts=() if told is None else told.facts,
            )
        )
    return sorted(rows, key=lambda row: (row.title.casefold(), row.title, row.name))


def sums(house: House) -> list[ContainerSum]:
    """All scanned containers with their totals by state: where the bytes are."""
    return Summary(house.paths.catalogue).containers()


def titles(house: House) -> dict[tuple[str, str], str]:
    """What containers are called besides their identity, by store and identity, as lists and scans were told."""
    summary = Summary(house.paths.catalogue)
    told = {store: summary.titles(store) for store in house.config.stores}
    return {(store, container): title for store, names in told.items() for container, title in names.items() if title}


def summary_version(house: House) -> tuple[int, int]:
    """A cheap mark; unchanged means that no scan or sweep told the summary anything since."""
    return Summary(house.paths.catalogue).version()


def open_folder(house: House, folder: FolderRef, on_change: Callable[[], None] | None = None) -> FolderView | None:
    """The folder as the catalogue has it, None where its container was never scanned.

    A damaged catalogue is set aside, and counts as never scanned.
    """
    reader = Reader.open(_files(house, folder))
    return None if reader is None else FolderView(reader, folder, on_change)


def set_aside(house: House, folder: FolderRef) -> Path | None:
    """Where the container's catalogue lies that was damaged or of an older Icehouse; None once it is scanned again."""
    files = _files(house, folder)
    with opened(files) as reader:
        return files.aside if reader is None else None


def rollup(house: House, folder: FolderRef) -> Rollup | None:
    """Everything under a folder, summed; None where its container was never scanned."""
    with opened(_files(house, folder)) as reader:
        return None if reader is None else reader.rollup(folder.prefix)


def coverage(house: House, folder: FolderRef) -> Coverage | None:
    """How far the catalogue can be trusted for a folder; None where its container was never scanned."""
    with opened(_files(house, folder)) as reader:
        return None if reader is None else reader.coverage(folder.prefix)


def catalogued(house: House, ref: Ref) -> ObjectRow | None:
    """An object as the catalogue has it, None where it does not."""
    with opened(_files(house, ref)) as reader:
        return None if reader is None else reader.object(ref)


def absentees(house: House, folder: FolderRef) -> int:
    """How many objects below a folder only the catalogue has, as unknown: listed no more, and not confirmed as gone."""
    with opened(_files(house, folder)) as reader:
        return 0 if reader is None else absentees_in(reader, folder.prefix)


def live(house: House, folder: FolderRef, *, page: int = 1000, in_order: bool = False) -> Iterator[list[Row]]:
    """One level of a folder as the store has it now, a page a time; asks for no page before it is wanted.

    Each page is in order.  So are all pages one after the other where the store is `ordered`; where it is not, another
    page's rows belong among those before, and one may come again, as newer: with `in_order` everything is waited for
    and comes at once.  Folders come first, with the catalogue's sums where it has them.  What a listing can't tell is
    taken from a describe that the catalogue remembers, with its age, where the object is the same.  Raises the store's
    errors.
    """
    store = house.store(folder.store)
    following: str | None = None
    gather = in_order and not store.features.ordered
    folders: list[FolderRef] = []
    entries: dict[Ref, Entry] = {}
    with opened(_files(house, folder)) as reader:
        while True:
            found = store.list(folder, following, limit=page)
            following = found.following
            folders.extend(found.folders)
            entries.update({_identity(store, entry): entry for entry in found.entries})
            if gather and following is not None:
                continue
            ordered = list(entries.values())
            if not store.features.ordered:
                folders.sort(key=lambda each: _bytes(each.prefix[:-1]))
                ordered.sort(key=lambda entry: (_bytes(entry.ref.key), entry.ref.version or ""))
            now = house.clock.now()
            yield [
                *(_folder_row(reader, folder, each) for each in folders),
                *(_object_row(reader, folder, entry, now) for entry in ordered),
            ]
            folders.clear()
            entries.clear()
            if following is None:
                return


def search(
    house: House, store: str, container: str, text: str, following: str | None = None, *, limit: int = 200
) -> Found:
    """A page of what the catalogue has under a name that holds `text` (`catalogue.search.search`)."""
    with opened(Files(house.paths.catalogue, store, container)) as reader:
        return Found((), None) if reader is None else search_in(reader, text, following, limit=limit)


def add_up(rollups: Iterable[Rollup]) -> Rollup:
    """Roll-ups added; complete where all are."""
    all_of = list(rollups)
    return Rollup(
        objects=sum(each.objects for each in all_of),
        bytes=sum(each.bytes for each in all_of),
        newest=max((each.newest for each in all_of if each.newest is not None), default=None),
        counts=_merged(each.counts for each in all_of),
        sizes=_merged(each.sizes for each in all_of),
        complete=all(each.complete for each in all_of),
        from_inventory=any(each.from_inventory for each in all_of),
    )


def _identity(store: Store, entry: Entry) -> Ref:
    """What an entry is told apart by from others of its folder."""
    return replace(entry.ref, key="") if store.features.ids else entry.ref


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _files(house: House, place: FolderRef | Ref) -> Files:
    return Files(house.paths.catalogue, place.store, place.container)


def _merged(parts: Iterable[Mapping[State, int]]) -> dict[State, int]:
    merged: dict[State, int] = {}
    for part in parts:
        for state, number in part.items():
            merged[state] = merged.get(state, 0) + number
    return merged


def _folder_row(reader: Reader | None, above: FolderRef, folder: FolderRef) -> FolderRow:
    name = folder.prefix[len(above.prefix) : -1]
    if reader is None or (reader.folder(folder.prefix) is None and not reader.coverage(folder.prefix).complete):
        return FolderRow(folder, name)
    return FolderRow(folder, name, reader.rollup(folder.prefix))


def _object_row(reader: Reader | None, above: FolderRef, entry: Entry, now: Instant) -> ObjectRow:
    row = ObjectRow(
        ref=entry.ref,
        name=entry.ref.key[len(above.prefix) :],
        size=entry.size,
        modified=entry.modified,
        etag=entry.etag,
        standing=entry.standing,
        asked=entry.asked,
        asked_at=now,
        traits=entry.traits,
        tags=entry.tags,
        kind=entry.kind,
        owner=entry.owner,
        job=entry.job,
        properties=entry.properties,
    )
    if reader is None or entry.standing.state is not State.UNKNOWN:
        return row
    known = reader.object(entry.ref)
    if known is None or (known.size, known.modified, known.etag) != (entry.size, entry.modified, entry.etag):
        return row
    if known.asked != "describe" and not known.reason:
        return row
    return replace(row, standing=known.standing, asked=known.asked, asked_at=known.asked_at, reason=known.reason)
