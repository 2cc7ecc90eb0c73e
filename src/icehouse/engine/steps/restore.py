"""Carrying out a restore: send each request once, probe what is not known, follow until readable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta

from icehouse.core.clock import Clock, Instant, to_text
from icehouse.core.entries import Described
from icehouse.core.errors import (
    AlreadyRestoring,
    Conflict,
    Invalid,
    LoginExpired,
    NoCapacity,
    NotArchived,
    NotFound,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.core.jobs import JobState, Phase
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Identity, Plan
from icehouse.core.restores import RestoreAccepted
from icehouse.core.states import State
from icehouse.engine.following import DESCRIBES, look_again, overdue, pause_for, ready_by
from icehouse.engine.gate import Gate, Permit
from icehouse.engine.pace import Breaker, Pace
from icehouse.engine.probing import Finding, Found, Prober
from icehouse.engine.recording import Probed, Recorder, Turn
from icehouse.ledger import steps
from icehouse.ledger.session import Ledger
from icehouse.ledger.steps import Accepted, Ended, Task
from icehouse.stores.base import Store

SLICE = 200
"""Intents written at a time: what is probed at most after a crash, and how soon a cancel bites."""

_TRIES = 12
"""How often a step is tried over throttling, lost answers and missing capacity before it ends as an error."""


@dataclass(slots=True)
class Hands:
    """What carrying out needs: the ledger, the store's two sides, and the means to stop."""

    ledger: Ledger
    clock: Clock
    store: Store
    gate: Gate
    recorder: Recorder
    pool: ThreadPoolExecutor
    parallel: int
    prober: Prober
    stopped: Callable[[], bool]
    ending: Callable[[], bool]
    identity: Identity


@dataclass(slots=True)
class RestoreRun:
    """One restore job in one worker: what it may do (`permit`) and when it looks again.

    `due` (the next look), `not_before` (after trouble) and `failing_since` are monotonic seconds, 0.0 for never.
    """

    hands: Hands
    job: str
    plan: Plan
    pace: Pace
    breaker: Breaker
    due: float = 0.0
    not_before: float = 0.0
    failing_since: float = 0.0
    resumed: bool = False
    trouble: StoreError | None = None
    permit: Permit = field(init=False)

    def __post_init__(self) -> None:
        self.permit = Permit(self.plan, self.hands.identity, self.hands.recorder.since_beat, self.hands.stopped)

    # --- sending -------------------------------------------------------------------------------------------------

    def send_some(self) -> bool:
        """Send the next slice of requests; False when nothing was left to send.

        Raises the StoreError that has to park the job: an expired login, a store gone for a day.
        """
        if not self.resumed:
            self._resume()
            self.resumed = True
        tasks = self.hands.recorder.take(self.job, self.plan.store, SLICE)
        if not tasks:
            return False
        self._each(tasks)
        return True

    def _resume(self) -> None:
        """Settle every intent that an earlier worker left without an outcome: probed, never blindly repeated."""
        while tasks := steps.in_phase(self.hands.ledger, self.job, self.plan.store, Phase.INTENT, limit=SLICE):
            again: list[Task] = []
            settled: list[Future[None]] = []
            for task, finding in self.hands.prober(self.hands.store, tasks, self.hands.store.now()):
                if isinstance(finding.error, LoginExpired | Unavailable | Throttled):
                    raise finding.error
                settled.append(self.hands.recorder.note(Probed(task, finding)))
                if finding.found is Found.NOT_DONE:
                    again.append(task)
                else:
                    settled.append(self._settle(task, finding))
            for future in settled:
                future.result(timeout=120)
            self._each(again)

    def _each(self, tasks: Sequence[Task]) -> None:
        """Send every task's request, `parallel` at a time; returns when each has its record durably written."""
        waiting: set[Future[Future[None] | None]] = set()
        records: list[Future[None]] = []
        for task in tasks:
            if len(waiting) >= self.hands.parallel:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                records.extend(filter(None, (each.result() for each in done)))
            if self.trouble is not None or self.hands.ending():
                break
            waiting.add(self.hands.pool.submit(self._send, task))
        records.extend(filter(None, (each.result() for each in waiting)))
        for record in records:
            record.result(timeout=120)
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble

    def _send(self, task: Task) -> Future[None] | None:
        """Send one request and record what became of it; None where its intent is left to be probed later."""
        answer: RestoreAccepted | StoreError | None = None
        for tries in range(_TRIES):
            if not self._reachable() or self.trouble is not None or self.hands.ending():
                return None
            self.pace.wait()
            answer = self.hands.gate.restore(self.permit, task)
            match answer:
                case RestoreAccepted():
                    self.breaker.succeeded()
                    self.pace.accepted()
                    reason = "copy extended" if answer.extended else "requested"
                    return self._record(Accepted(task, answer.at, self.hands.clock.now(), answer.request_id, reason))
                case LoginExpired():
                    self.trouble = answer
                    return None
                case Throttled():
                    self.breaker.succeeded()
                    self.pace.slow_down(answer.retry_after, tries)
                case NoCapacity():
                    self.pace.slow_down(None, tries)
                case Unavailable():
                    self.breaker.failed()
                    settled = self._after_silence(task)
                    if settled is not None:
                        return settled
                case _:
                    self.breaker.succeeded()
                    return self._refused(task, answer)
        return self._gave_up(task, answer)

    def _reachable(self) -> bool:
        """Wait while the store can't be reached, and say so on the job; False where it stays so for a day."""
        if self.breaker.open:
            since = self.hands.clock.now().strftime("%H:%M UTC")
            self.hands.recorder.note(Turn(self.job, JobState.RUNNING, f"store unreachable since {since}, trying again"))
        try:
            self.breaker.wait(self.hands.ending)
        except StoreError as error:
            self.trouble = error
            return False
        return True

    def _after_silence(self, task: Task) -> Future[None] | None:
        """No answer came: look at the object.  None where the request may, and has to, be sent again."""
        for tries in range(_TRIES):
            if not self._reachable():
                return None
            try:
                now = self.hands.store.now()
            except StoreError as error:
                if not error.passing:
                    self.trouble = error
                    return None
                self.breaker.failed()
                continue
            for found, finding in self.hands.prober(self.hands.store, [task], now):
                if isinstance(finding.error, LoginExpired):
                    self.trouble = finding.error
                    return None
                if finding.error is not None and finding.error.passing:
                    self.breaker.failed()
                    self.pace.slow_down(None, tries)
                    break
                self.breaker.succeeded()
                self.hands.recorder.note(Probed(found, finding))
                return None if finding.found is Found.NOT_DONE else self._settle(found, finding)
            if self.hands.ending():
                return None
        return self._end(task, Outcome.UNKNOWN, "no answer came, and the object could not be looked at")

    def _refused(self, task: Task, error: StoreError) -> Future[None]:
        """Record a clear answer that was not yes."""
        match error:
            case AlreadyRestoring():
                words = {
                    Act.SPEED_UP: "not sped up: already restoring, at least as fast or with other days",
                    Act.EXTEND: "already restoring",
                }.get(task.act, "was already restoring")
                at = self.hands.clock.now()
                return self._record(Accepted(task, self._store_time(task), at, error.request_id, words))
            case NotArchived():
                outcome, reason = Outcome.NOT_NEEDED, "the store says it is not archived"
            case NotFound():
                outcome, reason = Outcome.CONFLICT, "gone since the plan was made"
            case Conflict():
                outcome, reason = Outcome.CONFLICT, "changed since the plan was made"
            case Invalid():
                outcome, reason = Outcome.IMPOSSIBLE, "the store refused the request"
            case _:
                outcome, reason = Outcome.ERROR, str(error)
        words = f"{reason}: {error.words}" if error.words and error.words not in reason else reason
        return self._end(task, outcome, words, error.request_id)

    def _gave_up(self, task: Task, error: StoreError | RestoreAccepted | None) -> Future[None]:
        request_id = error.request_id if error is not None else ""
        words = error.words or error.line if isinstance(error, StoreError) else "no answer"
        return self._end(task, Outcome.ERROR, f"given up after {_TRIES} tries: {words}", request_id)

    def _settle(self, task: Task, finding: Finding) -> Future[None]:
        """Record what a probe found, for everything but "not done"."""
        if finding.found is Found.DONE:
            at = self.hands.clock.now()
            return self._record(Accepted(task, self._store_time(task), at, "", f"confirmed by a look: {finding.words}"))
        outcome = Outcome.CONFLICT if finding.found is Found.CONFLICT else Outcome.UNKNOWN
        return self._end(task, outcome, finding.words)

    def _store_time(self, task: Task) -> Instant:
        """The store's time, or the plan's where the store can't be asked now: only expectations hang on it."""
        try:
            return self.hands.store.now()
        except StoreError:
            return self.plan.frozen_at

    # --- following -----------------------------------------------------------------------------------------------

    def follow(self) -> bool:
        """Look at what was accepted; True when nothing is left to follow."""
        now = self.hands.store.now()
        features = self.hands.store.features
        expected: Instant | None = None
        after, left, moved, looked = -1, 0, 0, 0
        records: list[Future[None]] = []
        while tasks := steps.in_phase(self.hands.ledger, self.job, self.plan.store, Phase.ACCEPTED, after=after):
            after = tasks[-1].seq
            for task in tasks:
                by = ready_by(features, task)
                expected = max(filter(None, (expected, by)), default=None)
            left += len(tasks)
            for task, described in look_again(self.hands.store, tasks):
                looked += 1
                record = self._judge(task, described, now)
                if record is not None:
                    moved += 1
                    records.append(record)
            if self.hands.ending():
                break
        for record in records:
            record.result(timeout=120)
        pause = pause_for(now, expected) if not (moved and looked >= DESCRIBES) else timedelta(0)
        self.due = self.hands.clock.monotonic() + self._real(pause)
        note = f"{left - moved:,} still on their way" if left > moved else ""
        self.hands.recorder.now(Turn(self.job, JobState.WATCHING, note, (("ready_by", _text(expected)),)))
        return left == moved

    def _judge(self, task: Task, described: Described, now: Instant) -> Future[None] | None:
        """End a followed step where what it is now settles it; None to go on following."""
        entry = described.entry
        if entry is None:
            if isinstance(described.error, NotFound):
                return self._end(task, Outcome.CONFLICT, "gone while it was being restored")
            return None
        if entry.etag != task.etag:
            return self._end(task, Outcome.CONFLICT, "another object has taken its place")
        expected = ready_by(self.hands.store.features, task)
        match entry.standing.state:
            case State.RESTORED:
                return self._record(
                    Ended(task, Outcome.OK, self.hands.clock.now(), "restored", until=entry.standing.until)
                )
            case State.LIVE:
                return self._end(task, Outcome.OK, "live again")
            case State.ARCHIVED if task.accepted_at is not None and now > task.accepted_at:
                return self._end(
                    task, Outcome.UNKNOWN, "accepted, and archived again: its copy expired before it was seen readable"
                )
            case _ if overdue(now, expected):
                return self._end(task, Outcome.UNKNOWN, "still not readable a week after the longest documented time")
        return None

    def _real(self, pause: timedelta) -> float:
        """Real seconds for a pause in the store's time; a stand-in's clock may be set at any moment, so 1 s at most."""
        features = self.hands.store.features
        seconds = pause.total_seconds()
        return min(1.0, max(0.1, seconds / max(features.standin_speed, 0.001))) if features.standin else seconds

    def leave(self, task: Task) -> Future[None]:
        """End an accepted step of a cancelled job: it will be ready and billed, and is not followed any more."""
        return self._end(task, Outcome.OK, "accepted before the cancel: will be billed, not followed any more")

    # --- recording -----------------------------------------------------------------------------------------------

    def _end(self, task: Task, outcome: Outcome, reason: str, request_id: str = "") -> Future[None]:
        return self._record(Ended(task, outcome, self.hands.clock.now(), reason, request_id))

    def _record(self, record: Accepted | Ended) -> Future[None]:
        return self.hands.recorder.note(record)


def _text(instant: Instant | None) -> str | None:
    return to_text(instant) if instant is not None else None
