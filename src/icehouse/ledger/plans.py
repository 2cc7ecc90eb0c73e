"""Plans in the ledger: written once, when approved, and read back with their digest proven."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, insert, select

from icehouse.core.archives import ArchiveWish
from icehouse.core.checksums import ChecksumWish
from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.errors import LedgerError
from icehouse.core.links import DeliverWish
from icehouse.core.plans import Cost, Identity, Plan, digest_of, header
from icehouse.core.restores import RestoreWish, Tier, Way

from .session import Ledger
from .tables import plans


def save(connection: Connection, plan: Plan, *, at: Instant, by: str, how: str) -> None:
    """Write an approved plan's header; its steps are written with its job."""
    connection.execute(
        insert(plans).values(
            id=plan.id,
            digest=plan.digest,
            header=json.dumps(header(plan), sort_keys=True),
            approved_at=to_text(at),
            approved_by=by,
            approved_how=how,
        )
    )


def load(ledger: Ledger, plan_id: str) -> Plan:
    """The plan's header without its steps.  LedgerError where there is no such plan."""
    with ledger.reading() as connection:
        row = connection.execute(select(plans).where(plans.c.id == plan_id)).first()
    if row is None:
        raise LedgerError(f"plan {plan_id}: not in the ledger")
    return _plan(json.loads(row.header), row.digest)


def delivering(connection: Connection, plan_id: str) -> DeliverWish | None:
    """What a plan hands out; None for a plan of another verb."""
    read = json.loads(connection.execute(select(plans.c.header).where(plans.c.id == plan_id)).scalar_one())
    wish = _wish("deliver", read["wish"]) if read["verb"] == "deliver" else None
    return wish if isinstance(wish, DeliverWish) else None


def proven(ledger: Ledger, plan_id: str, rows: Iterator[list[object]]) -> Plan:
    """The plan, after its header and step rows were found to give the digest that was approved.

    LedgerError where they do not: something changed the plan after its approval, and nothing of it may run.
    """
    with ledger.reading() as connection:
        row = connection.execute(select(plans).where(plans.c.id == plan_id)).first()
    if row is None:
        raise LedgerError(f"plan {plan_id}: not in the ledger")
    read = json.loads(row.header)
    if digest_of(read, rows) != row.digest:
        raise LedgerError(f"plan {plan_id}: its steps are not what was approved", hint="make a new plan")
    return _plan(read, row.digest)


def _plan(read: dict[str, object], digest: str) -> Plan:
    cost, identity = read["cost"], read["identity"]
    not_before = read.get("not_before")
    return Plan(
        verb=str(read["verb"]),
        store=str(read["store"]),
        addresses=tuple(read["addresses"]),  # type: ignore[arg-type]
        wish=_wish(str(read["verb"]), dict(read["wish"])),  # type: ignore[call-overload]
        identity=Identity(**identity),  # type: ignore[arg-type]
        steps=(),
        complete=bool(read["complete"]),
        seen_at=from_text(str(read["seen_at"])),
        frozen_at=from_text(str(read["frozen_at"])),
        cost=Cost(**cost),  # type: ignore[arg-type]
        prices_of=str(read["prices_of"]),
        digest=digest,
        not_before=from_text(str(not_before)) if not_before else None,
    )


def _wish(verb: str, read: dict[str, Any]) -> RestoreWish | ArchiveWish | DeliverWish | ChecksumWish:
    globs = {"include": tuple(read["include"]), "exclude": tuple(read["exclude"])}
    match verb:
        case "restore":
            via = Way(read.get("via", Way.DIRECT.value))
            return RestoreWish(tier=Tier(read["tier"]), days=read["days"], speed_up=read["speed_up"], via=via, **globs)
        case "checksum":
            return ChecksumWish(algorithm=read["algorithm"], **globs)
        case "archive":
            return ArchiveWish(all_copies=read["all_copies"], reach=tuple(read.get("reach", ())), **globs)
        case "deliver":
            return DeliverWish(**{**read, **globs, "promised": from_text(read["promised"])})
        case _:
            raise LedgerError(f"a plan to {verb}: this version does not know how", hint="upgrade Icehouse")
