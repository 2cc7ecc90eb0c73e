"""One version of an object as the stand-in holds it, and the states that follow from it and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from icehouse.sim.content import Slice
from icehouse.sim.s3.storage_classes import COPY_CLASSES, GLACIER, STANDARD

NULL_VERSION = "null"


class Restore(NamedTuple):
    """One restore: the tier asked for and three instants in seconds since 1970.

    `days` and `expires` are None in Intelligent-Tiering, where the object moves back for good.
    """

    tier: str
    requested: float
    ready: float
    days: int | None
    expires: float | None

    def running(self, now: float) -> bool:
        """Whether the bytes are still on their way."""
        return now < self.ready

    def live(self, now: float) -> bool:
        """Whether a temporary copy can be read now."""
        return self.expires is not None and self.ready <= now < self.expires


class Row(NamedTuple):
    """What a listing shows of one version; `modified` in seconds since 1970, `etag` without quotes."""

    key: str
    version_id: str
    marker: bool
    size: int
    etag: str
    modified: float
    storage_class: str
    restore: Restore | None
    checksums: Mapping[str, str] | None = None
    checksum_type: str = ""


class PartSize(NamedTuple):
    """The size of one part of a finished multipart upload, and its checksum where it has one."""

    number: int
    size: int
    checksums: dict[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """One version, or a delete marker; everything in it but the standing of its restore is fixed."""

    key: str
    version_id: str
    size: int
    etag: str
    modified: float
    storage_class: str = STANDARD
    archive_tier: str = ""
    """The Intelligent-Tiering archive tier it sank to, or empty."""
    marker: bool = False
    kms: bool = False
    """Whether it is encrypted with a KMS key, which makes its ETag something else than an MD5."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Content-Type, Cache-Control and the like, by lower-case name."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)
    """Base64 values by algorithm (`CRC32`, `SHA1`, `SHA256`)."""
    checksum_type: str = ""
    parts: tuple[PartSize, ...] = ()
    content: tuple[Slice, ...] = ()
    restore: Restore | None = None

    def cold_place(self, now: float) -> str | None:
        """The cold class or archive tier the version rests in now, or None when its class can be read at once."""
        if self.storage_class in COPY_CLASSES:
            return self.storage_class
        if self.archive_tier and not (self.restore and not self.restore.running(now)):
            return self.archive_tier
        return None

    def standing(self, now: float) -> str:
        """`live`, `archived`, `restoring` or `restored`, as derived from the class and the clock."""
        if self.marker or self.cold_place(now) is None:
            return "live"
        if self.restore and self.restore.running(now):
            return "restoring"
        if self.restore and self.restore.live(now):
            return "restored"
        return "archived"

    def readable(self, now: float) -> bool:
        """Whether GET would return bytes."""
        return self.standing(now) in {"live", "restored"}

    def row(self) -> Row:
        """The version as listings show it."""
        return Row(
            self.key,
            self.version_id,
            self.marker,
            self.size,
            self.etag,
            self.modified,
            self.storage_class,
            self.restore,
            self.checksums or None,
            self.checksum_type,
        )

    def as_json(self) -> dict[str, Any]:
        """The version as the journal keeps it; `from_json` reads it back."""
        return {name: getattr(self, name) for name in self.__slots__}

    @staticmethod
    def from_json(fields: dict[str, Any]) -> Version:
        """A version read back from the journal."""
        version = Version(**fields)
        return replace(
            version,
            parts=tuple(PartSize(*part) for part in version.parts),
            content=tuple(Slice(*piece) for piece in version.content),
            restore=Restore(*version.restore) if version.restore else None,
        )


def invalid_state_elements(version: Version, now: float) -> dict[str, str]:
    """What an InvalidObjectState error tells: the class and, for Intelligent-Tiering, the access tier."""
    elements = {"StorageClass": version.storage_class}
    if version.archive_tier and version.cold_place(now):
        elements["AccessTier"] = version.archive_tier
    return elements


__all__ = ["GLACIER", "NULL_VERSION", "PartSize", "Restore", "Row", "Slice", "Version", "invalid_state_elements"]
