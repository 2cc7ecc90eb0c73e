"""One thread that commits in groups: at most 500 rows, at least 50 ms apart.

One commit a row would starve readers for seconds and wait for the disk each time.  Whoever submits gets a future that
is done when its rows are durable, which is what an intent waits for before its call is made.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from sqlalchemy import Connection

from icehouse.core.clock import Clock

from .session import Ledger

MOST_ROWS = 500
APART = 0.05

Change = Callable[[Connection], None]
"""Writes its rows and audit entries on the connection it is given; raising rolls the whole group back."""


class GroupWriter:
    """Collects changes and commits them together, in the order they came.

    `before` runs first in every transaction (the lease's beat and fence).  The first failure stops the writer: every
    waiting future, and every later one, gets that error, so nobody goes on without a durable record.
    """

    def __init__(self, ledger: Ledger, clock: Clock, before: Change) -> None:
        self._ledger = ledger
        self._clock = clock
        self._before = before
        self._queue: deque[tuple[int, Change, Future[None]]] = deque()
        self._ready = threading.Condition()
        self._closing = False
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, change: Change, rows: int = 1) -> Future[None]:
        """Hand in a change of `rows` rows; the future is done when it is durable, or holds the error."""
        future: Future[None] = Future()
        with self._ready:
            if self.failed is not None:
                future.set_exception(self.failed)
                return future
            self._queue.append((rows, change, future))
            self._ready.notify()
        return future

    def close(self) -> None:
        """Commit what waits and end the thread."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        last = -APART
        while True:
            with self._ready:
                while not self._queue and not self._closing:
                    self._ready.wait()
                if not self._queue:
                    return
                wait = last + APART - self._clock.monotonic()
                if wait > 0 and not self._closing:
                    self._ready.wait_for(lambda: self._closing or self._rows() >= MOST_ROWS, timeout=wait)
                group = self._take()
            self._commit(group)
            last = self._clock.monotonic()

    def _rows(self) -> int:
        return sum(rows for rows, _, _ in self._queue)

    def _take(self) -> list[tuple[int, Change, Future[None]]]:
        group: list[tuple[int, Change, Future[None]]] = []
        total = 0
        while self._queue and (not group or total + self._queue[0][0] <= MOST_ROWS):
            total += self._queue[0][0]
            group.append(self._queue.popleft())
        return group

    def _commit(self, group: list[tuple[int, Change, Future[None]]]) -> None:
        try:
            with self._ledger.writing() as connection:
                self._before(connection)
                for _, change, _ in group:
                    change(connection)
        except BaseException as error:  # noqa: BLE001 - handed to every waiter, who decides
            with self._ready:
                self.failed = error
                waiting = [*group, *self._queue]
                self._queue.clear()
            for _, _, future in waiting:
                future.set_exception(error)
            return
        for _, _, future in group:
            future.set_result(None)
