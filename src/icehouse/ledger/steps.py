"""The life of a step in the ledger: pending, intent, accepted, ended.  Every move is one row in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, func, select, update

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.jobs import Phase
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act
from icehouse.core.refs import Ref

from .session import Ledger
from .tables import jobs, steps

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Task:
    """A step as the engine carries it out."""

    job: str
    seq: int
    ref: Ref
    size: int
    etag: str
    cold_word: str
    act: Act
    days: int | None
    accepted_at: Instant | None
    until: Instant | None


def take(connection: Connection, job: str, store: str, limit: int, at: Instant) -> list[Task]:
    """Turn up to `limit` pending steps into intents and return them, in the caller's transaction.

    A cancel that came first has ended them already: they are then not pending and not taken.
    """
    rows = connection.execute(
        select(steps).where(steps.c.job == job, steps.c.phase == Phase.PENDING.value).order_by(steps.c.seq).limit(limit)
    ).all()
    if rows:
        connection.execute(
            update(steps)
            .where(steps.c.job == job, steps.c.seq == bindparam("b_seq"))
            .values(phase=Phase.INTENT.value, at=to_text(at)),
            [{"b_seq": row.seq} for row in rows],
        )
    return [task(row, store) for row in rows]


def in_phase(ledger: Ledger, job: str, store: str, phase: Phase, *, after: int = -1, limit: int = _BATCH) -> list[Task]:
    """A page of the job's steps that are in `phase`, in plan order after step `after`."""
    with ledger.reading() as connection:
        rows = connection.execute(
            select(steps)
            .where(steps.c.job == job, steps.c.phase == phase.value, steps.c.seq > after)
            .order_by(steps.c.seq)
            .limit(limit)
        ).all()
    return [task(row, store) for row in rows]


def number_in(connection: Connection, job: str, phase: Phase) -> int:
    """How many of the job's steps are in `phase`."""
    query = select(func.count()).select_from(steps).where(steps.c.job == job, steps.c.phase == phase.value)
    return int(connection.execute(query).scalar_one())


def accept(
    connection: Connection, one: Task, *, store_time: Instant, at: Instant, request_id: str, reason: str
) -> bool:
    """The store took the request; False where the step was not an intent any more (nothing is written then)."""
    done = connection.execute(
        update(steps)
        .where(steps.c.job == one.job, steps.c.seq == one.seq, steps.c.phase == Phase.INTENT.value)
        .values(
            phase=Phase.ACCEPTED.value,
            accepted_at=to_text(store_time),
            at=to_text(at),
            request_id=request_id,
            reason=reason,
        )
    )
    return done.rowcount == 1


def end(
    connection: Connection,
    one: Task,
    outcome: Outcome,
    *,
    at: Instant,
    reason: str,
    request_id: str = "",
    until: Instant | None = None,
) -> bool:
    """End the step; False where it had ended before (nothing is written then)."""
    values: dict[str, object] = {
        "phase": Phase.ENDED.value,
        "outcome": outcome.value,
        "at": to_text(at),
        "reason": reason,
    }
    if request_id:
        values["request_id"] = request_id
    if until is not None:
        values["until"] = to_text(until)
    done = connection.execute(
        update(steps)
        .where(steps.c.job == one.job, steps.c.seq == one.seq, steps.c.phase != Phase.ENDED.value)
        .values(**values)
    )
    return done.rowcount == 1


def cancel_pending(connection: Connection, job: str, at: Instant) -> int:
    """End every step that was not sent as cancelled; returns how many."""
    done = connection.execute(
        update(steps)
        .where(steps.c.job == job, steps.c.phase == Phase.PENDING.value)
        .values(
            phase=Phase.ENDED.value,
            outcome=Outcome.CANCELLED.value,
            at=to_text(at),
            reason="cancelled before it was sent",
        )
    )
    return int(done.rowcount)


def end_accepted(connection: Connection, job: str, at: Instant, reason: str) -> int:
    """End every accepted step as ok, when a cancelled job stops following them; returns how many."""
    done = connection.execute(
        update(steps)
        .where(steps.c.job == job, steps.c.phase == Phase.ACCEPTED.value)
        .values(phase=Phase.ENDED.value, outcome=Outcome.OK.value, at=to_text(at), reason=reason)
    )
    return int(done.rowcount)


def rows_for_digest(ledger: Ledger, job: str) -> Iterator[list[object]]:
    """The step rows as `core.plans.Step.row` gave them to the digest, in plan order."""
    after = -1
    with ledger.reading() as connection:
        store = connection.execute(select(jobs.c.store).where(jobs.c.id == job)).scalar_one()
    while True:
        with ledger.reading() as connection:
            rows = connection.execute(
                select(steps).where(steps.c.job == job, steps.c.seq > after).order_by(steps.c.seq).limit(_BATCH)
            ).all()
        if not rows:
            return
        for row in rows:
            yield [store, row.container, row.key, row.version, row.size, row.etag, row.cold_word, row.act, row.days]
        after = rows[-1].seq


def task(row: Row[tuple[object, ...]], store: str) -> Task:
    """A step's row as a task."""
    return Task(
        job=row.job,
        seq=row.seq,
        ref=Ref(store, row.container, row.key, row.version),
        size=row.size,
        etag=row.etag,
        cold_word=row.cold_word,
        act=Act(row.act),
        days=row.days,
        accepted_at=from_text(row.accepted_at) if row.accepted_at else None,
        until=from_text(row.until) if row.until else None,
    )
