"""Jobs in the ledger: made from an approved plan, counted as they go, ended once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Row, case, delete, insert, select, update

from icehouse.core.checksums import ChecksumWish
from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.delegating import lay_out
from icehouse.core.errors import UsageError
from icehouse.core.jobs import Job, JobItem, JobState, Phase, Progress
from icehouse.core.links import DeliverWish
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Plan, Step
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreWish, Way

from . import orders
from .session import Ledger
from .steps import number_to_send
from .tables import jobs, order_steps, steps

_BATCH = 5000


_ENDED = tuple(state.value for state in JobState if not state.open)


def write_steps(ledger: Ledger, plan: Plan) -> None:
    """Write the plan's steps, in transactions short enough for everybody else; its job makes them count.

    Rows that an approval left behind when it was cut off are replaced.  UsageError where the plan was approved before.
    """
    moment = to_text(plan.frozen_at)
    with ledger.writing() as connection:
        if connection.execute(select(jobs.c.id).where(jobs.c.id == plan.id)).first():
            raise UsageError(f"plan {plan.id} is approved already", hint=f"see icehouse job {plan.id}")
        connection.execute(delete(steps).where(steps.c.job == plan.id))
        connection.execute(delete(order_steps).where(order_steps.c.job == plan.id))
    numbers = lay_out(plan.steps, _via(plan)).numbers
    for start in range(0, len(plan.steps), _BATCH):
        some = numbers[start : start + _BATCH]
        rows = [
            _row(plan.id, start + offset, step, moment, some[offset])
            for offset, step in enumerate(plan.steps[start : start + _BATCH])
        ]
        members = [{"job": plan.id, "n": n, "seq": start + offset} for offset, n in enumerate(some) if n]
        with ledger.writing() as connection:
            connection.execute(insert(steps), rows)
            if members:
                connection.execute(insert(order_steps), members)


def _via(plan: Plan) -> Way:
    return plan.wish.via if isinstance(plan.wish, RestoreWish) else Way.BATCH


def _row(job: str, seq: int, step: Step, moment: str, order: int) -> dict[str, object]:
    """A step as it begins: settled ones have ended, followed ones are accepted, all others wait to be sent.

    One with an `order` waits for that.
    """
    phase = Phase.ORDERED if order else Phase.PENDING
    phase = Phase.ENDED if step.settled else Phase.ACCEPTED if step.act is Act.FOLLOW else phase
    return {
        "job": job,
        "seq": seq,
        "container": step.ref.container,
        "key": step.ref.key,
        "version": step.ref.version,
        "size": step.size,
        "etag": step.etag,
        "cold_word": step.cold_word,
        "act": step.act.value,
        "days": step.days,
        "tier": step.tier.value if step.tier else None,
        "phase": phase.value,
        "outcome": step.settled.value if step.settled else None,
        "reason": step.reason,
        "expected": step.expected.value if step.expected else None,
        "at": moment if step.settled else None,
        "accepted_at": moment if step.act is Act.FOLLOW else None,
        "seen_until": to_text(step.until) if step.until else None,
    }


def create(connection: Connection, plan: Plan, *, title: str, at: Instant, retry_of: str = "") -> str:
    """Write the job of an approved plan whose steps were written; those settled at planning count as ended."""
    moment = to_text(at)
    counts = Counter(f"n_{step.settled.value}" for step in plan.steps if step.settled is not None)
    connection.execute(
        insert(jobs).values(
            id=plan.id,
            plan=plan.id,
            verb=plan.verb,
            store=plan.store,
            title=title,
            state=JobState.QUEUED.value,
            created=moment,
            updated=moment,
            tier=plan.wish.tier.value if isinstance(plan.wish, RestoreWish) else "",
            retry_of=retry_of,
            not_before=to_text(plan.not_before) if plan.not_before else None,
            steps=len(plan.steps),
            to_send=len(plan.sending),
            ended=counts.total(),
            bytes_total=_bytes(plan),
            **{f"n_{outcome.value}": counts[f"n_{outcome.value}"] for outcome in Outcome},
        )
    )
    algorithm = plan.wish.algorithm if isinstance(plan.wish, ChecksumWish) else ""
    orders.lay_down(connection, plan.id, plan.digest, lay_out(plan.steps, _via(plan)).orders, algorithm)
    return plan.id


def _bytes(plan: Plan) -> int:
    """What a job is about, in bytes: of a delivery what is handed out, not the note on it."""
    if isinstance(plan.wish, DeliverWish):
        return plan.wish.bytes
    return sum(step.size for step in plan.steps if step.settled is None)


def every(ledger: Ledger, *, limit: int = 500) -> list[Job]:
    """All jobs, those still open first, then the newest."""
    order = case((jobs.c.state.in_(_ENDED), 1), else_=0)
    with ledger.reading() as connection:
        rows = connection.execute(select(jobs).order_by(order, jobs.c.created.desc(), jobs.c.id).limit(limit)).all()
    return [_job(row) for row in rows]


def open_jobs(ledger: Ledger, store: str | None = None) -> list[Job]:
    """The jobs that a worker still has something to do for, oldest first."""
    query = select(jobs).where(jobs.c.state.notin_(_ENDED)).order_by(jobs.c.created, jobs.c.id)
    if store is not None:
        query = query.where(jobs.c.store == store)
    with ledger.reading() as connection:
        return [_job(row) for row in connection.execute(query).all()]


def open_ids(connection: Connection, store: str) -> set[str]:
    """The ids of the store's open jobs, read in the caller's transaction."""
    query = select(jobs.c.id).where(jobs.c.store == store, jobs.c.state.notin_(_ENDED))
    return set(connection.execute(query).scalars())


def find(ledger: Ledger, prefix: str) -> Job:
    """The one job whose id starts with `prefix`; UsageError for none or several."""
    if not prefix or not all(c in "0123456789abcdef" for c in prefix):
        raise UsageError(f"{prefix}: not a job id", hint="see icehouse jobs")
    with ledger.reading() as connection:
        rows = connection.execute(
            select(jobs).where(jobs.c.id >= prefix, jobs.c.id < prefix + "g").order_by(jobs.c.id).limit(2)
        ).all()
    if not rows:
        raise UsageError(f"{prefix}: no such job", hint="see icehouse jobs")
    if len(rows) > 1:
        raise UsageError(f"{prefix}: more than one job starts so", hint="give more of the id")
    return _job(rows[0])


def items(ledger: Ledger, job: str, *, start: int = 0, limit: int = 200, failed_only: bool = False) -> list[JobItem]:
    """A page of a job's steps: failures first, then those under way, then the rest, each in plan order."""
    order = case(
        (steps.c.outcome.in_(("error", "unknown", "conflict", "impossible")), 0),
        (steps.c.phase.in_(("intent", "ordered")), 1),
        (steps.c.phase == "accepted", 2),
        (steps.c.phase == "pending", 3),
        else_=4,
    )
    query = select(steps).where(steps.c.job == job).order_by(order, steps.c.seq).limit(limit).offset(start)
    if failed_only:
        query = query.where(_failed())
    with ledger.reading() as connection:
        rows = connection.execute(query).all()
        store = connection.execute(select(jobs.c.store).where(jobs.c.id == job)).scalar() or ""
    return [item(row, store) for row in rows]


def in_order(
    ledger: Ledger, job: str, *, after: int = -1, limit: int = _BATCH, failed_only: bool = False
) -> list[JobItem]:
    """A page of a job's steps in plan order, after step `after`: keyset paging for logs and retries."""
    query = select(steps).where(steps.c.job == job, steps.c.seq > after).order_by(steps.c.seq).limit(limit)
    if failed_only:
        query = query.where(_failed())
    with ledger.reading() as connection:
        rows = connection.execute(query).all()
        store = connection.execute(select(jobs.c.store).where(jobs.c.id == job)).scalar() or ""
    return [item(row, store) for row in rows]


def set_state(connection: Connection, job: str, state: JobState, *, note: str, at: Instant) -> None:
    """Move a job to `state`; an ended one stays as it is, and one being cancelled can only become cancelled."""
    held = case((jobs.c.state == JobState.CANCELLING.value, JobState.CANCELLING.value), else_=state.value)
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job, jobs.c.state.notin_(_ENDED))
        .values(
            state=state.value if state is JobState.CANCELLED else held,
            note=note,
            updated=to_text(at),
        )
    )


def watch_on(connection: Connection, job: str, *, at: Instant) -> bool:
    """Have what was accepted before a cancel watched to its end; False where the job isn't being cancelled.

    False too, and nothing written, while any step may be sent still: from here on there is nothing that could be.
    """
    if number_to_send(connection, job):
        return False
    done = connection.execute(
        update(jobs)
        .where(jobs.c.id == job, jobs.c.state == JobState.CANCELLING.value)
        .values(state=JobState.WATCHING.value, note="", updated=to_text(at))
    )
    return done.rowcount == 1


def set_note(connection: Connection, job: str, note: str, *, at: Instant) -> None:
    """Say in one line what an open job waits for; its state stays."""
    connection.execute(
        update(jobs).where(jobs.c.id == job, jobs.c.state.notin_(_ENDED)).values(note=note, updated=to_text(at))
    )


def count(connection: Connection, job: str, changes: dict[str, int], *, at: Instant, **values: object) -> None:
    """Add `changes` to the job's counters and set `values`, in the caller's transaction."""
    added: dict[str, object] = {name: jobs.c[name] + by for name, by in changes.items() if by}
    connection.execute(update(jobs).where(jobs.c.id == job).values(updated=to_text(at), **added, **values))


def item(row: Row[tuple[object, ...]], store: str) -> JobItem:
    """A step's row as a job's item."""
    return JobItem(
        seq=row.seq,
        ref=Ref(store, row.container, row.key, row.version),
        size=row.size,
        act=Act(row.act),
        phase=Phase(row.phase),
        outcome=Outcome(row.outcome) if row.outcome else None,
        reason=row.reason,
        request_id=row.request_id,
        at=_instant(row.at),
        until=_instant(row.until),
    )


def _failed() -> ColumnElement[bool]:
    return steps.c.outcome.in_([outcome.value for outcome in Outcome if outcome.failed])


def _job(row: Row[tuple[object, ...]]) -> Job:
    outcomes = {outcome.value: getattr(row, f"n_{outcome.value}") for outcome in Outcome}
    return Job(
        id=row.id,
        plan=row.plan,
        verb=row.verb,
        store=row.store,
        title=row.title,
        state=JobState(row.state),
        created=from_text(row.created),
        updated=from_text(row.updated),
        progress=Progress(
            steps=row.steps,
            to_send=row.to_send,
            sent=row.sent,
            ready=row.ready,
            ended=row.ended,
            bytes_total=row.bytes_total,
            bytes_ready=row.bytes_ready,
            outcomes={name: number for name, number in outcomes.items() if number},
        ),
        note=row.note,
        tier=row.tier,
        ready_by=_instant(row.ready_by),
        falls_cold=_instant(row.falls_cold),
        not_before=_instant(row.not_before),
        rate=row.rate,
        retry_of=row.retry_of,
    )


def _instant(text: str | None) -> Instant | None:
    return from_text(text) if text else None


def title(addresses: Sequence[str]) -> str:
    """How a job over `addresses` is called: the first, and how many more."""
    return addresses[0] + (f" and {len(addresses) - 1} more" if len(addresses) > 1 else "")
