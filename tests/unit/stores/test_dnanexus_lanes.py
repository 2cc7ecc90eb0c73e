"""Windows of creation times, walked by several lanes: everything once, whatever the times, or an error."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icehouse.core.entries import Entry
from icehouse.core.errors import NotFound, Throttled, Unavailable
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import Standing, State
from icehouse.stores.dnanexus.finding import Found
from icehouse.stores.dnanexus.lanes import Lanes
from icehouse.stores.dnanexus.windows import Window, first_windows, parts_of

FOLDER = FolderRef("lab", "project-x", "")
NOW = 1_795_000_000_000
LIVE = Standing(State.LIVE, "live")


def entry(number: int, created: int | None, modified: int = 0) -> Entry:
    at = None if created is None else datetime.fromtimestamp(created / 1000, UTC)
    changed = datetime.fromtimestamp((modified or created or NOW) / 1000, UTC)
    return Entry(Ref("lab", "project-x", f"{number}", f"file-{number}"), 1, changed, "", LIVE, created=at)


class Platform:
    """Plays the search, newest-modified first; `ends` tells whether the ends of a span belong to it."""

    def __init__(self, entries: list[Entry], page: int, *, ends: bool = True) -> None:
        self._rows = sorted((place(each), each) for each in entries)
        self.entries = [each for _, each in self._rows]
        self.page = page
        self.ends = ends
        self.asked = 0
        self.before: Callable[[int], None] = lambda _: None
        self._lock = threading.Lock()

    def search(self, window: Window) -> Found:
        with self._lock:
            self.asked += 1
            asked = self.asked
        self.before(asked)
        span = window.filters().get("created", {})
        off = 0 if self.ends else 1
        first, last = span.get("after", -1) + off, span.get("before", 2 * NOW) - off
        begin = 0 if window.cursor is None else bisect_left(self._rows, (tuple(window.cursor),))
        found: list[Entry] = []
        for where, each in self._rows[begin:]:
            if each.created is not None and not first <= int(each.created.timestamp() * 1000) <= last:
                continue
            if len(found) == self.page:
                return Found(tuple(found), list(where), None)
            found.append(each)
        return Found(tuple(found), None, None)


def place(each: Entry) -> tuple[float, str]:
    assert each.modified is not None
    return -each.modified.timestamp(), str(each.ref.version)


def by_id(each: Entry) -> object:
    return each.ref.version


def walked(platform: Platform, windows: tuple[Window, ...], lanes: int = 4) -> list[Entry]:
    return [each for entries, _ in Lanes(FOLDER, platform.search, by_id, windows, lanes).steps() for each in entries]


def lanes_alive() -> list[Any]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("dx-lane")]


def gone(within: float = 10.0) -> Iterator[bool]:
    end = time.monotonic() + within
    while lanes_alive() and time.monotonic() < end:
        yield False
        time.sleep(0.01)
    yield not lanes_alive()


SECONDS = st.one_of(
    st.integers(NOW // 1000 - 50, NOW // 1000),
    st.integers(1_230_000_000, NOW // 1000),
    st.sampled_from([0, 1_230_767_999, 1_230_768_000, NOW // 1000]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(SECONDS, st.integers(0, 10**9), st.integers(1, 6)), max_size=25),
    st.integers(1, 4),
    st.booleans(),
    st.data(),
)
def test_every_object_comes_once_whatever_the_times_and_the_ends(
    groups: list[tuple[int, int, int]], page: int, ends: bool, data: st.DataObject
) -> None:
    """Several objects of one second, spans that count their ends or do not, pages of any size."""
    times = [(second * 1000, second * 1000 + later) for second, later, count in groups for _ in range(count)]
    entries = [entry(number, created, modified) for number, (created, modified) in enumerate(times)]
    platform = Platform(entries, page, ends=ends)
    first = platform.entries[: data.draw(st.integers(0, 10))]
    seen = frozenset(map(by_id, first))
    found = [*first, *walked(platform, first_windows(first, NOW, (seen,)))]
    assert Counter(map(by_id, found)) == Counter(map(by_id, entries))


@settings(max_examples=100, deadline=None)
@given(st.lists(SECONDS, min_size=1, max_size=5), SECONDS, SECONDS, st.booleans())
def test_windows_have_neither_gaps_nor_overlaps(seconds: list[int], low: int, high: int, idle: bool) -> None:
    whole = Window(min(low, high) * 1000, max(low, high) * 1000 + 1000)
    for windows, around in (
        (first_windows([entry(n, second * 1000) for n, second in enumerate(seconds)], NOW, ()), Window()),
        (parts_of(whole, min(seconds) * 1000, max(seconds) * 1000, 1, set(), idle=idle) or (whole,), whole),
    ):
        ends = [(each.low, each.high) for each in windows]
        assert (ends[-1][0], ends[0][1]) == (around.low, around.high)
        assert all(below[1] == above[0] for above, below in pairwise(ends))
        assert all(a is None or b is None or a < b for a, b in ends)
        assert all(end is None or end % 1000 == 0 for pair in ends for end in pair)


def test_what_has_no_moment_of_creation_is_in_every_window_and_comes() -> None:
    platform = Platform([entry(number, None) for number in range(5)], 2)
    found = walked(platform, (Window(None, 1000), Window(1000, None)))
    assert set(map(by_id, found)) == {f"file-{number}" for number in range(5)}


def test_a_large_project_costs_few_requests_more_than_one_lane_would() -> None:
    entries = [entry(number, NOW - number * 200_000) for number in range(4_000)]
    platform = Platform(entries, 20)
    first = platform.entries[:240]
    found = walked(platform, first_windows(first, NOW, (frozenset(map(by_id, first)),)), lanes=8)
    assert len(found) == len(set(map(by_id, found))) == 3_760
    assert platform.asked <= 200 * 1.6


@pytest.mark.parametrize("spread", [1, 1000, 60_000])
def test_a_project_that_was_made_at_one_moment_long_ago_is_found(spread: int) -> None:
    long_ago = NOW - 10**11
    platform = Platform([entry(number, long_ago + number * spread) for number in range(1000)], 20)
    found = walked(platform, first_windows([entry(-1, NOW)], NOW, ()), lanes=8)
    assert Counter(map(by_id, found)) == Counter(f"file-{number}" for number in range(1000))


def test_every_frontier_holds_what_is_still_to_come() -> None:
    entries = [entry(number, NOW - number * 5_000_000) for number in range(200)]
    platform = Platform(entries, 7)
    windows = first_windows(platform.entries[:14], NOW, ())
    had: set[object] = set()
    steps = 0
    for told, left in Lanes(FOLDER, platform.search, by_id, windows, 3).steps():
        had |= set(map(by_id, told))
        steps += 1
        if steps % 5 == 0:
            rest = walked(Platform(entries, 7), tuple(replace(each, known=()) for each in left))
            assert had | set(map(by_id, rest)) == set(map(by_id, entries))
    assert steps > 20


def test_an_error_in_any_lane_ends_the_walk_after_the_pages_before_it() -> None:
    platform = Platform([entry(number, NOW - number * 1000) for number in range(100)], 5)

    def broken(asked: int) -> None:
        if asked == 9:
            raise NotFound("gone")

    platform.before = broken
    steps = Lanes(FOLDER, platform.search, by_id, (Window(),), 4).steps()
    assert next(steps)[0]
    with pytest.raises(NotFound):
        list(steps)
    assert list(gone())[-1]


def test_a_search_that_leads_back_to_where_it_was_raises() -> None:
    def search(_: Window) -> Found:
        return Found((entry(1, NOW),), "the same", None)

    with pytest.raises(Unavailable):
        list(Lanes(FOLDER, search, by_id, (Window(), Window()), 2).steps())


def test_empty_pages_without_end_end() -> None:
    numbers = iter(range(10**6))

    def search(_: Window) -> Found:
        return Found((), next(numbers), None)

    with pytest.raises(Unavailable):
        list(Lanes(FOLDER, search, by_id, (Window(),), 2).steps())


def test_refusals_put_a_page_off_and_make_lanes_fewer_but_not_for_ever() -> None:
    waits: list[float] = []

    class Stopped(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            return self.is_set()

    platform = Platform([entry(number, NOW - number * 1000) for number in range(60)], 3)

    def refuse(asked: int) -> None:
        if asked % 3 == 0:
            raise Throttled("slower", retry_after=7.0)

    platform.before = refuse
    windows = tuple(Window(NOW - (at + 10) * 1000, NOW - at * 1000) for at in range(0, 70, 10))
    lanes = Lanes(FOLDER, platform.search, by_id, (*windows, Window(NOW)), 8)
    lanes._stopped = Stopped()
    found = [each for entries, _ in lanes.steps() for each in entries]
    assert len(set(map(by_id, found))) == 60
    assert lanes._allowed < 8
    assert waits
    assert all(7.0 <= wait <= 7.0 * 1.25 for wait in waits)

    def always(_: int) -> None:
        raise Throttled("slower")

    platform.before = always
    again = Lanes(FOLDER, platform.search, by_id, windows, 8)
    again._stopped = Stopped()
    with pytest.raises(Throttled):
        list(again.steps())


def test_lanes_end_where_nobody_reads_on_and_do_not_run_far_ahead() -> None:
    platform = Platform([entry(number, NOW - number * 1000) for number in range(3000)], 5)
    steps = Lanes(FOLDER, platform.search, by_id, first_windows([], NOW, ()), 4).steps()
    next(steps)
    time.sleep(0.3)
    # A page in the hand of each lane, and the queue's bound.
    assert platform.asked <= 1 + 4 + 2 * 4
    steps.close()  # type: ignore[attr-defined]
    assert list(gone())[-1]


def test_lanes_that_can_not_all_be_begun_leave_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = Platform([entry(number, NOW - number * 1000) for number in range(3000)], 5)
    begin = threading.Thread.start
    begun: list[threading.Thread] = []

    def limited(self: threading.Thread) -> None:
        if len(begun) == 2:
            raise RuntimeError("can't start new thread")
        begun.append(self)
        begin(self)

    with monkeypatch.context() as few:
        few.setattr(threading.Thread, "start", limited)
        with pytest.raises(RuntimeError):
            walked(platform, first_windows([], NOW, ()))
    assert begun
    assert list(gone())[-1]
