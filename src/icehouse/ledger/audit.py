"""The audit: every decision and every call, chained by hash so that no entry can be changed or lost unnoticed."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.plans import canonical

from .session import Ledger
from .tables import audit, audit_head

GENESIS = "0" * 64
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Event:
    """Something to be written down: its kind, the job it belongs to (or ""), and JSON-ready details."""

    kind: str
    job: str
    body: dict[str, object]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the chain as it was written."""

    seq: int
    at: Instant
    actor: str
    kind: str
    job: str
    body: dict[str, object]
    hash: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verifying found: how many entries hold, and the first that does not (None: all hold)."""

    entries: int
    head: str
    first_break: int | None
    words: str

    @property
    def ok(self) -> bool:
        """Whether the whole chain holds."""
        return self.first_break is None


def actor() -> str:
    """Who acts on this host: the login name and the numeric user."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "?"
    return f"{name}({os.getuid()})"


def append(connection: Connection, at: Instant, who: str, events: Sequence[Event]) -> None:
    """Chain `events` on, in the caller's transaction: they are as durable as the change that they tell of."""
    if not events:
        return
    head = connection.execute(select(audit_head.c.seq, audit_head.c.hash)).first()
    seq, previous = (head.seq, head.hash) if head else (0, GENESIS)
    moment = to_text(at)
    rows: list[dict[str, object]] = []
    for event in events:
        seq += 1
        body = json.dumps(event.body, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        digest = _hash(seq, previous, moment, who, event.kind, event.job, body)
        rows.append(
            {
                "seq": seq,
                "previous": previous,
                "hash": digest,
                "at": moment,
                "actor": who,
                "kind": event.kind,
                "job": event.job,
                "body": body,
            }
        )
        previous = digest
    connection.execute(insert(audit), rows)
    if head:
        connection.execute(update(audit_head).values(seq=seq, hash=previous))
    else:
        connection.execute(insert(audit_head).values(one=1, seq=seq, hash=previous))


def verify(ledger: Ledger) -> AuditReport:
    """Recompute the whole chain; report the first entry that is changed, missing, moved or cut off."""
    with ledger.reading() as connection:
        head = connection.execute(select(audit_head.c.seq, audit_head.c.hash)).first()
    seq, previous, last = 0, GENESIS, head.seq if head else None
    while True:
        with ledger.reading() as connection:
            rows = connection.execute(select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(_BATCH)).all()
        if last is not None:
            rows = [row for row in rows if row.seq <= last]
        if not rows:
            break
        for row in rows:
            if row.seq != seq + 1:
                return AuditReport(seq, previous, seq + 1, f"entry {seq + 1} is missing")
            if row.previous != previous:
                return AuditReport(seq, previous, row.seq, f"entry {row.seq} does not follow entry {seq}")
            if _hash(row.seq, previous, row.at, row.actor, row.kind, row.job, row.body) != row.hash:
                return AuditReport(seq, previous, row.seq, f"entry {row.seq} was changed after it was written")
            seq, previous = row.seq, row.hash
    if head is None:
        return AuditReport(seq, previous, 1 if seq else None, "the head of the chain is missing" if seq else "empty")
    if head.seq != seq:
        return AuditReport(seq, previous, seq + 1, f"the chain ends at {seq}, its head says {head.seq}")
    if head.hash != previous:
        return AuditReport(seq, previous, seq, "the head of the chain does not match its last entry")
    return AuditReport(seq, previous, None, "every entry holds")


def entries(ledger: Ledger, *, before: int | None = None, limit: int = 200, job: str = "") -> Iterator[AuditEntry]:
    """The newest entries first, at most `limit`, older than entry `before` where given."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.seq < before)
    if job:
        query = query.where(audit.c.job == job)
    with ledger.reading() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        yield AuditEntry(row.seq, from_text(row.at), row.actor, row.kind, row.job, json.loads(row.body), row.hash)


def count(ledger: Ledger) -> int:
    """How many entries the chain has."""
    with ledger.reading() as connection:
        return int(connection.execute(select(audit_head.c.seq)).scalar() or 0)


def _hash(seq: int, previous: str, at: str, who: str, kind: str, job: str, body: str) -> str:
    return hashlib.sha256(canonical([seq, previous, at, who, kind, job, body])).hexdigest()
