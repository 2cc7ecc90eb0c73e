"""How many requests go at once, by a clock of the test's own."""

from __future__ import annotations

import pytest

from icehouse.core.errors import Throttled
from icehouse.stores.s3.lanes import Lanes

BUSY = Throttled("lab: the store asks for fewer requests", words="SlowDown")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lanes(clock: Clock) -> Lanes:
    return Lanes(16, monotonic=clock, chance=lambda: 0.5)


def answers(lanes: Lanes, number: int, seconds: float, work: float = 0.0) -> None:
    for _ in range(number):
        lanes.fine(seconds, work, full=True)


def test_lanes_grow_to_the_most_while_answers_come_as_quickly_as_before(lanes: Lanes) -> None:
    assert lanes.open == 2
    answers(lanes, 40, 0.06, work=0.002)
    assert lanes.open == 16


def test_lanes_stay_where_this_machine_has_no_time_left(lanes: Lanes) -> None:
    answers(lanes, 200, 0.006, work=0.005)
    assert lanes.open == 2
    lanes.anew(4)
    answers(lanes, 200, 0.008, work=0.004)
    assert lanes.open == 8, "four processes share the work"


def test_lanes_stay_and_close_where_answers_wait_for_each_other(lanes: Lanes) -> None:
    answers(lanes, 8, 0.06)
    open_then = lanes.open
    answers(lanes, 40, 0.25)
    assert lanes.open == open_then
    answers(lanes, 400, 0.5)
    assert lanes.open == 2


def test_half_of_the_lanes_stay_where_the_store_asks_for_fewer_and_all_wait(lanes: Lanes, clock: Clock) -> None:
    answers(lanes, 40, 0.06)
    lanes.throttled(BUSY)
    lanes.throttled(BUSY)
    assert lanes.open == 8, "what was under way counts once"
    assert 0 < lanes.pause < 1
    pauses = [lanes.pause]
    for _ in range(9):
        clock.now += lanes.pause
        assert lanes.pause == 0.0
        lanes.throttled(BUSY)
        pauses.append(lanes.pause)
    assert lanes.open == 1
    assert pauses == sorted(pauses)
    assert pauses[-1] <= 20
    lanes.fine(0.06, 0.0, full=True)
    clock.now += lanes.pause
    lanes.throttled(BUSY)
    assert lanes.pause == pytest.approx(pauses[0]), "an answer makes pauses short again"


def test_the_stores_own_time_to_wait_is_kept(lanes: Lanes) -> None:
    lanes.throttled(Throttled("lab: wait", retry_after=7.0))
    assert lanes.pause == pytest.approx(7.0)


def test_patience_ends(lanes: Lanes, clock: Clock) -> None:
    for _ in range(100):
        clock.now += 2.9
        lanes.throttled(BUSY)
        clock.now += lanes.pause
        if clock.now > 1290:
            break
    clock.now += 100
    with pytest.raises(Throttled):
        lanes.throttled(BUSY)
