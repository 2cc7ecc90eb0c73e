"""The worker's composition root: config, registry and ledger put together, one loop per store that has work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from icehouse.core.errors import IcehouseError, UsageError

from .house import House

if TYPE_CHECKING:
    from icehouse.engine.worker import Options, WorkingStore


@dataclass(frozen=True, slots=True)
class WorkerStanding:
    """Who works on a store's jobs: `pid` None where nobody does; `alive` False where its holder is gone."""

    store: str
    pid: int | None
    alive: bool


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """How one store's loop ended: `ended` in words, `idle` where nothing was left, `error` where it could not go on."""

    store: str
    ended: str
    idle: bool
    error: IcehouseError | None


def run(
    house: House,
    *,
    ending: threading.Event,
    until_idle: bool,
    once: bool = False,
    store: str | None = None,
    options: Options | None = None,
) -> list[WorkerReport]:
    """Carry out open jobs until there are none (`until_idle`), or one pass (`once`), or `ending` is set.

    Without `until_idle` it goes on waiting for jobs, as under a service manager.  One thread per store with work;
    `store` limits it to one.  `options` replaces guards and probes: it is for tests' own worker entries.
    """
    from icehouse.ledger import jobs

    if store is not None and store not in house.config.stores:
        raise UsageError(f"{store}: no such store")
    crew: dict[str, _Hand] = {}
    while True:
        now = house.clock.monotonic()
        for name in sorted({job.store for job in jobs.open_jobs(house.ledger(), store)}):
            hand = crew.setdefault(name, _Hand())
            if not ending.is_set() and hand.free and now >= hand.not_before:
                hand.begin(house, name, ending, options or _options(house, name, until_idle, once))
        if until_idle or once or ending.is_set():
            break
        ending.wait(1.0)
        for hand in crew.values():
            hand.rest(house.clock.monotonic())
    for hand in crew.values():
        hand.join()
    return [hand.report for hand in crew.values() if hand.report is not None]


class _Hand:
    """One store's worker thread: started again while there is work, after growing pauses where it could not begin."""

    def __init__(self) -> None:
        self.report: WorkerReport | None = None
        self.not_before = 0.0
        self._pause = 1.0
        self._thread: threading.Thread | None = None
        self._rested = True

    @property
    def free(self) -> bool:
        """Whether no thread of it is at work."""
        return self._thread is None or not self._thread.is_alive()

    def begin(self, house: House, name: str, ending: threading.Event, options: Options) -> None:
        """Start the thread."""
        self._rested = False
        self._thread = threading.Thread(target=self._work, args=(house, name, ending, options), name=f"worker-{name}")
        self._thread.start()

    def rest(self, now: float) -> None:
        """After a run that could not do its work, let the next wait: a second at first, five minutes at most."""
        if not self.free or self._rested or self.report is None:
            return
        self._rested = True
        self._pause = 1.0 if self.report.idle else min(300.0, self._pause * 2)
        self.not_before = now + self._pause

    def join(self) -> None:
        """Wait for the thread's end."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(timeout=0.5)

    def _work(self, house: House, name: str, ending: threading.Event, options: Options) -> None:
        self.report = _carry_out(house, name, ending, options)


def _options(house: House, name: str, until_idle: bool, once: bool) -> Options:
    from icehouse.engine.worker import Options

    settings = house.config.stores.get(name)
    if settings is None:
        return Options(until_idle, once)
    return Options(
        until_idle,
        once,
        settings.parallel,
        settings.max_per_second or 1000.0,
        never_archive=frozenset(settings.never_archive_tags),
    )


def _carry_out(house: House, name: str, ending: threading.Event, options: Options) -> WorkerReport:
    """One store's loop, and how it ended; whatever it raises is told, so that no thread ends unseen."""
    from icehouse.engine.worker import Reason, run_store

    try:
        reason = run_store(
            house.ledger(),
            house.clock,
            name,
            lambda: _working_store(house, name),
            stopped=house.stopped,
            ending=ending,
            options=options,
        )
    except IcehouseError as error:
        return WorkerReport(name, "", False, error)
    except Exception as error:  # noqa: BLE001 - our own mistake: told in one line, with where it happened
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return WorkerReport(name, "", False, IcehouseError(f"unexpected {type(error).__name__} at {where}"))
    return WorkerReport(name, reason.value, reason is Reason.IDLE, None)


def _working_store(house: House, name: str) -> WorkingStore:
    """The store with its changing side: opened here for the worker alone."""
    from icehouse.stores.changing import Restores
    from icehouse.stores.registry import open_store

    settings = house.config.stores.get(name)
    if settings is None:
        raise UsageError(f"{name}: the config has no such store any more")
    store = open_store(name, settings.kind, settings.options())
    if not isinstance(store, Restores):
        raise UsageError(f"{name}: this store can't restore")
    return cast("WorkingStore", store)


def ensure_worker(house: House, store: str) -> int:
    """Start a detached worker for `store` and return its pid.

    It claims the lease or finds it held and ends; the holder will see every job written before.  The new process
    has a session of its own and survives the terminal.
    """
    log = house.paths.logs / f"worker-{store}.log"
    command = [sys.executable, "-m", "icehouse", "--config", str(house.paths.config), "--state", str(house.paths.state)]
    with open(os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as output:
        process = subprocess.Popen(
            [*command, "worker", "--until-idle", "--store", store],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=house.paths.state,
        )
    threading.Thread(target=process.wait, name="worker-reaper", daemon=True).start()
    return process.pid


def ensure_workers(house: House) -> None:
    """Start a worker for every store that has open jobs and nobody at work: done when a face is opened."""
    from icehouse.ledger import jobs

    if not house.paths.ledger.exists():
        return
    for store in {job.store for job in jobs.open_jobs(house.ledger())}:
        if store in house.config.stores and not worker_of(house, store).alive:
            ensure_worker(house, store)


def worker_of(house: House, store: str) -> WorkerStanding:
    """Who works on the store's jobs."""
    from icehouse.ledger import leases

    holder = leases.holder(house.ledger(), house.clock, f"{store}|")
    return WorkerStanding(store, holder.pid, holder.alive) if holder else WorkerStanding(store, None, False)
