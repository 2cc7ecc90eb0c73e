"""A stand-in full of cold objects, and a house over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.services.house import House
from tests.engine.rooms import COUNT, open_over
from tests.standin import StandIn


@pytest.fixture
def s3() -> Iterator[StandIn]:
    """`COUNT` small objects in GLACIER under `bulk/`; ten hours pass in a second."""
    with StandIn(f"bulk:{COUNT}:GLACIER", speed=36000) as standin:
        yield standin


@pytest.fixture
def house(s3: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house whose one store is that stand-in."""
    opened = open_over(s3, tmp_path, monkeypatch, connect_timeout=2, read_timeout=5)
    yield opened
    opened.close()
