"""Ticks by hand that can be taken back: what stood before them is put back as it was, decisions by hand included."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from icehouse.core.deliveries import DeliveryRow
from icehouse.core.refs import FolderRef

from . import deliveries
from .house import House

if TYPE_CHECKING:
    from icehouse.ledger.ticks import Tick


@dataclass(frozen=True, slots=True)
class Stroke:
    """What one change by hand found written down of its deliveries, and what it left."""

    folders: frozenset[FolderRef]
    before: Mapping[FolderRef, Tick]
    after: Mapping[FolderRef, Tick]


def stroke(house: House, rows: Iterable[DeliveryRow], ticked: bool | None) -> Stroke:
    """Tick or untick these by hand, or (None) have them as the rules say; what `take_back` needs.

    Refused, and nothing is changed, as with `deliveries.tick`.
    """
    wanted = list(rows)
    folders = frozenset(row.delivery.folder for row in wanted)
    before = _written(house, folders)
    if ticked is None:
        deliveries.forget(house, wanted)
    else:
        deliveries.tick(house, wanted, ticked)
    return Stroke(folders, before, _written(house, folders))


def take_back(house: House, made: Stroke) -> int:
    """Put back what stood before a stroke, but where it was changed again since; of how many deliveries.

    A tick that is put back counts only while the rules allow it and its content is the same, as any other does.
    """
    now = _written(house, made.folders)
    back = [each for each in made.folders if now.get(each) == made.after.get(each) != made.before.get(each)]
    house.ticks().put(made.before[each] for each in back if each in made.before)
    house.ticks().discard(each for each in back if each not in made.before)
    return len(back)


def _written(house: House, folders: Collection[FolderRef]) -> dict[FolderRef, Tick]:
    return {folder: tick for folder, tick in house.ticks().all().items() if folder in folders}
