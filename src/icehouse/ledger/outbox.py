"""The outbox: mails that wait to be sent, and which delivery each address was told of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.errors import LedgerError, UsageError
from icehouse.core.outbox import QueuedMail

from .session import Ledger
from .tables import outbox
from .tables import told as told_table


def put(connection: Connection, mail: QueuedMail, about: Sequence[tuple[str, str]]) -> None:
    """Put a mail into the outbox; `about` are the deliveries that it tells of, each with its fingerprint."""
    connection.execute(
        insert(outbox).values(
            id=mail.id, kind=mail.kind, to=json.dumps(mail.to), reached=_reached(mail.to), subject=mail.subject,
            text=mail.text, html=mail.html, made=to_text(mail.made), tries=mail.tries, error=mail.error,
            next_try=_maybe(mail.next_try), sent=_maybe(mail.sent),
        )
    )  # fmt: skip
    rows = [
        {"address": address, "delivery": each, "fingerprint": fingerprint, "mail": mail.id}
        for address in dict.fromkeys(mail.to)
        for each, fingerprint in dict.fromkeys(about)
    ]
    if rows:
        connection.execute(insert(told_table), rows)


def due(ledger: Ledger, now: Instant) -> list[QueuedMail]:
    """The mails whose next try has come by `now`, the oldest first.  LedgerError where one can't be read."""
    return _mails(ledger, outbox.c.sent.is_(None) & (outbox.c.next_try <= to_text(now)))


def waiting(ledger: Ledger) -> list[QueuedMail]:
    """Every mail that is not sent, the oldest first, also those that are not tried again."""
    return _mails(ledger, outbox.c.sent.is_(None))


def begin(connection: Connection, mail: str, at: Instant, error: str) -> None:
    """Remember, before a mail is handed over, that this is done: `error` is what is to be said if no more is known."""
    _change(connection, mail, error=error, next_try=to_text(at))


def sent(connection: Connection, mail: str, at: Instant) -> None:
    """Remember that a mail went out; what it said is not kept any longer."""
    done = {"sent": to_text(at), "next_try": None, "error": "", "text": "", "html": ""}
    _change(connection, mail, tries=outbox.c.tries + 1, **done)


def failed(connection: Connection, mail: str, at: Instant, error: str, next_try: Instant | None) -> None:
    """Remember that a mail did not go out at `at`, and when it is tried again.

    None: never; what it was about counts as told to nobody then, so that a later mail tells it.
    """
    if next_try is not None and next_try < at:
        raise ValueError(f"mail {mail}: tried again before it failed")
    _change(connection, mail, error=error, next_try=_maybe(next_try), tries=outbox.c.tries + 1)
    if next_try is None:
        connection.execute(delete(told_table).where(told_table.c.mail == mail))


def last(ledger: Ledger, to: Sequence[str], *, by: Instant | None = None) -> Instant | None:
    """When a mail to exactly these addresses was made last, in whatever order, not after `by`; None for never."""
    query = select(func.max(outbox.c.made)).where(outbox.c.reached == _reached(to))
    if by is not None:
        query = query.where(outbox.c.made <= to_text(by))
    with ledger.reading() as connection:
        made = connection.execute(query).scalar()
    return from_text(made) if made else None


def told(ledger: Ledger, to: Sequence[str]) -> set[tuple[str, str]]:
    """The deliveries, with their fingerprints, that each of these addresses was told of or is about to be."""
    addresses = set(to)
    query = (
        select(told_table.c.delivery, told_table.c.fingerprint)
        .where(told_table.c.address.in_(addresses))
        .group_by(told_table.c.delivery, told_table.c.fingerprint)
        .having(func.count(told_table.c.address.distinct()) == len(addresses))
    )
    with ledger.reading() as connection:
        return {(row.delivery, row.fingerprint) for row in connection.execute(query)}


def _mails(ledger: Ledger, which: ColumnElement[bool]) -> list[QueuedMail]:
    with ledger.reading() as connection:
        rows = connection.execute(select(outbox).where(which).order_by(outbox.c.made, outbox.c.id)).all()
    return [_mail(row) for row in rows]


def _change(connection: Connection, mail: str, **values: object) -> None:
    if not connection.execute(update(outbox).where(outbox.c.id == mail).values(**values)).rowcount:
        raise UsageError(f"mail {mail}: not in the outbox")


def _mail(row: Row[Any]) -> QueuedMail:
    try:
        return QueuedMail(
            id=row.id, kind=row.kind, to=tuple(json.loads(row.to)), subject=row.subject, text=row.text, html=row.html,
            made=from_text(row.made), tries=row.tries, error=row.error,
            next_try=from_text(row.next_try) if row.next_try else None, sent=from_text(row.sent) if row.sent else None,
        )  # fmt: skip
    except (ValueError, TypeError) as error:
        raise LedgerError(f"mail {row.id}: not readable ({error})") from error


def _reached(to: Sequence[str]) -> str:
    """The addresses in one order, so that the same ones are one text."""
    return json.dumps(sorted(set(to)))


def _maybe(at: Instant | None) -> str | None:
    return None if at is None else to_text(at)
