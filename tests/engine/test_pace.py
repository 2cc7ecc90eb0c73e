"""The pace of requests: never above the limit in any second, soon up to it again, and slower as soon as asked."""

from __future__ import annotations

import random
import tracemalloc
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from icehouse.core.clock import Instant
from icehouse.engine.pace import Pace, Width

MOST = 100


class HandClock:
    """A clock that moves only when somebody sleeps or turns it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> Instant:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class LateClock(HandClock):
    """A clock whose sleepers wake up late, now a little and now more."""

    def __init__(self, seed: int, latest: float) -> None:
        super().__init__()
        self._chance = random.Random(seed)
        self._latest = latest

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds + self._chance.uniform(0.0, self._latest)


def turns(pace: Pace, clock: HandClock, count: int) -> list[float]:
    """When so many requests go, one asked for after the other."""
    found = []
    for _ in range(count):
        pace.wait(lambda: False)
        found.append(clock.seconds)
    return found


def most_in_a_second(times: list[float]) -> int:
    """The most requests in any second, whenever it begins."""
    return max(bisect_left(times, begin + 1.0 - 1e-9) - at for at, begin in enumerate(times))


@pytest.mark.parametrize("seed", range(5))
def test_no_second_sees_more_than_the_limit_however_callers_are_held_up(seed: int) -> None:
    clock, chance = HandClock(), random.Random(seed)
    pace = Pace(clock, "seed", MOST)
    times: list[float] = []
    for _ in range(40):
        times += turns(pace, clock, chance.randint(1, 40))
        clock.seconds += chance.choice((0.0, 0.01, 0.1, 0.2, 3.0))
    assert most_in_a_second(times) <= MOST


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("latest", [0.0, 0.0002, 0.004])
def test_a_thousand_a_second_are_a_thousand_in_any_second_and_no_fewer_though_waiters_wake_up_late(
    seed: int, latest: float
) -> None:
    clock = LateClock(seed, latest)
    times = turns(Pace(clock, "seed", 1000), clock, 20_000)
    assert most_in_a_second(times) <= 1000
    later = [time for time in times if time > times[0] + 1.0]
    assert (len(later) - 1) / (later[-1] - later[0]) >= 990


def test_what_a_short_delay_cost_is_made_up_for() -> None:
    clock = HandClock()
    pace = Pace(clock, "seed", MOST)
    times: list[float] = []
    for _ in range(50):
        times += turns(pace, clock, 20)
        clock.seconds += 0.05
    assert times[-1] - times[0] == pytest.approx(len(times) / MOST, rel=0.02)


def test_throttling_halves_the_rate_and_nothing_is_made_up_for_until_it_has_grown_back() -> None:
    clock = HandClock()
    pace = Pace(clock, "seed", MOST)
    for time in turns(pace, clock, MOST * 5):
        assert time <= clock.seconds
        pace.accepted()
    pace.slow_down(None, 0, lambda: True)
    clock.seconds += 0.2
    slowed = turns(pace, clock, 20)
    gaps = [later - earlier for earlier, later in pairwise(slowed)]
    assert min(gaps) >= 1 / (MOST * 0.75)
    later = turns(pace, clock, MOST * 10)
    assert later[-1] - later[-MOST] == pytest.approx(1.0, rel=0.05)
    assert most_in_a_second(slowed + later) <= MOST


def test_few_a_second_are_fewer_still_where_the_store_throttles() -> None:
    clock = HandClock()
    pace = Pace(clock, "seed", 8)
    for _ in range(3):
        turns(pace, clock, 8)
        pace.slow_down(None, 0, lambda: True)
        assert pace.allowed <= 4
    turns(pace, clock, 40)
    assert pace.allowed == 8


def test_what_was_accepted_long_ago_is_forgotten_though_nobody_asks() -> None:
    clock = HandClock()
    pace = Pace(clock, "seed")
    tracemalloc.start()
    try:
        for _ in range(50_000):
            clock.sleep(0.01)
            pace.accepted()
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()


def test_a_wait_for_a_turn_ends_when_it_is_told_to() -> None:
    clock = HandClock()
    pace = Pace(clock, "seed", MOST)
    turns(pace, clock, MOST)
    before = clock.seconds
    pace.wait(lambda: True)
    assert clock.seconds == before


def look(width: Width, seconds_a_call: float, most_a_second: float) -> int:
    """One look at a store that takes so long for a call, and takes no more than so many a second."""
    achieved = min(width.now / seconds_a_call, most_a_second)
    return width.after(round(achieved), achieved * width.now / achieved, 1.0, 1000.0)


def test_as_many_calls_are_made_at_once_as_a_thousand_a_second_take() -> None:
    width = Width(16)
    widths = [look(width, 0.05, 1000) for _ in range(10)]
    assert 50 <= widths[-1] <= 58  # 1,000 a second at 50 ms are 50, and some to spare
    assert widths == sorted(widths)
    assert [look(width, 0.002, 1000) for _ in range(3)][-1] <= widths[-1]


def test_no_more_are_made_where_more_bring_no_more() -> None:
    width = Width(16)
    widths = [look(width, 0.05, 300) for _ in range(15)]
    assert max(widths) <= 24
    assert widths[-1] == 16


def test_fewer_than_usual_is_what_somebody_wished() -> None:
    width = Width(4)
    assert {look(width, 0.5, 1000) for _ in range(10)} == {4}
