"""A steady flow of calls: batches wait in a queue, a bounded number of threads carries them out without a break.

A call that takes long holds up nobody but itself; a pause between two slices of a job would cost as much as its
slowest call.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

Batch = TypeVar("Batch")

_IN_A_ROW = 25
"""Batches that a thread carries out before it stands in line again, behind those of other jobs."""

_PIECE = 0.2
"""Seconds after which whoever waits asks again whether to stop."""


class Flow(Generic[Batch]):
    """Carries batches out in their order, at most `parallel` at a time; what is queued and not begun can be dropped."""

    def __init__(
        self,
        pool: Executor,
        parallel: int,
        carry_out: Callable[[Batch], list[Future[None]]],
        must_stop: Callable[[], bool],
    ) -> None:
        """`carry_out` gives the records it made, which become durable later; no batch is begun once `must_stop`."""
        self._pool = pool
        self.parallel = parallel
        """How many at a time; may be changed at any moment."""
        self._carry_out = carry_out
        self._must_stop = must_stop
        self._changed = threading.Condition()
        self._queue: deque[Batch] = deque()
        self._active = 0
        self._records: deque[Future[None]] = deque()
        self._failure: BaseException | None = None

    def feed(self, batches: Iterable[Batch]) -> None:
        """Queue more batches."""
        with self._changed:
            self._queue.extend(batches)
            wanted = max(0, min(self.parallel - self._active, len(self._queue)))
            self._active += wanted
        for _ in range(wanted):
            self._pool.submit(self._run)

    def wait_for_room(self, low: int, seconds: float = float("inf")) -> bool:
        """Wait until no more than `low` batches have to be begun, or it must stop; False where that takes longer."""
        return self._wait_while(lambda: len(self._queue) > low, seconds)

    def wait_for_rest(self, seconds: float) -> bool:
        """Wait until nothing is under way, or it must stop; False where that takes longer."""
        return self._wait_while(lambda: True, seconds)

    def _wait_while(self, busy: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        with self._changed:
            while busy() and self._active and self._failure is None and not self._must_stop():
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(_PIECE, left))
        return True

    def durable(self) -> None:
        """Forget the records that are durable; raises what stopped the writer, or a mistake of our own."""
        while self._records and self._records[0].done():
            self._records.popleft().result()
        if self._failure is not None:
            raise self._failure

    def end(self, *, drop: bool) -> list[Future[None]]:
        """Wait until nothing is under way any more; the records that are not known to be durable.

        `drop`: batches that were not begun are left out; they are as well where it must stop.
        """
        with self._changed:
            if drop:
                self._queue.clear()
            while self._active:
                self._changed.wait(_PIECE)
            self._queue.clear()
        failure, self._failure = self._failure, None
        records = list(self._records)
        self._records.clear()
        if failure is not None:
            raise failure
        return records

    def halt(self) -> None:
        """Begin no other batch of those that are queued; waits for nothing."""
        with self._changed:
            self._queue.clear()

    def _run(self) -> None:
        for _ in range(_IN_A_ROW):
            batch = self._next()
            if batch is None:
                return
            try:
                self._records.extend(self._carry_out(batch))
            except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for this thread
                self._failure = self._failure or error
        try:
            self._pool.submit(self._run)
        except RuntimeError:  # the pool takes nothing more: it is the end
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def _next(self) -> Batch | None:
        """The next batch; None where this thread ends, settled here and now, as others may be fed meanwhile."""
        stopping = self._failure is not None or self._must_stop()
        with self._changed:
            self._changed.notify_all()
            if self._queue and not stopping and self._active <= self.parallel:
                return self._queue.popleft()
            self._active -= 1
            return None
