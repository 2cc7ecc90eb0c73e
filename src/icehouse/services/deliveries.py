"""Deliveries, for faces: scan for them, list them, tick them, and see what is known of each object in one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from icehouse.catalogue.deliveries import DeliveryIndex, SourceNote
from icehouse.core.deliveries import Delivery, DeliveryRow, HandedOut, ObjectLine, Source, SourceRow, Totals, totals
from icehouse.core.errors import Refused, UsageError
from icehouse.core.evidence import Issue, SourceStanding, Thing, Unparsed
from icehouse.core.refs import FolderRef, folder_address
from icehouse.core.states import UNKNOWN

from .delivery_export import Format, Words
from .delivery_export import export as write_export
from .delivery_handed import Handed, Handing, handing_of
from .delivery_judging import by_id, by_key
from .delivery_manifest import Said
from .delivery_recipients import judged
from .delivery_records import label_of
from .delivery_rows import mark_of, rows, source_rows, sources
from .delivery_scan import (
    STOPPED,
    DeliveriesProgress,
    ScanReport,
    SourceReport,
    chosen,
    ours_of,
    scan,
    scanning,
    start_scan,
)
from .house import House

__all__ = [
    "STOPPED", "DeliveriesProgress", "DeliveryRow", "ObjectLine", "ScanReport", "Source", "SourceReport",
    "SourceRow", "Totals", "check_sources", "export", "find", "find_all", "forget", "hand_outs", "is_unmailed",
    "mark_of", "objects", "rows", "samples", "scan", "scanning", "source_rows", "sources", "standings", "start_scan",
    "tick", "totals", "unmailed", "version",
]  # fmt: skip


def tick(house: House, rows: Iterable[DeliveryRow], ticked: bool) -> int:
    """Tick or untick these by hand, for as long as neither content nor expiry changes; how many that changed.

    Refused, and nothing is changed, where one of them may not be ticked: held, not expired, listed apart, not known.
    """
    from icehouse.ledger import audit
    from icehouse.ledger.ticks import Tick

    wanted = list(rows)
    for row in wanted:
        if ticked and not row.ticking.allowed:
            raise Refused(f"{folder_address(row.delivery.folder)} can't be ticked: {row.ticking.words}")
    changed = [row for row in wanted if row.ticked is not ticked or not row.by_hand]
    at, who = house.clock.now(), audit.actor()
    house.ticks().put(Tick(row.delivery.folder, mark_of(row.delivery), ticked, at, who) for row in changed)
    return len(changed)


def forget(house: House, rows: Iterable[DeliveryRow]) -> int:
    """Take away what a hand ticked or unticked: the rules say again; of how many there was something to take away."""
    folders = [row.delivery.folder for row in rows if row.by_hand or row.lapsed]
    house.ticks().discard(folders)
    return len(folders)


def find(house: House, id_prefix: str) -> DeliveryRow:
    """The one delivery whose id, or address, is that, or whose id starts so; also by what `deliver` called it.

    UsageError for none or several.
    """
    return _found(house, rows(house), id_prefix)


def find_all(house: House, ids: Iterable[str]) -> list[DeliveryRow]:
    """What `find` finds for each, each delivery once."""
    every = rows(house)
    return list({row.delivery.id: row for row in (_found(house, every, each) for each in ids)}.values())


def check_sources(house: House, labels: Sequence[str]) -> None:
    """UsageError where no source is meant by one of `labels`, which are beginnings of their addresses."""
    if labels:
        chosen(house, labels)


def _found(house: House, every: Sequence[DeliveryRow], id_prefix: str) -> DeliveryRow:
    found = [row for row in every if row.delivery.id.startswith(id_prefix)] if id_prefix else []
    if not found and ":" in id_prefix:
        wanted = id_prefix.rstrip("/")
        found = [row for row in every if wanted in _addresses(row)]
    if not found and id_prefix:
        handed = Handed.load(house)
        folders = {each.folder for each in handed.made if each.id.startswith(id_prefix)}
        found = [row for row in every if row.delivery.folder in folders]
    if len(found) != 1:
        why = f"{len(found)} deliveries begin so" if found else "no such delivery"
        called = [row.delivery.id for row in every if id_prefix and row.delivery.name == id_prefix]
        hint = f"say which by its id: {', '.join(called[:5])}" if called else "say its id, or its whole address"
        raise UsageError(f"{id_prefix}: {why}", hint=f"{hint}; icehouse deliveries lists them")
    return found[0]


def objects(house: House, delivery_id: str) -> list[ObjectLine]:
    """The objects of a delivery as of the last scan, in key order, each with what is known of its fate by now.

    No store is asked.
    """
    index = DeliveryIndex(house.paths.deliveries)
    row = next((each for each in rows(house) if each.delivery.id == delivery_id), None)
    if row is None:
        raise UsageError(f"{delivery_id}: no such delivery", hint="icehouse deliveries lists them")
    folder, handed = row.delivery.folder, Handed.load(house)
    note = index.sources().get(row.delivery.source)
    source = next((each for each in house.config.deliveries if each.label == row.delivery.source), None)
    if source is None or note is None:
        return _handed_objects(house, handed, folder)
    whose, issues, times = (
        ours_of(source, note.accounts),
        handed.of(folder),
        handed.times(folder, _noted(index, source, note, folder)),
    )
    found = list(index.objects(delivery_id))
    told = by_id(house, folder, {each.version for each in found}) if note.by_id else by_key(house, folder)
    lines = []
    for each in found:
        thing = Thing(each.key, each.version, each.size, each.uploaded)
        accesses = told.get((each.version or "") if note.by_id else each.key, ())
        lines.append(ObjectLine(thing, each.standing, judged(thing, accesses, whose, issues, times)[0]))
    return lines


def hand_outs(house: House, delivery: Delivery) -> list[tuple[HandedOut, list[Issue]]]:
    """Each time that `deliver` handed out what lies in a delivery, the oldest first, with the links made for it."""
    handed = Handed.load(house)
    found = sorted(handed.about(delivery.folder), key=lambda each: (each.made, each.id))
    return [(each, handed.links.get(each.id, [])) for each in found]


def unmailed(house: House) -> list[HandedOut]:
    """What was promised to somebody for longer than now, and whose links were made for a mail that did not go out."""
    if not house.paths.ledger.exists():
        return []
    handed = Handed.load(house)
    clocks = {each.source.store: each.by_store for each in source_rows(house) if each.by_store is not None}
    now = house.clock.now()
    return [
        each
        for each in handed.made
        if each.promised > clocks.get(each.folder.store, now) and is_unmailed(handed.links.get(each.id, []))
    ]


def is_unmailed(issues: Sequence[Issue]) -> bool:
    """Whether the links that were made last were for a mail that no server took."""
    from .deliver_links import MAILING

    return bool(issues) and issues[-1].how == MAILING


def standings(house: House) -> list[SourceStanding]:
    """How far each source of evidence that the config names was read."""
    labels = [label_of(spec, source) for source in house.config.deliveries for spec in source.evidence]
    return [house.evidence().standing(label) for label in dict.fromkeys(labels)]


def samples(house: House, source: str) -> list[Unparsed]:
    """The first lines of a source of evidence that could not be understood: where, and why."""
    return house.evidence().samples(source)


def export(house: House, path: Path, form: Format, rows: Iterable[DeliveryRow], words: Words | None = None) -> int:
    """Write rows into a new file (0600), formula-safe CSV or exact JSON lines; how many that were.

    `words` tells why a row is ticked or not, as the list does; without it the rules do.
    """
    return write_export(path, form, rows, words)


def version(house: House) -> object:
    """What changes whenever `rows` or `source_rows` would say something else; cheap, and asks no store."""
    stamps: list[object] = [DeliveryIndex(house.paths.deliveries).version()]
    for path in (house.paths.ticks, house.paths.ledger, house.paths.verdicts, house.paths.scopes):
        try:
            told = path.stat()
            stamps.append((told.st_mtime_ns, told.st_size))
        except OSError:
            stamps.append(0)
    return tuple(stamps)


def _noted(index: DeliveryIndex, source: Source, note: SourceNote, folder: FolderRef) -> list[Handing]:
    """Each time that a folder, one above it or one in it was handed out, as the notes say that the last scan read."""
    found = []
    for ref, (_, text) in index.documents(FolderRef(source.store, note.container, source.prefix)).items():
        said = Said.of(text)
        handing = handing_of(ref, said) if said is not None else None
        if handing and (handing.prefix.startswith(folder.prefix) or folder.prefix.startswith(handing.prefix)):
            found.append(handing)
    return found


def _addresses(row: DeliveryRow) -> set[str]:
    """How a delivery may be typed: with its container's identity, or with what people call that."""
    folder = row.delivery.folder
    called = {folder.container, row.delivery.title or folder.container}
    return {f"{folder.store}:{each}/{folder.prefix}".rstrip("/") for each in called}


def _handed_objects(house: House, handed: Handed, folder: FolderRef) -> list[ObjectLine]:
    """What was handed out of a folder that no source covers: nothing is known of it but that."""
    from icehouse.core.evidence import ObjectEvidence
    from icehouse.ledger import deliveries

    made = [each for each in handed.made if each.folder == folder]
    if not made:
        return []
    last = max(made, key=lambda each: each.made)
    things = [Thing(ref.key, ref.version, size, None) for ref, size, _ in deliveries.objects(house.ledger(), last.id)]
    return [ObjectLine(thing, UNKNOWN, ObjectEvidence(thing)) for thing in things]
