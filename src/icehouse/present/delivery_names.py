"""What deliveries are called that have one name: with their root before it, and their store where nothing tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from os.path import commonprefix

from icehouse.core.deliveries import Delivery, DeliveryRow

KEEP = 5
"""Cells of such a name's beginning that stay where it is cut; its end, which is the name, stays as well."""


def names_told(rows: Iterable[DeliveryRow], *, stores: bool, ascii: bool = False) -> Mapping[str, str]:
    """By the id of each delivery that another one shares its name with, how it is told apart, raw: ``outbox/held``.

    Of its root, what not all of them begin with.  `stores` also by the store, ``dx:held``: no column tells it.
    """
    alike: dict[str, dict[str, list[Delivery]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        alike[row.delivery.name][row.delivery.folder.store].append(row.delivery)
    told: dict[str, str] = {}
    for name, by_store in alike.items():
        for store, found in by_store.items():
            before = f"{store}:" if stores and len(by_store) > 1 else ""
            if before or len(found) > 1:
                roots = _roots([_root(each) for each in found], ".." if ascii else "…")
                told.update({each.id: f"{before}{root}{name}" for each, root in zip(found, roots, strict=True)})
    return told


def _root(found: Delivery) -> str:
    """Where it lies: its container and the folders above it."""
    above = found.folder.prefix.rstrip("/").rpartition("/")[0]
    return f"{found.folder.container}/{above}/" if above else f"{found.folder.container}/"


def _roots(roots: Sequence[str], ellipsis: str) -> Sequence[str]:
    """Of several roots what they do not share at their beginning; of one, nothing."""
    shared = commonprefix(roots)  # noqa: RUF071 - letter by letter, as names of instruments differ at their end
    whole = shared.rfind("/") + 1
    if len(shared) - whole < KEEP:
        return [root[whole:] for root in roots]
    return [f"{ellipsis}{root[len(shared) :]}" for root in roots]
