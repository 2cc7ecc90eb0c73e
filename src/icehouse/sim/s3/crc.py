"""The CRCs that Python's library has not: CRC-32C and CRC-64/NVME, fast where the AWS runtime is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

_CRC32C = 0x82F63B78
_CRC64NVME = 0x9A6C9329AC4BC9B5
"""Reflected polynomials."""


@lru_cache(maxsize=2)
def _table(polynomial: int) -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        table.append(value)
    return tuple(table)


def _plain(polynomial: int, ones: int) -> Callable[[bytes, int], int]:
    def crc(data: bytes, before: int) -> int:
        table, value = _table(polynomial), before ^ ones
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ value >> 8
        return value ^ ones

    return crc


class Crc:
    """A CRC of some bytes that eats and tells as the hashes of `hashlib` do."""

    def __init__(self, name: str, *, plain: bool = False) -> None:
        """`name` is CRC32C or CRC64NVME; `plain` computes it in Python in any case."""
        polynomial, self._bytes = (_CRC32C, 4) if name == "CRC32C" else (_CRC64NVME, 8)
        self._value = 0
        self._crc = _plain(polynomial, 2 ** (8 * self._bytes) - 1)
        if not plain:
            try:
                native: Any = import_module("awscrt.checksums")
            except ImportError:
                return
            self._crc = native.crc32c if name == "CRC32C" else native.crc64nvme

    def update(self, data: bytes, /) -> None:
        """Eat some bytes."""
        self._value = self._crc(data, self._value)

    def digest(self) -> bytes:
        """The CRC of all that was eaten, high byte first."""
        return self._value.to_bytes(self._bytes, "big")
