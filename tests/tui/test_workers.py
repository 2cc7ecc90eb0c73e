"""A job that lost its worker goes on when a console is opened."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

import pytest

from icehouse.services import jobs
from icehouse.services.house import open_house
from icehouse.services.worker import worker_of
from tests.tui.house import place


@pytest.fixture
def imaging(tmp_path):
    with place(tmp_path, "imaging") as here:
        yield here


def until(seen, what, seconds=60):
    """Wait until `seen()` is true, and return what it gave."""
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.02)
    return found


def test_a_job_whose_worker_was_killed_goes_on_when_the_console_opens(imaging):
    imaging.s3.freeze()
    imaging.s3.fault("latency", operations=["RestoreObject"], latency_ms=200)
    folder = "lab-s3:imaging-platform/projects/2021_04_CPJUMP1/2021_04_B04/images/plate10/"
    begun = imaging.command("restore", folder, "--tier", "standard", "--days", "30", "--yes")
    assert begun.returncode == 0, begun.stderr
    house = open_house(str(imaging.config), str(imaging.state))
    try:
        until(lambda: len(imaging.s3.log(operation="RestoreObject")) >= 20, "the first requests")
        killed = worker_of(house, "lab-s3").pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        until(lambda: not worker_of(house, "lab-s3").alive, "the worker's end")
        imaging.s3.clear_faults()
        (left,) = jobs.jobs(house)
        assert left.state.open
        assert left.progress.sent < left.progress.to_send
        with imaging.console() as term:
            term.wait_for("imaging-platform")
            until(lambda: worker_of(house, "lab-s3").alive, "another worker")
            assert worker_of(house, "lab-s3").pid != killed
            until(lambda: jobs.jobs(house)[0].state.value == "watching", "all requests")
            term.send("5")
            term.wait_for("restore")
        accepted = Counter(row["key"] for row in imaging.s3.log(operation="RestoreObject") if row["accepted"])
        assert len(accepted) == left.progress.to_send
        assert set(accepted.values()) == {1}
    finally:
        house.close()


def test_a_console_over_a_state_without_jobs_starts_no_worker(imaging):
    with imaging.console() as term:
        term.wait_for("imaging-platform")
        term.quiet()
    assert not list((imaging.state / "logs").glob("worker-*"))
