"""How fast requests go out: slower when the store asks for it, not at all while it can't be reached."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from math import ceil

from icehouse.core.clock import Clock
from icehouse.core.errors import StoreError

_FLOOR = 10.0
"""Requests a second that are always allowed: a hundredth of what S3 takes for restores, of less a tenth."""

_CATCH_UP = 0.25
"""Seconds of requests that may be made up for after everybody was held up; never while the store slows us down."""

_SECOND = 1.002
"""Seconds that the limit is for: a call may go a little after it was let go."""

_GROWTH = 1.5
_WINDOW = 5.0
_LONGEST_PAUSE = 20.0
_LONGEST_ADVICE = 120.0
_PIECE = 0.2

USUALLY_AT_ONCE, MOST_AT_ONCE = 16, 64
"""Calls at once where nobody says otherwise, and at most: at 60 ms a call they make a thousand a second."""

_SPARE, _WIDER, _WORTH, _ENOUGH, _HOLD = 1.15, 1.5, 1.1, 0.97, 20
"""More than is needed by so much; wider by so much at a time, which is worth it from so much on, and needless from such
a share of the rate; else held for so many looks."""

Ending = Callable[[], bool]
"""Whether to stop waiting: told to end, stopped, or in trouble."""


def nap(clock: Clock, seconds: float, ending: Ending) -> None:
    """Wait that long, in pieces, or until `ending`."""
    until = clock.monotonic() + seconds
    while (left := until - clock.monotonic()) > 0 and not ending():
        clock.sleep(min(_PIECE, left))


class Meter:
    """Counts what was accepted of late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, int]] = deque()

    def accepted(self, objects: int = 1) -> None:
        """Count one call that was accepted for so many objects."""
        with self._lock:
            now = self._clock.monotonic()
            self._forget(now)
            self._recent.append((now, objects))

    def rate(self) -> float:
        """Objects accepted per second over the last five seconds, as screens show it."""
        with self._lock:
            seconds = self._seconds()
            return sum(objects for _, objects in self._recent) / seconds

    def calls(self) -> float:
        """Calls accepted per second over the last five seconds."""
        with self._lock:
            seconds = self._seconds()
            return len(self._recent) / seconds

    def _seconds(self) -> float:
        now = self._clock.monotonic()
        self._forget(now)
        return max(0.2, min(_WINDOW, now - self._recent[0][0])) if self._recent else _WINDOW

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - _WINDOW:
            self._recent.popleft()


class Pace:
    """A limit in requests a second for all who share it: halved when the store throttles, by half more each second.

    No second, whenever it begins, sees more than `most` calls go, also where a delay is made up for, and where waiters
    wake up late: it is when they went that counts, not when they were to.
    """

    def __init__(self, clock: Clock, seed: str, most: float = 1000.0) -> None:
        self._clock = clock
        self._most = most
        self._floor = min(_FLOOR, most / 10)
        self._rate = most
        self._next: float | None = None
        self._gone: deque[float] = deque(maxlen=max(1, int(most)))
        self._grown = 0.0
        self._halved = -1.0
        self._lock = threading.Lock()
        self._leaving = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._meter = Meter(clock)

    def wait(self, ending: Ending) -> None:
        """Wait for this request's turn, or until `ending`."""
        with self._lock:
            now = self._clock.monotonic()
            if self._rate < self._most and now - self._grown >= 1.0:
                self._rate = min(self._most, self._rate * _GROWTH)
                self._grown = now
            turn = self._turn(now)
        nap(self._clock, turn - now, ending)
        self._leave(ending)

    def _turn(self, now: float) -> float:
        """When the next request is to go."""
        slack = _CATCH_UP if self._rate >= self._most else 0.0
        due = now if self._next is None else max(self._next, now - slack)
        self._next = due + _SECOND / self._rate
        return max(now, due)

    def _leave(self, ending: Ending) -> None:
        """Go, one after the other, once fewer than the limit went in the second that ends now."""
        with self._leaving:
            if len(self._gone) == self._gone.maxlen:
                nap(self._clock, self._gone[0] + _SECOND - self._clock.monotonic(), ending)
            self._gone.append(self._clock.monotonic())

    def slow_down(self, retry_after: float | None, tries: int, ending: Ending) -> None:
        """The store throttled: halve the rate for everybody, and wait before this request's next try.

        `retry_after` is the store's own advice in seconds, followed up to two minutes.
        """
        with self._lock:
            now = self._clock.monotonic()
            if now - self._halved >= 1.0:
                self._rate = max(self._floor, min(self._rate, self._meter.calls() or self._most) / 2)
                self._halved = self._grown = now
            jitter = self._random.uniform(0.5, 1.0)
        own = min(_LONGEST_PAUSE, 0.2 * 2 ** min(tries, 10)) * jitter
        nap(self._clock, own if retry_after is None else min(retry_after, _LONGEST_ADVICE), ending)

    @property
    def allowed(self) -> float:
        """Requests a second that may be sent now."""
        return self._rate

    def accepted(self) -> None:
        """Count one call that was accepted, whoever made it."""
        self._meter.accepted()


class Width:
    """How many calls are under way at once: as many as the rate needs at what a call takes, while more bring more.

    It begins with `least` and goes up to `most`; one that is bound to fewer than usual stays there.
    """

    def __init__(self, least: int, most: int = MOST_AT_ONCE) -> None:
        self.now = least
        self._least = least
        self._most = most if least >= USUALLY_AT_ONCE else least
        self._before = (least, 0.0)
        self._held = 0

    def after(self, calls: int, in_calls: float, elapsed: float, allowed: float) -> int:
        """The width from now on, after `calls` that took `in_calls` seconds by themselves, in `elapsed` seconds.

        `allowed` is the rate in calls a second that may be reached.
        """
        if calls <= 0 or elapsed <= 0:
            return self.now
        achieved = calls / elapsed
        needed = max(self._least, min(self._most, ceil(in_calls / calls * allowed * _SPARE)))
        narrower, slower = self._before
        if needed <= self.now or achieved >= allowed * _ENOUGH:
            self.now = min(self.now, needed)
        elif self.now > narrower and achieved < slower * _WORTH:  # wider brought nothing: somebody else is the brake
            self.now, self._before, self._held = narrower, (narrower, achieved), _HOLD
        elif self._held:
            self._held -= 1
        else:
            self._before = (self.now, achieved)
            self.now = min(needed, ceil(self.now * _WIDER))
        return self.now


class Breaker:
    """Stops everybody while the store can't be reached, and asks from time to time whether it can.

    Five unreachable answers in a row open it; `ask` (a cheap read) closes it again.  Once it was open for `longest`
    seconds everybody who waits gets the last error, so that a job is parked rather than hung.
    """

    def __init__(self, clock: Clock, ask: Callable[[], object], longest: float) -> None:
        self._clock = clock
        self._ask = ask
        self._longest = longest
        self._failures = 0
        self._since = 0.0
        self._spent: StoreError | None = None
        self._lock = threading.Lock()
        self._asking = threading.Lock()

    @property
    def open(self) -> bool:
        """Whether the store counts as unreachable."""
        return self._failures >= 5

    def succeeded(self) -> None:
        """The store answered."""
        with self._lock:
            self._failures = 0
            self._spent = None

    def failed(self) -> None:
        """The store did not answer."""
        with self._lock:
            self._failures += 1
            if self._failures == 5:
                self._since = self._clock.monotonic()

    def wait(self, ending: Ending) -> None:
        """Return when the store can be reached again or `ending`; StoreError once the longest wait is spent."""
        if not self.open:
            return
        with self._asking:
            pause = 0.5
            while self.open and not ending():
                if self._spent is not None:
                    raise self._spent
                try:
                    self._ask()
                except StoreError as error:
                    if not error.passing or self._clock.monotonic() - self._since > self._longest:
                        self._spent = error
                        raise
                    nap(self._clock, pause, ending)
                    pause = min(_LONGEST_PAUSE, pause * 2)
                else:
                    self.succeeded()
