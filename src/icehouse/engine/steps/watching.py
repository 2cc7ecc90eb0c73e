"""Watching what was accepted until it is readable, or cold, and saying so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta

from icehouse.core.archives import Expected
from icehouse.core.clock import Instant, to_text
from icehouse.core.delegating import taken
from icehouse.core.entries import Described
from icehouse.core.errors import LoginExpired, NotFound, Throttled, Unavailable
from icehouse.core.jobs import JobState, Phase
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Plan
from icehouse.core.refs import Ref
from icehouse.core.restores import Way
from icehouse.core.states import Standing, State
from icehouse.engine.following import Search, listed, overdue, pause_for, ready_by, tellable, waited_for
from icehouse.engine.recording import NOT_COLD, SOONER, STAYS, Turn
from icehouse.ledger import steps
from icehouse.ledger.steps import Ended, Task

from .hands import Hands

DESCRIBES = 2000
"""Objects described at most in one look; the next look goes on where this one stopped."""


class Watcher:
    """Looks at one job's accepted steps from time to time; `due` is when next (monotonic seconds)."""

    def __init__(self, hands: Hands, job: str, plan: Plan) -> None:
        self.due = 0.0
        self._hands = hands
        self._job = job
        self._plan = plan
        self._described_to = -1
        self._budget = 0
        self._found = Search(hands.store)

    def look(self) -> bool:
        """Look once at everything that is under way; True when nothing is left.  Raises where the store can't tell."""
        hands, now = self._hands, self._hands.store.now()
        expected: Instant | None = None
        documented: list[Instant | None] = []
        after, left, moved = -1, 0, 0
        behind: Ref | None = None
        self._budget = DESCRIBES * max(1, hands.store.features.max_batch // 50)
        self._found = Search(hands.store)
        while tasks := steps.in_phase(hands.ledger, self._job, self._plan.store, Phase.ACCEPTED, after=after):
            if hands.ending():
                return False
            for task in tasks:
                expected = max(filter(None, (expected, waited_for(hands.store.features, task))), default=None)
            documented = [_latest([*documented, *(ready_by(hands.store.features, task) for task in tasks)])]
            records = self._page(tasks, behind, now)
            hands.recorder.settle(records)
            left += len(tasks)
            moved += len(records)
            after, behind = tasks[-1].seq, tasks[-1].ref
        cut = self._budget <= 0
        if not cut:
            self._described_to = -1
        self._rest(now, expected, cut=cut, moved=moved)
        note = f"{left - moved:,} still on their way" if left > moved else ""
        promised = _latest(documented)
        values = (("ready_by", to_text(promised) if promised else None), ("rate", 0.0))
        hands.recorder.now(Turn(self._job, JobState.WATCHING, note, values))
        return left == moved

    def _page(self, tasks: Sequence[Task], behind: Ref | None, now: Instant) -> list[Future[None]]:
        """Look at one page of steps, by listing where it can tell, one by one for the rest; the records it led to."""
        records: list[Future[None] | None] = []
        told: set[int] = set()
        for task, described in self._seen(tasks, behind):
            told.add(task.seq)
            records.append(self._judge(task, described, now))
        rest = [task for task in tasks if task.seq not in told and task.seq > self._described_to][: self._budget]
        self._budget -= len(rest)
        by_ref = {task.ref: task for task in rest}
        for described in self._hands.store.describe(list(by_ref)):
            records.append(self._judge(by_ref[described.ref], described, now))
        if self._budget <= 0 and rest:
            self._described_to = rest[-1].seq
        return [record for record in records if record is not None]

    def _seen(self, tasks: Sequence[Task], behind: Ref | None) -> Iterator[tuple[Task, Described]]:
        """What is told of many objects at once: by the store's own search, or by its listings."""
        store = self._hands.store
        if store.features.follows:
            return self._found.of(tasks)
        return listed(store, [task for task in tasks if tellable(store, task)], behind)

    def _rest(self, now: Instant, expected: Instant | None, *, cut: bool, moved: int) -> None:
        """Set when to look next; sooner where this look did not come to its end."""
        pause = pause_for(now, expected)
        if cut:
            pause = timedelta(seconds=1) if moved else pause / 4
        seconds = pause.total_seconds()
        features = self._hands.store.features
        if features.standin:  # its clock may be set at any moment
            seconds = min(1.0, max(0.1, seconds / max(features.standin_speed, 0.001)))
        self.due = self._hands.clock.monotonic() + seconds

    def _judge(self, task: Task, described: Described, now: Instant) -> Future[None] | None:
        """End a step where what its object is now settles it; None to go on watching."""
        entry = described.entry
        if entry is None:
            match described.error:
                case NotFound():
                    return self._end(task, Outcome.CONFLICT, f"gone while it was being {_doing(task)}")
                case LoginExpired() | Unavailable() | Throttled():
                    raise described.error
        elif entry.etag != task.etag:
            return self._end(task, Outcome.CONFLICT, "another object has taken its place")
        elif task.act is Act.ARCHIVE:
            return self._archived(task, entry.standing, now)
        elif entry.standing.state.readable:
            return self._readable(task, entry.standing)
        elif entry.standing.state is State.ARCHIVED and self._would_show(task, now):
            words = "accepted, and archived again: its copy expired before it was seen readable"
            return self._end(task, Outcome.UNKNOWN, words)
        if overdue(now, waited_for(self._hands.store.features, task)):
            why = f": {described.error}" if described.error is not None else ""
            aim = "archived" if task.act is Act.ARCHIVE else "readable"
            words = f"still not seen {aim} a week after the longest documented time{why}"
            return self._end(task, Outcome.UNKNOWN, words)
        return None

    def _would_show(self, task: Task, now: Instant) -> bool:
        """Whether what was accepted would show by now: a request of our own at once, one of the engine's in time."""
        if task.accepted_at is None or now <= task.accepted_at:
            return False
        if self._plan.verb != "restore" or self._plan.restoring.via is Way.DIRECT:
            return True
        handed = taken(task.act, task.tier) is not None
        return not handed or overdue(now, waited_for(self._hands.store.features, task), by=timedelta(0))

    def _archived(self, task: Task, standing: Standing, now: Instant) -> Future[None] | None:
        """End a step that archives where it is cold, or known to stay as it is; None to go on watching."""
        late = overdue(now, waited_for(self._hands.store.features, task), by=timedelta(0))
        match standing.state:
            case State.ARCHIVED:
                return self._end(task, Outcome.OK, "archived", readable=True)
            case State.ARCHIVING if task.expected is Expected.STAYS:
                return self._end(task, Outcome.OK, STAYS)
            case State.ARCHIVING if late:
                return self._end(task, Outcome.OK, NOT_COLD)
            case State.ARCHIVING:
                return None
            case State.LIVE | State.RESTORING | State.RESTORED if now > (task.accepted_at or now):
                return self._end(task, Outcome.CONFLICT, f"accepted, and {standing.word} again: somebody took it back")
            case _ if late:
                return self._end(task, Outcome.UNKNOWN, f"accepted, and now {standing.word or standing.state.value}")
        return None

    def _readable(self, task: Task, standing: Standing) -> Future[None]:
        """End a step whose object can be read, and say so where that ends before the operator's wish."""
        at, until = self._hands.clock.now(), standing.until
        reason = "restored" if standing.state is State.RESTORED else "live again"
        if until is not None and task.days and until < self._plan.seen_at + timedelta(days=task.days):
            reason = SOONER
        return self._hands.recorder.note(Ended(task, Outcome.OK, at, reason, until=until, readable=True))

    def _end(self, task: Task, outcome: Outcome, reason: str, *, readable: bool = False) -> Future[None]:
        return self._hands.recorder.note(Ended(task, outcome, self._hands.clock.now(), reason, readable=readable))


def _latest(instants: Sequence[Instant | None]) -> Instant | None:
    """The latest; None where any of them is not known."""
    known = [instant for instant in instants if instant is not None]
    return max(known) if known and len(known) == len(instants) else None


def _doing(task: Task) -> str:
    return "archived" if task.act is Act.ARCHIVE else "restored"
