"""A worker that is killed again and again still does everything, and nothing twice."""

from __future__ import annotations

import random
import time
from functools import partial
from pathlib import Path

import pytest

from icehouse.core.jobs import JobState
from icehouse.services import audit, jobs
from icehouse.services.house import House
from tests.engine.rooms import Worker, approve, open_over, until
from tests.engine.rooms import accepted as accepted_by_key
from tests.standin import StandIn

OBJECTS = 5000
KILLS = 20


class Requests:
    """How many restore requests the stand-in has accepted, read from its log as it grows."""

    def __init__(self, s3: StandIn) -> None:
        self._s3, self._last, self._count = s3, 0, 0

    def reached(self, goal: int) -> bool:
        return self.accepted() >= goal

    def accepted(self) -> int:
        for line in self._s3.log(since=self._last, operation="RestoreObject"):
            self._last = int(line["seq"])
            self._count += bool(line["accepted"])
        return self._count


def _restore_through_kills(
    house: House, s3: StandIn, objects: int, *, entry: tuple[str, ...], kills: int, seed: int
) -> str:
    """Restore the bulk bucket while its worker is killed at random moments; returns the job that ended."""
    chance = random.Random(seed)
    seen = Requests(s3)
    job = approve(house, "lab-s3:bulk/")
    for number in range(kills):
        sent = min(seen.accepted(), objects - kills)
        goal = sent + chance.randint(1, max(1, 2 * (objects - sent) // (kills - number + 1)))
        worker = Worker(house, entry=entry)
        until(partial(seen.reached, goal), f"{goal} requests accepted (kill {number})")
        time.sleep(chance.uniform(0.0, 0.06))  # the moment of the kill, anywhere between two commits
        worker.kill()
        s3.step(hours=6)  # what was requested is readable by now: a blind repeat would be accepted, and billed, again
    worker = Worker(house, entry=entry)
    s3.run(speed=7200)
    assert worker.finish() == 0, worker.log.read_text()
    return job


@pytest.mark.timeout(300)
def test_twenty_kills_leave_nothing_out_and_request_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn(f"bulk:{OBJECTS}:GLACIER") as s3:
        s3.freeze()
        house = open_over(s3, tmp_path, monkeypatch)
        job_id = _restore_through_kills(house, s3, OBJECTS, entry=("-m", "icehouse"), kills=KILLS, seed=20)
        job = jobs.job(house, job_id)
        assert job.state is JobState.DONE
        assert job.progress.outcomes == {"ok": OBJECTS}
        assert job.progress.sent == job.progress.ready == job.progress.ended == OBJECTS
        accepted = accepted_by_key(s3)
        assert len(accepted) == OBJECTS
        assert set(accepted.values()) == {1}
        assert audit.verify(house).ok
        assert sum(entry.kind == "probe" for entry in audit.entries(house, limit=10**6)) > 0
        house.close()


@pytest.mark.timeout(300)
def test_the_control_without_the_probe_requests_some_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn("bulk:1000:GLACIER") as s3:
        s3.freeze()
        house = open_over(s3, tmp_path, monkeypatch)
        _restore_through_kills(house, s3, 1000, entry=("-m", "tests.engine.blind_worker"), kills=4, seed=6)
        assert max(accepted_by_key(s3).values()) > 1
        house.close()
