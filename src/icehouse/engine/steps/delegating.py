"""Handing a plan's orders over to the store's own engine, and following them until their reports are read.

What becomes of a step of an order:

- A line of the report that is a clear answer is taken as the answer to a request of our own would be.
- A line that says that the engine was throttled or failed, and a step that the report leaves out (it was lost, can't be
  relied on, or ends early), is a restore whose fate is not known: it is left to the sender, which looks at the object,
  follows what is restoring and asks directly for what is not.
- A checksum that was not told ends as unknown: nothing else computes it, and `retry` takes it up again.
- Of a report that can't be relied on, no line is believed.

An order that the store does not take (its role, the place for its manifest) parks the job with the store's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta

from icehouse.core.checksums import Checksum
from icehouse.core.clock import Instant
from icehouse.core.errors import Conflict, Denied, Invalid, LedgerError, LoginExpired, NotFound, Refused, StoreError
from icehouse.core.jobs import JobOrder, OrderStage, orders_note
from icehouse.core.orders import OrderAct, OrderResult, OrderTaken
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Plan
from icehouse.core.refs import Ref
from icehouse.engine.gate import LeaseStale, Permit
from icehouse.engine.ordering import Begin, Close, Doubted, Gone, HandedOver, Leave, Stood, Told
from icehouse.engine.recording import Beat
from icehouse.ledger import orders
from icehouse.ledger.steps import Accepted, Ended, Task
from icehouse.stores.base import Orders

from . import answered
from .hands import Hands

_NEWLY = timedelta(hours=1)
"""For how long after it was taken an order that the store does not find is taken to be on its way."""

_IN_DOUBT = timedelta(minutes=15)
"""For how long a cancelled order whose handing over was not answered is looked for: the store may list it late."""

_REPORT_WITHIN = timedelta(minutes=15)
"""For how long after its end a report that is not there is waited for."""

_SETTLED_AT_A_TIME = 2000
_BEATS = 5


class Delegator:
    """One job's orders in one worker; `due` is when to ask after them next (monotonic seconds).

    `cancelling`: nothing more is handed over, and what the store has is called off.
    """

    def __init__(self, hands: Hands, job: str, plan: Plan, *, cancelling: bool = False) -> None:
        self.due = 0.0
        self._hands = hands
        self._job = job
        self._plan = plan
        self._cancelling = cancelling
        self._called: set[int] = set()
        self._permit = Permit(
            plan, hands.identity, hands.recorder.since_beat, hands.stopped, hands.never_archive, hands.held
        )

    def standing(self) -> list[JobOrder]:
        """The job's orders as the ledger has them."""
        return orders.of_job(self._hands.ledger, self._job)

    @property
    def open(self) -> bool:
        """Whether anything is still to be done for any of the job's orders."""
        return any(order.stage.open for order in self.standing())

    def hand_over(self) -> bool:
        """Hand the next order over; False where none is left to be, or the worker has to end.

        Raises what has to park the job or be waited for.  An order that may have been handed over before is looked for
        in the store first; the token keeps it one in any case.
        """
        waiting = (OrderStage.PLANNED, OrderStage.HANDING)
        order = next((each for each in self.standing() if each.stage in waiting), None)
        if order is None or self._hands.ending():
            return False
        if order.stage is OrderStage.HANDING and self._find(order):
            return True
        tasks = orders.tasks(self._hands.ledger, order, self._plan.store)
        if len(tasks) != order.steps:
            raise LedgerError(f"order {order.n} of job {self._job} has {len(tasks):,} of {order.steps:,} steps")
        if order.stage is OrderStage.PLANNED:
            begin = Begin(order, tasks)
            self._hands.recorder.now(begin)
            if not begin.done:
                return False
        answer = self._delegate(tasks, order.n)
        if not isinstance(answer, OrderTaken):
            raise answer
        self._hands.recorder.now(HandedOver(order, answer.id, answer.at, found=False))
        return True

    def _delegate(self, tasks: Sequence[Task], n: int) -> OrderTaken | StoreError:
        """Through the gate; the lease is confirmed first where that was long ago."""
        for _ in range(_BEATS):
            try:
                return self._hands.gate.delegate(self._permit, tasks, n)
            except LeaseStale:
                self._hands.recorder.now(Beat())
        raise Refused("the lease could not be confirmed in time")

    def _find(self, order: JobOrder) -> bool:
        """Whether the store has an order whose handing over was not answered; it is then followed."""
        found = self._store.find_order(order.token)
        if found is None:
            return False
        self._hands.recorder.now(HandedOver(order, found, self._hands.store.now(), found=True))
        return True

    def look(self) -> bool:
        """Ask once after everything that the store has, and read what has ended; True where steps are left to be sent.

        One order that can't be asked after, or whose report can't be read, keeps no other one waiting: what it raises
        is raised at the end.
        """
        left = False
        trouble: StoreError | None = None
        for order in self.standing():
            if self._hands.ending():
                return left
            try:
                left |= self._look_at(order)
            except StoreError as error:
                trouble = trouble or error
        self._rest()
        if trouble is not None and not left:
            raise trouble
        return left

    def _look_at(self, order: JobOrder) -> bool:
        if order.stage is OrderStage.PLANNED or not order.stage.open:
            return False
        if order.stage is OrderStage.HANDING and self._cancelling and not self._find(order):
            if self._may_come(order):
                return False
            return self._close(order, [], {}, "it was not handed over, as far as the store tells")
        now = self._again(order)
        if now.stage is OrderStage.TAKEN:
            now = self._ask(now)
        return self._read(now) if now.stage is OrderStage.ENDED else False

    def _may_come(self, order: JobOrder) -> bool:
        """Whether an order that the store does not list may still show up there."""
        now = self._hands.store.now()
        if order.asked_at is None:
            self._hands.recorder.now(Doubted(order, now))
            return True
        return now - order.asked_at < _IN_DOUBT

    def words(self) -> str:
        """How far the orders are, in one line for the job."""
        return orders_note(self.standing())

    # Asking

    def _ask(self, order: JobOrder) -> JobOrder:
        """How an order stands now, written down where that has changed."""
        try:
            standing = self._store.order(order.id)
        except NotFound as error:
            return self._missing(order, error)
        if self._cancelling and not standing.state.ended and order.n not in self._called:
            self._call_off(order)
        told = (standing.state, standing.word, standing.words, standing.total, standing.succeeded, standing.failed)
        known = (order.state, order.word, order.words, order.total, order.succeeded, order.failed)
        if told != known or standing.state.ended:
            self._hands.recorder.now(Stood(order, standing))
        return self._again(order)

    def _missing(self, order: JobOrder, error: NotFound) -> JobOrder:
        """The store does not find an order that it took: on its way still, or forgotten."""
        now = self._hands.store.now()
        if now - (order.taken_at or now) < _NEWLY or self._store.find_order(order.token) is not None:
            return order
        self._hands.recorder.now(Gone(order, f"the store knows it no more: {error.words or error.line}", now))
        return self._again(order)

    def _call_off(self, order: JobOrder) -> None:
        """Have the store end an order early; one that has ended meanwhile is as good."""
        first = orders.tasks(self._hands.ledger, order, self._plan.store, most=1)
        for _ in range(_BEATS):
            try:
                self._hands.gate.call_off(self._permit, first, order.id)
            except LeaseStale:
                self._hands.recorder.now(Beat())
                continue
            except Conflict:
                pass
            self._called.add(order.n)
            return

    def _again(self, order: JobOrder) -> JobOrder:
        return next(each for each in self.standing() if each.n == order.n)

    # Reading reports

    def _read(self, order: JobOrder) -> bool:
        """Take up the report of an ended order, whole or not at all; True where steps are left to be sent."""
        waiting = orders.tasks(self._hands.ledger, order, self._plan.store)
        known = order.state is not None and order.state.ended
        words = ""
        results: dict[int, OrderResult] = {}
        try:
            if known:
                results = self._report(order, waiting)
        except NotFound as error:
            now = self._hands.store.now()
            if now - (order.ended_at or now) < _REPORT_WITHIN:
                return False
            words = f"no report: {error.words or error.line}"
        except Invalid as error:
            words = f"its report can't be relied on: {error.line}"
        except Denied as error:
            if not self._cancelling:
                raise
            words = f"its report can't be read: {error.line}"
        return self._close(order, waiting, results, "; ".join(filter(None, (order.words, words))))

    def _report(self, order: JobOrder, waiting: Sequence[Task]) -> dict[int, OrderResult]:
        """What the report tells, by step; read to its end before any of it counts.

        Invalid where it tells of what is not in the order, or twice of the same.
        """
        by_ref: dict[Ref, int] = {task.ref: task.seq for task in waiting}
        told: dict[int, OrderResult] = {}
        answered_before = 0
        for result in self._store.order_results(order.id):
            seq = by_ref.get(result.ref)
            if seq is None:
                answered_before += 1
            elif seq in told:
                raise Invalid(f"it tells twice of {result.ref.key}")
            else:
                told[seq] = result
        if answered_before > order.steps - len(waiting):
            raise Invalid("it tells of what was not handed over")
        return told

    def _close(self, order: JobOrder, waiting: Sequence[Task], results: dict[int, OrderResult], words: str) -> bool:
        """Write down what became of an order's steps, and that nothing more is done for it; True where some are left.

        Where this is cut off, the report is read once more: what was answered by then is not waiting any more.
        """
        hands = self._hands
        rest: list[Task] = []
        if not waiting:
            waiting = orders.tasks(hands.ledger, order, self._plan.store)
        since = order.ended_at or self._plan.frozen_at
        for some in _slices(waiting):
            records: list[Future[None]] = []
            for task in some:
                record = self._answer(order, task, results.get(task.seq), since)
                if record is None:
                    rest.append(task)
                else:
                    records.append(hands.recorder.note(record))
            hands.recorder.settle(records)
        again = order.act is OrderAct.RESTORE
        for some in _slices(rest):
            records = [hands.recorder.note(Leave(order, some, alone=again))]
            if not again:
                why = words or "the report does not tell"
                records += [hands.recorder.note(self._untold(order, task, results.get(task.seq), why)) for task in some]
            hands.recorder.settle(records)
        hands.recorder.now(Close(order, words))
        return again and bool(rest)

    def _untold(self, order: JobOrder, task: Task, result: OrderResult | None, why: str) -> Ended:
        """The end of a step that nothing but the engine can carry out, and that it did not."""
        outcome = Outcome.CANCELLED if self._cancelling else Outcome.UNKNOWN
        if result is not None and result.error is not None:
            why = f"the engine did not come to it: {result.error.words or result.error.line}"
        return Ended(task, outcome, self._hands.clock.now(), why, order.id, answered=True)

    def _answer(
        self, order: JobOrder, task: Task, result: OrderResult | None, since: Instant
    ) -> Accepted | Ended | Told | None:
        """What a line of the report means for its step; None where it does not settle it."""
        if result is None:
            return None
        error, at = result.error, self._hands.clock.now()
        if error is not None:
            if error.passing or isinstance(error, LoginExpired):
                return None
            return answered.refused(task, error, since, at, error.request_id or order.id)
        if order.act is OrderAct.RESTORE:
            return answered.taken(task, since, at, order.id, extended=bool(result.extended))
        return self._checksum(order, task, result, at)

    def _checksum(self, order: JobOrder, task: Task, result: OrderResult, at: Instant) -> Told | Ended:
        """What a checksum means for its step: it counts for the very bytes that were planned alone."""
        if result.etag and result.etag != task.etag:
            words = "another object has taken its place"
            return Ended(task, Outcome.CONFLICT, at, words, order.id, answered=True)
        if not result.checksum or result.algorithm.upper() != order.algorithm.upper():
            words = f"the report tells no {order.algorithm}"
            return Ended(task, Outcome.UNKNOWN, at, words, order.id, answered=True)
        if not result.etag and task.ref.version is None:
            words = "the report does not tell of which bytes its checksum is"
            return Ended(task, Outcome.UNKNOWN, at, words, order.id, answered=True)
        told = Checksum(task.ref, task.etag, order.algorithm, result.checksum, result.checksum_type, at, self._job)
        return Told(task, told, order.id)

    def _rest(self) -> None:
        """Set when to ask next: a tenth of the time since the first was taken, from one to fifteen minutes."""
        taken = [each for each in self.standing() if each.stage in (OrderStage.TAKEN, OrderStage.ENDED)]
        now = self._hands.store_time(self._plan.frozen_at)
        begun = min((each.taken_at for each in taken if each.taken_at is not None), default=now)
        pause = max(timedelta(minutes=1), min(timedelta(minutes=15), (now - begun) / 10))
        seconds, features = pause.total_seconds(), self._hands.store.features
        if features.standin:  # its clock may be set at any moment
            seconds = min(1.0, max(0.1, seconds / max(features.standin_speed, 0.001)))
        self.due = self._hands.clock.monotonic() + seconds

    @property
    def _store(self) -> Orders:
        if not isinstance(self._hands.store, Orders):
            raise Refused(f"{self._hands.store.name}: this store has no engine that takes orders")
        return self._hands.store


def _slices(tasks: Sequence[Task]) -> Iterator[Sequence[Task]]:
    for start in range(0, len(tasks), _SETTLED_AT_A_TIME):
        yield tasks[start : start + _SETTLED_AT_A_TIME]
