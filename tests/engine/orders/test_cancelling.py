"""Cancelling what was handed over: nothing more is asked for, and what was done by then is told."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from icehouse.cli import cancel
from icehouse.cli.session import Session
from icehouse.core.errors import Denied, UsageError
from icehouse.core.jobs import JobState, OrderStage
from icehouse.services import jobs
from icehouse.services.house import House
from icehouse.stores.s3.store import S3Store
from tests.engine.orders.engines import (
    COUNT,
    Engine,
    accepted,
    hand_over,
    kinds,
)
from tests.engine.rooms import nobody, outcomes, work
from tests.standin import StandIn


def test_a_cancel_before_the_order_is_handed_over_leaves_nothing_of_it(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    report = jobs.cancel(house, job, start=nobody)
    assert (report.unsent, report.handed) == (COUNT, 0)
    work(house)
    assert jobs.job(house, job).state is JobState.CANCELLED
    assert (engine.submits, outcomes(house, job)) == (0, {"cancelled": COUNT})


def test_a_cancel_calls_the_order_off_and_tells_what_was_done_by_then(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    engine.holds = True
    work(house, once=True)
    report = jobs.cancel(house, job, start=nobody)
    assert (report.unsent, report.handed) == (0, COUNT)
    work(house)
    assert engine.called_off == ["job-1"]
    cancelled = jobs.job(house, job)
    assert (cancelled.state, cancelled.progress.outcomes) == (JobState.CANCELLED, {"cancelled": COUNT})
    assert not accepted(s3, bulk), "what was not asked for is not asked for by us"


def test_what_was_done_before_an_order_was_called_off_is_watched_to_its_end(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    s3.freeze()
    job = hand_over(house, f"lab-s3:{bulk}/")
    engine.holds = True
    work(house, once=True)
    engine.holds = False
    work(house, once=True)
    assert jobs.cancel(house, job, start=nobody).handed == COUNT
    work(house, once=True)
    assert len(accepted(s3, bulk)) == COUNT
    assert (jobs.job(house, job).state, outcomes(house, job)) == (JobState.WATCHING, {})
    with pytest.raises(UsageError, match="everything was sent and is billed"):
        jobs.cancel(house, job, start=nobody)
    s3.run(speed=36000)
    work(house)
    assert (jobs.job(house, job).state, outcomes(house, job)) == (JobState.DONE, {"ok": COUNT})


def test_a_cancel_of_an_order_in_doubt_looks_for_it_first(house: House, bulk: str, s3: StandIn, engine: Engine) -> None:
    engine.refuses = [Denied("not now")]
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert jobs.orders(house, job)[0].stage is OrderStage.HANDING
    assert jobs.cancel(house, job, start=nobody).handed == COUNT
    work(house)
    assert jobs.job(house, job).state is JobState.CANCELLED
    assert outcomes(house, job) == {"cancelled": COUNT}
    assert not accepted(s3, bulk)
    assert kinds(house).count("probe") == COUNT


def test_an_order_that_the_store_lists_late_is_called_off_all_the_same(
    house: House, bulk: str, s3: StandIn, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    engine.loses = engine.holds = True
    found, looks = S3Store.find_order, list[str]()

    def late(store: S3Store, token: str) -> str | None:
        looks.append(token)
        return found(store, token) if len(looks) > 1 else None

    monkeypatch.setattr(S3Store, "find_order", late)
    work(house, once=True)
    assert jobs.orders(house, job)[0].stage is OrderStage.HANDING
    jobs.cancel(house, job, start=nobody)
    work(house)
    assert engine.called_off == ["job-1"]
    assert jobs.job(house, job).state is JobState.CANCELLED
    assert not accepted(s3, bulk)


def test_under_stop_a_cancel_says_that_what_was_handed_over_goes_on(house: House, bulk: str, engine: Engine) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    engine.holds = True
    work(house, once=True)
    house.paths.stop.touch()
    try:
        told = CliRunner().invoke(cancel.command, [job], obj=Session(lambda *_: 0, _house=house)).output
    finally:
        house.paths.stop.unlink()
    assert "NOT called off while STOP is set" in told
    assert "job-1" in told
