"""What we handed out: deliveries that were made here, with their objects, and each time links to them were issued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from icehouse.core.clock import from_text, to_text
from icehouse.core.deliveries import HandedOut
from icehouse.core.errors import LedgerError, UsageError
from icehouse.core.evidence import Issue
from icehouse.core.refs import FolderRef, Ref

from .session import Ledger
from .tables import deliveries, delivery_objects
from .tables import issues as issues_table

_BATCH = 5000


def put(connection: Connection, handed: HandedOut, objects: Sequence[tuple[Ref, int, str]]) -> None:
    """Write a delivery down, with what is handed out: refs of its folder's store, with their sizes and ETags."""
    folder = handed.folder
    if any(ref.store != folder.store for ref, _, _ in objects):
        raise ValueError(f"delivery {handed.id}: an object of another store")
    connection.execute(
        insert(deliveries).values(
            id=handed.id, store=folder.store, container=folder.container, prefix=folder.prefix,
            recipient=handed.recipient, made=to_text(handed.made), promised=to_text(handed.promised),
            objects=handed.objects, bytes=handed.bytes, content=handed.content, by=handed.by, note=handed.note,
            noted=handed.noted, mail=handed.mail,
        )
    )  # fmt: skip
    for begin in range(0, len(objects), _BATCH):
        rows = [
            {
                "delivery": handed.id, "seq": begin + number, "container": ref.container, "key": ref.key,
                "version": ref.version, "size": size, "etag": etag,
            }
            for number, (ref, size, etag) in enumerate(objects[begin : begin + _BATCH])
        ]  # fmt: skip
        connection.execute(insert(delivery_objects), rows)


def noted(connection: Connection, delivery: str) -> None:
    """Remember that the note of a delivery is in its store.  UsageError where there is no such delivery."""
    if not connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(noted=True)).rowcount:
        raise UsageError(f"{delivery}: no such delivery was made here")


def issue(connection: Connection, made: Issue) -> None:
    """Write down that links were made, before any of them leaves."""
    connection.execute(
        insert(issues_table).values(
            delivery=made.delivery, at=to_text(made.at), until=to_text(made.until), by=made.by, how=made.how,
            links=made.links,
        )
    )  # fmt: skip


def every(ledger: Ledger) -> list[HandedOut]:
    """All deliveries that were made here, the oldest first.  LedgerError where one can't be read."""
    with ledger.reading() as connection:
        rows = connection.execute(select(deliveries).order_by(deliveries.c.made, deliveries.c.id)).all()
    return [_handed(row) for row in rows]


def find(ledger: Ledger, prefix: str) -> HandedOut:
    """The one delivery whose id starts with `prefix`.  UsageError for none or several."""
    with ledger.reading() as connection:
        query = select(deliveries).where(deliveries.c.id.startswith(prefix, autoescape=True)).limit(2)
        rows = connection.execute(query).all() if prefix else []
    if len(rows) != 1:
        why = "several deliveries begin so" if rows else "no such delivery was made here"
        raise UsageError(f"{prefix}: {why}", hint="see icehouse deliveries")
    return _handed(rows[0])


def objects(ledger: Ledger, delivery: str) -> list[tuple[Ref, int, str]]:
    """What was handed out with a delivery, in its order: ref, size and ETag; empty for one that is not there."""
    with ledger.reading() as connection:
        store = connection.execute(select(deliveries.c.store).where(deliveries.c.id == delivery)).scalar()
        query = select(delivery_objects).where(delivery_objects.c.delivery == delivery).order_by(delivery_objects.c.seq)
        rows = connection.execute(query).all()
    return [(Ref(str(store), row.container, row.key, row.version), row.size, row.etag) for row in rows]


def issues(ledger: Ledger, delivery: str | None = None) -> list[Issue]:
    """When links were made for a delivery, or for any, in the order in which they were."""
    query = select(issues_table).order_by(issues_table.c.seq)
    if delivery is not None:
        query = query.where(issues_table.c.delivery == delivery)
    with ledger.reading() as connection:
        rows = connection.execute(query).all()
    return [_issue(row) for row in rows]


def _handed(row: Row[Any]) -> HandedOut:
    try:
        return HandedOut(
            id=row.id, folder=FolderRef(row.store, row.container, row.prefix), recipient=row.recipient,
            made=from_text(row.made), promised=from_text(row.promised), objects=row.objects, bytes=row.bytes,
            content=row.content, by=row.by, note=row.note, noted=bool(row.noted), mail=bool(row.mail),
        )  # fmt: skip
    except (ValueError, TypeError) as error:
        raise LedgerError(f"delivery {row.id}: not readable ({error})") from error


def _issue(row: Row[Any]) -> Issue:
    try:
        return Issue(row.delivery, from_text(row.at), from_text(row.until), row.by, row.how, row.links)
    except (ValueError, TypeError) as error:
        raise LedgerError(f"links of delivery {row.delivery}: not readable ({error})") from error
