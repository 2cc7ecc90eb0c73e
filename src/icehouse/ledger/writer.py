"""One thread that commits in groups: at most 500 records, at least 50 ms apart.

One commit a row would starve readers for seconds and wait for the disk each time.  Whoever submits gets a future that
is done when its rows are durable, which is what an intent waits for before its call is made.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from sqlalchemy import Connection

from icehouse.core.clock import Clock

from .session import Ledger

MOST_ROWS = 500
MOST_WAITING = 4 * MOST_ROWS
"""Records that may wait for a commit; whoever brings more waits with them."""

APART = 0.05

Record = TypeVar("Record")


class GroupWriter(Generic[Record]):
    """Collects records and commits them together, in the order they came; a full queue makes its callers wait.

    `write` puts a group of records into one transaction.  The first failure stops the writer: every waiting future,
    and every later one, gets that error, so nobody goes on without a durable record.
    """

    def __init__(self, ledger: Ledger, clock: Clock, write: Callable[[Connection, list[Record]], None]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._write = write
        self._queue: deque[tuple[Record, Future[None]]] = deque()
        self._ready = threading.Condition()
        self._closing = False
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, record: Record) -> Future[None]:
        """Hand in a record; the future is done when it is durable, or holds the error."""
        future: Future[None] = Future()
        with self._ready:
            self._ready.wait_for(lambda: len(self._queue) < MOST_WAITING or self.failed is not None)
            if self.failed is not None:
                future.set_exception(self.failed)
                return future
            self._queue.append((record, future))
            self._ready.notify_all()
        return future

    def close(self) -> None:
        """Commit what waits and end the thread."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
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
                if wait > 0:
                    self._ready.wait_for(lambda: self._closing or len(self._queue) >= MOST_ROWS, timeout=wait)
                group = [self._queue.popleft() for _ in range(min(MOST_ROWS, len(self._queue)))]
                self._ready.notify_all()
            self._commit(group)
            last = self._clock.monotonic()

    def _commit(self, group: list[tuple[Record, Future[None]]]) -> None:
        try:
            with self._ledger.writing() as connection:
                self._write(connection, [record for record, _ in group])
        except BaseException as error:  # noqa: BLE001 - handed to every waiter, who decides
            with self._ready:
                self.failed = error
                group.extend(self._queue)
                self._queue.clear()
                self._ready.notify_all()
            for _, future in group:
                future.set_exception(error)
            return
        for _, future in group:
            future.set_result(None)
