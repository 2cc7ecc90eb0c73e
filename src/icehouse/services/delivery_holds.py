"""Which deliveries are held: by a hold on their folder, on one above it, or on anything within."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from icehouse.catalogue.deliveries import DeliveryIndex
from icehouse.core.deliveries import Delivery
from icehouse.core.errors import IcehouseError
from icehouse.core.holds import Hold
from icehouse.core.refs import FolderRef, Ref

from . import holds as verb
from .house import House

UNREADABLE = "the holds can't be read"

_Place = tuple[str, str]


class Held:
    """The holds on some deliveries.  Where holds can't be read, all of them count as held."""

    def __init__(self, holds: Iterable[Hold], folders: Sequence[FolderRef], ids: DeliveryIndex, why: str = "") -> None:
        self._why = why
        self._found: dict[FolderRef, list[Hold]] = {}
        holds = list(holds)
        if not holds:
            return
        known = set(folders)
        ordered: dict[_Place, list[str]] = {}
        for folder in sorted(folders):
            ordered.setdefault((folder.store, folder.container), []).append(folder.prefix)
        for hold in holds:
            target = hold.target
            path = target.prefix if isinstance(target, FolderRef) else target.key
            for place in _above(target.store, target.container, path):
                if place in known:
                    self._add(place, hold)
            if isinstance(target, FolderRef):
                self._below(target, ordered.get((target.store, target.container), ()), hold)
        by_id = [hold for hold in holds if hold.by_id and isinstance(hold.target, Ref) and hold.target.version]
        if by_id:
            wanted = [(hold.target.store, hold.target.version or "") for hold in by_id if isinstance(hold.target, Ref)]
            self._within = ids.with_ids(wanted)
            self._by_id = dict(zip(wanted, by_id, strict=True))

    _within: dict[tuple[str, str], set[str]] = {}
    _by_id: dict[tuple[str, str], Hold] = {}

    @classmethod
    def load(cls, house: House, folders: Sequence[FolderRef], unreadable: str = "") -> Held:
        """The holds as they are now; `unreadable` says why they can't be read, where that is known already."""
        index = DeliveryIndex(house.paths.deliveries)
        if unreadable:
            return cls((), (), index, unreadable)
        try:
            return cls(verb.holds(house), folders, index)
        except IcehouseError:
            return cls((), (), index, UNREADABLE)

    def on(self, delivery: Delivery) -> tuple[str, int]:
        """Why a delivery is held, "" where it is not, and how many holds are on it."""
        if self._why:
            return self._why, 0
        found = list(self._found.get(delivery.folder, ()))
        found += [self._by_id[each] for each, where in self._within.items() if delivery.id in where]
        there = {hold.id: hold for hold in found}
        return (next(iter(there.values())).reason, len(there)) if there else ("", 0)

    def _add(self, folder: FolderRef, hold: Hold) -> None:
        self._found.setdefault(folder, []).append(hold)

    def _below(self, target: FolderRef, prefixes: Sequence[str], hold: Hold) -> None:
        """Note a folder's hold on every delivery in it."""
        for prefix in prefixes[bisect_left(prefixes, target.prefix) :]:
            if not prefix.startswith(target.prefix):
                return
            if prefix != target.prefix:
                self._add(FolderRef(target.store, target.container, prefix), hold)


def _above(store: str, container: str, path: str) -> Iterable[FolderRef]:
    """Every folder that a path lies in, its own among them where it is a folder's, the container's root too."""
    yield FolderRef(store, container, "")
    at = path.find("/") + 1
    while at:
        yield FolderRef(store, container, path[:at])
        at = path.find("/", at) + 1
