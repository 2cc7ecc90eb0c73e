"""What a listing or a describe yields: objects as the store tells them, one level or a whole container."""

from __future__ import annotations

from dataclasses import dataclass

from .clock import Instant
from .errors import StoreError
from .refs import FolderRef, Ref
from .states import Standing

NONE: frozenset[str] = frozenset()
"""No traits, no tags: one object shared by all entries."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object as a store described it.

    `size` in bytes, `modified` by the store's clock, `etag` without quotes.  `asked` tells how the standing is
    known: ``list`` (a listing, which can't see everything) or ``describe`` (asked for this object alone).  `traits`
    are facts that keep an object from being archived (``open``, ``closing``, ``symlink``, ``sponsored``), or matter
    to a reader (``hidden``); `tags` are the store's own.
    """

    ref: Ref
    size: int
    modified: Instant | None
    etag: str
    standing: Standing
    asked: str = "list"
    traits: frozenset[str] = NONE
    tags: frozenset[str] = NONE


@dataclass(frozen=True, slots=True)
class ContainerEntry:
    """A container as the store lists it.

    `name` is its identity; `title` what people call it where that differs (a DNAnexus project's name).  `facts` are
    what the platform itself says about it, as label and words, for details.
    """

    store: str
    name: str
    created: Instant | None = None
    title: str = ""
    facts: tuple[tuple[str, str], ...] = ()


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
