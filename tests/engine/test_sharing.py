"""Jobs that run at the same time in one worker: what the store takes in a second is for all of them together."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.engine.gate import GUARDS, Permit
from icehouse.engine.worker import Options
from icehouse.ledger.steps import Task
from icehouse.services import jobs
from icehouse.services.house import House
from tests.engine.rooms import accepted, approve, open_over, work
from tests.standin import StandIn

EACH, MOST = 60, 40


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[House, StandIn]]:
    """A house over two folders of cold objects."""
    with StandIn("small") as s3:
        s3.freeze()
        client = s3.boto3_client()
        for key in (f"{folder}/{number:04}" for folder in ("one", "two") for number in range(EACH)):
            client.put_object(Bucket="small", Key=key, Body=b"x", StorageClass="GLACIER")
        house = open_over(s3, tmp_path, monkeypatch)
        yield house, s3
        house.close()


def test_two_jobs_together_send_no_more_in_a_second_than_one_may(two: tuple[House, StandIn]) -> None:
    house, s3 = two
    both = [approve(house, f"lab-s3:small/{folder}/") for folder in ("one", "two")]
    went: list[tuple[float, str]] = []
    lock = threading.Lock()

    def going(permit: Permit, task: Task) -> None:
        GUARDS.stop(permit, task)
        with lock:
            went.append((time.monotonic(), task.job))

    work(house, once=True, options=Options(True, once=True, most_per_second=MOST, guards=GUARDS._replace(stop=going)))
    assert Counter(job for _, job in went) == dict.fromkeys(both, EACH)
    assert {jobs.job(house, job).progress.sent for job in both} == {EACH}
    assert len(accepted(s3)) == 2 * EACH
    times = sorted(at for at, _ in went)
    # Between its turn and its call stands the ledger, whose time differs a little from call to call.
    most = max(bisect_left(times, begin + 1.0) - at for at, begin in enumerate(times))
    assert most <= MOST * 1.2
    first = {job: min(at for at, of in went if of == job) for job in both}
    assert abs(first[both[0]] - first[both[1]]) < times[-1] - times[0], "they ran at the same time"
