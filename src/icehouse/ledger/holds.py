"""Holds in the ledger: put on, lifted, and asked for before anything is archived or destroyed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.errors import LedgerError, UsageError
from icehouse.core.holds import Hold, held_among
from icehouse.core.marks import Target
from icehouse.core.plans import canonical
from icehouse.core.refs import FolderRef, Ref

from .session import Ledger
from .tables import holds

_OBJECT, _FOLDER = "object", "folder"
_NAMED_AT_ONCE = 500
"""So many containers are named in a query; above, all holds of the stores are read, which are few."""


def put(connection: Connection, target: Target, *, reason: str, by: str, at: Instant, by_id: bool) -> Hold:
    """Write a hold on `target`; several may be on the same one, each with its own reason."""
    row = {**_place(target), "by_id": by_id, "reason": reason, "by": by, "at": to_text(at)}
    number = hashlib.sha256(canonical(row)).hexdigest()[:12]
    connection.execute(insert(holds).values(id=number, **row))
    return Hold(number, target, reason, by, at, by_id)


def take(connection: Connection, hold: Hold) -> None:
    """Take a hold away; the audit keeps it.  UsageError where somebody else has done so before."""
    if not connection.execute(delete(holds).where(holds.c.id == hold.id)).rowcount:
        raise UsageError(f"hold {hold.id}: lifted already")


def find(ledger: Ledger, prefix: str) -> Hold:
    """The one hold whose id starts with `prefix`.  UsageError for none or several."""
    with ledger.reading() as connection:
        query = select(holds).where(holds.c.id.startswith(prefix, autoescape=True)).limit(2)
        rows = connection.execute(query).all() if prefix else []
    if len(rows) != 1:
        raise UsageError(f"{prefix}: {'several holds begin so' if rows else 'no such hold'}", hint="see icehouse holds")
    return _hold(rows[0])


def every(ledger: Ledger) -> list[Hold]:
    """All holds, in the order of their places.  LedgerError where one can't be read."""
    order = (holds.c.store, holds.c.container, holds.c.path, holds.c.at, holds.c.id)
    with ledger.reading() as connection:
        rows = connection.execute(select(holds).order_by(*order)).all()
    return [_hold(row) for row in rows]


def held(ledger: Ledger, refs: Sequence[Ref], *, everywhere: bool = False) -> Mapping[Ref, Hold]:
    """Which of `refs` are held, by what (see `core.holds.held_among`), in one query.

    LedgerError where holds can't be read, or one of them is not understood: whoever asks counts that as held.
    """
    if not refs:
        return {}
    containers = {ref.container for ref in refs}
    query = select(holds).where(holds.c.store.in_({ref.store for ref in refs}))
    if not everywhere and len(containers) <= _NAMED_AT_ONCE:
        query = query.where(holds.c.container.in_(containers))
    with ledger.reading() as connection:
        rows = connection.execute(query).all()
    return held_among([_hold(row) for row in rows], refs, everywhere=everywhere)


def _place(target: Target) -> dict[str, object]:
    if isinstance(target, FolderRef):
        kind, path, version = _FOLDER, target.prefix, None
    else:
        kind, path, version = _OBJECT, target.key, target.version
    return {"store": target.store, "container": target.container, "kind": kind, "path": path, "version": version}


def _hold(row: Row[Any]) -> Hold:
    """The hold in a row.  LedgerError for one that this version does not understand: it may hold anything."""
    try:
        target: Target
        match row.kind:
            case "object":
                target = Ref(row.store, row.container, row.path, row.version)
            case "folder":
                target = FolderRef(row.store, row.container, row.path)
            case _:
                raise ValueError(f"a hold on a {row.kind}")
        return Hold(row.id, target, row.reason, row.by, from_text(row.at), bool(row.by_id))
    except (ValueError, TypeError) as error:
        raise LedgerError(f"hold {row.id}: not readable ({error}); everything counts as held") from error
