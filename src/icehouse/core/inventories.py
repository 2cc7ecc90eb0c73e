"""What an inventory tells: the objects that a container held at one moment, as the store itself wrote them down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .states import Standing


@dataclass(frozen=True, slots=True)
class InventoryPage:
    """Some objects of an inventory, column by column, as there may be millions; in any order.

    Only what was current is in it: no delete markers, no older versions.  `modified` in microseconds since 1970, None
    where the inventory does not tell it; `etags` without quotes.  `kinds` are the few standings that there are, and
    `standings` has for each object the place of its own among them.  They are those of the inventory's moment, and know
    nothing of restores: what was cold is ARCHIVED.
    """

    keys: Sequence[str]
    sizes: Sequence[int]
    modified: Sequence[int | None]
    etags: Sequence[str]
    standings: Sequence[int]
    kinds: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """One file of an inventory: its key, its size in bytes, and the MD5 that the manifest tells, in hex."""

    key: str
    size: int
    md5: str
