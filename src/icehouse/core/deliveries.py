"""Deliveries: what was handed to somebody by links that expire, when they do, and where each stands.

A delivery is a folder.  It is told apart by its place, and its ticks by what lies in it (`fingerprint`), so that a
folder which was filled anew is not taken for the one that somebody looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from .clock import Instant
from .evidence import Indicator, ObjectEvidence, Seen, Thing
from .plans import canonical
from .refs import FolderRef, Ref
from .rows import Rollup
from .scopes import Verdict
from .states import Standing, State

NOTE = ".icehouse-delivery-"
"""What the name of a note begins with, by which a delivery is recorded in its own folder; ``.json`` is its end."""


@dataclass(frozen=True, slots=True)
class EvidenceSpec:
    """One source of evidence as the config names it: ``access-logs:lab-s3:logs/instrument-a/``.

    `kind` is ``access-logs``, ``cloudtrail`` or ``list-projects``; `store` and `container` where its records are, ""
    where the store of the deliveries is asked itself.
    """

    kind: str
    store: str = ""
    container: str = ""
    prefix: str = ""

    @property
    def label(self) -> str:
        """As the config spells it."""
        return f"{self.kind}:{self.store}:{self.container}/{self.prefix}" if self.container else self.kind


@dataclass(frozen=True, slots=True)
class ManifestFields:
    """Where a manifest, which is JSON, tells what: dotted paths into it."""

    uploaded: str = "made"
    recipient: str = "recipient"
    expires: str = "promised"


@dataclass(frozen=True, slots=True)
class Source:
    """A place where deliveries are looked for, as the config declares it; nothing is looked at without one.

    `container` is as the config spells it until a store was asked (a project's name or its id).  `depth` is how far
    below `prefix` a folder is a delivery, None where only a `manifest` in it makes it one; with both, each folder of
    that depth needs one.  `exclude` are folders below `prefix`, ending in ``/``, in which nothing is looked at and
    nothing counts.  `own` and `own_networks` as in `evidence.Ours`.
    """

    store: str
    container: str
    prefix: str
    lifetime: timedelta
    depth: int | None = 1
    manifest: str = ""
    fields: ManifestFields = field(default_factory=ManifestFields)
    exclude: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    evidence: tuple[EvidenceSpec, ...] = ()
    tick_attempted: bool = True
    own: tuple[str, ...] = ()
    own_networks: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The address of its root, which no two sources share."""
        return f"{self.store}:{self.container}/{self.prefix}"

    @property
    def root(self) -> FolderRef:
        """Its root."""
        return FolderRef(self.store, self.container, self.prefix)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as it was found last, with the evidence on it.

    `uploaded` is the store's time of the newest of its objects, or what the manifest says; `expires` the store's time
    from which no link to it lives: the latest of what the config, the manifest and our own links say.  Either is None
    where that is not known, and then `apart` says why: such a folder is listed apart and never ticked.  Notes and
    manifests are not among `objects`.  `fetched` counts objects that were downloaded or copied, whichever.
    `recipient` is "" where nobody told.  `links_until` is when the last link that we made dies.
    """

    id: str
    folder: FolderRef
    source: str
    recipient: str
    uploaded: Instant | None
    expires: Instant | None
    rollup: Rollup
    fingerprint: str
    downloaded: Indicator
    copied: Indicator
    attempted: Indicator
    fetched: int = 0
    links_until: Instant | None = None
    tick_attempted: bool = True
    apart: str = ""
    title: str = ""

    @property
    def objects(self) -> int:
        """How many objects it holds."""
        return self.rollup.objects

    @property
    def bytes(self) -> int:
        """How many bytes they have."""
        return self.rollup.bytes

    @property
    def name(self) -> str:
        """Its folder's own name, raw."""
        return self.folder.prefix.rstrip("/").rpartition("/")[2] or self.folder.container

    @property
    def indicators(self) -> tuple[Indicator, Indicator, Indicator]:
        """Downloaded, copied, attempted."""
        return self.downloaded, self.copied, self.attempted


@dataclass(frozen=True, slots=True)
class Ticking:
    """Whether a delivery is ticked by the rules, and why not, in a few words; `allowed` whether a hand may tick it."""

    ticked: bool
    allowed: bool
    words: str = ""


def ticking(delivery: Delivery, *, now: Instant | None, held: str) -> Ticking:
    """What the rules say of one delivery.  `now` is the store's time, None where it is not known; `held` why, or "".

    Any of the three kinds ticks (an attempt only where its source says so); nothing seen and not tellable do not, and
    neither does what is held, is listed apart, is not whole, or has not expired: those no hand can tick either.
    """
    if delivery.apart:
        return Ticking(False, False, delivery.apart)
    if not delivery.rollup.complete:
        return Ticking(False, False, "not read to the end")
    if not delivery.objects:
        return Ticking(False, False, "empty")
    if held:
        return Ticking(False, False, f"held: {held}")
    if now is None or delivery.expires is None or delivery.uploaded is None:
        return Ticking(False, False, "whether it has expired is not known")
    if now < delivery.expires:
        return Ticking(False, False, "not expired")
    if delivery.downloaded.seen is Seen.YES or delivery.copied.seen is Seen.YES or delivery.fetched == delivery.objects:
        return Ticking(True, True)
    if delivery.attempted.seen is Seen.YES:
        return Ticking(delivery.tick_attempted, True, "" if delivery.tick_attempted else "attempted only")
    if all(each.seen is Seen.NOTHING for each in delivery.indicators):
        return Ticking(False, True, "nothing seen")
    if any(each.seen is Seen.PARTLY for each in delivery.indicators):
        return Ticking(False, True, "fetched in part")
    words = next((each.words for each in delivery.indicators if each.seen is Seen.UNTELLABLE and each.words), "")
    return Ticking(False, True, words or "not tellable")


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One row of the checklist: a delivery and what else decides about it, as it is now.

    `expired` None where the store's time is not known.  `hold` is one hold's reason, "" for none; `holds` how many.
    `verdict` is what the scopes say (None: none covers it, or none was applied), `undecided` of how many objects none
    says anything.  `by_hand`: somebody ticked or unticked this very content; `ticking` is what the rules say.
    `lapsed`: somebody did so, and content or expiry changed since, so that it does not count any more.  `seen_at` is
    the host's time of the scan that this is as of.
    """

    delivery: Delivery
    expired: bool | None
    ticking: Ticking
    ticked: bool
    by_hand: bool = False
    hold: str = ""
    holds: int = 0
    verdict: Verdict | None = None
    undecided: int = 0
    seen_at: Instant | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class ObjectLine:
    """One object of a delivery: which, how it stands as of the last scan, and what is known of its fate."""

    thing: Thing
    standing: Standing
    evidence: ObjectEvidence


@dataclass(frozen=True, slots=True)
class SourceRow:
    """How one source of deliveries stands: when it was read to the end last, by the store's and the host's clock.

    `error` is why the last reading did not come to its end: the rows are then as of the one before.
    """

    source: Source
    by_store: Instant | None = None
    read: Instant | None = None
    deliveries: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A delivery that `icehouse deliver` made, as the ledger has it.

    `promised` is until when it may be fetched, by the store's time; `content` the digest over the identities of what
    was handed out; `noted` whether the note is in the store.  `mail` tells whether new links are mailed when the old
    ones die before `promised`.
    """

    id: str
    folder: FolderRef
    recipient: str
    made: Instant
    promised: Instant
    objects: int
    bytes: int
    content: str
    by: str
    note: str
    noted: bool = False
    mail: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """Some deliveries summed up; `sizes` and `counts` by state, as a roll-up has them."""

    deliveries: int
    rollup: Rollup


def totals(rows: Iterable[DeliveryRow]) -> Totals:
    """What these come to; complete only where each of them is."""
    counts: Counter[State] = Counter()
    sizes: Counter[State] = Counter()
    number = objects = size = 0
    whole = True
    for row in rows:
        found = row.delivery.rollup
        counts.update(found.counts)
        sizes.update(found.sizes)
        number, objects, size, whole = number + 1, objects + found.objects, size + found.bytes, whole and found.complete
    return Totals(number, Rollup(objects, size, None, counts, sizes, whole))


def delivery_id(folder: FolderRef) -> str:
    """The id of the delivery in a folder, the same in every scan: 12 hex digits."""
    return hashlib.sha256(canonical([folder.store, folder.container, folder.prefix])).hexdigest()[:12]


def fingerprint(things: Iterable[tuple[str, str | None, int, str]]) -> str:
    """What lies in a delivery, as one short text: over key, version, size and ETag of each object, in key order."""
    running = hashlib.sha256()
    for each in things:
        running.update(canonical(list(each)))
    return running.hexdigest()[:32]


def note_name(delivery: str) -> str:
    """The name of the object that records a delivery in its folder."""
    return f"{NOTE}{delivery}.json"


def is_note(name: str) -> bool:
    """Whether an object of that name (the last part of its key) is such a note."""
    return name.startswith(NOTE) and name.endswith(".json")


def note_ref(folder: FolderRef, delivery: str) -> Ref:
    """Where the note of a delivery in `folder` lies."""
    return Ref(folder.store, folder.container, f"{folder.prefix}{note_name(delivery)}")


def noted_id(key: str) -> str:
    """The id of the delivery that the note under `key` records."""
    return key.rpartition("/")[2].removeprefix(NOTE).removesuffix(".json")


def note_mark(body: bytes) -> str:
    """What a note says, as one short text: the same wherever a store has spaced or ordered its JSON anew.

    ValueError where it is no JSON, or nested deeper than any note.
    """
    try:
        text = canonical(json.loads(body))
    except RecursionError:
        raise ValueError("nested too deep") from None
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
