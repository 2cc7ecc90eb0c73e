"""Holds, for faces: put one on, lift it, list them.  A hold always wins over a plan, whenever it was put on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from icehouse.core.errors import NotFound, StoreError, UsageError
from icehouse.core.holds import Hold, held_among
from icehouse.core.marks import Mark, Target
from icehouse.core.refs import Address, FolderRef, Ref

from .house import House

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
    from icehouse.ledger import holds

    reason = _reason(reason)
    found = holds.find(house.ledger(), hold_id)
    _take(house, [found], reason)
    return found


def unhold(house: House, address: Address, *, reason: str, version: str | None = None) -> list[Hold]:
    """Take away, at once, every hold on exactly what `address` names: not those above it, not those within it.

    No store is asked, so that what is gone can be freed as well.  Of several objects at one path, `version` says which.
    NotFound where nothing is held there; UsageError where it could be one or the other.
    """
    reason = _reason(reason)
    on = _exactly(address, holds(house), version)
    _take(house, on, reason)
    return on


def still_held(house: House, lifted: Sequence[Hold]) -> Hold | None:
    """A hold that keeps what was lifted even so, as one on a folder above it; None where there is none."""
    left = holds(house)
    for one in lifted:
        target = one.target
        ref = target if isinstance(target, Ref) else Ref(target.store, target.container, target.prefix)
        if found := held_among(left, [ref]).get(ref):
            return found
    return None


def _exactly(address: Address, every: Sequence[Hold], version: str | None) -> list[Hold]:
    here = [each for each in every if (each.target.store, each.target.container) == (address.store, address.container)]
    wanted = (address.path, address.path if address.path.endswith("/") else f"{address.path}/")
    folders = [each for each in here if isinstance(each.target, FolderRef) and each.target.prefix in wanted]
    if address.folder is not None:
        on, versions = folders, set[str | None]()
    else:
        objects = [
            each
            for each in here
            if isinstance(each.target, Ref)
            and (each.target.key == address.path or (each.by_id and each.target.version == address.path))
            and version in (None, each.target.version)
        ]
        if objects and folders and version is None:
            raise UsageError(f"{address}: an object and a folder are held", hint="end it with / for the folder")
        on = objects or ([] if version else folders)
        versions = {each.target.version for each in on if isinstance(each.target, Ref)}
    if not on:
        raise NotFound(f"{address}: no hold is on it", hint="see icehouse holds")
    if len(versions) > 1:
        told = ", ".join(sorted(each for each in versions if each is not None))
        raise UsageError(f"{address}: several objects are held there", hint=f"say which: --version, of {told}")
    return on


def _take(house: House, found: Sequence[Hold], reason: str) -> None:
    """Take these away in one transaction, each with its entry in the audit."""
    from icehouse.ledger import audit, holds
    from icehouse.ledger.audit import Event

    at, who = house.clock.now(), audit.actor()
    with house.ledger().writing() as connection:
        for each in found:
            holds.take(connection, each)
        bodies = [{**_body(each), "reason": reason, "held_for": each.reason} for each in found]
        audit.append(connection, at, who, [Event("lifted", "", body) for body in bodies])


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
