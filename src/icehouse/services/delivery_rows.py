"""The checklist: deliveries as they were found last, with what decides about them now.  No store is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from icehouse.catalogue.deliveries import DeliveryIndex, SourceNote
from icehouse.core.clock import Instant
from icehouse.core.deliveries import (
    Delivery,
    DeliveryRow,
    HandedOut,
    Source,
    SourceRow,
    delivery_id,
    ticking,
)
from icehouse.core.errors import IcehouseError
from icehouse.core.evidence import Indicator, Seen
from icehouse.core.refs import FolderRef
from icehouse.core.rows import Rollup

from .delivery_handed import Handed
from .delivery_holds import Held
from .delivery_settings import settings_digest
from .delivery_verdicts import verdicts_of
from .house import House

if TYPE_CHECKING:
    from icehouse.ledger.ticks import Tick

CHANGED = "its source's settings changed: scan again"
UNCOVERED = "no source covers it"
GONE = "nothing lies there any more"
NOT_YET = "not scanned yet"
_UNREADABLE = "the ledger can't be read"


def rows(house: House) -> list[DeliveryRow]:
    """Every delivery, in the order of their folders; those that the ledger alone knows come last.

    Where holds, or the ledger, can't be read, every one counts as held.
    """
    notes, found = DeliveryIndex(house.paths.deliveries).all()
    sources = {source.label: source for source in house.config.deliveries}
    handed, unreadable = _handed(house)
    held = Held.load(house, [each.folder for each in found], unreadable)
    ticks = house.ticks().all()
    current = {label for label, source in sources.items() if _is_current(source, notes.get(label))}
    mine = [
        _as_now(each, sources[each.source], current=each.source in current) for each in found if each.source in sources
    ]
    verdicts = verdicts_of(house, mine)
    made: list[DeliveryRow] = []
    for delivery in mine:
        note = notes[delivery.source]
        row = _row(handed.merged(delivery, named=True), note.by_store, held, ticks.get(delivery.folder), note.read)
        if delivery.id in verdicts:
            verdict, undecided = verdicts[delivery.id]
            row = replace(row, verdict=verdict, undecided=undecided)
        made.append(row)
    for delivery in _uncovered(handed, mine, house.config.deliveries, notes):
        made.append(_row(delivery, None, held, None, None))
    return made


def source_rows(house: House) -> list[SourceRow]:
    """The declared sources, with how each was read last."""
    index = DeliveryIndex(house.paths.deliveries)
    notes, counts = index.sources(), index.counts()
    made = []
    for source in house.config.deliveries:
        note = notes.get(source.label)
        if note is None:
            made.append(SourceRow(source, error=NOT_YET))
            continue
        error = note.error or ("" if _is_current(source, note) else "its settings changed: scan again")
        made.append(SourceRow(source, note.by_store, note.read, counts.get(source.label, 0), error))
    return made


def sources(house: House) -> list[Source]:
    """The declared sources, each with its container by its identity where a scan learned that.  Asks no store."""
    notes = DeliveryIndex(house.paths.deliveries).sources()
    return [
        replace(source, container=notes[source.label].container) if source.label in notes else source
        for source in house.config.deliveries
    ]


def mark_of(delivery: Delivery) -> str:
    """What a tick is bound to: what lies in the delivery, and until when it was promised."""
    expires = "" if delivery.expires is None else f"{delivery.expires:%Y%m%dT%H%M%S}"
    return f"{delivery.fingerprint}-{expires}"


def _row(
    delivery: Delivery, now: Instant | None, held: Held, tick: Tick | None, seen_at: Instant | None
) -> DeliveryRow:
    why, how_many = held.on(delivery)
    rules = ticking(delivery, now=now, held=why)
    by_hand = tick is not None and tick.fingerprint == mark_of(delivery)
    ticked = rules.ticked if tick is None or not by_hand else tick.ticked
    return DeliveryRow(
        delivery=delivery,
        expired=None if now is None or delivery.expires is None else delivery.expires <= now,
        ticking=rules,
        ticked=rules.allowed and ticked,
        by_hand=by_hand,
        hold=why,
        holds=how_many,
        seen_at=seen_at,
        lapsed=tick is not None and not by_hand,
    )


def _is_current(source: Source, note: SourceNote | None) -> bool:
    """Whether the config has a source as it had it when that was read."""
    return note is not None and note.settings == settings_digest(source)


def _as_now(delivery: Delivery, source: Source, *, current: bool) -> Delivery:
    """A delivery as the config has its source now: where that changed, it stands apart until the next scan."""
    if not current:
        return replace(delivery, tick_attempted=source.tick_attempted, apart=CHANGED)
    if delivery.tick_attempted != source.tick_attempted:
        return replace(delivery, tick_attempted=source.tick_attempted)
    return delivery


def _handed(house: House) -> tuple[Handed, str]:
    """What the ledger knows, or why it can't be read."""
    try:
        return Handed.load(house), ""
    except IcehouseError:
        return Handed(), _UNREADABLE


def _uncovered(
    handed: Handed, found: Sequence[Delivery], declared: Sequence[Source], notes: Mapping[str, SourceNote]
) -> Iterator[Delivery]:
    """What was handed out and was not found below any source, each folder once."""
    if not handed.made:
        return
    known = {each.folder for each in found}
    above = {place for folder in known for place in _line(folder)}
    folders: dict[FolderRef, list[HandedOut]] = {}
    for each in handed.made:
        if handed.promised(each) is not None:
            folders.setdefault(each.folder, []).append(each)
    for folder, made in folders.items():
        if folder in above or any(place in known for place in _line(folder)):
            continue
        last = max(made, key=lambda each: each.made)
        until = max((issue.until for issue in handed.of(folder)), default=None)
        expires = max([each.promised for each in made] + ([until] if until else []))
        apart = _why_uncovered(folder, last, declared, notes)
        if apart == GONE and all(note.by_store is None or note.by_store >= expires for note in notes.values()):
            continue
        names = dict.fromkeys(each.recipient for each in made if each.recipient)
        nothing = Indicator(Seen.UNTELLABLE, words=apart)
        yield Delivery(
            delivery_id(folder), folder, "", ", ".join(names), None, expires,
            Rollup(last.objects, last.bytes, complete=True), last.content, nothing, nothing, nothing,
            links_until=until, apart=apart,
        )  # fmt: skip


def _why_uncovered(
    folder: FolderRef, last: HandedOut, declared: Sequence[Source], notes: Mapping[str, SourceNote]
) -> str:
    for source in declared:
        note = notes.get(source.label)
        place = source.store, note.container if note is not None else source.container
        if place == (folder.store, folder.container) and _looks_at(source, folder.prefix):
            read = note is not None and note.whole and note.by_store is not None and note.by_store > last.made
            return GONE if read else NOT_YET
    return UNCOVERED


def _looks_at(source: Source, prefix: str) -> bool:
    """Whether a source would find a folder of that prefix, in the container that it looks at."""
    below = prefix.removeprefix(source.prefix)
    if not prefix.startswith(source.prefix) or any(below.startswith(each) for each in source.exclude):
        return False
    return source.depth is None or below.count("/") >= source.depth


def _line(folder: FolderRef) -> Iterator[FolderRef]:
    """The folder, and each above it, the container's root among them."""
    yield folder
    yield FolderRef(folder.store, folder.container, "")
    at = folder.prefix.rfind("/", 0, -1)
    while at >= 0:
        yield FolderRef(folder.store, folder.container, folder.prefix[: at + 1])
        at = folder.prefix.rfind("/", 0, at)
