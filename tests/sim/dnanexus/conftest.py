"""One frozen DNAnexus a test file, and projects of each test's own in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import START, Lab


@pytest.fixture(scope="module")
def dx() -> Iterator[DxStandIn]:
    """A stand-in with `small`, its clock frozen; files close at once and parts may be small."""
    with DxStandIn("small", start=START) as running:
        running.freeze()
        running.set_clock(START)
        running.switch(closing_seconds=0, smallest_part=1)
        yield running


@pytest.fixture
def lab(dx: DxStandIn) -> Lab:
    """What makes projects and files as the owner."""
    return Lab(dx)


@pytest.fixture
def place(lab: Lab) -> str:
    """A project of the test's own, billed to the lab."""
    return lab.project("place")
