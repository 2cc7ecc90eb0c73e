"""One frozen stand-in for all tests of orders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from icehouse.core.orders import OrderState
from tests.conformance.frozen import frozen, log_in
from tests.conformance.orders.ordering import (
    open_lab,
    plain,
    put,
    report_of,
    restore_of,
    taken,
)
from tests.standin import StandIn


@pytest.fixture(scope="session")
def running() -> Iterator[StandIn]:
    """It holds ten thousand and one cold objects, and a bucket for lists and reports."""
    with frozen("small", "bulk:10001:GLACIER") as process:
        plain(process).create_bucket(Bucket="ops")
        yield process


@pytest.fixture
def sim(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in with a frozen clock, no faults, nothing denied, and switches as they begin."""
    log_in(running, monkeypatch)
    yield running
    running.clear_faults()
    running.bucket("ops", deny=[])
    running.switch(batch_report_order="sample", batch_report_keys="encoded", batch_tasks_per_second=1000.0)


@pytest.fixture
def bucket(sim: StandIn, request: pytest.FixtureRequest) -> str:
    """A new bucket, named after the test."""
    name = "t-" + "".join(char for char in request.node.name if char.isalnum()).lower()[-40:]
    plain(sim).create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def reported(running: StandIn) -> Callable[[], tuple[str, bytes]]:
    """An order of two objects that is done, its report as it was written: its id and the first file."""
    store: list[tuple[str, str, dict[str, Any], bytes]] = []

    def made() -> tuple[str, bytes]:
        if not store:
            plain(running).create_bucket(Bucket="reported")
            refs = put(running, "reported", "a b", "c")
            id = taken(open_lab(running), restore_of(refs, "reported"))
            running.step(600)
            assert open_lab(running).order(id).state is OrderState.DONE
            store.append((id, *report_of(running, id)[1:2], *report_of(running, id)[::2]))
        id, key, manifest, body = store[0]
        client = plain(running)
        client.put_object(Bucket="ops", Key=key, Body=body)
        client.put_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json", Body=json.dumps(manifest).encode())
        return id, body

    return made
