"""One stand-in a test file, the real dx as its users, and a fresh project a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.dx.driving import Api, Dx


@pytest.fixture(scope="module")
def stand() -> Iterator[DxStandIn]:
    """A stand-in with `small`, its clock standing still; files close at once, so that nobody polls for that."""
    with DxStandIn("small") as running:
        running.freeze()
        running.switch(closing_seconds=0.0)
        yield running


@pytest.fixture
def dx(stand: DxStandIn, tmp_path: Path) -> Dx:
    """The command as the owner."""
    return Dx(stand, tmp_path / "owner")


@pytest.fixture
def dx_admin(stand: DxStandIn, tmp_path: Path) -> Dx:
    """The command as the admin of the owner's org."""
    return Dx(stand, tmp_path / "orgadmin", "orgadmin")


@pytest.fixture
def dx_outsider(stand: DxStandIn, tmp_path: Path) -> Dx:
    """The command as somebody of another account."""
    return Dx(stand, tmp_path / "outsider", "outsider")


@pytest.fixture(scope="module")
def api(stand: DxStandIn) -> Api:
    """Plain calls as the owner."""
    return Api(stand)


@pytest.fixture(scope="module")
def admin(stand: DxStandIn) -> Api:
    """Plain calls as the admin of the owner's org."""
    return Api(stand, "orgadmin")


@pytest.fixture(scope="module")
def small(stand: DxStandIn) -> str:
    """The id of the project `small`."""
    return stand.project("small")


@pytest.fixture
def place(api: Api, small: str) -> str:
    """A new project of the owner's, billed to the org, with copies of three small files in `/bytes`."""
    own = str(api("project/new", name="place", billTo="org-genomics_core")["id"])
    api(f"{own}/newFolder", folder="/bytes")
    ids = api.ids(small, "/bytes/live")
    wanted = [ids[f"/bytes/live/bytes-{size:07}.bin"] for size in (1, 999, 4096)]
    api(f"{small}/clone", objects=wanted, project=own, destination="/bytes")
    return own
