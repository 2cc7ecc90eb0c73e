"""The additional checksums S3 keeps with objects, CRC32C and CRC64NVME not among them, and those a batch job makes."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from icehouse.sim.s3.crc import Crc
from icehouse.sim.s3.errors import S3Error, not_implemented

ALGORITHMS: Final = ("CRC32", "SHA1", "SHA256")
"""What the stand-in computes."""

UNMODELLED: Final = ("CRC32C", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")
"""What S3 also knows."""

HEADER: Final = "x-amz-checksum-"


class Hasher(Protocol):
    """Something that eats bytes and gives a digest."""

    def update(self, data: bytes, /) -> None:
        """Eat some bytes."""

    def digest(self) -> bytes:
        """The digest of all that was eaten."""


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def hasher(algorithm: str) -> Hasher:
    """A fresh hasher; 501 for an algorithm that is not modelled, 400 for one that S3 does not know."""
    match algorithm.upper():
        case "CRC32":
            return _Crc32()
        case "SHA1":
            return hashlib.sha1(usedforsecurity=False)
        case "SHA256":
            return hashlib.sha256()
        case name if name in UNMODELLED:
            raise not_implemented(f"checksum {name}")
    raise S3Error("InvalidRequest", "Checksum algorithm provided is unsupported.")


def task_hasher(algorithm: str) -> Hasher:
    """A fresh hasher for *Compute checksum*, which computes more than is kept with objects; 501 for XXHASH."""
    match algorithm:
        case "CRC32C" | "CRC64NVME":
            return Crc(algorithm)
        case "MD5":
            return hashlib.md5(usedforsecurity=False)
        case "SHA512":
            return hashlib.sha512()
    return hasher(algorithm)


def b64(digest: bytes) -> str:
    """A digest as S3 writes it."""
    return base64.b64encode(digest).decode()


def declared(headers: Mapping[str, str]) -> dict[str, str]:
    """The checksum values among request headers, by algorithm; 501 for one that is not modelled."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if name.startswith(HEADER) and name not in {HEADER + "mode", HEADER + "algorithm", HEADER + "type"}:
            algorithm = name.removeprefix(HEADER).upper()
            hasher(algorithm)
            found[algorithm] = value
    if len(found) > 1:
        raise S3Error(
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    return found


def composite(algorithm: str, part_values: Iterable[str]) -> str:
    """The checksum of a multipart object made from its parts' values: `base64-N`."""
    values = [base64.b64decode(value) for value in part_values]
    whole = hasher(algorithm)
    for value in values:
        whole.update(value)
    return f"{b64(whole.digest())}-{len(values)}"
