"""Deliver: look afresh at a folder, tell whether it can be handed out, freeze a plan.  Nothing here is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import parseaddr
from itertools import chain
from typing import TYPE_CHECKING, cast

from icehouse.core.clock import Instant, to_text
from icehouse.core.deliveries import fingerprint, is_note, note_mark, note_ref
from icehouse.core.entries import Entry
from icehouse.core.errors import Refused, UsageError
from icehouse.core.globs import chooser
from icehouse.core.links import DeliverWish, LinkLife, LinkRequest, NotLinked
from icehouse.core.marks import Mark
from icehouse.core.plans import Act, Cost, Identity, Plan, Step, canonical, digest_of, header
from icehouse.core.refs import FolderRef, Ref, folder_address
from icehouse.core.text import is_safe
from icehouse.settings.mail import is_address

from . import deliver_checks
from .approve import approve as approve_plan
from .deliver_checks import Obstacle, obstacles, restore_command, to_archive
from .house import House
from .look import Looking, look
from .worker import ensure_worker

if TYPE_CHECKING:
    from icehouse.stores.base import Links, Store, Surveys

MOST = 100_000
"""Objects in one delivery at most: nobody fetches more one by one."""

LONGEST = timedelta(days=3650)
"""How long a delivery may be promised at most; more is a mistake in the number."""

_FORMAT = 1
_TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Handing:
    """What was found in a folder that is to be handed out: fresh, whole, and by whom it was seen.

    `seen_at` and `promised` are the store's time; `left_out` counts our own notes and folders' placeholders.
    `obstacles` is what keeps it from being handed out, `command` what brings back the cold.  `dies` is when links that
    are made now really die, as one that was made for trial tells.
    """

    folder: FolderRef
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    entries: tuple[Entry, ...]
    left_out: int
    seen_at: Instant
    promised: Instant
    identity: Identity
    life: LinkLife
    obstacles: tuple[Obstacle, ...]
    command: str
    dies: Instant

    @property
    def bytes(self) -> int:
        """Their bytes."""
        return sum(entry.size for entry in self.entries)

    @property
    def things(self) -> list[tuple[Ref, int, str]]:
        """What is handed out: identities with sizes and ETags."""
        return [(entry.ref, entry.size, entry.etag) for entry in self.entries]


def survey(
    house: House,
    folder: FolderRef,
    lasting: timedelta,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    unread: bool = False,
    progress: Callable[[Looking], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Handing:
    """Look at all that would be handed out, now.  UsageError for nothing there, too much, or too long a promise.

    `unread`: that the store's rules on what falls cold can't be read is fine.  Raises as the store does: a listing
    that did not end hands nothing out.
    """
    if not timedelta(0) < lasting <= LONGEST:
        raise UsageError(f"a delivery is promised for more than nothing, and {LONGEST.days} days at most")
    store = house.store(folder.store)
    if not store.features.links:
        raise UsageError(f"{store.name}: Icehouse makes no links on this kind of store")
    links = cast("Links", store)
    identity, seen_at, life = store.identity(), store.now(), links.link_life()
    entries: list[Entry] = []
    left_out = 0
    for entry in _look(store, folder, include, exclude, progress, stop):
        if aside(entry):
            left_out += 1
            continue
        entries.append(entry)
        if len(entries) > MOST:
            raise UsageError(f"more than {MOST:,} objects: nobody fetches them link by link", hint="pack them first")
    if not entries:
        what = "no object matches" if include or exclude else "there is no object"
        raise UsageError(f"{folder_address(folder)}: {what} to hand out")
    entries.sort(key=lambda entry: (entry.ref.key, entry.ref.version or ""))
    promised = (seen_at + lasting).replace(microsecond=0)
    falling = chain(to_archive(house, folder, entries), links.cooling(entries, promised))
    found = obstacles(entries, promised, falling, unread=unread)
    command = restore_command(folder, entries, store.features.restore_rules, lasting, include, exclude)
    return Handing(
        folder=folder,
        include=tuple(include),
        exclude=tuple(exclude),
        entries=tuple(entries),
        left_out=left_out,
        seen_at=seen_at,
        promised=promised,
        identity=identity,
        life=life,
        obstacles=found,
        command=command,
        dies=promised if found else _trial(links, entries, promised, seen_at, life),
    )


def _trial(links: Links, entries: Sequence[Entry], promised: Instant, now: Instant, life: LinkLife) -> Instant:
    """When links die that are made now, and thrown away: what the store refuses is refused before a note is written.

    Tried with the first object, and with those whose names are such that no link may lead to them.
    """
    wanted = promised - now if life.most is None else min(promised - now, life.most)
    seconds = timedelta(seconds=int(wanted.total_seconds()))
    if seconds <= timedelta(0):
        return now
    odd = [entry.ref for entry in entries[1:] if _odd(entry.ref.key)]
    dies = now + seconds
    for answer in links.links([LinkRequest(ref, seconds, _TRIAL, ref.key) for ref in (entries[0].ref, *odd)]):
        if isinstance(answer, NotLinked):
            raise answer.error
        dies = answer.expires
    return dies


def _odd(key: str) -> bool:
    """Whether a key has parts that addresses give a meaning of their own, or characters that hold none of ours."""
    return not {".", "..", ""}.isdisjoint(key.split("/")) or not is_safe(key)


def _look(
    store: Store,
    folder: FolderRef,
    include: Sequence[str],
    exclude: Sequence[str],
    progress: Callable[[Looking], None] | None,
    stop: Callable[[], bool] | None,
) -> Iterator[Entry]:
    """Everything chosen in the folder; also what is not a file, where the store has such: it is not passed over."""
    if "kind" not in store.features.tells:
        yield from look(store, [Mark(folder)], include=include, exclude=exclude, pin=True, progress=progress, stop=stop)
        return
    chosen, start = chooser(include, exclude), len(folder.prefix)
    latest: dict[tuple[str, str | None], Entry] = {}
    for page in cast("Surveys", store).survey(folder):
        if stop is not None and stop():
            raise UsageError("stopped")
        latest.update({(entry.ref.container, entry.ref.version): entry for entry in page.entries})
        if progress is not None:
            progress(Looking(len(latest), 0, 0))
    yield from (entry for entry in latest.values() if chosen(entry.ref.key[start:]))


def aside(entry: Entry) -> bool:
    """Whether an entry is none of the data: a note of ours, or the placeholder of a folder."""
    key = entry.ref.key
    return is_note(key.rpartition("/")[2]) or (key.endswith("/") and not entry.size)


def refuse(found: Handing, *, reissue: bool) -> None:
    """Refused, in one line with what to do, where the folder can't be handed out for as long as is promised."""
    deliver_checks.refuse(found.folder, found.entries, found.obstacles, found.command)
    lasting = found.promised - found.seen_at.replace(microsecond=0)
    deliver_checks.refuse_promise(lasting, found.life, reissue=reissue)
    if found.dies < found.promised - timedelta(minutes=1) and not reissue:
        raise Refused(f"links die {found.dies:%Y-%m-%d %H:%M} UTC already, as the store tells", hint="say less --for")


def freeze(house: House, found: Handing, recipient: str, *, mail: bool = False) -> Plan:
    """The plan that hands out what was found, whose one step writes the note on it.  Refused where `refuse` would.

    `mail`: new links are mailed as long as the promise lasts.
    """
    refuse(found, reissue=mail)
    store, to = house.store(found.folder.store), recipient_of(recipient)
    frozen_at = store.now()
    content = fingerprint((e.ref.key, e.ref.version, e.size, e.etag) for e in found.entries)
    moment = [to_text(frozen_at), to_text(house.clock.now()), to_text(found.promised)]
    what = [folder_address(found.folder), to, content, *moment]
    delivery = hashlib.sha256(canonical(what)).hexdigest()[:12]
    note = _note(delivery, found, to, frozen_at, content)
    wish = DeliverWish(
        delivery, to, found.promised, len(found.entries), found.bytes, content, note, mail, found.include, found.exclude
    )
    body = note.encode()
    step = Step(note_ref(found.folder, delivery), len(body), note_mark(body), "", Act.NOTE)
    plan = Plan(
        verb="deliver",
        store=found.folder.store,
        addresses=(folder_address(found.folder),),
        wish=wish,
        identity=found.identity,
        steps=(step,),
        complete=True,
        seen_at=found.seen_at,
        frozen_at=frozen_at,
        cost=Cost(0.0, 0.0, 0.0),
        prices_of="",
    )
    return replace(plan, digest=digest_of(header(plan), (step.row(),)))


def approve(
    house: House, plan: Plan, found: Handing, *, how: str, start: Callable[[House, str], object] = ensure_worker
) -> str:
    """Approve the plan and set down what it hands out; returns the job's id.  Refused while STOP is set."""
    if house.stopped():
        raise Refused(f"STOP is set: nothing is handed out until {house.paths.stop} is removed")
    return approve_plan(house, plan, how=how, things=found.things, start=start)


def recipient_of(text: str) -> str:
    """One address to send to.  UsageError for anything else."""
    address = text.strip()
    if not is_address(address) or parseaddr(address)[1] != address:
        raise UsageError(f"{text}: not an address", hint="write --to somebody@example.org")
    return address


def _note(delivery: str, found: Handing, recipient: str, made: Instant, content: str) -> str:
    """What is written into the folder: who got what until when, in JSON that a manifest's defaults fit."""
    told = {
        "icehouse": "delivery",
        "format": _FORMAT,
        "id": delivery,
        "recipient": recipient,
        "made": f"{made:%Y-%m-%dT%H:%M:%SZ}",
        "promised": f"{found.promised:%Y-%m-%dT%H:%M:%SZ}",
        "folder": folder_address(found.folder),
        "objects": len(found.entries),
        "bytes": found.bytes,
        "content": content,
    }
    return json.dumps(told, sort_keys=True, indent=1) + "\n"
