"""Handing over: whether a store's own engine takes a plan's steps, and whether it is to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from icehouse.core.delegating import ENGINE, lay_out, takeable
from icehouse.core.errors import UsageError
from icehouse.core.orders import OrderAct
from icehouse.core.plans import Cost, Step
from icehouse.core.prices import PriceTable
from icehouse.core.restores import Way

from .house import House

if TYPE_CHECKING:
    from icehouse.stores.base import Orders


def lack(house: House, store: str, act: OrderAct) -> str:
    """Why nothing can be handed over to the store's own engine, in words for the operator; "" where it can."""
    opened = house.store(store)
    if not opened.features.orders:
        return f"{store} has no engine that takes orders"
    return cast("Orders", opened).orders_lack(act)


def usual(house: House, store: str, steps: Sequence[Step]) -> Way:
    """The way that restores go where nobody says otherwise: handed over from so many on as the config tells."""
    over = house.config.stores[store].handed_over
    if over is None or takeable(steps) <= over or lack(house, store, OrderAct.RESTORE):
        return Way.DIRECT
    return Way.BATCH


def require(house: House, store: str, act: OrderAct) -> None:
    """UsageError, with what to write into the config, where the store takes no such orders."""
    if words := lack(house, store, act):
        raise UsageError(f"nothing can be handed over to {ENGINE}: {words}")


def fee(steps: Sequence[Step], via: Way, prices: PriceTable) -> Cost:
    """What handing these steps over costs beside their requests; nothing where all go directly."""
    laid = lay_out(steps, via)
    return Cost(0.0, 0.0, 0.0, prices.orders(len(laid.orders), sum(order.steps for order in laid.orders)))
