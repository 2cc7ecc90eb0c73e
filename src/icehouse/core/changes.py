"""What lies between two scans of one container: each object that is not as it was, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .clock import Instant
from .refs import Ref
from .states import Standing


class ChangeKind(Enum):
    """What became of an object, in the order in which lists show it.  The value is what commands and JSON say.

    An object is of one kind only, the first of: other bytes, another place, cold or back, written anew, another state.
    GONE was listed before, is not now, and a describe found nothing.  MISSING is not listed either, but nobody could
    confirm that it is gone.  AWAY is a move as the folder sees it that was left; it is the same object as MOVED.
    """

    GONE = "gone"
    MISSING = "missing"
    CHANGED = "changed"
    COLD = "went-cold"
    BACK = "came-back"
    RESTATED = "other-state"
    MOVED = "moved"
    AWAY = "moved-away"
    NEW = "new"


KINDS = tuple(ChangeKind)
"""The order in which kinds are numbered, from 1, in the catalogue."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """An object as one scan saw it."""

    key: str
    size: int
    modified: Instant | None
    etag: str
    standing: Standing
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One object that is not as it was; `before` None where it is new, `after` None where it is no more.

    Of what is MISSING, `after` None does not say that it is gone.  `comparison` is the number of the comparison that
    it belongs to.
    """

    kind: ChangeKind
    ref: Ref
    before: Aspect | None
    after: Aspect | None
    comparison: int
    number: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ChangeSum:
    """How many objects of one kind, and their bytes: as they are now, or as they were where they are no more."""

    objects: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one scan found other than before, summed.

    `number` counts the container's comparisons; `prefix` is what was scanned.  `at` is when the scan ended and `since`
    when the one before did, by the host's clock.  `inventory` and `since_inventory`: that side was read from an
    inventory, which is old and knows of no restores.  `whole` False: only some of the prefix was known before, and what
    lies elsewhere was seen for the first time and is no change.  `kept` False: the objects themselves are no longer on
    record, their sums are.
    """

    number: int
    prefix: str
    at: Instant
    since: Instant | None
    inventory: bool = False
    since_inventory: bool = False
    whole: bool = True
    kept: bool = True
    sums: Mapping[ChangeKind, ChangeSum] = field(default_factory=dict)

    @property
    def objects(self) -> int:
        """How many objects are not as they were."""
        return sum(each.objects for kind, each in self.sums.items() if kind is not ChangeKind.AWAY)
