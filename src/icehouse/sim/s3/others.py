"""What others did to a bucket meanwhile, all in one go: keys written, deleted, and moved to a class by a lifecycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from icehouse.sim.s3.bucket import Bucket, Walk
from icehouse.sim.s3.keyspace import KeySpace, Seedling, TablePlot
from icehouse.sim.s3.storage_classes import STANDARD, STORAGE_CLASSES
from icehouse.sim.s3.version import Version
from icehouse.sim.s3.world import World


def let_others(world: World, bucket: Bucket, wish: Mapping[str, Any]) -> dict[str, int]:
    """Carry out `put`, `gone` and `moved` now; how many keys each was about.

    `put` are rows of key, size and perhaps class, whose bytes are computed as those of sample data are; `gone` are
    prefixes; `moved` are prefixes by the class that what lies below goes to.  Nothing of it is in the request log.
    ValueError for a class that is none, and where the bucket keeps versions.
    """
    if bucket.options.versioning:
        raise ValueError("others act on a bucket without versions")
    now = float(int(world.clock.now()))
    put = [_written(world, bucket, row, now) for row in wish.get("put", ())]
    moved = [
        replace(version, storage_class=_class(name), archive_tier="", restore=None)
        for name, prefixes in wish.get("moved", {}).items()
        for version in _below(bucket, prefixes)
    ]
    gone = [version.key for version in _below(bucket, wish.get("gone", ()))]
    for version in (*moved, *put):
        bucket.replace_versions(version.key, (version,))
    for key in gone:
        bucket.replace_versions(key, ())
    world.keep_changed(bucket, [*(version.key for version in (*moved, *put)), *gone])
    return {"put": len(put), "gone": len(gone), "moved": len(moved)}


def _written(world: World, bucket: Bucket, row: Sequence[Any], now: float) -> Version:
    key, size, *rest = row
    space = bucket.space or KeySpace(TablePlot(()), bucket.name, world.ground)
    seedling = Seedling(str(key), int(size), _class(rest[0] if rest else STANDARD))
    made = space.grow(seedling, world.fresh_id(bucket.name, seedling.key))
    return replace(made, version_id=world.new_version_id(bucket, seedling.key), modified=now)


def _class(name: str) -> str:
    if name not in STORAGE_CLASSES:
        raise ValueError(f"no storage class is called {name!r}")
    return name


def _below(bucket: Bucket, prefixes: Sequence[str]) -> Iterator[Version]:
    """The objects below some prefixes."""
    for prefix in prefixes:
        walk = Walk(bucket, prefix)
        while (found := walk.step()) is not None and found[0].startswith(prefix):
            version = bucket.current(found[0])
            assert version is not None
            yield version
