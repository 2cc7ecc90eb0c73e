"""The worker's loop for one store: claim the lease, carry out every open job in turn, end when nothing is left.

Jobs take turns slice by slice, so that a large one does not keep a small one waiting and every watch is looked at
when it is due.  Whatever ends this process, the ledger tells the next one what was meant and what was done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from icehouse.core.clock import Clock, to_text
from icehouse.core.errors import IcehouseError, LedgerError, LoginExpired, Refused, StoreError
from icehouse.core.jobs import Job, JobState, Phase
from icehouse.core.plans import Identity, Plan
from icehouse.ledger import jobs, leases, plans, steps
from icehouse.ledger.session import Ledger
from icehouse.stores.base import Archives, Store

from .gate import GUARDS, Gate, Guards
from .pace import Breaker, Pace
from .probing import Prober, probe
from .recording import Beat, Recorder, Turn
from .steps.restore import Hands, RestoreRun

_BEAT_EVERY = leases.TIME_TO_LIVE / 6
_LOOK_FOR_WORK = 0.5
_PATIENCE = 600.0
_JOB_PATIENCE = 24 * 3600.0
_STANDIN_PATIENCE = 15.0
_LONGEST_PAUSE = 300.0


class WorkingStore(Store, Archives, Protocol):
    """A store with its changing side, as only the worker opens it."""


class Ended(Enum):
    """Why a worker came to its end."""

    IDLE = "nothing is left to do"
    TOLD = "it was told to end"
    STOPPED = "STOP is set"
    ELSEWHERE = "another worker is at it"


@dataclass(frozen=True, slots=True)
class Options:
    """How a worker runs.  `until_idle`: end when no job is open; `once`: one pass, for timers; `parallel` requests."""

    until_idle: bool
    once: bool = False
    parallel: int = 16
    most_per_second: float = 1000.0
    guards: Guards = GUARDS
    prober: Prober = probe


def run_store(
    ledger: Ledger,
    clock: Clock,
    name: str,
    open_store: Callable[[], WorkingStore],
    *,
    stopped: Callable[[], bool],
    ending: threading.Event,
    options: Options,
) -> Ended:
    """Carry out the jobs of store `name` until nothing is left, `ending` is set or STOP appears.

    LeaseLost and LedgerError end it at once; StoreError where the store can't even tell who we are.
    """
    store = open_store()
    try:
        identity = _who(store, clock, ending, lambda: bool(jobs.open_jobs(ledger, name)))
        if identity is None:
            return Ended.IDLE
        lease = leases.claim(ledger, clock, lease_name(name, identity))
        if isinstance(lease, leases.Holder):
            return Ended.ELSEWHERE
        return _Worker(ledger, clock, name, store, identity, lease, stopped, ending, options).run()
    except StoreError as error:
        _park_all(ledger, clock, name, error)
        raise
    finally:
        store.close()


def _who(store: WorkingStore, clock: Clock, ending: threading.Event, wanted: Callable[[], bool]) -> Identity | None:
    """Who the store says we are; one that can't be reached is asked again for ten minutes.

    None when nobody is `wanted` any more: another worker has ended the last job meanwhile.
    """
    until, pause = clock.monotonic() + _PATIENCE, 1.0
    while True:
        try:
            return store.identity()
        except StoreError as error:
            if not error.passing or ending.is_set() or clock.monotonic() > until:
                raise
        ending.wait(pause)
        if not wanted():
            return None
        pause = min(30.0, pause * 2)


def lease_name(store: str, identity: Identity) -> str:
    """The lease of a store and the identity at work in it."""
    return f"{store}|{identity.server}|{identity.account}|{identity.principal}"


class _Worker:
    """One store's worker while it holds the lease."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        name: str,
        store: WorkingStore,
        identity: Identity,
        lease: leases.Lease,
        stopped: Callable[[], bool],
        ending: threading.Event,
        options: Options,
    ) -> None:
        self.ledger, self.clock, self.name, self.store, self.identity = ledger, clock, name, store, identity
        self.lease, self.stopped, self.ending, self.options = lease, stopped, ending, options
        self.standin = store.features.standin
        self.recorder = Recorder(ledger, clock, lease)
        self.pool = ThreadPoolExecutor(options.parallel, thread_name_prefix=f"{name}-call")
        self.hands = Hands(
            ledger=ledger,
            clock=clock,
            store=store,
            gate=Gate(store, options.guards),
            recorder=self.recorder,
            pool=self.pool,
            parallel=options.parallel,
            prober=options.prober,
            stopped=stopped,
            ending=self._must_end,
            identity=identity,
        )
        self.runs: dict[str, RestoreRun] = {}
        self.passed: set[str] = set()
        self._done = threading.Event()
        self._pulse = threading.Thread(target=self._beat, name="lease-beat", daemon=True)

    def run(self) -> Ended:
        """Take turns over the open jobs until there is a reason to end; the lease is given back in any case."""
        self._pulse.start()
        released = False
        try:
            while True:
                if self.stopped():
                    return Ended.STOPPED
                if self._must_end():
                    return Ended.TOLD
                worked = [self._advance(job) for job in jobs.open_jobs(self.ledger, self.name)]
                if any(worked):
                    continue
                if self.options.once:
                    return Ended.IDLE
                if self.options.until_idle and self._release_if_idle():
                    released = True
                    return Ended.IDLE
                self._wait()
        finally:
            self._done.set()
            self.pool.shutdown(wait=True, cancel_futures=True)
            self.recorder.writer.close()
            if not released and not isinstance(self.recorder.writer.failed, leases.LeaseLost):
                with self.ledger.writing() as connection:
                    leases.release(connection, self.lease)

    def _must_end(self) -> bool:
        """Whether to stop at the next safe point: told to, stopped, or the ledger can't be written any more."""
        return self.ending.is_set() or self.stopped() or self.recorder.writer.failed is not None

    def _advance(self, job: Job) -> bool:
        """Do the next piece of a job; False when there is nothing to do for it now."""
        if job.id in self.passed:
            return False
        if self.recorder.writer.failed is not None:
            raise self.recorder.writer.failed
        try:
            run = self.runs.get(job.id) or self._begin(job)
            return self._piece(job, run)
        except leases.LeaseLost:
            raise
        except LedgerError as error:
            if self.recorder.writer.failed is not None:
                raise
            self._park(job, str(error))
        except StoreError as error:
            self._trouble(job, error)
        except Refused as error:
            if self._must_end():
                return False
            self._park(job, str(error))
        return False

    def _trouble(self, job: Job, error: StoreError) -> None:
        """The store failed a job: try again later where that may help, park the job where it won't."""
        run = self.runs.get(job.id)
        if run is not None and error.passing:
            now = self.clock.monotonic()
            run.failing_since = run.failing_since or now
            if now - run.failing_since < self._patience():
                run.not_before = now + min(_LONGEST_PAUSE, 1.0 + (now - run.failing_since) / 2)
                self.recorder.now(Turn(job.id, job.state, f"store unreachable, trying again: {error}"))
                return
        words = "needs credentials" if isinstance(error, LoginExpired) else "waits for the store"
        self._park(job, f"{words}: {error}")

    def _patience(self) -> float:
        """How long an unreachable store is waited for, in seconds: a stand-in that went away does not come back."""
        return _STANDIN_PATIENCE if self.standin else _JOB_PATIENCE

    def _begin(self, job: Job) -> RestoreRun:
        """Prove the job's plan and who it runs as, before anything of it is sent."""
        plan = plans.proven(self.ledger, job.plan, steps.rows_for_digest(self.ledger, job.id))
        _same(plan, self.identity)
        pace = Pace(self.clock, job.id, self.options.most_per_second)
        run = RestoreRun(self.hands, job.id, plan, pace, Breaker(self.clock, self.store.now, self._patience()))
        self.runs[job.id] = run
        return run

    def _piece(self, job: Job, run: RestoreRun) -> bool:
        if self.clock.monotonic() < run.not_before:
            return False
        if job.state in (JobState.QUEUED, JobState.PARKED):
            self.recorder.now(Turn(job.id, JobState.RUNNING, ""))
        if job.state is not JobState.WATCHING or not run.resumed:
            if run.send_some():
                run.failing_since = 0.0
                state = JobState.CANCELLING if job.state is JobState.CANCELLING else JobState.RUNNING
                self.recorder.now(Turn(job.id, state, "", (("rate", run.pace.rate()),)))
                return True
            if self._must_end():
                return False
        if job.state is JobState.CANCELLING:
            self._finish_cancel(job)
            return True
        if self.clock.monotonic() < run.due:
            return False
        finished = run.follow()
        run.failing_since = 0.0
        if finished:
            self._finish(job)
        elif self.options.once:
            self.passed.add(job.id)
        return True

    def _finish(self, job: Job) -> None:
        with self.ledger.reading() as connection:
            falls_cold = steps.first_until(connection, job.id)
        self.recorder.now(
            Turn(
                job.id,
                JobState.DONE,
                "",
                (("rate", 0.0), ("falls_cold", to_text(falls_cold) if falls_cold else None)),
            )
        )
        self.runs.pop(job.id, None)

    def _finish_cancel(self, job: Job) -> None:
        """End a cancelled job: what was accepted stays accepted, is billed, and is not followed any more."""
        after = -1
        while tasks := steps.in_phase(self.ledger, job.id, self.name, Phase.ACCEPTED, after=after):
            after = tasks[-1].seq
            run = self.runs[job.id]
            for record in [run.leave(task) for task in tasks]:
                record.result(timeout=120)
        self.recorder.now(Turn(job.id, JobState.CANCELLED, "", (("rate", 0.0),)))
        self.runs.pop(job.id, None)

    def _park(self, job: Job, note: str) -> None:
        """Leave a job for a later worker, with one line on why."""
        self.recorder.now(Turn(job.id, JobState.PARKED, note, (("rate", 0.0),)))
        self.runs.pop(job.id, None)
        self.passed.add(job.id)

    def _release_if_idle(self) -> bool:
        """Give the lease back if no job is left, in one transaction, so that a new job always finds a worker."""
        with self.ledger.writing() as connection:
            if jobs.open_ids(connection, self.name) - self.passed:
                return False
            leases.release(connection, self.lease)
            return True

    def _wait(self) -> None:
        """Sleep until a watch is due or something may have been added; short enough to see both soon."""
        due = min((max(run.due, run.not_before) for run in self.runs.values()), default=float("inf"))
        pause = min(_LOOK_FOR_WORK, max(0.01, due - self.clock.monotonic()))
        self.ending.wait(pause)

    def _beat(self) -> None:
        while not self._done.wait(_BEAT_EVERY):
            if self.recorder.since_beat() >= _BEAT_EVERY / 2:
                self.recorder.note(Beat())


def _same(plan: Plan, identity: Identity) -> None:
    """Refuse a plan that was approved as somebody else; the gate asks the same again before each call."""
    if plan.identity != identity:
        raise Refused(
            f"approved as {plan.identity.principal} on {plan.identity.server}, "
            f"these credentials are {identity.principal} on {identity.server}"
        )


def _park_all(ledger: Ledger, clock: Clock, name: str, error: StoreError) -> None:
    """Say on every open job of the store why its worker could not begin."""
    words = "needs credentials" if isinstance(error, LoginExpired) else "waits for the store"
    try:
        with ledger.writing() as connection:
            for job in jobs.open_ids(connection, name):
                jobs.set_state(connection, job, JobState.PARKED, note=f"{words}: {error}", at=clock.now())
    except IcehouseError:
        return
