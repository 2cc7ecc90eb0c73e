"""Sending a plan's requests: each once, and what is not known is looked at before anything is sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Lock

from icehouse.core.archives import ArchiveAccepted
from icehouse.core.errors import (
    AlreadyArchiving,
    AlreadyRestoring,
    Conflict,
    IcehouseError,
    LedgerError,
    LoginExpired,
    NoCapacity,
    Refused,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.core.jobs import JobState, Phase
from icehouse.core.links import Noted
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Plan
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreAccepted
from icehouse.engine.gate import Answer, LeaseStale, Permit
from icehouse.engine.pace import Breaker, Meter, Width
from icehouse.engine.probing import Finding, Found
from icehouse.engine.recording import NOTED, Beat, Note, Probed, Taking
from icehouse.ledger import jobs, steps
from icehouse.ledger.steps import Ended, Task

from .answered import refused, settled, taken
from .calls import batches
from .flow import Flow
from .hands import Hands

SLICE, _LEAST = 500, 100
"""Intents written at a time at most, and to begin with: two or three slices have one after a crash."""

_AHEAD = 0.5
"""Seconds of requests that a slice is for, so that a slow disk does not slow the calls."""

_TURN = 0.5
"""Seconds after which a job lets others have their turn, and after which a cancel is seen."""

_CALLS_A_SLICE = 4
"""Calls that one slice feeds, where a store takes many objects a call."""

_TRIES = 12
"""How often a step is tried over lost answers or missing capacity before it ends as an error."""

_LOOKS = 5
"""How often a look before a call is tried before the job waits as a whole, which has an end."""

_THROTTLED_FOR = 24 * 3600.0
"""Seconds for which a step waits out throttling: a throttled request took no effect and costs nothing."""


class _Cancelled(Refused):
    """The job was cancelled while its next call was made ready."""


class Sender:
    """Sends one job's requests; may be asked again after any trouble, and then looks before it repeats."""

    def __init__(self, hands: Hands, job: str, plan: Plan, breaker: Breaker) -> None:
        self.meter = Meter(hands.clock)
        self._pace = hands.pace
        self._hands = hands
        self._job = job
        self._plan = plan
        self._breaker = breaker
        self._permit = Permit(
            plan, hands.identity, hands.recorder.since_beat, hands.stopped, hands.never_archive, self._held
        )
        most = hands.store.features.max_batch
        self._slice = _LEAST if most == 1 else most * _CALLS_A_SLICE
        self._flow: Flow[Sequence[Task]] = Flow(hands.pool, hands.parallel, self._send, self._must_stop)
        self._owed = self._recorded = 0
        self._counting = Lock()
        self._width = Width(hands.parallel)
        self._calls, self._since = (0, 0.0), 0.0
        self._ahead: Taking | None = None
        self._clean = False
        self._trouble: IcehouseError | None = None
        self._cancelled = False

    def send_some(self) -> bool:
        """Bring the next slice of requests on its way; False when nothing is left to send, or the worker has to end.

        It returns while they are under way: see `rest`.  Raises what has to park the job or be waited for: an expired
        login, a store that is gone, a guard's refusal.
        """
        if not self._clean and not self._resume():
            return False
        self._clean = False
        more = True
        if self._flow.wait_for_room(self._slice // 2, _TURN):
            tasks = [] if self._must_stop() else self._next_slice()
            self._feed(tasks)
            more = bool(tasks) or not self._flow.wait_for_rest(_TURN)
        if more and not self._must_stop():
            self._flow.durable()
            self._widen()
            self._clean = True
            return True
        self._clean = self._settled()
        return False

    def rest(self) -> None:
        """Send nothing that was not begun, and wait until what was is on record; what is left is looked at later."""
        self._flow.halt()
        self._settled(raising=False)
        self._clean = False

    def halt(self) -> None:
        """Begin nothing more; waits for nothing."""
        self._flow.halt()

    def doubt(self) -> None:
        """Look for intents without an outcome before anything else is sent."""
        self._clean = False

    def _next_slice(self) -> list[Task]:
        """Tasks whose intents are durable; those of the slice behind it are written meanwhile."""
        taking = self._ahead or self._hands.recorder.taking(self._job, self._plan.store, self._slice)
        self._ahead = None
        tasks = taking.wait()
        if self._hands.store.features.max_batch == 1:
            self._slice = max(_LEAST, min(SLICE, round(self.meter.rate() * _AHEAD)))
        if tasks:
            self._ahead = self._hands.recorder.taking(self._job, self._plan.store, self._slice)
        return tasks

    def _widen(self) -> None:
        """Have as many calls at once as the rate needs where each brings one object; fewer where that helps nobody."""
        now = self._hands.clock.monotonic()
        since = self._since or now
        if since < now < since + _TURN:
            return
        with self._counting:
            calls, seconds = self._calls
            self._calls = 0, 0.0
        self._since = now
        if since < now and self._hands.store.features.max_batch == 1:
            self._flow.parallel = self._width.after(calls, seconds, now - since, self._pace.allowed)

    def _feed(self, tasks: Sequence[Task]) -> None:
        self._owed += len(tasks)
        self._flow.feed(batches(tasks, self._hands.store.features.max_batch))

    def _settled(self, *, raising: bool = True) -> bool:
        """Wait until nothing is under way and all is on record; False where intents stay that have to be looked at."""
        ahead, self._ahead = self._ahead, None
        left = bool(ahead is not None and ahead.wait())
        self._hands.recorder.settle(self._flow.end(drop=False))
        whole = not left and self._recorded == self._owed
        self._owed = self._recorded = 0
        self._since = 0.0
        trouble, self._trouble = self._trouble, None
        if trouble is not None and raising:
            raise trouble
        return whole and trouble is None

    def _resume(self) -> bool:
        """Settle every intent that was left without an outcome: probed, never blindly repeated; False where ending."""
        hands = self._hands
        self._settled()
        while tasks := steps.in_phase(
            hands.ledger, self._job, self._plan.store, Phase.INTENT, limit=max(SLICE, self._slice)
        ):
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
        """Send every task's request and wait for the records; False where some stay."""
        self._feed(tasks)
        return self._settled()

    def _must_stop(self) -> bool:
        return self._trouble is not None or self._cancelled or self._hands.ending()

    def _held(self, refs: Sequence[Ref], everywhere: bool) -> Mapping[Ref, str]:
        """What is held, right before a call.  The look before it takes its time: a cancel may have come by then."""
        found = self._hands.held(refs, everywhere)
        if jobs.find(self._hands.ledger, self._job).state is JobState.CANCELLING:
            raise _Cancelled(f"job {self._job} is cancelled")
        return found

    def _send(self, batch: Sequence[Task]) -> list[Future[None]]:
        """Send one call's requests and record what became of each.

        Fewer records than tasks where some intents are left to be probed later.
        """
        records = self._sent(batch)
        with self._counting:
            self._recorded += len(records)
        return records

    def _sent(self, batch: Sequence[Task]) -> list[Future[None]]:
        records: list[Future[None]] = []
        left, tries, throttled_since = list(batch), 0, 0.0
        while left and self._reachable():
            self._pace.wait(self._must_stop)
            if self._must_stop():
                break
            try:
                answers = self._timed_call(left)
            except LeaseStale:
                self._hands.recorder.now(Beat())
                continue
            except _Cancelled:  # the intents stay, and are settled as cancelled after a look
                self._cancelled = True
                break
            except (Refused, LedgerError) as refusal:
                self._trouble = refusal
                break
            except StoreError as error:  # what has to be looked at before could not be: nothing was sent
                if not self._wait_for(error, tries):
                    break
                tries += 1
                continue
            again: list[tuple[Task, StoreError]] = []
            for task, answer in zip(left, answers, strict=True):
                match answer:
                    case RestoreAccepted() | ArchiveAccepted():
                        records.append(self._accepted(task, answer))
                    case Noted():
                        records.append(self._end(task, Outcome.OK, NOTED, answer.request_id))
                    case Conflict() if task.act is Act.NOTE:  # what lies there may be ours: a reply was lost before
                        again.append((task, Unavailable(answer.line, words=answer.words)))
                    case Throttled() | NoCapacity() | Unavailable():
                        again.append((task, answer))
                    case LoginExpired():
                        self._trouble = answer
                    case _:
                        records.append(self._refused(task, answer))
            if not all(isinstance(answer, Unavailable) for answer in answers):
                self._breaker.succeeded()
            taken = sum(isinstance(answer, RestoreAccepted | ArchiveAccepted) for answer in answers)
            if taken:
                self._pace.accepted()
                self.meter.accepted(taken)
            if self._trouble is not None:
                break
            left, throttled_since = self._once_more(again, tries, throttled_since, records)
            tries += 1
        return records

    def _timed_call(self, tasks: Sequence[Task]) -> list[Answer]:
        began = self._hands.clock.monotonic()
        answers = self._call(tasks)
        with self._counting:
            calls, seconds = self._calls
            self._calls = calls + 1, seconds + self._hands.clock.monotonic() - began
        return answers

    def _call(self, tasks: Sequence[Task]) -> list[Answer]:
        gate = self._hands.gate
        match self._plan.verb:
            case "archive":
                return gate.archive(self._permit, tasks)
            case "deliver":
                return gate.annotate(self._permit, tasks)
            case _:
                return gate.restore(self._permit, tasks)

    def _once_more(
        self,
        again: Sequence[tuple[Task, StoreError]],
        tries: int,
        throttled_since: float,
        records: list[Future[None]],
    ) -> tuple[list[Task], float]:
        """Which tasks of a call are to be sent again, after a pause or a look; the others' records are added.

        Also since when (monotonic seconds) the store has throttled without a break.
        """
        lost = [task for task, error in again if isinstance(error, Unavailable)]
        slowed = [(task, error) for task, error in again if not isinstance(error, Unavailable)]
        left: list[Task] = []
        now = self._hands.clock.monotonic()
        throttled = [error for _, error in slowed if isinstance(error, Throttled)]
        throttled_since = (throttled_since or now) if throttled else 0.0
        if slowed:
            advice = max((error.retry_after for error in throttled if error.retry_after is not None), default=None)
            self._pace.slow_down(advice, tries, self._must_stop)
        if lost:
            self._breaker.failed()
            for task, finding in self._look(lost):
                if finding.found is Found.NOT_DONE:
                    left.append(task)
                else:
                    records.append(self._settle(task, finding))
        words = {task.seq: error for task, error in again}
        left += [task for task, _ in slowed]
        spent = [task for task in left if self._spent(words[task.seq], tries + 1, throttled_since)]
        for task in spent:
            error = words[task.seq]
            how = "throttled to the end" if isinstance(error, Throttled) else f"given up after {_TRIES} tries"
            records.append(self._end(task, Outcome.ERROR, f"{how}: {error.words or error.line}", error.request_id))
        gone = {task.seq for task in spent}
        return [task for task in left if task.seq not in gone], throttled_since

    def _spent(self, error: StoreError, tries: int, throttled_since: float) -> bool:
        """Whether a task was tried for long enough."""
        if isinstance(error, Throttled):
            return self._hands.clock.monotonic() - throttled_since > _THROTTLED_FOR
        return tries >= _TRIES

    def _wait_for(self, error: StoreError, tries: int) -> bool:
        """Wait after a look before a call that failed; False where waiting here can't help, or has to end."""
        if not error.passing or tries + 1 >= _LOOKS:
            self._trouble = error
            return False
        if isinstance(error, Unavailable):
            self._breaker.failed()
        self._pace.slow_down(error.retry_after if isinstance(error, Throttled) else None, tries, self._must_stop)
        return not self._must_stop()

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

    def _look(self, tasks: Sequence[Task]) -> list[tuple[Task, Finding]]:
        """No answer came: look at the objects, as often as it takes; those that have to be left are left out."""
        found: list[tuple[Task, Finding]] = []
        left = {task.seq: task for task in tasks}
        tries = 0
        while left and self._reachable():
            failed = False
            for task, finding in self._hands.prober(self._hands.store, list(left.values())):
                if isinstance(finding.error, LoginExpired):
                    self._trouble = finding.error
                    return found
                if finding.error is not None and finding.error.passing:
                    failed = True
                    continue
                self._hands.recorder.note(Probed(task, finding))
                found.append((task, finding))
                del left[task.seq]
            if failed:
                self._breaker.failed()
                self._pace.slow_down(None, tries, self._must_stop)
                tries += 1
            else:
                self._breaker.succeeded()
        return found

    def _accepted(self, task: Task, answer: RestoreAccepted | ArchiveAccepted) -> Future[None]:
        extended = isinstance(answer, RestoreAccepted) and answer.extended
        now = self._hands.clock.now()
        return self._hands.recorder.note(taken(task, answer.at, now, answer.request_id, extended=extended))

    def _refused(self, task: Task, error: StoreError) -> Future[None]:
        """Record a clear answer that was not yes."""
        at, store_time = self._hands.clock.now(), self._plan.frozen_at
        if isinstance(error, AlreadyRestoring | AlreadyArchiving):
            store_time = self._hands.store_time(store_time)
        return self._hands.recorder.note(refused(task, error, store_time, at, error.request_id))

    def _settle(self, task: Task, finding: Finding) -> Future[None]:
        """Record what a probe found, for everything but "not done"."""
        return self._hands.recorder.note(settled(self._hands, task, finding))

    def _end(self, task: Task, outcome: Outcome, reason: str, request_id: str) -> Future[None]:
        at = self._hands.clock.now()
        return self._hands.recorder.note(Ended(task, outcome, at, reason, request_id, answered=True))
