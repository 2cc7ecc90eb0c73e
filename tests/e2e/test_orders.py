"""Restores by both ways end alike, object by object, whatever happened to the objects and to the worker meanwhile."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.jobs import JobState, OrderStage
from icehouse.core.restores import Way
from icehouse.services import audit, jobs
from tests.e2e.test_cli import Shell
from tests.engine.mixing import START, TABLE, Mix, became, carry_out, house_over, keep_open, planned
from tests.engine.rooms import Worker
from tests.standin import StandIn

ACCOUNT = "111122223333"
BOTH = ("lab-s3:cold/", "lab-s3:kept/")


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Mix, Mix]]:
    """Two stand-ins with the same set at the same frozen moment."""
    keep_open(monkeypatch)
    with StandIn("small", start=START) as one, StandIn("small", start=START) as other:
        mixes = Mix(one), Mix(other)
        for mix in mixes:
            mix.s3.freeze()
            mix.s3.set_clock(START)
            mix.plant()
        yield mixes


def test_both_ways_end_alike_object_by_object(
    two: tuple[Mix, Mix], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: dict[Way, list[tuple[str, str, str, str]]] = {}
    for mix, via in zip(two, Way, strict=True):
        house = house_over(mix.s3, tmp_path / via.value, monkeypatch)
        job = planned(house, via, *BOTH)
        mix.meanwhile()
        carry_out(house, mix.s3, job)
        ended[via] = list(became(house, job))
        assert jobs.job(house, job).state is JobState.DONE
        assert audit.verify(house).ok
        orders = jobs.orders(house, job)
        if via is Way.BATCH:
            assert [(order.container, order.days) for order in orders] == [("cold", 7), ("cold", None), ("kept", 7)]
            assert {order.stage for order in orders} == {OrderStage.CLOSED}
            assert [order.untold for order in orders] == [0, 0, 0]
        else:
            assert orders == []
        house.close()
    assert ended[Way.BATCH] == ended[Way.DIRECT]
    told = Counter(outcome for *_, outcome, _ in ended[Way.BATCH])
    assert set(told) == {"ok", "notneeded", "conflict", "error"}, "everything that may come did come"


MOMENTS = ("begun", "submitted", "handed", "ended", "answered", "left", "closed")
"""Where a worker may be killed; in every run at the two where the ledger knows least."""


def _end(control: Any, token: str) -> None:
    """End the job of a token early, as somebody may in the store's own console."""
    (found,) = (job for job in control.list_jobs(AccountId=ACCOUNT)["Jobs"] if job["Description"].endswith(token))
    control.update_job_status(AccountId=ACCOUNT, JobId=found["JobId"], RequestedJobStatus="Cancelled")


@pytest.mark.parametrize("moments", [("submitted", "left"), pytest.param(MOMENTS, marks=pytest.mark.fuzz)])
def test_a_worker_that_is_killed_on_the_way_of_an_order_leaves_nothing_out_and_does_nothing_twice(
    moments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn("small", start=START) as s3:
        s3.freeze()
        mix = Mix(s3, each=1)
        mix.plant()
        s3.switch(batch_tasks_per_second=1.0)
        house, control = house_over(s3, tmp_path, monkeypatch), s3.boto3_client(service="s3control")
        job = planned(house, Way.BATCH, "lab-s3:cold/odd/", "lab-s3:cold/asked/", "lab-s3:cold/whole/g0")
        for moment in moments:
            if moment == moments[len(moments) // 2]:  # by now the store has the first order
                s3.step(60 + 7)  # and has done seven of its tasks when somebody ends it there
                _end(control, jobs.orders(house, job)[0].token)
                s3.step(hours=1)
            dying = Worker(house, entry=("-m", "tests.engine.dying_worker", moment))
            assert dying.finish() == -9, (moment, dying.log.read_text(), jobs.orders(house, job))
        carry_out(house, s3, job)
        done = jobs.job(house, job)
        assert (done.state, done.progress.outcomes) == (JobState.DONE, {"ok": done.progress.steps})
        assert done.progress.sent == done.progress.ready == done.progress.ended
        assert [order.untold > 0 for order in jobs.orders(house, job)] == [True, False]
        restored = [line for line in s3.log(operation="RestoreObject") if line["accepted"]]
        assert set(Counter(line["key"] for line in restored).values()) == {1}
        assert len(control.list_jobs(AccountId=ACCOUNT)["Jobs"]) == 2
        assert audit.verify(house).ok
        house.close()


def test_the_command_line_hands_over_verifies_and_tells_what_the_store_said(tmp_path: Path) -> None:
    with StandIn("small", start=START, speed=7200) as s3:
        mix = Mix(s3, each=1)
        mix.plant()
        shell = Shell(s3, tmp_path)
        shell.config.write_text(shell.config.read_text() + TABLE)
        where = ("lab-s3:cold/whole/", "lab-s3:kept/whole/")
        done = shell.rows("restore", *where, "--tier", "standard", "--days", "30", "--via", "batch", "--yes", "--wait")
        plan, job = done[0], done[-1]
        assert (plan["via"], plan["orders"], plan["cost"]["orders"]) == ("batch", 3, pytest.approx(0.750004))
        assert (job["state"], job["outcomes"]["ok"]) == ("done", 4)
        (told,) = (row for row in shell.rows("jobs") if row.get("job") == job["job"])
        assert [(order["word"], order["succeeded"]) for order in told["orders"]] == [
            ("Complete", 2),
            ("Complete", 1),
            ("Complete", 1),
        ]
        summed = shell.run("checksum", *where, "--algorithm", "sha256", "--yes", "--wait").stdout
        assert summed.count("SHA256 ") == 4 + 1
        value = base64.b64encode(hashlib.sha256(b"whole/g0").digest()).decode()
        assert f"SHA256 {value}  lab-s3:cold/whole/g0\n" in summed
        refused = shell.run("checksum", "lab-s3:cold/", "--yes", "--max-cost", "0.01", expect=3)
        assert "more than" in refused.stderr
