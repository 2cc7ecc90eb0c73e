"""The life of a step in the ledger: pending, intent, accepted, ended.  Every move is one row in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, func, or_, select, update

from icehouse.core.archives import Expected
from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.errors import LedgerError
from icehouse.core.jobs import JobState, Phase
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act
from icehouse.core.refs import Ref
from icehouse.core.restores import Tier

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
    tier: Tier | None
    accepted_at: Instant | None
    until: Instant | None
    expected: Expected | None = None


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


@dataclass(frozen=True, slots=True)
class Accepted:
    """The store took a step's request, at `store_time` by its clock; not `ours` where somebody had asked before."""

    task: Task
    store_time: Instant
    at: Instant
    request_id: str
    reason: str
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """A step came to its end; `until` is when a restored copy falls cold again.

    `answered` where this ends a request that was sent (and not one that was followed); `readable` where the object
    was seen so.
    """

    task: Task
    outcome: Outcome
    at: Instant
    reason: str
    request_id: str = ""
    until: Instant | None = None
    answered: bool = False
    readable: bool = False


def accept(connection: Connection, group: Sequence[Accepted]) -> None:
    """Move intents and ordered steps to accepted.  LedgerError if any of them was neither any more."""
    if not group:
        return
    done = connection.execute(
        update(steps)
        .where(
            steps.c.job == bindparam("b_job"),
            steps.c.seq == bindparam("b_seq"),
            or_(steps.c.phase == Phase.INTENT.value, steps.c.phase == Phase.ORDERED.value),
        )
        .values(
            phase=Phase.ACCEPTED.value,
            accepted_at=bindparam("b_accepted"),
            at=bindparam("b_at"),
            request_id=bindparam("b_request"),
            reason=bindparam("b_reason"),
            ours=bindparam("b_ours"),
        ),
        [
            {
                "b_job": each.task.job,
                "b_seq": each.task.seq,
                "b_ours": each.ours,
                "b_accepted": to_text(each.store_time),
                "b_at": to_text(each.at),
                "b_request": each.request_id,
                "b_reason": each.reason,
            }
            for each in group
        ],
    )
    _all_moved(done.rowcount, len(group))


def end(connection: Connection, group: Sequence[Ended]) -> None:
    """End steps.  LedgerError if any of them had ended before."""
    if not group:
        return
    done = connection.execute(
        update(steps)
        .where(
            steps.c.job == bindparam("b_job"),
            steps.c.seq == bindparam("b_seq"),
            steps.c.phase != Phase.ENDED.value,
        )
        .values(
            phase=Phase.ENDED.value,
            outcome=bindparam("b_outcome"),
            at=bindparam("b_at"),
            reason=bindparam("b_reason"),
            request_id=func.coalesce(bindparam("b_request"), steps.c.request_id),
            until=func.coalesce(bindparam("b_until"), steps.c.until),
        ),
        [
            {
                "b_job": each.task.job,
                "b_seq": each.task.seq,
                "b_outcome": each.outcome.value,
                "b_at": to_text(each.at),
                "b_reason": each.reason,
                "b_request": each.request_id or None,
                "b_until": to_text(each.until) if each.until else None,
            }
            for each in group
        ],
    )
    _all_moved(done.rowcount, len(group))


def _all_moved(moved: int, wanted: int) -> None:
    if moved != wanted:
        raise LedgerError(f"{wanted - moved} steps were not where this worker left them; nothing of this was written")


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


def number_to_send(connection: Connection, job: str) -> int:
    """How many of the job's steps may be sent still: not sent, handed over, or sent without an answer on record."""
    phases = [Phase.PENDING.value, Phase.INTENT.value, Phase.ORDERED.value]
    query = select(func.count()).select_from(steps).where(steps.c.job == job, steps.c.phase.in_(phases))
    return int(connection.execute(query).scalar_one())


def number_cancelled(connection: Connection, job: str) -> int:
    """How many of the job's steps ended because it was cancelled."""
    query = select(func.count()).select_from(steps)
    query = query.where(steps.c.job == job, steps.c.outcome == Outcome.CANCELLED.value)
    return int(connection.execute(query).scalar_one())


def first_until(connection: Connection, job: str) -> Instant | None:
    """When the first of the job's restored copies falls cold again; None where none does."""
    text = connection.execute(select(func.min(steps.c.until)).where(steps.c.job == job)).scalar()
    return from_text(text) if text else None


def number_because(connection: Connection, job: str, reason: str) -> int:
    """How many of the job's steps ended for exactly this reason."""
    query = select(func.count()).select_from(steps).where(steps.c.job == job, steps.c.reason == reason)
    return int(connection.execute(query).scalar_one())


def number_failed(connection: Connection, job: str) -> int:
    """How many of the job's steps ended so that the operator has to look at them."""
    words = [outcome.value for outcome in Outcome if outcome.failed]
    query = select(func.count()).select_from(steps).where(steps.c.job == job, steps.c.outcome.in_(words))
    return int(connection.execute(query).scalar_one())


def to_archive(ledger: Ledger, store: str, container: str, prefix: str) -> list[tuple[Ref, str]]:
    """What open jobs are about to archive below `prefix`, or have under way: each object with its job's id."""
    over = [state.value for state in JobState if not state.open]
    query = (
        select(steps.c.key, steps.c.version, steps.c.job)
        .join(jobs, jobs.c.id == steps.c.job)
        .where(jobs.c.store == store, jobs.c.state.notin_(over), steps.c.act == Act.ARCHIVE.value)
        .where(steps.c.phase != Phase.ENDED.value, steps.c.container == container)
        .where(func.substr(steps.c.key, 1, len(prefix)) == prefix)
    )
    with ledger.reading() as connection:
        return [(Ref(store, container, key, version), job) for key, version, job in connection.execute(query)]


def unended(connection: Connection, job: str) -> int:
    """How many of the job's steps have not ended."""
    query = select(func.count()).select_from(steps).where(steps.c.job == job, steps.c.phase != Phase.ENDED.value)
    return int(connection.execute(query).scalar_one())


def accepted_groups(ledger: Ledger, job: str) -> list[tuple[str, Act, Tier, int | None, int, int]]:
    """What the store has taken of a job's own requests: (word, act, tier, days, objects, bytes)."""
    columns = (steps.c.cold_word, steps.c.act, steps.c.tier, steps.c.days)
    query = (
        select(*columns, func.count(), func.sum(steps.c.size))
        .where(steps.c.job == job, steps.c.accepted_at.is_not(None), steps.c.ours.is_(True))
        .where(steps.c.tier.is_not(None))
        .group_by(*columns)
    )
    with ledger.reading() as connection:
        rows = connection.execute(query).all()
    return [(word, Act(act), Tier(tier), days, objects, int(size)) for word, act, tier, days, objects, size in rows]


def accepted_sum(ledger: Ledger, job: str) -> tuple[int, int]:
    """Objects and bytes that the store has taken of a job's own requests."""
    query = select(func.count(), func.coalesce(func.sum(steps.c.size), 0)).where(
        steps.c.job == job, steps.c.accepted_at.is_not(None), steps.c.ours.is_(True)
    )
    with ledger.reading() as connection:
        objects, size = connection.execute(query).one()
    return int(objects), int(size)


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
            yield [store, row.container, row.key, row.version, row.size, row.etag, *_how(row)]
        after = rows[-1].seq


def _how(row: Row[tuple[object, ...]]) -> list[object]:
    return [row.cold_word, row.act, row.days, row.tier, row.seen_until, row.expected]


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
        tier=Tier(row.tier) if row.tier else None,
        accepted_at=from_text(row.accepted_at) if row.accepted_at else None,
        until=from_text(row.seen_until) if row.seen_until else None,
        expected=Expected(row.expected) if row.expected else None,
    )
