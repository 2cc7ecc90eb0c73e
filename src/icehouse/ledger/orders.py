"""Orders in the ledger: laid down with their plan's job, taken step by step to their end, never made anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, insert, select, update

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.delegating import MOST, PlannedOrder, token_of
from icehouse.core.errors import LedgerError
from icehouse.core.jobs import JobOrder, JobState, OrderStage, Phase
from icehouse.core.orders import OrderAct, OrderStanding, OrderState
from icehouse.core.outcomes import Outcome

from .session import Ledger
from .steps import Task, task
from .tables import jobs, order_steps, orders, steps

_BATCH = 5000


def lay_down(connection: Connection, job: str, digest: str, planned: Sequence[PlannedOrder], algorithm: str) -> None:
    """Write the orders of an approved plan, none of which is handed over yet; their steps know them already."""
    rows = [
        {
            "job": job,
            "n": each.n,
            "token": token_of(digest, each.n),
            "act": each.act.value,
            "container": each.container,
            "tier": each.tier.value if each.tier else None,
            "days": each.days,
            "algorithm": algorithm,
            "steps": each.steps,
            "stage": OrderStage.PLANNED.value,
        }
        for each in planned
    ]
    if rows:
        connection.execute(insert(orders), rows)


def of_job(ledger: Ledger, job: str) -> list[JobOrder]:
    """The orders of one job, in their order."""
    return of_jobs(ledger, [job]).get(job, [])


def of_jobs(ledger: Ledger, ids: Iterable[str]) -> dict[str, list[JobOrder]]:
    """The orders of several jobs, by job; one that hands nothing over is left out."""
    wanted, found = list(ids), dict[str, list[JobOrder]]()
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        with ledger.reading() as connection:
            rows = connection.execute(select(orders).where(orders.c.job.in_(some)).order_by(orders.c.n)).all()
        for row in rows:
            found.setdefault(row.job, []).append(_order(row))
    return found


def tasks(ledger: Ledger, order: JobOrder, store: str, *, most: int = MOST) -> list[Task]:
    """The steps of an order that have no answer yet, the first `most` in the plan's order."""
    found: list[Task] = []
    after = -1
    while len(found) < most:
        query = (
            select(steps)
            .join(order_steps, (order_steps.c.job == steps.c.job) & (order_steps.c.seq == steps.c.seq))
            .where(order_steps.c.job == order.job, order_steps.c.n == order.n, order_steps.c.seq > after)
            .where(steps.c.phase == Phase.ORDERED.value)
            .order_by(order_steps.c.seq)
            .limit(min(_BATCH, most - len(found)))
        )
        with ledger.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            break
        found += [task(row, store) for row in rows]
        after = rows[-1].seq
    return found


def begin(connection: Connection, job: str, n: int) -> bool:
    """Say that an order is about to be handed over: the intent of all of its steps, in the caller's transaction.

    False, and nothing written, where it was cancelled meanwhile.  LedgerError where its steps are not all there.
    """
    row = connection.execute(
        select(orders.c.steps, jobs.c.state)
        .join(jobs, jobs.c.id == orders.c.job)
        .where(orders.c.job == job, orders.c.n == n, orders.c.stage == OrderStage.PLANNED.value)
    ).first()
    if row is None or row.state in (JobState.CANCELLING.value, JobState.CANCELLED.value, JobState.DONE.value):
        return False
    waiting = connection.execute(
        select(func.count())
        .select_from(order_steps)
        .join(steps, (order_steps.c.job == steps.c.job) & (order_steps.c.seq == steps.c.seq))
        .where(order_steps.c.job == job, order_steps.c.n == n, steps.c.phase == Phase.ORDERED.value)
    ).scalar_one()
    if waiting != row.steps:
        raise LedgerError(f"order {n} of job {job} has {waiting:,} of its {row.steps:,} steps; nothing is handed over")
    _move(connection, job, n, OrderStage.PLANNED, OrderStage.HANDING)
    return True


def taken(connection: Connection, job: str, n: int, id: str, at: Instant) -> None:
    """The store has the order, under its `id`, since `at` by its clock."""
    moment = to_text(at)
    _move(connection, job, n, OrderStage.HANDING, OrderStage.TAKEN, id=id, taken_at=moment, asked_at=moment)


def doubt(connection: Connection, job: str, n: int, at: Instant) -> None:
    """An order whose handing over was not answered was not found in the store either, `at` by its clock."""
    _move(connection, job, n, OrderStage.HANDING, OrderStage.HANDING, asked_at=to_text(at))


def stand(connection: Connection, job: str, n: int, standing: OrderStanding) -> None:
    """What the store says of an order that it has; one that has ended is read next."""
    moment = to_text(standing.at)
    values: dict[str, object] = {
        "state": standing.state.value,
        "word": standing.word,
        "words": standing.words,
        "total": standing.total,
        "succeeded": standing.succeeded,
        "failed": standing.failed,
        "asked_at": moment,
    }
    to = OrderStage.ENDED if standing.state.ended else OrderStage.TAKEN
    if to is OrderStage.ENDED:
        values["ended_at"] = moment
    _move(connection, job, n, OrderStage.TAKEN, to, **values)


def lost(connection: Connection, job: str, n: int, words: str, at: Instant) -> None:
    """The store knows an order no more; there is nothing of it to be read."""
    moment = to_text(at)
    _move(connection, job, n, OrderStage.TAKEN, OrderStage.ENDED, words=words, word="not known", ended_at=moment)


def count_untold(connection: Connection, job: str, n: int, steps: int) -> None:
    """So many more steps of an order have no answer from it."""
    mine = (orders.c.job == job) & (orders.c.n == n)
    connection.execute(update(orders).where(mine).values(untold=orders.c.untold + steps))


def close(connection: Connection, job: str, n: int, words: str) -> None:
    """Nothing more is done for an order; `words` say what there is to say of its report."""
    done = connection.execute(
        update(orders)
        .where(orders.c.job == job, orders.c.n == n, orders.c.stage != OrderStage.CLOSED.value)
        .values(stage=OrderStage.CLOSED.value, words=words)
    )
    if done.rowcount != 1:
        raise LedgerError(f"order {n} of job {job} is closed already; nothing of this was written")


def leave(connection: Connection, group: Sequence[Task]) -> None:
    """Leave ordered steps to be looked at and sent by themselves: intents whose outcome is not known."""
    for start in range(0, len(group), 500):
        some = group[start : start + 500]
        done = connection.execute(
            update(steps)
            .where(steps.c.job == some[0].job, steps.c.seq.in_([each.seq for each in some]))
            .where(steps.c.phase == Phase.ORDERED.value)
            .values(phase=Phase.INTENT.value)
        )
        if done.rowcount != len(some):
            raise LedgerError(f"{len(some) - done.rowcount} steps were answered meanwhile; nothing of this was written")


def cancel_planned(connection: Connection, job: str, at: Instant) -> int:
    """End every step of the orders that were not handed over yet as cancelled; returns how many."""
    reason, ended = "cancelled before it was handed over", 0
    planned = select(orders.c.n).where(orders.c.job == job, orders.c.stage == OrderStage.PLANNED.value)
    for n in connection.execute(planned).scalars().all():
        mine = select(order_steps.c.seq).where(order_steps.c.job == job, order_steps.c.n == n)
        done = connection.execute(
            update(steps)
            .where(steps.c.job == job, steps.c.phase == Phase.ORDERED.value, steps.c.seq.in_(mine))
            .values(phase=Phase.ENDED.value, outcome=Outcome.CANCELLED.value, at=to_text(at), reason=reason)
        )
        ended += int(done.rowcount)
        close(connection, job, n, reason)
    return ended


@dataclass(frozen=True, slots=True)
class Handed:
    """How much of a job was handed over and has no answer yet: orders, and steps in them."""

    orders: int
    steps: int


def under_way(connection: Connection, job: str) -> Handed:
    """What of a job may be under way in the store's own engine."""
    rows = connection.execute(
        select(orders.c.steps).where(
            orders.c.job == job, orders.c.stage.in_([OrderStage.HANDING.value, OrderStage.TAKEN.value])
        )
    ).all()
    return Handed(len(rows), sum(row.steps for row in rows))


def _move(connection: Connection, job: str, n: int, before: OrderStage, after: OrderStage, **values: object) -> None:
    done = connection.execute(
        update(orders)
        .where(orders.c.job == job, orders.c.n == n, orders.c.stage == before.value)
        .values(stage=after.value, **values)
    )
    if done.rowcount != 1:
        raise LedgerError(f"order {n} of job {job} was not {before.value}; nothing of this was written")


def _order(row: Row[tuple[object, ...]]) -> JobOrder:
    return JobOrder(
        job=row.job,
        n=row.n,
        token=row.token,
        act=OrderAct(row.act),
        container=row.container,
        tier=row.tier or "",
        days=row.days,
        algorithm=row.algorithm,
        steps=row.steps,
        stage=OrderStage(row.stage),
        id=row.id,
        state=OrderState(row.state) if row.state else None,
        word=row.word,
        words=row.words,
        total=row.total,
        succeeded=row.succeeded,
        failed=row.failed,
        untold=row.untold,
        taken_at=_instant(row.taken_at),
        asked_at=_instant(row.asked_at),
        ended_at=_instant(row.ended_at),
    )


def _instant(text: str | None) -> Instant | None:
    return from_text(text) if text else None
