"""The scanning process is killed, and nothing that it had told is lost or told twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from icehouse.catalogue.files import Files
from icehouse.core.errors import Refused
from icehouse.core.refs import Address
from icehouse.services.house import House
from icehouse.services.scan import scan, scanning
from tests.unit.catalogue.fakes import MemoryStore, entries_of, house_of, wait_until
from tests.unit.catalogue.looking import folders_in, folders_of, objects_in, objects_of
from tests.unit.catalogue.scanner import keys

KEYS = 6000
PAGE = 50
SEED = 20261121


def start(state: Path, *extra: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.unit.catalogue.scanner", str(state), str(KEYS), *map(str, extra)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])


def test_a_scanner_killed_again_and_again_ends_as_one_that_was_not(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore())
    chance = random.Random(SEED)
    for _ in range(6):
        seen, pages = _objects(house), chance.randrange(3, 18)
        goal = seen + PAGE * chance.randrange(1, pages)
        process = start(tmp_path, pages)
        wait_until(partial(_reached, house, goal))
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert 0 < _objects(house) < KEYS
    standing = scanning(house)[0]
    assert not standing.running
    last = start(tmp_path)
    out, _ = last.communicate(timeout=60)
    assert int(out) == KEYS
    entries = entries_of(keys(KEYS))
    files = Files(house.paths.catalogue, "s", "c")
    assert objects_in(files) == objects_of(entries)
    assert folders_in(files) == folders_of(entries)
    assert scanning(house)[0].complete


def test_a_running_scan_is_seen_as_running_refuses_another_and_is_stopped_once_killed(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of("ab")))
    process = start(tmp_path, 40)
    try:
        wait_until(lambda: _objects(house) > 0 or process.poll() is not None)
        standing = scanning(house)[0]
        assert (standing.running, standing.complete, standing.pid) == (True, False, process.pid)
        with pytest.raises(Refused, match=f"is being scanned already by process {process.pid}"):
            scan(house, Address("s", "c", ""))
    finally:
        process.kill()
        process.wait(10)
    standing = scanning(house)[0]
    assert (standing.running, standing.resumable) == (False, True)


def _reached(house: House, goal: int) -> bool:
    return _objects(house) >= goal


def _objects(house: House) -> int:
    return max((each.objects for each in scanning(house)), default=0)
