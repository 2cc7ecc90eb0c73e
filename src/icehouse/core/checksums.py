"""Checksums that a store computes of bytes where they lie, cold ones too, and what they are compared with."""

from __future__ import annotations

from dataclasses import dataclass

from .clock import Instant
from .refs import Ref

ALGORITHMS = (
    "CRC64NVME", "CRC32", "CRC32C", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128",
)  # fmt: skip
"""What can be asked for, the usual one first."""


@dataclass(frozen=True, slots=True)
class ChecksumWish:
    """What the operator asked for, as frozen into a plan.  `include` and `exclude` are globs on the whole path."""

    algorithm: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a store said the bytes of one object come to: of the version and ETag, at the host's time `at`.

    `value` is in base64, as the store spells it; `type` says whether it is of the whole object or of its parts
    (``FULL_OBJECT``, ``COMPOSITE``); `job` asked for it.
    """

    ref: Ref
    etag: str
    algorithm: str
    value: str
    type: str
    at: Instant
    job: str
