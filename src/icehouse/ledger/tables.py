"""The ledger's tables, in SQLAlchemy Core: one schema for SQLite now and PostgreSQL later."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

SCHEMA = 3
"""The version of this schema, kept in the database; a migration raises it."""

metadata = MetaData()

plans = Table(
    "plans",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("header", Text, nullable=False),
    Column("approved_at", String(27), nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_how", Text, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("plan", String(12), ForeignKey("plans.id"), nullable=False, unique=True),
    Column("verb", String(16), nullable=False),
    Column("store", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", String(27), nullable=False),
    Column("updated", String(27), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("tier", String(16), nullable=False, default=""),
    Column("ready_by", String(27)),
    Column("falls_cold", String(27)),
    Column("not_before", String(27)),
    Column("rate", Float, nullable=False, default=0.0),
    Column("retry_of", String(12), nullable=False, default=""),
    Column("steps", Integer, nullable=False),
    Column("to_send", Integer, nullable=False),
    Column("sent", Integer, nullable=False, default=0),
    Column("ready", Integer, nullable=False, default=0),
    Column("ended", Integer, nullable=False, default=0),
    Column("bytes_total", Integer, nullable=False),
    Column("bytes_ready", Integer, nullable=False, default=0),
    Column("n_ok", Integer, nullable=False, default=0),
    Column("n_notneeded", Integer, nullable=False, default=0),
    Column("n_impossible", Integer, nullable=False, default=0),
    Column("n_conflict", Integer, nullable=False, default=0),
    Column("n_unknown", Integer, nullable=False, default=0),
    Column("n_cancelled", Integer, nullable=False, default=0),
    Column("n_error", Integer, nullable=False, default=0),
    Index("jobs_by_state", "state", "store"),
)

steps = Table(
    "steps",
    metadata,
    Column("job", String(12), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("container", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Text),
    Column("size", Integer, nullable=False),
    Column("etag", Text, nullable=False),
    Column("cold_word", Text, nullable=False),
    Column("act", String(16), nullable=False),
    Column("days", Integer),
    Column("tier", String(16)),
    Column("seen_until", String(27)),
    Column("expected", String(16)),
    Column("phase", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("reason", Text, nullable=False, default=""),
    Column("request_id", Text, nullable=False, default=""),
    Column("at", String(27)),
    Column("accepted_at", String(27)),
    Column("ours", Boolean, nullable=False, default=False),
    Column("until", String(27)),
    Index("steps_by_phase", "job", "phase", "seq"),
    Index("steps_by_outcome", "job", "outcome", "seq"),
    sqlite_with_rowid=False,
)

orders = Table(
    "orders",
    metadata,
    Column("job", String(12), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("token", String(64), nullable=False, unique=True),
    Column("act", String(16), nullable=False),
    Column("container", Text, nullable=False),
    Column("tier", String(16)),
    Column("days", Integer),
    Column("algorithm", String(16), nullable=False, default=""),
    Column("steps", Integer, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("id", Text, nullable=False, default=""),
    Column("state", String(16)),
    Column("word", Text, nullable=False, default=""),
    Column("words", Text, nullable=False, default=""),
    Column("total", Integer),
    Column("succeeded", Integer),
    Column("failed", Integer),
    Column("untold", Integer, nullable=False, default=0),
    Column("taken_at", String(27)),
    Column("asked_at", String(27)),
    Column("ended_at", String(27)),
    sqlite_with_rowid=False,
)

order_steps = Table(
    "order_steps",
    metadata,
    Column("job", String(12), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    sqlite_with_rowid=False,
)

checksums = Table(
    "checksums",
    metadata,
    Column("store", Text, primary_key=True),
    Column("container", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("etag", Text, primary_key=True),
    Column("algorithm", String(16), primary_key=True),
    Column("type", String(16), primary_key=True),
    Column("job", String(12), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", String(27), nullable=False),
    Index("checksums_by_job", "job", "container", "key", "version"),
    sqlite_with_rowid=False,
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", Integer, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("host", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),
    Column("beat", Float, nullable=False),
    Column("beat_wall", String(27), nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", String(27), nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("job", String(12), nullable=False, default=""),
    Column("body", Text, nullable=False),
    Index("audit_by_job", "job", "seq"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

holds = Table(
    "holds",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("store", Text, nullable=False),
    Column("container", Text, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("path", Text, nullable=False),
    Column("version", Text),
    Column("by_id", Boolean, nullable=False, default=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", String(27), nullable=False),
    Index("holds_by_place", "store", "container", "path"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("store", Text, nullable=False),
    Column("container", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("made", String(27), nullable=False),
    Column("promised", String(27), nullable=False),
    Column("objects", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("content", String(64), nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("noted", Boolean, nullable=False, default=False),
    Column("mail", Boolean, nullable=False, default=False),
    Index("deliveries_by_place", "store", "container", "prefix"),
)

delivery_objects = Table(
    "delivery_objects",
    metadata,
    Column("delivery", String(12), ForeignKey("deliveries.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("container", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Text),
    Column("size", Integer, nullable=False),
    Column("etag", Text, nullable=False),
    sqlite_with_rowid=False,
)

issues = Table(
    "issues",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("delivery", String(12), ForeignKey("deliveries.id"), nullable=False),
    Column("at", String(27), nullable=False),
    Column("until", String(27), nullable=False),
    Column("by", Text, nullable=False),
    Column("how", String(16), nullable=False),
    Column("links", Integer, nullable=False),
    Index("issues_by_delivery", "delivery", "seq"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("to", Text, nullable=False),
    Column("reached", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("made", String(27), nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    Column("next_try", String(27)),
    Column("sent", String(27)),
    Index("outbox_by_next_try", "next_try"),
    Index("outbox_by_reached", "reached", "made"),
)

told = Table(
    "told",
    metadata,
    Column("address", Text, primary_key=True),
    Column("delivery", String(12), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("mail", Text, ForeignKey("outbox.id"), primary_key=True),
    Index("told_by_mail", "mail"),
    sqlite_with_rowid=False,
)
