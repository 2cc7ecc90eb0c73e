"""Links that let somebody without credentials read an object until they expire, and the note that tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from .clock import Instant
from .errors import StoreError
from .refs import Ref

TRACE = "x-delivery"
"""The parameter in a link that names its delivery, so that a store's records tell which one was used."""


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A link that is wanted: to which object, for how long, for which delivery, and under which file name."""

    ref: Ref
    life: timedelta
    delivery: str
    filename: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was made.  `url` is a secret: it is handed to whom it was made for, and never stored or logged.

    `expires` is when it really dies, by the store's clock.
    """

    ref: Ref
    url: str = field(repr=False)
    expires: Instant


@dataclass(frozen=True, slots=True)
class NotLinked:
    """A link that could not be made, and why."""

    ref: Ref
    error: StoreError


@dataclass(frozen=True, slots=True)
class LinkLife:
    """How long a link that is made now can live at most; None where nothing bounds it.

    `words` say what ends it: ``SigV4: 7 days at most``, ``the login ends at 15:30 UTC``.
    """

    most: timedelta | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class DeliverWish:
    """What the operator asked for, as frozen into a plan that hands a folder out.

    `delivery` is the id of this handing out; `promised` until when it may be fetched, by the store's time.  `objects`
    of `bytes` are handed out, `content` is the digest over their identities.  `note` is the text that records it in
    the store.  `mail`: new links are mailed where the old ones die before `promised`.  Globs as of a restore.
    """

    delivery: str
    recipient: str
    promised: Instant
    objects: int
    bytes: int
    content: str
    note: str
    mail: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteRequest:
    """A note to be written where nothing lies yet: its place, and its text, which is JSON."""

    ref: Ref
    body: bytes


@dataclass(frozen=True, slots=True)
class Noted:
    """The store has the note; `ref` with the version or id that it got."""

    ref: Ref
    request_id: str
    at: Instant
