"""The worker's loop for one store: claim the lease, carry out every open job in turn, end when nothing is left.

Jobs take turns slice by slice, so that a large one does not keep a small one waiting and every watch is looked at
when it is due.  Whatever ends this process, the ledger tells the next one what was meant and what was done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from icehouse.core.archives import NEVER_ARCHIVE
from icehouse.core.clock import Clock
from icehouse.core.errors import IcehouseError, LedgerError, LoginExpired, Refused, StoreError
from icehouse.core.jobs import NEEDS_CREDENTIALS, WAITS_FOR_STORE, Job, JobState
from icehouse.core.plans import Identity, Plan
from icehouse.core.refs import Ref
from icehouse.ledger import holds, jobs, leases, plans, steps
from icehouse.ledger.session import Ledger
from icehouse.stores.base import Store
from icehouse.stores.changing import Restores

from .gate import CHECKS, GUARDS, Checks, Gate, Guards, Holds
from .pace import MOST_AT_ONCE, Pace
from .probing import Prober, probe
from .recording import Beat, Note, Recorder, Turn
from .steps.cancelling import called_off, finish_cancel
from .steps.delegating import Delegator
from .steps.hands import Hands
from .steps.running import Run

_BEAT_EVERY = leases.TIME_TO_LIVE / 6
_LOOK_FOR_WORK = 0.5
_STORE_PATIENCE = 24 * 3600.0
_ONE_PASS_PATIENCE = 30.0
_STANDIN_PATIENCE = 15.0
"""A stand-in that went away does not come back."""

_IDENTITY_PATIENCE = 600.0
_LEASE_PATIENCE = 120.0
_LONGEST_PAUSE = 300.0
_PARKED_FOR = 60.0


class WorkingStore(Store, Restores, Protocol):
    """A store with its changing side, as only the worker opens it."""


class Reason(Enum):
    """Why a worker came to its end."""

    IDLE = "nothing is left to do"
    TOLD = "it was told to end"
    STOPPED = "STOP is set"
    ELSEWHERE = "another worker is at it"


class OtherIdentity(Refused):
    """The plan was approved as somebody else than these credentials are."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a worker runs.

    `until_idle`: end when no job is open; `once`: one pass, for timers; `parallel` requests at a time at first (see
    `pace.Width`), of all jobs `most_per_second`; `patience` in seconds with a store out of reach (None: as fits
    the store).  `never_archive` are tags that forbid archiving; `held` replaces the ledger's holds, for tests.
    """

    until_idle: bool
    once: bool = False
    parallel: int = 16
    most_per_second: float = 1000.0
    patience: float | None = None
    guards: Guards = GUARDS
    checks: Checks = CHECKS
    never_archive: frozenset[str] = frozenset({NEVER_ARCHIVE})
    held: Holds | None = None
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
) -> Reason:
    """Carry out the jobs of store `name` until nothing is left, `ending` is set or STOP appears.

    LeaseLost and LedgerError end it at once; StoreError where the store can't even tell who we are.
    """
    store = open_store()
    try:
        identity = _who(store, clock, ending, lambda: bool(jobs.open_jobs(ledger, name)))
        if identity is None:
            return Reason.IDLE
        lease = _claim(ledger, clock, name, identity, ending)
        if lease is None:
            return Reason.ELSEWHERE
        return _Worker(ledger, clock, name, store, identity, lease, stopped, ending, options).run()
    except StoreError as error:
        _park_all(ledger, clock, name, error)
        raise
    finally:
        store.close()


def lease_name(store: str, identity: Identity) -> str:
    """The lease of a store and the identity at work in it."""
    return f"{store}|{identity.server}|{identity.account}|{identity.principal}"


def _who(store: WorkingStore, clock: Clock, ending: threading.Event, wanted: Callable[[], bool]) -> Identity | None:
    """Who the store says we are; one that can't be reached is asked again for ten minutes.

    None when nobody is `wanted` any more: another worker has ended the last job meanwhile.
    """
    until, pause = clock.monotonic() + _IDENTITY_PATIENCE, 1.0
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


def _claim(ledger: Ledger, clock: Clock, name: str, identity: Identity, ending: threading.Event) -> leases.Lease | None:
    """The lease; None where another worker has it and takes up every job.

    While a job is still queued its holder may be just ending, so the claim is repeated until the job was taken up; one
    that cools off is taken up by nobody.
    """
    until = clock.monotonic() + _LEASE_PATIENCE
    while True:
        claimed = leases.claim(ledger, clock, lease_name(name, identity))
        if isinstance(claimed, leases.Lease):
            return claimed
        queued = any(job.state is JobState.QUEUED and not _cools(job, clock) for job in jobs.open_jobs(ledger, name))
        if not queued or ending.is_set() or clock.monotonic() > until:
            return None
        ending.wait(_LOOK_FOR_WORK)


def _cools(job: Job, clock: Clock) -> bool:
    """Whether a job cools off still, by the host's clock: good enough to decide whether to wait for somebody."""
    return job.not_before is not None and job.not_before > clock.now()


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
        self.ledger, self.clock, self.name, self.lease = ledger, clock, name, lease
        self.stopped, self.ending, self.options = stopped, ending, options
        self.recorder = Recorder(ledger, clock, lease)
        self.pool = ThreadPoolExecutor(max(options.parallel, MOST_AT_ONCE), thread_name_prefix=f"{name}-call")
        self.hands = Hands(
            ledger=ledger,
            clock=clock,
            store=store,
            gate=Gate(store, store, options.guards, options.checks),
            recorder=self.recorder,
            pool=self.pool,
            pace=Pace(clock, name, options.most_per_second),
            parallel=options.parallel,
            prober=options.prober,
            stopped=stopped,
            ending=self._must_end,
            identity=identity,
            patience=_patience(store, options),
            never_archive=options.never_archive,
            held=options.held or self._held,
        )
        self.runs: dict[str, Run] = {}
        self.calling: dict[str, Delegator] = {}
        self.parked: dict[str, tuple[JobState, float]] = {}
        self._done = threading.Event()
        self._pulse = threading.Thread(target=self._beat, name="lease-beat", daemon=True)

    def run(self) -> Reason:
        """Take turns over the open jobs until there is a reason to end; the lease is given back in any case."""
        self._pulse.start()
        released = False
        try:
            while True:
                if self.stopped():
                    return Reason.STOPPED
                if self._must_end():
                    return Reason.TOLD
                worked = [self._advance(job) for job in jobs.open_jobs(self.ledger, self.name)]
                if any(worked):
                    continue
                if (self.options.until_idle or self.options.once) and self._release_if_idle():
                    released = True
                    return Reason.IDLE
                self._wait()
        finally:
            self._done.set()
            for run in self.runs.values():
                run.halt()
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
        if self.recorder.writer.failed is not None:
            raise self.recorder.writer.failed
        if self._left_alone(job):
            return False
        try:
            if self._cooling_off(job):
                return False
            if job.state is JobState.CANCELLING:
                return self._cancel(job)
            run = self.runs.get(job.id) or self._begin(job)
            if self.options.once and run.looked:
                return False
            return run.piece(job)
        except (leases.LeaseLost, LedgerError) as error:
            if self.recorder.writer.failed is not None or isinstance(error, leases.LeaseLost):
                raise
            self._park(job, str(error))
        except StoreError as error:
            self._trouble(job, error)
        except OtherIdentity as error:
            self._leave_to_others(job, error)
        except Refused as error:
            if not self._must_end():
                self._park(job, str(error))
        return False

    def _cooling_off(self, job: Job) -> bool:
        """Whether a job must not begin yet; it is then left to a later worker, with one line on when."""
        if job.not_before is None or job.state is JobState.CANCELLING or job.id in self.runs:
            return False
        if self.hands.store.now() >= job.not_before:
            return False
        words = f"cooling off: nothing is sent before {job.not_before:%Y-%m-%d %H:%M} UTC"
        if job.note != words:
            self.recorder.now(Note(job.id, words))
        self._forget(job, job.state)
        return True

    def _held(self, refs: Sequence[Ref], everywhere: bool) -> dict[Ref, str]:
        """Which of these the ledger holds, in words.  LedgerError where it can't be read."""
        found = holds.held(self.ledger, refs, everywhere=everywhere)
        return {ref: f"held: {hold.reason}" for ref, hold in found.items()}

    def _begin(self, job: Job) -> Run:
        """Prove the job's plan and who it runs as, before anything of it is sent."""
        plan = self._proven(job)
        if plan.not_before is not None and self.hands.store.now() < plan.not_before:
            raise Refused(f"approved for no sooner than {plan.not_before:%Y-%m-%d %H:%M} UTC")
        run = self.runs[job.id] = Run(self.hands, job.id, plan)
        return run

    def _proven(self, job: Job) -> Plan:
        """The job's plan as it was approved, by whom these credentials are."""
        plan = plans.proven(self.ledger, job.plan, steps.rows_for_digest(self.ledger, job.id))
        _same(plan, self.hands.identity)
        return plan

    def _cancel(self, job: Job) -> bool:
        """Bring a cancelled job to its end; its plan is needed only to call off what was handed over."""
        self._rest(job)
        if called_off(self.hands, job, self.calling, self._proven):
            return finish_cancel(self.hands, job.id, self.name)
        if self.options.once:
            self._forget(job, job.state)
        return False

    def _trouble(self, job: Job, error: StoreError) -> None:
        """The store failed a job: try again later where that may help, park the job where it won't."""
        run = self.runs.get(job.id)
        if run is not None and error.passing:
            now = self.clock.monotonic()
            run.failing_since = run.failing_since or now
            if now - run.failing_since < self.hands.patience:
                run.not_before = now + min(_LONGEST_PAUSE, 1.0 + (now - run.failing_since) / 2)
                self.recorder.now(Note(job.id, f"store unreachable, trying again: {error}"))
                if self.options.once:
                    self._forget(job, job.state)
                return
        self._park(job, f"{_waits_for(error)}: {error}")

    def _park(self, job: Job, note: str) -> None:
        """Leave a job for a while, or for a later worker, with one line on why."""
        self.recorder.now(Turn(job.id, JobState.PARKED, note, (("rate", 0.0),)))
        self._forget(job, JobState.CANCELLING if job.state is JobState.CANCELLING else JobState.PARKED)

    def _leave_to_others(self, job: Job, error: OtherIdentity) -> None:
        """Somebody else's job: not touched while a worker of theirs is alive, else parked with one line on why."""
        other = leases.holder(self.ledger, self.clock, f"{self.name}|", but=self.lease.name)
        if other is not None and other.alive:
            self._forget(job, job.state)
        else:
            self._park(job, str(error))

    def _forget(self, job: Job, state: JobState) -> None:
        self._rest(job)
        self.parked[job.id] = (state, self.clock.monotonic() + _PARKED_FOR)

    def _rest(self, job: Job) -> None:
        """Let go of a job: what is under way is waited for and put on record, what is only queued is not sent."""
        run = self.runs.pop(job.id, None)
        if run is not None:
            run.rest()

    def _left_alone(self, job: Job) -> bool:
        """Whether this job was parked a moment ago, and nobody has cancelled it since."""
        state, until = self.parked.get(job.id, (job.state, 0.0))
        if job.state is state and self.clock.monotonic() < until:
            return True
        self.parked.pop(job.id, None)
        return False

    def _release_if_idle(self) -> bool:
        """Give the lease back if no job is left, in one transaction, so that a new job always finds a worker."""
        seen = {name for name, run in self.runs.items() if self.options.once and run.looked}
        with self.ledger.writing() as connection:
            if jobs.open_ids(connection, self.name) - set(self.parked) - seen:
                return False
            leases.release(connection, self.lease)
            return True

    def _wait(self) -> None:
        """Sleep until a watch is due or something may have been added; short enough to see both soon."""
        due = min((run.due for run in self.runs.values()), default=float("inf"))
        self.ending.wait(min(_LOOK_FOR_WORK, max(0.01, due - self.clock.monotonic())))

    def _beat(self) -> None:
        while not self._done.wait(_BEAT_EVERY):
            if self.recorder.since_beat() >= _BEAT_EVERY / 2:
                self.recorder.note(Beat())


def _patience(store: Store, options: Options) -> float:
    if options.patience is not None:
        return options.patience
    if options.once:
        return _ONE_PASS_PATIENCE
    return _STANDIN_PATIENCE if store.features.standin else _STORE_PATIENCE


def _same(plan: Plan, identity: Identity) -> None:
    """Refuse a plan that was approved as somebody else; the gate's own guard stands behind this one."""
    if plan.identity != identity:
        raise OtherIdentity(
            f"approved as {plan.identity.principal} on {plan.identity.server}, "
            f"these credentials are {identity.principal} on {identity.server}"
        )


def _waits_for(error: StoreError) -> str:
    return NEEDS_CREDENTIALS if isinstance(error, LoginExpired) else WAITS_FOR_STORE


def _park_all(ledger: Ledger, clock: Clock, name: str, error: StoreError) -> None:
    """Say on the store's open jobs why no worker could begin, unless one is at work on them."""
    try:
        other = leases.holder(ledger, clock, f"{name}|")
        if other is not None and other.alive:
            return
        with ledger.writing() as connection:
            for job in jobs.open_ids(connection, name):
                note = f"{_waits_for(error)}: {error}"
                jobs.set_state(connection, job, JobState.PARKED, note=note, at=clock.now())
    except IcehouseError:
        return
