"""The commands about deliveries, run as commands against the stand-in: what they print, and how they end."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icehouse.present.cells import wide
from tests.standin import StandIn

SECONDS = 90.0
FIELDS = [
    "id", "address", "recipient", "uploaded", "expires", "expired", "objects", "bytes", "downloaded", "copied",
    "attempted", "tellable", "ticked", "holds",
]  # fmt: skip
"""What every line of JSON begins with."""


class Lab:
    """A config with sources of deliveries in the bucket `small`, and the state beside it."""

    def __init__(self, s3: StandIn, folder: Path) -> None:
        self.s3, self.folder, self.config = s3, folder, folder / "config.toml"
        self.declare('root = "small/"\nlifetime = "1h"\n')

    def declare(self, *tables: str, endpoint: str = "") -> None:
        at = endpoint or self.s3.endpoint
        store = f'[stores.lab-s3]\nkind = "s3"\nregion = "{self.s3.region}"\nendpoint_url = "{at}"\n'
        self.config.write_text(store + "".join(f'[[deliveries]]\nstore = "lab-s3"\n{each}' for each in tables))

    def process(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        environment = {
            **self.s3.environment(), "ICEHOUSE_CONFIG": str(self.config), "ICEHOUSE_STATE": str(self.folder / "state"),
            "COLUMNS": "80",
        }  # fmt: skip
        command = [sys.executable, "-m", "icehouse", "deliveries", *words]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
        )

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        process = self.process(*words)
        out, error = process.communicate(timeout=SECONDS)
        assert process.returncode == code, out + error
        return out, error

    def lines(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*words, "--json", code=code)[0].splitlines()]


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("small") as standin:
        standin.freeze()
        client = standin.boto3_client()
        client.put_object(Bucket="small", Key="\x1b[31m=red\x07 and a name that is longer than a line/1", Body=b"1")
        standin.step(hours=2)
        yield standin


@pytest.fixture
def lab(s3: StandIn, tmp_path: Path) -> Lab:
    return Lab(s3, tmp_path)


def test_deliveries_are_found_listed_shown_ticked_and_exported(lab: Lab) -> None:
    (told,) = lab.lines("scan", "--quiet")
    assert (told["source"], told["error"], told["expired"]) == ("lab-s3:small/", None, told["deliveries"])
    rows = lab.lines()
    assert [list(row)[: len(FIELDS)] for row in rows] == [FIELDS] * told["deliveries"]
    run1 = next(row for row in rows if row["address"] == "lab-s3:small/run1/")
    assert [run1[name] for name in ("expired", "objects", "downloaded", "tellable", "ticked", "holds")] == [
        True, 15, None, False, False, 0,
    ]  # fmt: skip
    out, _ = lab.run("--expired")
    assert all(wide(line) <= 80 for line in out.splitlines()), out
    assert "\x1b" not in out
    assert "not tellable" in out
    ticked = lab.lines("tick", run1["id"][:8])
    assert [(row["ticked"], row["by_hand"]) for row in ticked] == [(True, True)]
    shown = lab.lines("show", "lab-s3:small/run1", "--objects")
    assert (shown[0]["ticked"], len(shown)) == (True, 16)
    table = list(csv.DictReader(lab.run("export", "-")[0].splitlines()))
    assert {row["address"]: row["ticked"] for row in table}["lab-s3:small/run1/"] == "yes"
    assert "1 ticked: 15 objects" in lab.run("list")[0]


def test_a_store_that_is_away_ends_in_four_a_part_that_fails_in_one_and_a_wrong_word_in_two(lab: Lab) -> None:
    lab.declare('root = "small/"\nlifetime = "1h"\n', 'root = "not-there/"\nlifetime = "1h"\n')
    out, error = lab.run("scan", code=1)
    assert "lab-s3:small/: " in out
    assert "lab-s3:not-there/" in error
    assert len(error.splitlines()) == 1
    lab.declare('root = "small/"\nlifetime = "1h"\n', 'root = "small/nothing/"\nlifetime = "1h"\n')
    _, error = lab.run("scan", "--source", "lab-s3:small/nothing", code=2)
    assert "overlap" in error
    lab.declare('root = "small/nothing/"\nlifetime = "1h"\n')
    _, error = lab.run("scan")
    assert "lab-s3:small/nothing/: no delivery lies there" in error
    lab.declare('root = "small/"\nlifetime = "1h"\n')
    lab.run("scan")
    lab.declare('root = "small/"\nlifetime = "1h"\n', endpoint="http://127.0.0.1:9")
    out, error = lab.run("scan", code=4)
    assert (out, "what was known of it stays" in error) == ("", True)
    (row, *_) = [row for row in lab.lines(code=1) if row["address"] == "lab-s3:small/run1/"]
    assert (row["objects"], row["seen_at"] is not None) == (15, True)
    for words in (["lst"], ["show", "zzzz"], ["tick"], ["list", "--source", "lab-s3:else"]):
        _, error = lab.run(*words, code=2)
        assert len(error.splitlines()) == 1


def test_a_scan_that_is_interrupted_ends_in_130_and_leaves_what_was_known(lab: Lab) -> None:
    lab.run("scan", "--quiet")
    before = lab.lines()
    lab.s3.fault("latency", operations=["ListObjectsV2"], latency_ms=2000.0)
    try:
        process = lab.process("scan", start_new_session=True)
        lock, end = lab.folder / "state" / "locks" / "deliveries.lock", time.monotonic() + SECONDS
        while not _held(lock):
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=SECONDS)
    finally:
        lab.s3.clear_faults()
    assert (process.returncode, out) == (130, ""), error
    assert [row["address"] for row in lab.lines(code=1)] == [row["address"] for row in before]


def _held(lock: Path) -> bool:
    from icehouse.catalogue.turns import is_held

    return is_held(lock)
