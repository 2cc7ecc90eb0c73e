"""An inventory read through the store that holds it: nothing counts before its MD5 is what the manifest says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from icehouse.core.clock import Instant
from icehouse.core.columns import ObjectColumns
from icehouse.core.errors import Invalid, NotFound, StoreError
from icehouse.core.inventories import InventoryFile
from icehouse.core.refs import Ref, ref_address
from icehouse.stores.base import Reads

from .arrow_rows import read_arrow, require_arrow
from .broken import Broken
from .columns import Columns, page_of
from .csv_rows import read_csv
from .manifest import LARGEST, parse_manifest
from .tiers import Standings

_CHECKSUM = "manifest.checksum"

_BREAKS = 2
"""So often in a row may reading a file break without anything new; a request is repeated by itself."""


class S3Inventory:
    """One inventory, as `stores.base.Inventory` promises."""

    def __init__(self, store: Reads, ref: Ref) -> None:
        """Read the manifest `ref`, and check it where its checksum lies beside it.

        Invalid where it can't be relied on, NotSupported for a format that can't be read here.
        """
        self._store = store
        self._ref = ref
        body = self._small(ref, LARGEST)
        with _about(ref):
            self._check(body)
            self._manifest = parse_manifest(body)
        if self._manifest.format != "CSV":
            require_arrow(self._manifest.format)

    @property
    def container(self) -> str:
        """The source bucket."""
        return self._manifest.source

    @property
    def name(self) -> str:
        """By S3's way of naming: ``.../source-bucket/name/moment/manifest.json``."""
        parts = self._ref.key.split("/")
        return parts[-3] if len(parts) >= 4 and parts[-4] == self.container else ""

    @property
    def taken(self) -> Instant:
        """By the manifest's ``creationTimestamp``."""
        return self._manifest.taken

    @property
    def files(self) -> tuple[InventoryFile, ...]:
        """All that the manifest names."""
        return self._manifest.files

    def pages(self, file: InventoryFile, prefix: str, scratch: Path) -> Iterator[ObjectColumns]:
        """The rows of one file under `prefix`."""
        ref = Ref(self._ref.store, self._manifest.holder or self._ref.container, file.key)
        known, checked = Standings(), _Checked(self._store, ref, file)
        with _about(ref):
            try:
                for columns in self._columns(checked, scratch):
                    yield page_of(columns, self._manifest.source, prefix, known)
            except Broken:
                checked.drain()  # bytes that are not what was written tell more than what became of them
                raise
            checked.drain()

    def _columns(self, checked: _Checked, scratch: Path) -> Iterator[Columns]:
        if self._manifest.format == "CSV":
            yield from read_csv(checked.chunks(), checked.file.size, self._manifest.columns)
            return
        path = scratch / "inventory.part"
        try:
            with path.open("wb") as out:
                for chunk in checked.chunks():
                    out.write(chunk)
            yield from read_arrow(path, self._manifest.format)
        finally:
            path.unlink(missing_ok=True)

    def _small(self, ref: Ref, most: int) -> bytes:
        found = bytearray()
        for chunk in self._store.open(ref):
            found += chunk
            if len(found) > most:
                raise Invalid(f"{ref_address(ref)}: too large: more than {most:,} bytes")
        return bytes(found)

    def _check(self, body: bytes) -> None:
        """Hold the manifest to its checksum, where there is one: the MD5 in hex."""
        folder, _, _ = self._ref.key.rpartition("/")
        beside = Ref(self._ref.store, self._ref.container, f"{folder}/{_CHECKSUM}" if folder else _CHECKSUM)
        try:
            told = self._small(beside, 1 << 10).decode("ascii", "replace").strip().strip('"').lower()
        except NotFound:
            return
        if not re.fullmatch(r"[0-9a-f]{32}", told) or told != hashlib.md5(body, usedforsecurity=False).hexdigest():
            raise Broken(f"is not what {_CHECKSUM} beside it says")


class _Checked:
    """The bytes of one file on their way, held to the size and MD5 that the manifest tells."""

    def __init__(self, store: Reads, ref: Ref, file: InventoryFile) -> None:
        self.file = file
        self._bytes = _resumed(store, ref)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0

    def chunks(self) -> Iterator[bytes]:
        """All of them.  Broken at the end, or where there are too many, for what is not the file that was meant."""
        for chunk in self._bytes:
            self._md5.update(chunk)
            self._size += len(chunk)
            if self._size > self.file.size:
                raise Broken(f"is larger than the manifest says: {self.file.size:,} bytes")
            yield chunk
        if self._size < self.file.size:
            raise Broken(f"is cut: {self._size:,} of {self.file.size:,} bytes")
        if self._md5.hexdigest() != self.file.md5:
            raise Broken("has another MD5 than the manifest says")

    def drain(self) -> None:
        """Read what is left, so that all of it is checked."""
        for _ in self.chunks():
            pass


def _resumed(store: Reads, ref: Ref) -> Iterator[bytes]:
    """The bytes of `ref`, gone on with where a connection broke: what they must come to is known beforehand."""
    had, left = 0, _BREAKS
    while True:
        try:
            for chunk in store.open(ref, had):
                had += len(chunk)
                left = _BREAKS
                yield chunk
            return
        except StoreError as error:
            left -= 1
            if not error.passing or not left:
                raise


@contextmanager
def _about(ref: Ref) -> Iterator[None]:
    """What is broken as one line about `ref`."""
    try:
        yield
    except Broken as broken:
        raise Invalid(f"{ref_address(ref)}: {broken}") from None
