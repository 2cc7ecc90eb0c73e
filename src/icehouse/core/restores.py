"""How restoring works: tiers, their windows, and the rules that a cold word obeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from .clock import Instant
from .refs import Ref


class Tier(Enum):
    """How fast a restore is asked for; ordered by speed."""

    BULK = "bulk"
    STANDARD = "standard"
    EXPEDITED = "expedited"

    @property
    def speed(self) -> int:
        """0 for the slowest, 2 for the fastest."""
        return (Tier.BULK, Tier.STANDARD, Tier.EXPEDITED).index(self)


@dataclass(frozen=True, slots=True)
class Window:
    """How long a restore takes, from request to readable: the typical shortest and longest."""

    shortest: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class RestoreRule:
    """What a cold word allows.

    `days` True: a restore makes a temporary copy and needs a number of days.  False: it moves the object back for
    good and must carry none.  A tier that is not in `windows` is not offered.  `hastens`: a restore under way can be
    asked for again in a faster tier.
    """

    label: str
    days: bool
    windows: Mapping[Tier, Window]
    hastens: bool = True


class Way(Enum):
    """Who sends a plan's requests: this program, one by one, or the store's own engine, to which they are given."""

    DIRECT = "direct"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class RestoreWish:
    """What the operator asked for, as frozen into a plan.  `include` and `exclude` are globs on the whole path.

    `via` BATCH: what the store's own engine takes is handed over to it; the rest goes directly in any case.
    """

    tier: Tier
    days: int
    speed_up: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    via: Way = Way.DIRECT


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """One request as the store gets it; `days` None where the cold word's rule forbids days.

    `tier` None calls an archiving off that has not moved the bytes yet.
    """

    ref: Ref
    tier: Tier | None
    days: int | None


@dataclass(frozen=True, slots=True)
class RestoreAccepted:
    """The store took the request; `extended` when it prolonged a copy that was already readable."""

    ref: Ref
    extended: bool
    request_id: str
    at: Instant
