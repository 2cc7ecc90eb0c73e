"""A multipart upload under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from icehouse.sim.s3.version import Slice


class Part(NamedTuple):
    """One uploaded part: its MD5 in hex, size in bytes, date, checksum values by algorithm, and its bytes."""

    number: int
    etag: str
    size: int
    modified: float
    checksums: Mapping[str, str]
    content: tuple[Slice, ...]

    @staticmethod
    def from_json(fields: list[Any]) -> Part:
        """A part read back from the journal."""
        number, etag, size, modified, checksums, content = fields
        return Part(number, etag, size, modified, checksums, tuple(Slice(*piece) for piece in content))


@dataclass(slots=True)
class Upload:
    """What was said when the upload began, and the parts received since."""

    upload_id: str
    bucket: str
    key: str
    initiated: float
    storage_class: str
    headers: Mapping[str, str]
    metadata: Mapping[str, str]
    tags: Mapping[str, str]
    algorithm: str
    """The checksum algorithm, or empty."""
    checksum_type: str
    parts: dict[int, Part] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The upload as the journal keeps it."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["parts"] = list(self.parts.values())
        return fields

    @staticmethod
    def from_json(fields: dict[str, Any]) -> Upload:
        """An upload read back from the journal."""
        upload = Upload(**{**fields, "parts": {}})
        for line in fields["parts"]:
            part = Part.from_json(line)
            upload.parts[part.number] = part
        return upload
