"""What a listing or a describe yields: objects as the store tells them, one level or a whole container."""

from __future__ import annotations

from dataclasses import dataclass

from .clock import Instant
from .errors import StoreError
from .refs import FolderRef, Ref
from .states import Standing

NONE: frozenset[str] = frozenset()
"""No traits, no tags: one object shared by all entries."""


GROWING: frozenset[str] = frozenset({"open", "closing"})
"""Traits of what is written still."""


def size_told(size: int, kind: str, traits: frozenset[str]) -> int | None:
    """The size of an object, None where 0 only stands for what is not told: of what is written still, of a database."""
    return None if not size and (kind == "database" or traits & GROWING) else size


@dataclass(frozen=True, slots=True)
class Entry:
    """One object as a store described it.

    `size` in bytes, 0 where the store does not tell it yet (`size_told`); `modified` by the store's clock, `etag`
    without quotes.  `asked` tells how the standing is known: ``list`` (a listing, which can't see everything) or
    ``describe`` (asked for this object alone).  `traits` are facts that keep an object from being archived
    (``open``, ``closing``, ``symlink``, ``sponsored``), or matter to a reader (``hidden``); `tags` are the store's own.

    `created` is when the store got it, where it tells that apart from `modified`, which a change of tags may move.

    `kind` is the class of object (``file``, ``record``, ``applet``, ``workflow``, ``database``), `properties` its own
    by name, `owner` who made it, `job` what made it, "" where a person did.  Which of these a walk tells at all,
    `Features.tells` says; what is not told is empty here.
    """

    ref: Ref
    size: int
    modified: Instant | None
    etag: str
    standing: Standing
    asked: str = "list"
    traits: frozenset[str] = NONE
    tags: frozenset[str] = NONE
    kind: str = "file"
    properties: tuple[tuple[str, str], ...] = ()
    owner: str = ""
    job: str = ""
    created: Instant | None = None

    @property
    def uploaded(self) -> Instant | None:
        """When the store got it, as far as it tells."""
        return self.created or self.modified


@dataclass(frozen=True, slots=True)
class ContainerEntry:
    """A container as the store lists it.

    `name` is its identity; `title` what people call it where that differs (a DNAnexus project's name).  `facts` are
    what the platform itself says about it, as label and words, for details.  `shared` tells whether it is another
    account's, `copyable` whether one may copy out of it; None where the store does not tell.
    """

    store: str
    name: str
    created: Instant | None = None
    title: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    shared: bool | None = None
    copyable: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of one folder level; `following` continues it, None on the last."""

    folders: tuple[FolderRef, ...]
    entries: tuple[Entry, ...]
    following: str | None


@dataclass(frozen=True, slots=True)
class WalkPage:
    """One page of a walk: entries in key order and the frontier to resume after it (None: complete)."""

    entries: tuple[Entry, ...]
    frontier: str | None


@dataclass(frozen=True, slots=True)
class Described:
    """The answer to a describe of one ref: exactly one of `entry` and `error` is set."""

    ref: Ref
    entry: Entry | None = None
    error: StoreError | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """One page of the jobs of a container: those that can still be described, and the ids of what was taken in.

    What a job took in counts once it is done: of what failed, was ended or still runs nothing has come yet.
    An object whose maker is among all `jobs`, and which is among all that was `used`, is an intermediate: it can be
    made again.
    """

    jobs: tuple[str, ...]
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a backup of an object needs besides it.

    `id` is the store's, `name` what people call it, `kind` its class, ``package`` for a system's package.
    `reachable` False where it is gone or may not be read, None where that was not told; `words` say why.
    """

    id: str
    name: str
    kind: str
    reachable: bool | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Composition:
    """What a backup of one object consists of, asked of the store now.

    `consists` names what is to be copied of the object itself (``bytes``, ``definition``, ``details``, ``versions``),
    `size` its bytes where that is told; `parts` are what it depends on.  `versions` is how many there are of it where
    the container keeps them and tells, the current one among them; `words` is what else is to be known.
    """

    ref: Ref
    kind: str
    consists: tuple[str, ...]
    size: int | None = None
    parts: tuple[Part, ...] = ()
    versions: int | None = None
    words: str = ""
