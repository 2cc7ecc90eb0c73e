"""What a listing or a describe yields: objects as the store tells them, one level or a whole container."""

from __future__ import annotations

from dataclasses import dataclass

from .clock import Instant
from .errors import StoreError
from .refs import FolderRef, Ref
from .states import Standing


@dataclass(frozen=True, slots=True)
class Entry:
    """One object as a store described it.

    `size` in bytes, `modified` by the store's clock, `etag` without quotes.  `asked` tells how the standing is
    known: ``list`` (a listing, which can't see everything) or ``describe`` (asked for this object alone).
    """

    ref: Ref
    size: int
    modified: Instant | None
    etag: str
    standing: Standing
    asked: str = "list"


@dataclass(frozen=True, slots=True)
class ContainerEntry:
    """A container as the store lists it."""

    store: str
    name: str
    created: Instant | None = None


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
