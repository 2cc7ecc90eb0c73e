"""How archiving works: what is asked, which pointers share the bytes, and what will therefore really go cold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .clock import Instant
from .errors import StoreError
from .refs import Ref
from .states import Standing
from .text import safe

NEVER_ARCHIVE = "never-archive"
"""The tag that keeps an object, or everything in a tagged container, from being archived."""

BLOCKING_WORDS = {
    "open": "still open for writing: close it first",
    "closing": "still being closed",
    "symlink": "a link to bytes elsewhere: nothing to archive here",
    "sponsored": "sponsored by somebody else: not yours to archive",
}
"""Traits that keep an object from being archived, in words."""

_VOWELS = frozenset("aeiou")


def not_archivable(kind: str) -> str:
    """Why an object of this class is neither archived nor brought back, "" for a file, which alone can be."""
    if kind == "file":
        return ""
    return f"{'an' if kind[:1] in _VOWELS else 'a'} {safe(kind)} has no archival state"


BLOCKING = frozenset(BLOCKING_WORDS)


@dataclass(frozen=True, slots=True)
class ArchiveWish:
    """What the operator asked for, as frozen into a plan.  `include` and `exclude` are globs on the whole path.

    `all_copies`: the copies in other containers of the same account are archived as well; `reach` are the containers
    of those that were seen when the plan was made, and so were shown.
    """

    all_copies: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    reach: tuple[str, ...] = ()


class Expected(Enum):
    """What a plan foretells of one archived object.

    COLD: its bytes go cold.  AT_MOST: they go cold unless a pointer that these credentials can't see keeps them
    live.  STAYS: they stay where they are, still paid for in full, as pointers elsewhere in the account are live.
    """

    COLD = "cold"
    AT_MOST = "at-most"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class ArchiveRequest:
    """One request to archive as the store gets it."""

    ref: Ref
    all_copies: bool


@dataclass(frozen=True, slots=True)
class ArchiveAccepted:
    """The store took the request; what it makes of it is seen by looking."""

    ref: Ref
    request_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Pointer:
    """Another place that holds the same bytes: a clone in another project.

    `same_account` tells whether the account that pays is the same (None: not known); only such a one decides whether
    the bytes go cold.  `tags` are those of the place and of its container; `account` pays for it, "" where that is not
    told.
    """

    ref: Ref
    container_title: str
    same_account: bool | None
    standing: Standing
    tags: frozenset[str] = frozenset()
    account: str = ""


@dataclass(frozen=True, slots=True)
class Pointers:
    """The other places of one object that these credentials can see; `error` where they could not be looked up."""

    ref: Ref
    others: tuple[Pointer, ...] = ()
    error: StoreError | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What the store itself says that bringing objects back would take: objects, bytes as it counts them, dollars.

    `size_told` is in the store's own rounded unit, turned into bytes; `usd` None where it named no price.
    """

    objects: int
    size_told: int
    usd: float | None
