"""What a report is worth: every line of a whole one, no line of any other, and what it leaves out is looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from icehouse.core.errors import Denied, Invalid, NotFound, Unavailable
from icehouse.core.jobs import JobState, OrderStage
from icehouse.core.orders import OrderResult, OrderState
from icehouse.services import jobs
from icehouse.services.house import House
from tests.engine.orders.engines import (
    COUNT,
    Engine,
    accepted,
    broken,
    failing_with,
    hand_over,
    kinds,
    planted,
    without,
)
from tests.engine.rooms import outcomes, work
from tests.standin import StandIn


def test_what_a_report_leaves_out_is_looked_at_and_only_then_sent(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    engine.report = without(4)
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3, bulk).values()) == {1}, "all were asked for by the engine already"
    assert jobs.orders(house, job)[0].untold == 4
    assert kinds(house).count("probe") == 4


def test_what_an_order_did_not_come_to_is_sent_directly(house: House, bulk: str, s3: StandIn, engine: Engine) -> None:
    engine.stops, engine.ends = 5, OrderState.FAILED
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3, bulk).values()) == {1}
    assert len(accepted(s3, bulk)) == COUNT
    assert kinds(house).count("probe") == COUNT - 5
    assert jobs.orders(house, job)[0].state is OrderState.FAILED


@pytest.mark.parametrize("lost", [False, True])
def test_why_the_store_failed_an_order_is_kept_whatever_its_report_is_worth(
    house: House, bulk: str, engine: Engine, lost: bool
) -> None:
    engine.stops, engine.ends, engine.why = 5, OrderState.FAILED, "JobFailureThresholdExceeded: more than 50%"
    if lost:
        engine.report = broken(NotFound("there is none"))
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    (order,) = jobs.orders(house, job)
    assert order.words.startswith(engine.why)
    assert ("no report" in order.words) == lost


@pytest.mark.parametrize("error", [Invalid("a line does not fit"), NotFound("there is none")])
def test_of_a_report_that_is_lost_or_breaks_off_no_line_is_believed(
    house: House, bulk: str, s3: StandIn, engine: Engine, error: Invalid | NotFound
) -> None:
    engine.report = broken(error)
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert kinds(house).count("probe") >= COUNT
    assert set(accepted(s3, bulk).values()) == {1}
    assert "report" in jobs.orders(house, job)[0].words


def test_a_report_about_other_objects_is_not_believed(house: House, bulk: str, s3: StandIn, engine: Engine) -> None:
    engine.report = lambda results: [replace(each, ref=replace(each.ref, key=f"{each.ref.key}x")) for each in results]
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert "was not handed over" in jobs.orders(house, job)[0].words
    assert kinds(house).count("probe") == COUNT


def test_a_report_that_tells_twice_of_one_object_is_not_believed(house: House, bulk: str, engine: Engine) -> None:
    engine.report = lambda results: [results[0], *results]
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert "tells twice" in jobs.orders(house, job)[0].words


def test_lines_about_the_engines_own_trouble_are_no_answers(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    engine.report = failing_with(Unavailable("503", words="ServiceUnavailable"), 3)
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3, bulk).values()) == {1}
    assert kinds(house).count("probe") == COUNT // 3


def test_an_order_that_the_store_forgets_is_given_up_only_when_its_list_has_it_no_more(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    engine.forgets = True
    found = engine.find
    calls: list[str] = []

    def find(token: str) -> str | None:
        calls.append(token)
        return found(token) if len(calls) < 3 else None

    engine.find = find  # type: ignore[method-assign]
    work(house)
    assert len(calls) >= 3
    assert outcomes(house, job) == {"ok": COUNT}
    assert "knows it no more" in jobs.orders(house, job)[0].words


def test_a_report_that_can_t_be_read_keeps_no_other_order_waiting(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    other = next(planted(s3, 3))
    job = hand_over(house, f"lab-s3:{bulk}/", f"lab-s3:{other}/")

    def read(results: list[OrderResult]) -> list[OrderResult]:
        if results[0].ref.container == bulk:
            raise Denied("the report is not ours to read", words="AccessDenied")
        return results

    engine.report = read
    work(house)
    assert [order.stage for order in jobs.orders(house, job)] == [OrderStage.ENDED, OrderStage.CLOSED]
    parked = jobs.job(house, job)
    assert (parked.state, parked.progress.sent) == (JobState.PARKED, 3)
    assert "not ours to read" in parked.note
    engine.report = list
    work(house)
    assert outcomes(house, job) == {"ok": COUNT + 3}
    assert set(accepted(s3, bulk).values()) == {1}
