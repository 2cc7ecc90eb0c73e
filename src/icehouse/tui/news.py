"""What moves by itself: jobs, scans, workers and the stores' clocks, read by one thread at most four times a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from icehouse.core.clock import Instant
from icehouse.core.errors import IcehouseError
from icehouse.core.jobs import Job, JobOrder
from icehouse.core.rows import ScanStanding

from .feeds import Turn

if TYPE_CHECKING:
    from icehouse.services.house import House
    from icehouse.services.worker import WorkerStanding

EVERY = 0.5
"""Seconds between two looks at the ledger's version: at rest it is one PRAGMA."""

WORKERS_EVERY = 5.0
CLOCK_EVERY = 60.0
"""Seconds for which a store's clock is carried on by the host's; a stand-in with a fast clock is asked more often."""


@dataclass(frozen=True, slots=True)
class News:
    """What was last read.  `times` are the stores' own clocks, where a job made them worth asking.

    `orders` are those of the jobs that hand anything over to the store's own engine, by job.
    """

    jobs: tuple[Job, ...] = ()
    scans: tuple[ScanStanding, ...] = ()
    workers: Mapping[str, WorkerStanding] = field(default_factory=dict)
    times: Mapping[str, Instant] = field(default_factory=dict)
    orders: Mapping[str, Sequence[JobOrder]] = field(default_factory=dict)
    read: bool = False
    error: str = ""

    def scan_of(self, store: str, container: str) -> ScanStanding | None:
        """The last scan of that container."""
        return next((s for s in self.scans if (s.store, s.container) == (store, container)), None)

    @property
    def running(self) -> int:
        """How many jobs and scans are under way."""
        return sum(job.state.open for job in self.jobs) + sum(scan.running for scan in self.scans)


class StoreTimes:
    """The stores' clocks: asked now and then, carried on in between."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[str, tuple[Instant, float, float]] = {}

    def of(self, name: str) -> Instant | None:
        """The store's time now; None where it can't be had."""
        known = self._known.get(name)
        here = time.monotonic()
        if known is None or here - known[1] > (CLOCK_EVERY if known[2] == 1.0 else 2.0):
            try:
                store = self._house.store(name)
                told = store.now()
                speed = store.features.standin_speed if store.features.standin else 1.0
            except IcehouseError:
                return None
            known = self._known[name] = (told, time.monotonic(), speed)
        return known[0] + timedelta(seconds=(time.monotonic() - known[1]) * known[2])


class Watch:
    """The thread's work: it tells news only where something is new."""

    def __init__(self, house: House, tell: Callable[[News], None]) -> None:
        self._house = house
        self._tell = tell
        self._times = StoreTimes(house)
        self._version: int | None = None
        self._workers_at = 0.0
        self.poked = True

    def run(self, turn: Turn) -> None:
        """Look until nobody waits any more."""
        last: News | None = None
        while not turn.stopped():
            try:
                news = self._look(last or News())
            except IcehouseError as error:
                news = News(read=True, error=str(error))
            if news != last:
                last = news
                turn.tell(lambda told=news: self._tell(told), always=True)  # type: ignore[misc]
            turn.wait(EVERY)

    def _look(self, last: News) -> News:
        from icehouse.services import scan

        scans = tuple(scan.scanning(self._house))
        if not self._house.paths.ledger.exists():
            return News((), scans, read=True)
        from icehouse.services import jobs, worker

        version = jobs.version(self._house)
        here = time.monotonic()
        found, workers, orders = last.jobs, last.workers, last.orders
        if version != self._version or self.poked:
            self.poked = False
            self._version = version
            found = tuple(jobs.jobs(self._house))
            orders = jobs.orders_of(self._house, found)
        open_stores = {job.store for job in found if job.state.open}
        if here - self._workers_at > WORKERS_EVERY or found is not last.jobs:
            self._workers_at = here
            workers = {name: worker.worker_of(self._house, name) for name in sorted(open_stores)}
        waiting = open_stores | {job.store for job in found if job.falls_cold is not None}
        times: dict[str, Instant] = {}
        for name in sorted(waiting & set(self._house.config.stores)):
            now = self._times.of(name)
            if now is not None:
                times[name] = now.replace(second=0, microsecond=0)
        return News(found, scans, workers, times, orders, True)
