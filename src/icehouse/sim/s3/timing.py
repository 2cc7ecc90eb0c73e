"""How long each restore takes and when its copy expires: deterministic per key, within AWS's windows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from icehouse.sim.clock import DAY, next_midnight
from icehouse.sim.s3.storage_classes import restore_window


def fraction(*words: str) -> float:
    """A number in [0, 1) that depends on the words alone."""
    digest = hashlib.blake2b("\0".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def fractions(*words: str) -> Iterator[float]:
    """Endless independent numbers in [0, 1) that depend on the words alone."""
    number = 0
    while True:
        yield fraction(*words, str(number))
        number += 1


def restore_seconds(
    seed: str, bucket: str, key: str, version_id: str, place: str, tier: str, *, batch: bool = False
) -> float:
    """How long one restore takes, spread over the window of its class and tier; raises KeyError where not offered.

    `batch`: it is asked for by a job of S3 Batch Operations.
    """
    window = restore_window(place, tier, batch=batch)
    if window is None:
        raise KeyError(f"{tier} is not offered for {place}")
    shortest, longest = window
    return shortest + (longest - shortest) * fraction("restore", seed, bucket, key, version_id, tier)


def expiry(base: float, ready: float, days: int) -> float:
    """The midnight at which a copy falls cold: Days after the base, rounded up to the next midnight UTC.

    Where the base is the request, a short stay could end before the copy is there; then it lasts to the first midnight
    after it is.
    """
    return max(next_midnight(base + days * DAY), next_midnight(ready + 1.0))
