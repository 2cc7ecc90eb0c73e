"""Sending a restore's requests: each once, and what is not known is looked at before anything is sent again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from icehouse.core.errors import (
    AlreadyRestoring,
    Conflict,
    IcehouseError,
    Invalid,
    LoginExpired,
    NoCapacity,
    NotArchived,
    NotFound,
    Refused,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.core.jobs import Phase
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Plan
from icehouse.core.restores import RestoreAccepted
from icehouse.engine.gate import LeaseStale, Permit
from icehouse.engine.pace import Breaker, Pace
from icehouse.engine.probing import Finding, Found
from icehouse.engine.recording import Beat, Note, Probed
from icehouse.ledger import steps
from icehouse.ledger.steps import Accepted, Ended, Task

from .hands import Hands

SLICE = 200
"""Intents written at a time: what is probed at most after a crash, and how soon a cancel bites."""

_TRIES = 12
"""How often a step is tried over lost answers or missing capacity before it ends as an error."""


_THROTTLED_FOR = 24 * 3600.0
"""Seconds for which a step waits out throttling: a throttled request took no effect and costs nothing."""


class Sender:
    """Sends one job's requests; may be asked again after any trouble, and then looks before it repeats."""

    def __init__(self, hands: Hands, job: str, plan: Plan, pace: Pace, breaker: Breaker) -> None:
        self.pace = pace
        self._hands = hands
        self._job = job
        self._plan = plan
        self._breaker = breaker
        self._permit = Permit(plan, hands.identity, hands.recorder.since_beat, hands.stopped)
        self._clean = False
        self._trouble: IcehouseError | None = None

    def send_some(self) -> bool:
        """Send the next slice of requests; False when nothing is left to send, or the worker has to end.

        Raises what has to park the job or be waited for: an expired login, a store that is gone, a guard's refusal.
        """
        if not self._clean and not self._resume():
            return False
        self._clean = False
        tasks = self._hands.recorder.take(self._job, self._plan.store, SLICE)
        self._clean = self._each(tasks)
        return bool(tasks) and self._clean

    def doubt(self) -> None:
        """Look for intents without an outcome before anything else is sent."""
        self._clean = False

    def _resume(self) -> bool:
        """Settle every intent that was left without an outcome: probed, never blindly repeated; False where ending."""
        hands = self._hands
        while tasks := steps.in_phase(hands.ledger, self._job, self._plan.store, Phase.INTENT, limit=SLICE):
            if hands.ending():
                return False
            again: list[Task] = []
            records: list[Future[None]] = []
            for task, finding in hands.prober(hands.store, tasks):
                if isinstance(finding.error, LoginExpired | Unavailable | Throttled):
                    raise finding.error
                records.append(hands.recorder.note(Probed(task, finding)))
                if finding.found is Found.NOT_DONE:
                    again.append(task)
                else:
                    records.append(self._settle(task, finding))
            hands.recorder.settle(records)
            if not self._each(again):
                return False
        return True

    def _each(self, tasks: Sequence[Task]) -> bool:
        """Send every task's request, `parallel` at a time, and wait for the records; False where some were left."""
        waiting: set[Future[Future[None] | None]] = set()
        records: list[Future[None] | None] = []
        for task in tasks:
            if len(waiting) >= self._hands.parallel:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                records.extend(each.result() for each in done)
            if self._must_stop():
                break
            waiting.add(self._hands.pool.submit(self._send, task))
        records.extend(each.result() for each in waiting)
        self._hands.recorder.settle([record for record in records if record is not None])
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        return len(records) == len(tasks) and None not in records

    def _must_stop(self) -> bool:
        return self._trouble is not None or self._hands.ending()

    def _send(self, task: Task) -> Future[None] | None:
        """Send one request and record what became of it; None where its intent is left to be probed later."""
        tries = 0
        throttled_since = 0.0
        while self._reachable():
            self.pace.wait(self._must_stop)
            if self._must_stop():
                break
            try:
                answer = self._hands.gate.restore(self._permit, task)
            except LeaseStale:
                self._hands.recorder.now(Beat())
                continue
            except Refused as refusal:
                self._trouble = refusal
                break
            if not isinstance(answer, Unavailable):
                self._breaker.succeeded()
            match answer:
                case RestoreAccepted():
                    self.pace.accepted()
                    return self._accepted(task, answer)
                case LoginExpired():
                    self._trouble = answer
                    return None
                case Throttled():
                    now = self._hands.clock.monotonic()
                    throttled_since = throttled_since or now
                    if now - throttled_since > _THROTTLED_FOR:
                        return self._end(
                            task, Outcome.ERROR, f"throttled to the end: {answer.words}", answer.request_id
                        )
                    self.pace.slow_down(answer.retry_after, tries, self._must_stop)
                case NoCapacity():
                    self.pace.slow_down(None, tries, self._must_stop)
                case Unavailable():
                    self._breaker.failed()
                    finding = self._look(task)
                    if finding is None:
                        return None
                    if finding.found is not Found.NOT_DONE:
                        return self._settle(task, finding)
                case _:
                    return self._refused(task, answer)
            tries += 1
            if tries >= _TRIES and not isinstance(answer, Throttled):
                words = f"given up after {_TRIES} tries: {answer.words or answer.line}"
                return self._end(task, Outcome.ERROR, words, answer.request_id)
        return None

    def _reachable(self) -> bool:
        """Wait while the store can't be reached, and say so on the job; False where that took too long."""
        if self._breaker.open:
            since = self._hands.clock.now().strftime("%H:%M UTC")
            self._hands.recorder.note(Note(self._job, f"store unreachable since {since}, trying again"))
        try:
            self._breaker.wait(self._must_stop)
        except StoreError as error:
            self._trouble = error
        return not self._must_stop()

    def _look(self, task: Task) -> Finding | None:
        """No answer came: look at the object, as often as it takes; None where the intent has to be left."""
        tries = 0
        while self._reachable():
            for _, finding in self._hands.prober(self._hands.store, [task]):
                if isinstance(finding.error, LoginExpired):
                    self._trouble = finding.error
                    return None
                if finding.error is not None and finding.error.passing:
                    self._breaker.failed()
                    self.pace.slow_down(None, tries, self._must_stop)
                    tries += 1
                    break
                self._breaker.succeeded()
                self._hands.recorder.note(Probed(task, finding))
                return finding
        return None

    def _accepted(self, task: Task, answer: RestoreAccepted) -> Future[None]:
        reason = "copy extended" if answer.extended else "requested"
        record = Accepted(task, answer.at, self._hands.clock.now(), answer.request_id, reason)
        return self._hands.recorder.note(record)

    def _refused(self, task: Task, error: StoreError) -> Future[None]:
        """Record a clear answer that was not yes."""
        match error:
            case AlreadyRestoring():
                reason = "already restoring"
                if task.act is Act.SPEED_UP:
                    reason = "not sped up: already restoring, at least as fast or with other days"
                at, store_time = self._hands.clock.now(), self._hands.store_time(self._plan.frozen_at)
                record = Accepted(task, store_time, at, error.request_id, reason, ours=False)
                return self._hands.recorder.note(record)
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

    def _settle(self, task: Task, finding: Finding) -> Future[None]:
        """Record what a probe found, for everything but "not done"."""
        return self._hands.recorder.note(settled(self._hands, task, finding))

    def _end(self, task: Task, outcome: Outcome, reason: str, request_id: str) -> Future[None]:
        at = self._hands.clock.now()
        return self._hands.recorder.note(Ended(task, outcome, at, reason, request_id, answered=True))


def settled(hands: Hands, task: Task, finding: Finding) -> Accepted | Ended:
    """What a probe's finding means for the step, for everything but "not done"."""
    at = hands.clock.now()
    if finding.found is Found.DONE:
        return Accepted(task, hands.store_time(at), at, "", f"confirmed by a look: {finding.words}")
    outcome = Outcome.CONFLICT if finding.found is Found.CONFLICT else Outcome.UNKNOWN
    return Ended(task, outcome, at, finding.words, answered=True)
