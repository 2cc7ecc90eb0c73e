"""Plans for tests that need a ledger with a job in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from icehouse.core.plans import Act, Cost, Identity, Plan, Step, digest_of, header
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreWish, Tier
from icehouse.ledger import jobs, plans
from icehouse.ledger.session import Ledger

NOW = datetime(2026, 11, 21, 4, 15, tzinfo=UTC)


def plan_of(objects: int, *, key: str = "folder/object-{:07}") -> Plan:
    """A plan that restores `objects` of store `s`, container `c`, with its digest."""
    steps = tuple(
        Step(Ref("s", "c", key.format(number)), 1, "e", "GLACIER", Act.REQUEST, 7, Tier.BULK)
        for number in range(objects)
    )
    plan = Plan(
        verb="restore",
        store="s",
        addresses=("s:c/",),
        wish=RestoreWish(Tier.BULK, 7),
        identity=Identity("me", "1", "here"),
        steps=steps,
        complete=True,
        seen_at=NOW,
        frozen_at=NOW,
        cost=Cost(0, 0, 0),
        prices_of="none",
    )
    return replace(plan, digest=digest_of(header(plan), (step.row() for step in steps)))


def approved(ledger: Ledger, plan: Plan) -> str:
    """Write the plan and its job; returns the job's id."""
    jobs.write_steps(ledger, plan)
    with ledger.writing() as connection:
        plans.save(connection, plan, at=NOW, by="test", how="test")
        return jobs.create(connection, plan, title="test", at=NOW)
