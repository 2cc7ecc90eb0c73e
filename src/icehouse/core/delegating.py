"""How the steps of a plan fall into orders: what the store's own engine takes, and what goes directly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .orders import OrderAct
from .plans import Act, Step
from .restores import Tier, Way

MOST = 500_000
"""Steps of one order at most: what a worker keeps in memory while it is handed over, and while its report is read."""

ENGINE = "S3 Batch Operations"
"""What the store's own engine is called on screen: there is one kind of store that has one."""


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One order as a plan lays it out: its number from 1, what is alike for all of it, and how many steps it has."""

    n: int
    act: OrderAct
    container: str
    tier: Tier | None
    days: int | None
    versioned: bool
    steps: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The orders of a plan, and for each of its steps the number of its order, 0 for one that goes directly."""

    orders: tuple[PlannedOrder, ...]
    numbers: tuple[int, ...]


def taken(act: Act, tier: Tier | None) -> OrderAct | None:
    """What the engine would be asked for this step, None where it takes none such.

    It starts restores at the two slower tiers and computes checksums.  Prolonging a copy and speeding a restore up are
    left to requests of our own, whose answers tell apart what they did.
    """
    if act is Act.CHECKSUM:
        return OrderAct.CHECKSUM
    return OrderAct.RESTORE if act is Act.REQUEST and tier in (Tier.STANDARD, Tier.BULK) else None


def lay_out(steps: Iterable[Step], via: Way) -> Layout:
    """Which steps are handed over together: of one container, act, tier and days, all pinned to a version or none.

    Words that need days and those that forbid them so never meet in one order.  Steps of an order keep the plan's
    order.  Checksums are handed over in any case: nothing else computes them.
    """
    numbers: list[int] = []
    open_orders: dict[tuple[object, ...], list[int]] = {}
    made: list[tuple[OrderAct, str, Tier | None, int | None, bool]] = []
    sizes: list[int] = []
    for step in steps:
        act = taken(step.act, step.tier)
        if act is None or step.settled is not None or (act is OrderAct.RESTORE and via is Way.DIRECT):
            numbers.append(0)
            continue
        alike = (act, step.ref.container, step.tier, step.days, step.ref.version is not None)
        mine = open_orders.setdefault(alike, [])
        if not mine or sizes[mine[-1] - 1] >= MOST:
            made.append(alike)
            sizes.append(0)
            mine.append(len(made))
        sizes[mine[-1] - 1] += 1
        numbers.append(mine[-1])
    orders = (PlannedOrder(n, *alike, size) for n, (alike, size) in enumerate(zip(made, sizes, strict=True), 1))
    return Layout(tuple(orders), tuple(numbers))


def takeable(steps: Sequence[Step]) -> int:
    """How many of these steps the engine would take."""
    return sum(step.settled is None and taken(step.act, step.tier) is not None for step in steps)


def token_of(digest: str, n: int) -> str:
    """What makes order `n` of the plan with this digest one order, however often it is handed over.

    It follows from the plan alone, so that no loss of ours can make a second one.
    """
    return f"icehouse-{digest[:32]}-{n}"
