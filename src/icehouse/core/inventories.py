"""The files that an inventory consists of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """One file of an inventory: its key, its size in bytes, and the MD5 that the manifest tells, in hex."""

    key: str
    size: int
    md5: str
