"""The flow of calls: everything once, never more at a time than allowed, and an end in any case."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from icehouse.engine.steps.flow import Flow

PARALLEL = 4


class Calls:
    """Counts what is carried out and how many at a time; holds everybody up while `open` is not set."""

    def __init__(self) -> None:
        self.made: Counter[int] = Counter()
        self.most = 0
        self.stop = False
        self.open = threading.Event()
        self.open.set()
        self._now = 0
        self._lock = threading.Lock()

    def carry_out(self, number: int) -> list[Future[None]]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.made[number] += 1
        self.open.wait(30)
        with self._lock:
            self._now -= 1
        record: Future[None] = Future()
        record.set_result(None)
        return [record]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(PARALLEL) as made:
        yield made


def flow_of(pool: ThreadPoolExecutor, calls: Calls) -> Flow[int]:
    return Flow(pool, PARALLEL, calls.carry_out, lambda: calls.stop)


def test_what_is_fed_while_threads_end_is_carried_out_too(pool: ThreadPoolExecutor) -> None:
    calls = Calls()
    flow = flow_of(pool, calls)
    for begin in range(0, 3000, 3):
        flow.feed(range(begin, begin + 3))
        flow.wait_for_room(0)
        flow.durable()
    flow.end(drop=False)
    assert calls.made == Counter(range(3000))
    assert calls.most <= PARALLEL


def test_a_long_call_holds_up_nobody_but_itself(pool: ThreadPoolExecutor) -> None:
    calls, held, release = Calls(), threading.Event(), threading.Event()

    def first_is_slow(number: int) -> list[Future[None]]:
        if number == 0:
            held.set()
            assert release.wait(30)
        return calls.carry_out(number)

    flow: Flow[int] = Flow(pool, PARALLEL, first_is_slow, lambda: False)
    flow.feed(range(200))
    assert held.wait(30)
    flow.wait_for_room(0)
    flow.feed(range(200, 400))
    flow.wait_for_room(0)
    assert calls.made[0] == 0
    release.set()
    assert len(flow.end(drop=False)) == 400


def test_what_was_not_begun_is_dropped_and_what_was_is_waited_for(pool: ThreadPoolExecutor) -> None:
    calls = Calls()
    calls.open.clear()
    flow = flow_of(pool, calls)
    flow.feed(range(100))
    flow.halt()
    begun = sum(calls.made.values())
    calls.open.set()
    records = flow.end(drop=True)
    assert begun <= PARALLEL
    assert len(records) == sum(calls.made.values()) <= PARALLEL


def test_nothing_is_begun_once_it_must_stop(pool: ThreadPoolExecutor) -> None:
    calls = Calls()
    calls.stop = True
    flow = flow_of(pool, calls)
    flow.feed(range(100))
    flow.wait_for_room(0)
    assert flow.end(drop=False) == []
    assert not calls.made


def test_a_mistake_in_a_call_is_raised_and_ends_the_others(pool: ThreadPoolExecutor) -> None:
    calls = Calls()

    def mistaken(number: int) -> list[Future[None]]:
        if number == 10:
            raise RuntimeError("ours")
        return calls.carry_out(number)

    flow: Flow[int] = Flow(pool, PARALLEL, mistaken, lambda: False)
    flow.feed(range(10_000))
    flow.wait_for_room(0)
    with pytest.raises(RuntimeError, match="ours"):
        flow.end(drop=False)
    assert len(calls.made) < 9_999
