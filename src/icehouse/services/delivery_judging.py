"""Judging deliveries: when each expires, and what the evidence on its objects comes to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from icehouse.catalogue.deliveries import DeliveryObject
from icehouse.catalogue.delivery_walk import Walked
from icehouse.core.clock import Instant
from icehouse.core.deliveries import Delivery, Source, delivery_id
from icehouse.core.evidence import Access, Kind, ObjectEvidence, Ours, Telling, Thing
from icehouse.core.evidence_rules import of_delivery
from icehouse.core.refs import FolderRef, Ref

from .delivery_finding import Found, Stop, Stopped
from .delivery_handed import Handed, Handing
from .delivery_manifest import Said
from .delivery_recipients import judged, partly
from .house import House

_MANY = 100_000

Tellings = Callable[[bool], Sequence[Telling]]
"""What the sources are worth, for a delivery that has expired (True) or not."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging the deliveries of one source rests on; `by_id`: an object is its version, wherever it lies."""

    house: House
    source: Source
    root: FolderRef
    title: str
    walked: Walked
    handed: Handed
    ours: Ours
    now: Instant
    by_id: bool
    stop: Stop
    noted: dict[str, tuple[Handing, ...]] = field(default_factory=dict)

    def dated(self, found: Found) -> Delivery:
        """A delivery with its dates and without any evidence."""
        uploaded, expires, apart = _dates(found, self.handed.counting(found.notes), self.source, self.now)
        self.noted[found.prefix] = found.notes
        notes = self.handed.counting(found.notes)
        folder = FolderRef(self.root.store, self.root.container, found.prefix)
        told = [found.said.recipient if found.said is not None else "", *(each.recipient for each in notes)]
        names = dict.fromkeys(name for name in told if name)
        nothing = of_delivery((), (), needed=None)
        return self.handed.merged(
            Delivery(
                id=delivery_id(folder),
                folder=folder,
                source=self.source.label,
                recipient=", ".join(names),
                uploaded=uploaded,
                expires=expires,
                rollup=found.rollup,
                fingerprint=found.fingerprint,
                downloaded=nothing[0],
                copied=nothing[1],
                attempted=nothing[2],
                tick_attempted=self.source.tick_attempted,
                apart=apart,
                title=self.title,
            )
        )

    def expired(self, delivery: Delivery) -> bool:
        """Whether it is known to have expired."""
        return delivery.expires is not None and delivery.expires <= self.now

    def evidence(self, delivery: Delivery) -> Iterator[tuple[ObjectEvidence, frozenset[str]]]:
        """What is known of each object of a delivery, in key order, and which recipients lack what others have."""
        folder = delivery.folder
        issues, handed = self.handed.of(folder), self.handed.times(folder, self.noted.get(folder.prefix, ()))
        told = self._told(delivery)
        for number, each in enumerate(self.walked.objects(folder.prefix)):
            if number % 1000 == 0 and self.stop():
                raise Stopped
            accesses = told(each)
            thing = Thing(each.key, each.version, each.size, each.uploaded)
            yield judged(thing, accesses, self.ours, issues, handed)

    def _told(self, delivery: Delivery) -> Callable[[DeliveryObject], Sequence[Access]]:
        """Tells what is known of accesses to each object of a delivery, asked for in key order.

        Those to a delivery of so many objects that they may not fit into memory are read alongside.
        """
        if self.by_id:
            return lambda each: self.walked.told(each.version) if each.version else ()
        if delivery.objects > _MANY:
            return InKeyOrder(_accesses(self.house, delivery.folder)).of
        told = by_key(self.house, delivery.folder)
        return lambda each: told.get(each.key, ())

    def judged(self, delivery: Delivery, tellings: Sequence[Telling]) -> Delivery:
        """The delivery with what the evidence comes to."""
        fetched, missing = 0, frozenset[str]()

        def counted() -> Iterator[ObjectEvidence]:
            nonlocal fetched, missing
            for each, lacking in self.evidence(delivery):
                fetched, missing = fetched + each.fetched, missing | lacking
                yield each

        needed = delivery.expires if self.expired(delivery) else delivery.uploaded
        downloaded, copied, attempted = of_delivery(counted(), tellings, needed=needed)
        return replace(
            delivery, downloaded=partly(downloaded, missing), copied=copied, attempted=attempted, fetched=fetched
        )

    def uncopied(self, deliveries: Sequence[Delivery]) -> Iterator[Ref]:
        """The objects of those that have expired, of which no copy is known yet."""
        for delivery in deliveries:
            if self.expired(delivery):
                found = [each.thing for each, _ in self.evidence(delivery) if not each.has(Kind.COPIED)]
                folder = delivery.folder
                yield from (Ref(folder.store, folder.container, thing.key, thing.version) for thing in found)

    def recall(self) -> None:
        """Have what is known of accesses at hand, where objects may have moved since."""
        if self.by_id:
            self.walked.tell(self.house.evidence().accesses(self.root.store, self.root.container, ""))


class InKeyOrder:
    """Accesses that come in the order of their keys, looked up in that order, so that those of one key are held."""

    def __init__(self, accesses: Iterator[Access]) -> None:
        self._groups = groupby(accesses, key=lambda access: access.key)
        self._next = next(self._groups, None)
        self._key, self._held = "", list[Access]()

    def of(self, each: DeliveryObject) -> Sequence[Access]:
        """Those to the key of an object; no key that comes before it may be asked for any more."""
        if each.key != self._key:
            self._key, self._held = each.key, []
            place = _raw(each.key)
            while self._next is not None and _raw(self._next[0]) < place:
                self._next = next(self._groups, None)
            if self._next is not None and self._next[0] == each.key:
                self._held = list(self._next[1])
                self._next = next(self._groups, None)
        return self._held


def _accesses(house: House, folder: FolderRef) -> Iterator[Access]:
    return house.evidence().accesses(folder.store, folder.container, folder.prefix)


def _raw(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def by_key(house: House, folder: FolderRef) -> dict[str, list[Access]]:
    """What is known of accesses below a folder, by the keys of what they were to."""
    told: dict[str, list[Access]] = {}
    for access in _accesses(house, folder):
        told.setdefault(access.key, []).append(access)
    return told


def by_id(house: House, folder: FolderRef, ids: Collection[str | None]) -> dict[str, list[Access]]:
    """What is known of accesses to the objects of these ids, wherever in the container they lay then."""
    told: dict[str, list[Access]] = {}
    for access in _accesses(house, FolderRef(folder.store, folder.container, "")):
        if access.version is not None and access.version in ids:
            told.setdefault(access.version, []).append(access)
    return told


def _dates(
    found: Found, notes: Sequence[Handing], source: Source, now: Instant
) -> tuple[Instant | None, Instant | None, str]:
    """When a delivery was uploaded and when it expires, as far as the store tells, and why it stands apart."""
    said: Said | None = found.said
    undated = _undated(found, now)
    if undated:
        return None, None, undated
    uploaded, last = found.newest, found.newest
    if said is not None and said.uploaded is not None:
        uploaded = said.uploaded if uploaded is None else max(uploaded, said.uploaded)
        latest = said.latest or said.uploaded
        last = latest if last is None else max(last, latest)
    apart = "" if found.rollup.objects else "empty"
    if uploaded is None or last is None:
        return None, None, apart or "when it was uploaded is not told"
    told = [each.promised for each in notes if each.promised is not None]
    told += [said.expires] if said is not None and said.expires is not None else []
    try:
        return uploaded, max([last + source.lifetime, *told]), apart
    except OverflowError:
        return uploaded, None, apart or "its dates lie too far away"


def _undated(found: Found, now: Instant) -> str:
    """Why the dates of a delivery are not known, or can't be so; "" where they are."""
    if found.odd:
        return found.odd
    if found.future:
        return "an object was uploaded in the future"
    if found.rollup.objects and found.newest is None:
        return "when an object was uploaded is not told"
    if found.said is not None and found.said.uploaded is not None and found.said.uploaded > now:
        return "its manifest is dated in the future"
    return ""
