"""Listing rows as XML; the one place where the stand-in must be fast."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from icehouse.sim.clock import iso
from icehouse.sim.s3.storage_classes import INTELLIGENT_TIERING
from icehouse.sim.s3.version import Row
from icehouse.sim.s3.world import World


class Renderer:
    """Turns rows into XML; `encode` writes keys, `owner` is a rendered Owner or empty, `status` adds RestoreStatus."""

    def __init__(
        self, world: World, now: float, encode: Callable[[str], str], *, status: bool, owner: str = ""
    ) -> None:
        self._now = now
        self._encode = encode
        self._status = status
        self._owner = owner
        self._tiered = world.switches.it_listing_restore_status

    def contents(self, rows: Iterable[Row]) -> str:
        """`Contents` elements."""
        return "".join([f"<Contents><Key>{self._body(row)}</Contents>" for row in rows])

    def versions(self, rows: Iterable[Row], latest: set[str]) -> str:
        """`Version` and `DeleteMarker` elements; `latest` holds `key\\0id` of the current ones."""
        parts: list[str] = []
        for row in rows:
            is_latest = "true" if f"{row.key}\0{row.version_id}" in latest else "false"
            mark = f"<VersionId>{row.version_id}</VersionId><IsLatest>{is_latest}</IsLatest>"
            if row.marker:
                parts.append(
                    f"<DeleteMarker><Key>{self._encode(row.key)}</Key>{mark}"
                    f"<LastModified>{iso(row.modified)}</LastModified>{self._owner}</DeleteMarker>"
                )
            else:
                parts.append(f"<Version>{mark}<Key>{self._body(row)}</Version>")
        return "".join(parts)

    def _body(self, row: Row) -> str:
        text = (
            f"{self._encode(row.key)}</Key><LastModified>{iso(row.modified)}</LastModified>"
            f"<ETag>&quot;{row.etag}&quot;</ETag><Size>{row.size}</Size>{self._owner}"
            f"<StorageClass>{row.storage_class}</StorageClass>"
        )
        if row.checksums:
            text += "".join(f"<ChecksumAlgorithm>{name}</ChecksumAlgorithm>" for name in row.checksums)
            text += f"<ChecksumType>{row.checksum_type}</ChecksumType>"
        if self._status and row.restore is not None:
            text += self._restore_status(row)
        return text

    def _restore_status(self, row: Row) -> str:
        restore = row.restore
        assert restore is not None
        if row.storage_class == INTELLIGENT_TIERING and not self._tiered:
            return ""
        if restore.running(self._now):
            return "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"
        if restore.expires is not None and restore.live(self._now):
            return (
                "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
                f"<RestoreExpiryDate>{iso(restore.expires)}</RestoreExpiryDate></RestoreStatus>"
            )
        return ""
