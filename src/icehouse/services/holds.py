"""Holds, for faces: put one on, lift it, list them.  A hold always wins over a plan, whenever it was put on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from icehouse.core.errors import NotFound, StoreError, UsageError
from icehouse.core.marks import Mark, Target
from icehouse.core.refs import Ref

from .house import House

if TYPE_CHECKING:
    from icehouse.core.holds import Hold

MOST_REASON = 500
"""A reason is a sentence or two: so many characters at most."""


def hold(house: House, target: Target, *, reason: str) -> Hold:
    """Put a hold on an object or a folder, from now on and in every plan, also in those that are approved already.

    Where a store's ids are its objects' identity, an object is held by its id, the store asked for it where `target`
    has none.  UsageError without a reason; raises as the store does where the id can't be had.
    """
    from icehouse.ledger import audit, holds
    from icehouse.ledger.audit import Event

    reason = _reason(reason)
    by_id = False
    if isinstance(target, Ref):
        target, by_id = _by_id(house, target)
    elif target.store not in house.config.stores:
        house.store(target.store)  # says that there is no such store
    at, who = house.clock.now(), audit.actor()
    with house.ledger().writing() as connection:
        made = holds.put(connection, target, reason=reason, by=who, at=at, by_id=by_id)
        audit.append(connection, at, who, [Event("held", "", _body(made))])
    return made


def holds_nothing(house: House, target: Target) -> bool:
    """Whether nothing is there now, as under a name or an id with a slip in it.  False where that can't be told."""
    try:
        store = house.store(target.store)
        if isinstance(target, Ref):
            return isinstance(next(iter(store.describe([target]))).error, NotFound)
        page = store.list(target, limit=1)
    except NotFound:
        return True
    except StoreError:
        return False
    return not (page.entries or page.folders)


def lift(house: House, hold_id: str, *, reason: str) -> Hold:
    """Take the one hold away whose id starts with `hold_id`; the audit keeps why it was there and why it went."""
    from icehouse.ledger import audit, holds
    from icehouse.ledger.audit import Event

    reason = _reason(reason)
    found = holds.find(house.ledger(), hold_id)
    at, who = house.clock.now(), audit.actor()
    with house.ledger().writing() as connection:
        holds.take(connection, found)
        body = {**_body(found), "reason": reason, "held_for": found.reason}
        audit.append(connection, at, who, [Event("lifted", "", body)])
    return found


def holds(house: House) -> list[Hold]:
    """All holds, in the order of their places.  LedgerError where one can't be read."""
    from icehouse.ledger import holds as rows

    return rows.every(house.ledger())


def _by_id(house: House, ref: Ref) -> tuple[Ref, bool]:
    """The ref to hold, and whether by its id."""
    store = house.store(ref.store)
    if not store.features.ids:
        return ref, False
    if ref.version is not None:
        return ref, True
    described = next(iter(store.describe([ref])))
    if described.entry is None:
        raise described.error or UsageError(f"{Mark(ref)}: could not be looked at")
    return replace(ref, version=described.entry.ref.version), True


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise UsageError("a reason is missing", hint="say why, so that whoever lifts the hold can judge it")
    if len(reason) > MOST_REASON:
        raise UsageError(f"the reason is too long: {MOST_REASON} characters at most")
    return reason


def _body(made: Hold) -> dict[str, object]:
    version = made.target.version if isinstance(made.target, Ref) else None
    return {"hold": made.id, "reason": made.reason, "key": str(Mark(made.target)), "version": version}
