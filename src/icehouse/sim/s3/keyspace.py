"""Synthetic key spaces: sorted keys whose sizes, dates, ETags and restores are computed when they are looked at."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from icehouse.sim.clock import DAY, midnight
from icehouse.sim.content import HASHED, synthetic_md5
from icehouse.sim.s3.storage_classes import ARCHIVE_TIERS, COPY_CLASSES, restore_window
from icehouse.sim.s3.timing import restore_seconds
from icehouse.sim.s3.version import NULL_VERSION, Restore, Row, Slice, Version

LIVE, ARCHIVED, RESTORING, RESTORED = "live", "archived", "restoring", "restored"


class Seedling(NamedTuple):
    """One synthetic object as a fixture plants it: size in bytes, archive tier or empty, state at the clock's start."""

    key: str
    size: int
    storage_class: str = "STANDARD"
    tier: str = ""
    state: str = LIVE


class Plot(Protocol):
    """The sorted seedlings of one bucket, by position."""

    def __len__(self) -> int:
        """How many there are."""

    def key(self, index: int) -> str:
        """The key at a position."""

    def seedling(self, index: int) -> Seedling:
        """The object at a position."""

    def bound(self, key: str) -> int:
        """The first position whose key is not below `key`."""


class TablePlot:
    """Seedlings held in memory, sorted by key as S3 sorts (UTF-8 bytes, which is the order of code points)."""

    def __init__(self, seedlings: Iterable[Seedling]) -> None:
        self._rows: Sequence[Seedling] = sorted(seedlings)
        self._keys = [row.key for row in self._rows]
        if len(set(self._keys)) != len(self._keys):
            raise ValueError("a fixture plants the same key twice")

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The key at a position."""
        return self._keys[index]

    def seedling(self, index: int) -> Seedling:
        """The object at a position."""
        return self._rows[index]

    def bound(self, key: str) -> int:
        """The first position whose key is not below `key`."""
        return bisect_left(self._keys, key)


class ComputedPlot:
    """Seedlings computed from their position; `name` must rise with it."""

    def __init__(self, count: int, name: Callable[[int], str], grow: Callable[[int], Seedling]) -> None:
        self._count = count
        self._name = name
        self._grow = grow

    def __len__(self) -> int:
        return self._count

    def key(self, index: int) -> str:
        """The key at a position."""
        return self._name(index)

    def seedling(self, index: int) -> Seedling:
        """The object at a position."""
        return self._grow(index)

    def bound(self, key: str) -> int:
        """The first position whose key is not below `key`."""
        return bisect_left(range(self._count), key, key=self._name)


class Ground(NamedTuple):
    """What every synthetic object depends on: the seed, and the instant at which the clock first started."""

    seed: str
    started: float


@lru_cache(maxsize=100_000)
def _small_etag(seed: str, size: int) -> str:
    return synthetic_md5(seed, size)


class KeySpace:
    """A plot in the ground of one bucket: rows for listings, versions for everything else."""

    def __init__(self, plot: Plot, bucket: str, ground: Ground) -> None:
        self.plot = plot
        self._bucket = bucket
        self._ground = ground
        self._midnight = midnight(ground.started)
        self._salt = f"{ground.seed}\0{bucket}\0"

    @property
    def ground(self) -> Ground:
        """What all of it depends on."""
        return self._ground

    def find(self, key: str) -> Version | None:
        """The synthetic object of that key, or None."""
        index = self.plot.bound(key)
        if index < len(self.plot) and self.plot.key(index) == key:
            return self.version(index)
        return None

    def row(self, index: int) -> Row:
        """The object at a position as listings show it."""
        seedling = self.plot.seedling(index)
        key = seedling.key
        digest = hashlib.blake2b((self._salt + key).encode(), digest_size=20).digest()
        restore = None if seedling.state in (LIVE, ARCHIVED) else self._restore(seedling, digest)
        return Row(
            key,
            NULL_VERSION,
            False,
            seedling.size,
            self._etag(seedling, digest),
            self._modified(seedling, digest),
            seedling.storage_class,
            restore,
        )

    def version(self, index: int) -> Version:
        """The object at a position."""
        return self.grow(self.plot.seedling(index))

    def grow(self, seedling: Seedling, version_id: str = NULL_VERSION) -> Version:
        """The version that a seedling stands for; also used for fixtures that plant several versions of a key."""
        seed = self._salt + seedling.key + ("" if version_id == NULL_VERSION else f"\0{version_id}")
        digest = hashlib.blake2b(seed.encode(), digest_size=20).digest()
        return Version(
            key=seedling.key,
            version_id=version_id,
            size=seedling.size,
            etag=_small_etag(seed, seedling.size) if seedling.size <= HASHED else digest[:16].hex(),
            modified=self._modified(seedling, digest),
            storage_class=seedling.storage_class,
            archive_tier=seedling.tier,
            kms=seedling.size > HASHED,
            headers={"content-type": content_type(seedling.key)},
            content=(Slice(True, seed, 0, seedling.size),) if seedling.size else (),
            restore=self._restore(seedling, digest, version_id),
        )

    def _etag(self, seedling: Seedling, digest: bytes) -> str:
        if seedling.size <= HASHED:
            return _small_etag(self._salt + seedling.key, seedling.size)
        return digest[:16].hex()

    def _modified(self, seedling: Seedling, digest: bytes) -> float:
        spread = int.from_bytes(digest[16:20], "big")
        # What sank to an archive is at least 200 days old, everything at most two years.
        if seedling.tier or seedling.storage_class in COPY_CLASSES:
            return self._midnight - 200 * DAY - spread % (530 * 86_400)
        return self._midnight - DAY - spread % (700 * 86_400)

    def _restore(self, seedling: Seedling, digest: bytes, version_id: str = NULL_VERSION) -> Restore | None:
        if seedling.state not in (RESTORING, RESTORED):
            return None
        place = seedling.tier or seedling.storage_class
        assert place in ARCHIVE_TIERS or place in COPY_CLASSES, seedling
        dice = digest[17]
        tier = "Bulk" if dice % 3 == 0 else "Standard"
        assert restore_window(place, tier) is not None
        takes = restore_seconds(self._ground.seed, self._bucket, seedling.key, version_id, place, tier)
        days = None if seedling.tier else (1, 7, 14, 30)[dice % 4]
        if seedling.state == RESTORING:
            requested = self._ground.started - takes * (0.05 + 0.9 * digest[18] / 256)
            ready = requested + takes
            ends = None if days is None else midnight(ready) + (days + 1) * DAY
            return Restore(tier, requested, ready, days, ends)
        ready = self._midnight - (1 + digest[18] % 36) * 3600.0
        # One in four falls cold at the coming midnight, the others a week to two months later.
        left = 1 if dice % 4 == 0 else 7 + digest[19] % 54
        ends = None if days is None else self._midnight + left * DAY
        return Restore(tier, ready - takes, ready, days, ends)


def content_type(key: str) -> str:
    """The Content-Type an uploader would have given for the ending of a key."""
    ending = key.rpartition(".")[2].lower() if "." in key else ""
    return _TYPES.get(ending, "binary/octet-stream")


_TYPES = {
    "tiff": "image/tiff",
    "tif": "image/tiff",
    "csv": "text/csv",
    "gz": "application/gzip",
    "json": "application/json",
    "txt": "text/plain",
    "xml": "application/xml",
    "parquet": "application/vnd.apache.parquet",
    "sqlite": "application/vnd.sqlite3",
}
