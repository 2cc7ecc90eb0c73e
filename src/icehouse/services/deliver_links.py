"""Links of a delivery: made of just what was handed out, set down before any leaves, and never kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, cast

from icehouse.core.clock import Instant, to_text
from icehouse.core.deliveries import HandedOut, delivery_id
from icehouse.core.entries import Entry
from icehouse.core.errors import Refused, Unavailable, UsageError
from icehouse.core.evidence import Issue
from icehouse.core.links import Link, LinkRequest
from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, Ref, folder_address, ref_address

from .deliver_checks import obstacles, refuse, restore_command, to_archive
from .house import House
from .look import look

if TYPE_CHECKING:
    from icehouse.stores.base import Links

Thing = tuple[Ref, int, str]
"""What was handed out: an identity, its size and its ETag."""

MAILING = "mailing"
"""How links are called that a mail is about to take; `MAILED` once a server took it."""

MAILED = "mail"
UNSURE = "unsure"
"""How they are called once a server was handed all of the mail, and gave no answer."""


@dataclass(frozen=True, slots=True)
class MadeLink:
    """One link for a recipient: the path below the delivered folder, the size in bytes, and the link itself."""

    path: str
    size: int
    link: Link


@dataclass(frozen=True, slots=True)
class Issued:
    """Links that were made just now; the first dies at `dies`, by the store's time, `words` tell what ends them."""

    handed: HandedOut
    links: tuple[MadeLink, ...]
    dies: Instant
    words: str = ""


def find(house: House, prefix: str) -> HandedOut:
    """The delivery whose id, or the newest whose folder's id in the checklist, starts with `prefix`.  UsageError."""
    from icehouse.ledger import deliveries

    try:
        return deliveries.find(house.ledger(), prefix)
    except UsageError:
        found = [each for each in deliveries.every(house.ledger()) if prefix and each.noted
                 and delivery_id(each.folder).startswith(prefix)]  # fmt: skip
        if len({each.folder for each in found}) != 1:
            raise
        return max(found, key=lambda each: each.made)


def issue(house: House, handed: HandedOut, how: Sequence[str], *, seen: bool = False) -> Issued:
    """Make a link for each object, and set down that they are handed out; only then does it return.

    Every object is looked at again, unless it was `seen` just now.  Refused where STOP is set, the delivery is not
    recorded in its store, its time is over, or an object is not what was handed out or would not be readable.
    Raises as the store does: nothing is set down then, and no link has left.
    """
    from icehouse.ledger import audit, deliveries
    from icehouse.ledger.audit import Event

    if house.stopped():
        raise Refused(f"STOP is set: nothing is handed out until {house.paths.stop} is removed")
    if not handed.noted:
        raise Refused(f"delivery {handed.id} is not recorded in its store", hint="icehouse jobs tells why")
    things = deliveries.objects(house.ledger(), handed.id)
    store = house.store(handed.folder.store)
    if not store.features.links:
        raise UsageError(f"{store.name}: Icehouse makes no links on this kind of store")
    links = cast("Links", store)
    now, most = store.now(), links.link_life()
    left = timedelta(seconds=int((handed.promised - now).total_seconds()))
    life = left if most.most is None else min(left, timedelta(seconds=int(most.most.total_seconds())))
    if left <= timedelta(0):
        raise Refused(f"delivery {handed.id} was promised until {handed.promised:%Y-%m-%d %H:%M} UTC: that is over")
    if life <= timedelta(0):
        raise Refused(f"no link can be made: {most.words}", hint="use credentials that tell when they end")
    if not seen:
        _look_again(house, handed, things, now + life)
    made = _made(links, handed, things, life)
    at = store.now()
    dies, last = min(each.link.expires for each in made), max(each.link.expires for each in made)
    if dies <= at:
        raise Unavailable(f"{store.name}: the links that were made are dead already")
    who = audit.actor()
    with house.ledger().writing() as connection:
        for way in how:
            deliveries.issue(connection, Issue(handed.id, at, last, who, way, len(made)))
        told = {"delivery": handed.id, "how": ", ".join(how), "links": len(made), "until": to_text(last)}
        about = {**told, "recipient": handed.recipient, "folder": folder_address(handed.folder)}
        audit.append(connection, house.clock.now(), who, [Event("links", "", about)])
    return Issued(handed, made, dies, most.words if dies < handed.promised - timedelta(minutes=1) else "")


def settle(house: House, issued: Issued, how: str) -> None:
    """Set down what became of the mail with these links: `MAILED` or `UNSURE`."""
    from icehouse.ledger import audit, deliveries

    last = max(each.link.expires for each in issued.links)
    at = house.store(issued.handed.folder.store).now()
    with house.ledger().writing() as connection:
        deliveries.issue(connection, Issue(issued.handed.id, at, last, audit.actor(), how, len(issued.links)))


def _made(links: Links, handed: HandedOut, things: Sequence[Thing], life: timedelta) -> tuple[MadeLink, ...]:
    """A link for each; what the store raises, or tells of the first that it could not make."""
    requests = [LinkRequest(ref, life, handed.id, ref.key.rstrip("/").rpartition("/")[2]) for ref, _, _ in things]
    made: list[MadeLink] = []
    for (ref, size, _), answer in zip(things, links.links(requests), strict=True):
        if not isinstance(answer, Link):
            raise answer.error
        made.append(MadeLink(below(handed.folder, ref), size, answer))
    if not made:
        raise UsageError(f"delivery {handed.id}: the ledger names no object of it")
    return tuple(made)


def below(folder: FolderRef, ref: Ref) -> str:
    """The path of an object below the delivered folder, raw."""
    return ref.key.removeprefix(folder.prefix)


def _look_again(house: House, handed: HandedOut, things: Sequence[Thing], until: Instant) -> None:
    """Refused where anything that was handed out has changed, is gone, or is not readable until the links die."""
    store = house.store(handed.folder.store)
    ids = store.features.ids

    def identity(ref: Ref) -> tuple[str, str | None]:
        return ("" if ids else ref.key), ref.version

    seen = {identity(entry.ref): entry for entry in look(store, [Mark(handed.folder)], pin=True)}
    missing = [ref for ref, _, _ in things if identity(ref) not in seen]
    for described in store.describe(missing) if missing else ():
        if described.entry is not None:
            seen[identity(described.ref)] = described.entry
        elif described.error is not None and described.error.passing:
            raise described.error
    entries: list[Entry] = []
    for ref, size, etag in things:
        entry = seen.get(identity(ref))
        if entry is None or (entry.size, entry.etag) != (size, etag):
            what = "gone" if entry is None else "not the bytes that were handed out any more"
            where = folder_address(handed.folder)
            hint = f"deliver what is there now: icehouse deliver {where} --to {handed.recipient} --for …"
            raise Refused(f"{ref_address(ref)} is {what}", hint=hint)
        entries.append(replace(entry, ref=ref))
    falling = chain(to_archive(house, handed.folder, entries), cast("Links", store).cooling(entries, until))
    found = obstacles(entries, until, falling, unread=True)
    unreadable = [entry for entry in entries if not entry.standing.state.readable] or entries
    command = restore_command(handed.folder, unreadable, store.features.restore_rules, until - store.now(), (), ())
    refuse(handed.folder, entries, found, command)
