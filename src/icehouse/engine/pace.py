"""How fast requests go out: slower when the store asks for it, not at all while it can't be reached."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable

from icehouse.core.clock import Clock
from icehouse.core.errors import StoreError

_FLOOR = 2.0
_GROWTH = 1.5
_WINDOW = 5.0
_LONGEST_PAUSE = 20.0


class Pace:
    """A shared limit in requests a second: halved when the store throttles, growing by half each second after."""

    def __init__(self, clock: Clock, seed: str, most: float = 1000.0) -> None:
        self._clock = clock
        self._most = most
        self._rate = most
        self._next = 0.0
        self._grown = 0.0
        self._halved = -1.0
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._recent: deque[float] = deque()

    def wait(self) -> None:
        """Wait for this request's turn."""
        with self._lock:
            now = self._clock.monotonic()
            if self._rate < self._most and now - self._grown >= 1.0:
                self._rate = min(self._most, self._rate * _GROWTH)
                self._grown = now
            turn = max(now, self._next)
            self._next = turn + 1.0 / self._rate
        if turn > now:
            self._clock.sleep(turn - now)

    def slow_down(self, retry_after: float | None, tries: int) -> None:
        """The store throttled: halve the rate for everybody, and wait before this request's next try."""
        with self._lock:
            now = self._clock.monotonic()
            if now - self._halved >= 1.0:
                self._rate = max(_FLOOR, min(self._rate, self._measured(now) or self._most) / 2)
                self._halved = self._grown = now
            jitter = self._random.uniform(0.5, 1.0)
        self._clock.sleep(retry_after if retry_after is not None else min(_LONGEST_PAUSE, 0.2 * 2**tries) * jitter)

    def accepted(self) -> None:
        """Count one accepted request, for the rate that screens show."""
        with self._lock:
            self._recent.append(self._clock.monotonic())

    def rate(self) -> float:
        """Accepted requests per second over the last five seconds."""
        with self._lock:
            return self._measured(self._clock.monotonic())

    def _measured(self, now: float) -> float:
        while self._recent and self._recent[0] < now - _WINDOW:
            self._recent.popleft()
        if not self._recent:
            return 0.0
        return len(self._recent) / max(0.2, min(_WINDOW, now - self._recent[0]))


class Breaker:
    """Stops everybody while the store can't be reached, and asks from time to time whether it can.

    Five unreachable answers in a row open it; `ask` (a cheap read) closes it again.  Waiting ends after
    `longest` seconds with the last error, so that a job is parked rather than hung.
    """

    def __init__(self, clock: Clock, ask: Callable[[], object], longest: float = 24 * 3600.0) -> None:
        self._clock = clock
        self._ask = ask
        self._longest = longest
        self._failures = 0
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

    def failed(self) -> None:
        """The store did not answer."""
        with self._lock:
            self._failures += 1

    def wait(self, ending: Callable[[], bool]) -> None:
        """Return when the store can be reached again or `ending`; StoreError after the longest wait."""
        if not self.open:
            return
        with self._asking:
            since, pause = self._clock.monotonic(), 0.5
            while self.open and not ending():
                try:
                    self._ask()
                except StoreError as error:
                    if not error.passing or self._clock.monotonic() - since > self._longest:
                        raise
                    self._pause(pause, ending)
                    pause = min(_LONGEST_PAUSE, pause * 2)
                else:
                    self.succeeded()

    def _pause(self, seconds: float, ending: Callable[[], bool]) -> None:
        until = self._clock.monotonic() + seconds
        while self._clock.monotonic() < until and not ending():
            self._clock.sleep(min(0.2, seconds))
