"""Restores by both ways end alike, object by object, whatever happened to the objects and to the worker meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.core.jobs import JobState, OrderStage
from icehouse.core.restores import Way
from icehouse.services import audit, jobs
from tests.engine.mixing import START, Mix, became, carry_out, house_over, keep_open, planned
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


def test_a_worker_that_is_killed_at_each_step_of_an_order_leaves_nothing_out_and_does_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn("small", start=START) as s3:
        s3.freeze()
        mix = Mix(s3, each=1)
        mix.plant()
        s3.switch(batch_tasks_per_second=1.0)
        house = house_over(s3, tmp_path, monkeypatch)
        job = planned(house, Way.BATCH, "lab-s3:cold/odd/", "lab-s3:cold/asked/", "lab-s3:cold/whole/g0")
        for moment in MOMENTS:
            if moment == "ended":  # after seven of its tasks somebody has the first job ended in the store
                s3.step(60 + 7)
                control = s3.boto3_client(service="s3control")
                (first, *_) = jobs.orders(house, job)
                control.update_job_status(AccountId=ACCOUNT, JobId=first.id, RequestedJobStatus="Cancelled")
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
        assert len(s3.boto3_client(service="s3control").list_jobs(AccountId=ACCOUNT)["Jobs"]) == 2
        assert audit.verify(house).ok
        house.close()
