"""What the engine writes down: step moves, counters and audit entries, grouped into the writer's transactions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import Connection

from icehouse.core.clock import Clock, Instant, to_text
from icehouse.core.deliveries import noted_id
from icehouse.core.jobs import JobState
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act
from icehouse.core.refs import Ref
from icehouse.ledger import audit, checksums, deliveries, jobs, leases, plans, steps
from icehouse.ledger.audit import Event
from icehouse.ledger.session import Ledger
from icehouse.ledger.steps import Accepted, Ended, Task
from icehouse.ledger.writer import GroupWriter

from .ordering import DIFFERS, Move
from .probing import Finding

SOONER = "restored, but for fewer days than wished, as somebody had asked before: restore again to extend it"
"""Why a copy that is readable does not meet the wish."""

STAYS = "archival: the platform keeps its bytes where they are, as live copies of the account share them"
"""Why an archived object is not cold and is still paid for in full."""

NOT_COLD = "archival: not cold in the time it was followed; a live copy that was not seen may share its bytes"
"""Why one that was foretold to go cold, for all that could be seen, is left as it is."""

WATCHED_ON = "cancelled: nothing more is sent, and what was accepted is watched to its end"
"""What the audit tells of a cancelled job that has something under way still."""

NOTED = "recorded in the store"
"""What became of the one step of a delivery: its note is written, and links may be made."""

_DURABLE_WITHIN = 120.0
"""Seconds after which a record that is not on disk counts as a failure of the ledger."""


@dataclass(slots=True)
class Take:
    """Turn up to `limit` pending steps of a job into intents; `tasks` holds them once the record is durable."""

    job: str
    store: str
    limit: int
    tasks: list[Task]


@dataclass(frozen=True, slots=True)
class Taking:
    """Intents that are being written."""

    record: Take
    future: Future[None]

    def wait(self) -> list[Task]:
        """Their tasks once they are durable, none where nothing was pending; raises what stopped the writer."""
        self.future.result(timeout=_DURABLE_WITHIN)
        return self.record.tasks


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe was made of a step whose request's fate was not known."""

    task: Task
    finding: Finding


@dataclass(frozen=True, slots=True)
class Turn:
    """A job changes its state; `values` are columns that change with it."""

    job: str
    state: JobState
    note: str = ""
    values: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A job's one line changes, or its `values`; its state does not."""

    job: str
    note: str = ""
    values: tuple[tuple[str, object], ...] = ()


@dataclass(slots=True)
class WatchOn:
    """Watch what a cancelled job had sent to its end, unless any step may be sent still; `done` tells which it was."""

    job: str
    done: bool = False


@dataclass(slots=True)
class Finish:
    """End a job, unless any of its steps has not ended; `done` tells which it was.

    A job of which some steps were cancelled ends as cancelled, whatever became of the others.
    """

    job: str
    state: JobState
    done: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing but a sign of life."""


Record = Take | Accepted | Ended | Probed | Turn | Note | WatchOn | Finish | Beat | Move


class Recorder:
    """Writes the engine's records under a lease; every transaction first proves that the lease still holds."""

    def __init__(self, ledger: Ledger, clock: Clock, lease: leases.Lease) -> None:
        self._clock = clock
        self._lease = lease
        self._actor = audit.actor()
        self._confirmed = clock.monotonic()
        self._states: dict[str, JobState] = {}
        self.writer: GroupWriter[Record] = GroupWriter(ledger, clock, self._write)

    def since_beat(self) -> float:
        """Seconds since the lease was last confirmed by a commit."""
        return self._clock.monotonic() - self._confirmed

    def taking(self, job: str, store: str, limit: int) -> Taking:
        """Have intents written for the job's next pending steps, without waiting."""
        record = Take(job, store, limit, [])
        return Taking(record, self.writer.submit(record))

    def take(self, job: str, store: str, limit: int) -> list[Task]:
        """Durable intents for the job's next pending steps; empty where none is pending."""
        return self.taking(job, store, limit).wait()

    def finish(self, job: str, state: JobState) -> bool:
        """End the job as `state`; False, and nothing written, while any of its steps has not ended."""
        record = Finish(job, state)
        self.now(record)
        return record.done

    def watch_on(self, job: str) -> bool:
        """Watch what a cancelled job had sent to its end; False, and nothing written, while it may send something."""
        record = WatchOn(job)
        self.now(record)
        return record.done

    def note(self, record: Record) -> Future[None]:
        """Write `record` with the next group; the future is done when it is durable."""
        return self.writer.submit(record)

    def now(self, record: Record) -> None:
        """Write `record` and wait until it is durable; raises what stopped the writer."""
        self.writer.submit(record).result(timeout=_DURABLE_WITHIN)

    def settle(self, records: Sequence[Future[None]]) -> None:
        """Wait until all of `records` are durable; raises what stopped the writer."""
        for record in records:
            record.result(timeout=_DURABLE_WITHIN)

    def _write(self, connection: Connection, group: list[Record]) -> None:
        started = self._clock.monotonic()
        leases.beat(connection, self._clock, self._lease)
        at = self._clock.now()
        events: list[Event] = []
        accepted: list[Accepted] = []
        ended: list[Ended] = []
        finishing: list[Finish] = []
        for record in group:
            match record:
                case Take():
                    record.tasks = steps.take(connection, record.job, record.store, record.limit, at)
                    events.extend(_intent(task) for task in record.tasks)
                case Accepted():
                    accepted.append(record)
                    events.append(_accepted(record))
                case Ended():
                    ended.append(record)
                    events.append(_ended(record))
                    if record.task.act is Act.NOTE and record.outcome is Outcome.OK:
                        events.append(_delivered(connection, record.task))
                case Probed():
                    events.append(_probed(record))
                case Turn():
                    self._turn(connection, record, at, events)
                case Note():
                    jobs.set_note(connection, record.job, record.note, at=at)
                    jobs.count(connection, record.job, {}, at=at, **dict(record.values))
                case WatchOn():
                    record.done = jobs.watch_on(connection, record.job, at=at)
                    if record.done:
                        self._states[record.job] = JobState.WATCHING
                        events.append(Event("job", record.job, {"state": JobState.WATCHING.value, "note": WATCHED_ON}))
                case Finish():
                    finishing.append(record)
                case Move():
                    events.extend(record.write(connection, at))
                    if record.ends is not None:
                        ended.append(record.ends)
                        events.append(_ended(record.ends))
                case Beat():
                    pass
        steps.accept(connection, accepted)
        steps.end(connection, ended)
        _count(connection, accepted, ended, at)
        for finish in finishing:
            self._finish(connection, finish, at, events)
        audit.append(connection, at, self._actor, events)
        self._confirmed = started

    def _turn(self, connection: Connection, record: Turn, at: Instant, events: list[Event]) -> None:
        jobs.set_state(connection, record.job, record.state, note=record.note, at=at)
        jobs.count(connection, record.job, {}, at=at, **dict(record.values))
        if self._states.get(record.job) is not record.state:
            self._states[record.job] = record.state
            events.append(Event("job", record.job, {"state": record.state.value, "note": record.note}))

    def _finish(self, connection: Connection, record: Finish, at: Instant, events: list[Event]) -> None:
        record.done = steps.unended(connection, record.job) == 0
        if record.done:
            until = steps.first_until(connection, record.job)
            falls_cold = ("falls_cold", to_text(until) if until else None)
            sooner = steps.number_because(connection, record.job, SOONER)
            cut = steps.number_cancelled(connection, record.job) > 0
            state = JobState.CANCELLED if cut else record.state
            stays = steps.number_because(connection, record.job, STAYS)
            not_cold = steps.number_because(connection, record.job, NOT_COLD)
            note = f"{sooner:,} fall cold sooner than wished: restore again to extend them" if sooner else ""
            note = f"{not_cold:,} are archival, not cold: an unseen copy may be live" if not_cold else note
            note = f"{stays:,} stay archival: live copies of the account share their bytes" if stays else note
            differ = checksums.differing(connection, record.job, DIFFERS)
            note = f"{differ:,} CHECKSUMS ARE NOT WHAT THEY WERE: their bytes have changed" if differ else note
            note = note or _handed_out(connection, record)
            self._turn(connection, Turn(record.job, state, note, (("rate", 0.0), falls_cold)), at, events)


def _count(connection: Connection, accepted: Sequence[Accepted], ended: Sequence[Ended], at: Instant) -> None:
    """Add to each job's counters what the group changed."""
    changes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in accepted:
        changes[one.task.job]["sent"] += 1
    for each in ended:
        job = changes[each.task.job]
        job["ended"] += 1
        job[f"n_{each.outcome.value}"] += 1
        job["sent"] += each.answered
        if each.task.act is Act.NOTE and each.outcome is Outcome.OK:
            job["ready"] += 1
        if each.readable:
            job["ready"] += 1
            job["bytes_ready"] += each.task.size
    for name, change in changes.items():
        jobs.count(connection, name, change, at=at)


def _where(ref: Ref) -> dict[str, object]:
    return {"store": ref.store, "container": ref.container, "key": ref.key, "version": ref.version}


def _intent(task: Task) -> Event:
    tier = task.tier.value if task.tier else None
    about: dict[str, object] = {"step": task.seq, "act": task.act.value, "etag": task.etag}
    about |= {"days": task.days, "tier": tier}
    if task.expected is not None:
        about["expected"] = task.expected.value
    return Event("intent", task.job, {**about, **_where(task.ref)})


def _accepted(record: Accepted) -> Event:
    about = {
        "step": record.task.seq,
        "store_time": to_text(record.store_time),
        "request_id": record.request_id,
        "reason": record.reason,
    }
    return Event("accepted", record.task.job, {**about, **_where(record.task.ref)})


def _ended(record: Ended) -> Event:
    about = {
        "step": record.task.seq,
        "outcome": record.outcome.value,
        "reason": record.reason,
        "request_id": record.request_id,
        "until": to_text(record.until) if record.until else None,
    }
    return Event("outcome", record.task.job, {**about, **_where(record.task.ref)})


def _delivered(connection: Connection, task: Task) -> Event:
    """Set a delivery down as recorded in its store, in the transaction that ends its step; the audit's words on it."""
    delivery = noted_id(task.ref.key)
    deliveries.noted(connection, delivery)
    wish = plans.delivering(connection, task.job)
    about: dict[str, object] = {"delivery": delivery, **_where(task.ref)}
    if wish is not None:
        about |= {"recipient": wish.recipient, "promised": to_text(wish.promised), "content": wish.content}
        about |= {"objects": wish.objects, "bytes": wish.bytes}
    return Event("delivered", task.job, about)


def _handed_out(connection: Connection, record: Finish) -> str:
    """What a job that is done has handed out, to whom; "" for one that hands nothing out."""
    wish = plans.delivering(connection, record.job) if record.state is JobState.DONE else None
    if wish is None or steps.number_failed(connection, record.job):
        return ""
    until = f"{wish.promised:%Y-%m-%d %H:%M} UTC"
    return f"{wish.objects:,} object{'' if wish.objects == 1 else 's'} for {wish.recipient}, until {until}"


def _probed(record: Probed) -> Event:
    about = {"step": record.task.seq, "found": record.finding.found.value, "words": record.finding.words}
    return Event("probe", record.task.job, {**about, **_where(record.task.ref)})
