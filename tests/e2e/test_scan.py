"""Scans and sweeps of the S3 stand-in, by the command and by the services, against what the stand-in planted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.refs import Address, FolderRef
from icehouse.core.rows import FolderRow, ObjectRow
from icehouse.core.states import State
from icehouse.services import browse
from icehouse.services.house import House, open_house
from icehouse.services.scan import scan, scanning, start_scan
from icehouse.services.sweep import cost_of_sweep, sweep
from tests.standin import StandIn, describe

IMAGING = "imaging-platform"
SECONDS = 60.0


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("imaging", "hostile") as standin:
        standin.freeze()
        yield standin


@pytest.fixture
def environment(s3: StandIn, tmp_path: Path) -> Iterator[dict[str, str]]:
    s3.clear_faults()
    config = tmp_path / "config.toml"
    config.write_text(f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n')
    yield {**s3.environment(), "ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(tmp_path / "state")}
    s3.clear_faults()


@pytest.fixture
def house(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    opened = open_house()
    yield opened
    opened.close()


def icehouse(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "icehouse", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)


def planted(fixture: str, bucket: str) -> dict[str, dict[str, Any]]:
    return {
        row["key"]: row for row in describe(fixture) if row["bucket"] == bucket and row["latest"] and not row["marker"]
    }


def seen_by_listing(row: dict[str, Any]) -> str:
    """The state that a listing tells of a planted object: it can't see into Intelligent-Tiering."""
    return (
        State.UNKNOWN.value if row["class"] == "INTELLIGENT_TIERING" and row["state"] != "restoring" else row["state"]
    )


def catalogued(house: House, container: str) -> dict[str, ObjectRow]:
    """Every object, found by opening folder after folder as a screen does."""
    found: dict[str, ObjectRow] = {}
    waiting = [FolderRef("lab-s3", container, "")]
    while waiting:
        view = browse.open_folder(house, waiting.pop())
        assert view is not None
        for row in view.rows(0, view.count):
            if isinstance(row, FolderRow):
                waiting.append(row.ref)
            else:
                found[row.ref.key] = row
        view.close()
    return found


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_scanning_a_bucket_of_hostile_names_gives_every_key_back_exactly(house: House, environment: dict[str, str]):
    done = icehouse(environment, "scan", "lab-s3:hostile/", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    expected = planted("hostile", "hostile")
    assert (report["objects"], report["complete"]) == (len(expected), True)
    assert report["bytes"] == sum(row["size"] for row in expected.values())
    found = catalogued(house, "hostile")
    assert found.keys() == expected.keys()
    assert {key: row.standing.state.value for key, row in found.items()} == {
        key: seen_by_listing(row) for key, row in expected.items()
    }


def test_the_sums_of_a_scanned_bucket_are_those_of_what_was_planted(house: House, s3: StandIn):
    expected = planted("imaging", IMAGING)
    before = s3.last_seq()
    report = scan(house, Address("lab-s3", IMAGING, ""))
    assert report.complete
    asked = len([line for line in s3.log(before, "ListObjectsV2") if line["status"] == 200])
    assert asked - 16 <= report.requests <= asked, "all, but for what was under way when the last object was told"
    for prefix in {"", *("/".join(key.split("/")[:depth]) + "/" for key in expected for depth in (1, 2, 4, 5))}:
        if prefix.rstrip("/") in expected:
            continue
        below = [row for key, row in expected.items() if key.startswith(prefix)]
        whole = browse.rollup(house, FolderRef("lab-s3", IMAGING, prefix))
        assert whole is not None
        assert (whole.objects, whole.bytes, whole.complete) == (len(below), sum(row["size"] for row in below), True)
        assert {state.value: n for state, n in whole.counts.items()} == _counted(map(seen_by_listing, below))


def test_a_sweep_agrees_with_what_was_planted_on_every_key(house: House, s3: StandIn):
    scan(house, Address("lab-s3", "hostile", ""))
    folder = FolderRef("lab-s3", "hostile", "")
    expected = planted("hostile", "hostile")
    cost = cost_of_sweep(house, folder)
    assert cost.objects == sum(seen_by_listing(row) == "unknown" for row in expected.values()) > 0
    before = s3.last_seq()
    report = sweep(house, folder)
    assert (report.complete, report.done, report.failed) == (True, cost.objects, 0)
    assert len(s3.log(before, "HeadObject")) == cost.requests
    found = catalogued(house, "hostile")
    assert {key: row.standing.state.value for key, row in found.items()} == {
        key: row["state"] for key, row in expected.items()
    }
    scan(house, Address("lab-s3", "hostile", ""))
    assert cost_of_sweep(house, folder).objects == 0


def test_a_scan_that_the_store_breaks_off_says_so_and_goes_on_where_it_stopped(
    house: House, environment: dict[str, str], s3: StandIn
):
    s3.fault("error", operations=["ListObjectsV2"], bucket=IMAGING, skip=7, code="AccessDenied", status=403)
    done = icehouse(environment, "scan", f"lab-s3:{IMAGING}/", "--json", "--quiet")
    report = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode != 0
    told = report["objects"]
    assert report["complete"] is False
    assert 0 < told <= 7000
    assert "AccessDenied" in done.stderr or "denied" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    whole = browse.rollup(house, FolderRef("lab-s3", IMAGING, ""))
    assert whole is not None
    assert (whole.objects, whole.complete) == (told, False)
    s3.clear_faults()
    before = s3.last_seq()
    assert icehouse(environment, "scan", f"lab-s3:{IMAGING}/", "--quiet").returncode == 0
    expected = planted("imaging", IMAGING)
    whole = browse.rollup(house, FolderRef("lab-s3", IMAGING, ""))
    assert whole is not None
    assert (whole.objects, whole.bytes, whole.complete) == (
        len(expected),
        sum(row["size"] for row in expected.values()),
        True,
    )
    told_of = [line for line in s3.log(before, "ListObjectsV2") if line["status"] == 200]
    assert len(told_of) < 1.25 * (len(expected) - told) / 1000 + 40


def test_a_detached_scan_killed_in_the_middle_goes_on_and_ends_whole(house: House, s3: StandIn):
    s3.fault("latency", operations=["ListObjectsV2"], bucket=IMAGING, skip=16, latency_ms=20_000)
    place = Address("lab-s3", IMAGING, "")
    pid = start_scan(house, place)
    until(lambda: any(each.running and each.objects >= 5000 for each in scanning(house)))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    standing = scanning(house)[0]
    assert (standing.running, standing.resumable, standing.complete) == (False, True, False)
    assert 5000 <= standing.objects <= 16_000
    s3.clear_faults()
    again = start_scan(house, place)
    assert os.waitpid(again, 0)[1] == 0
    standing = scanning(house)[0]
    expected = planted("imaging", IMAGING)
    assert (standing.complete, standing.objects, standing.pid) == (True, len(expected), again)
    whole = browse.rollup(house, FolderRef("lab-s3", IMAGING, ""))
    assert whole is not None
    assert whole.bytes == sum(row["size"] for row in expected.values())


def test_a_bucket_that_is_not_there_is_one_line_and_leaves_nothing(house: House, environment: dict[str, str]):
    done = icehouse(environment, "scan", "lab-s3:no-such-bucket/", "--quiet")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert scanning(house) == []
    assert list(house.paths.catalogue.glob("*no-such*")) == []


def _counted(words: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts
