"""A stand-in that all these tests share, a bucket and a house for each, and an engine that takes orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.services.house import House
from tests.engine.orders.engines import COUNT, Engine, open_handing, planted
from tests.standin import StandIn


@pytest.fixture(scope="package")
def s3() -> Iterator[StandIn]:
    """Ten hours pass in a second."""
    with StandIn("small", speed=36000) as standin:
        yield standin


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """In place of S3 Batch Operations."""
    return Engine().install(monkeypatch)


@pytest.fixture
def bulk(s3: StandIn) -> Iterator[str]:
    """A bucket of this test's own, with `COUNT` cold objects."""
    yield from planted(s3, COUNT)


@pytest.fixture
def house(s3: StandIn, bulk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house over the stand-in that may hand restores over."""
    opened = open_handing(s3, tmp_path, monkeypatch)
    yield opened
    opened.close()
