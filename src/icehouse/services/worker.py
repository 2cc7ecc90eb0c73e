"""The worker's composition root: config, registry and ledger put together, one loop per store that has work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from icehouse.core.errors import IcehouseError, UsageError

from .house import House

if TYPE_CHECKING:
    from icehouse.engine.worker import Ended, Options, WorkingStore


@dataclass(frozen=True, slots=True)
class WorkerStanding:
    """Who works on a store's jobs: `pid` None where nobody does; `alive` False where its holder is gone."""

    store: str
    pid: int | None
    alive: bool


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """How one store's loop ended: `ended` in words, `error` where it could not go on."""

    store: str
    ended: str
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
    reports: dict[str, WorkerReport] = {}
    threads: dict[str, threading.Thread] = {}
    while not ending.is_set():
        busy = {job.store for job in jobs.open_jobs(house.ledger(), store)}
        for name in busy:
            if (name not in threads or not threads[name].is_alive()) and not (name in reports and (until_idle or once)):
                threads[name] = threading.Thread(
                    target=_carry_out,
                    args=(house, name, ending, options or _options(house, name, until_idle, once), reports),
                    name=f"worker-{name}",
                )
                threads[name].start()
        if until_idle or once:
            break
        ending.wait(1.0)
    for thread in threads.values():
        while thread.is_alive():
            thread.join(timeout=0.5)
    return list(reports.values())


def _options(house: House, name: str, until_idle: bool, once: bool) -> Options:
    from icehouse.engine.worker import Options

    settings = house.config.stores[name]
    return Options(until_idle, once, settings.parallel, settings.max_per_second or 1000.0)


def _carry_out(
    house: House, name: str, ending: threading.Event, options: Options, reports: dict[str, WorkerReport]
) -> None:
    from icehouse.engine.worker import run_store

    ended: Ended | None = None
    error: IcehouseError | None = None
    try:
        ended = run_store(
            house.ledger(),
            house.clock,
            name,
            lambda: _working_store(house, name),
            stopped=house.stopped,
            ending=ending,
            options=options,
        )
    except IcehouseError as trouble:
        error = trouble
    reports[name] = WorkerReport(name, ended.value if ended else "", error)


def _working_store(house: House, name: str) -> WorkingStore:
    """The store with its changing side: opened here for the worker alone."""
    from icehouse.stores.base import Archives
    from icehouse.stores.registry import open_store

    settings = house.config.stores.get(name)
    if settings is None:
        raise UsageError(f"{name}: the config has no such store any more")
    store = open_store(name, settings.kind, settings.options())
    if not isinstance(store, Archives):
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
