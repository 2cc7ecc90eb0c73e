"""A stand-in whose clock stands still until a test moves it, with the stores that were opened on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from icehouse.stores.s3.store import S3Store
from tests.standin import StandIn

_OPEN: dict[tuple[object, ...], S3Store] = {}


@contextmanager
def frozen(*fixtures: str) -> Iterator[StandIn]:
    """One that holds `fixtures`; the stores on it are closed before it ends."""
    with StandIn(*fixtures) as process:
        process.freeze()
        yield process
        for place in [place for place in _OPEN if place[0] == process.endpoint]:
            _OPEN.pop(place).close()


def log_in(sim: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put its own credentials into the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", sim.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", sim.secret_key)


def opened(sim: StandIn, *which: object, **options: object) -> S3Store:
    """The store under test, one for all that ask for the same `which`; it repeats reads without a pause."""
    place = (sim.endpoint, *which)
    if place not in _OPEN:
        _OPEN[place] = S3Store("lab", {"endpoint_url": sim.endpoint, **options}, pause=lambda _: None)
    return _OPEN[place]
