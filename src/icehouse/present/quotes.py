"""What a store itself says that bringing back would cost: its dry run, tier by tier."""

from __future__ import annotations

from icehouse.core.plans import Cost
from icehouse.core.restores import Tier, Window
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone
from .sizes import count, money, plural, size
from .times import window

PRICED = "priced by the store's own dry run"
"""Where such a price comes from."""

QUOTE = (
    Column("sign", "", 1),
    Column("tier", "tier", 10),
    Column("ready", "ready in", 12),
    Column("objects", "objects", 9, "right"),
    Column("size", "size", 11, "right"),
    Column("cost", "its dry run says", 17, "right"),
)


def quote_cells(
    tier: Tier, requests: int, total: int, span: Window | None, cost: Cost | None, why_not: str, *, chosen: bool
) -> Cells:
    """One tier with the store's own price; the sign shows the chosen one."""
    sign = Cell("●" if chosen else "○", Tone.STRONG if chosen else Tone.FAINT)
    name = Cell(tier.value.capitalize(), Tone.STRONG if chosen else Tone.PLAIN)
    if not requests:
        return (sign, name, Cell(safe(why_not) or "nothing to request", Tone.FAINT, ours=False, span=4, align="left"))
    price = Cell("no price told", Tone.DANGER) if cost is None else Cell(money(cost.retrieval), Tone.STRONG)
    return (sign, name, Cell(window(span)), Cell(count(requests)), Cell(size(total)), price)


def called_off(objects: int, total: int) -> str:
    """What is archival and only needs its archiving called off; "" where there is none."""
    return f"◑ {plural(objects, 'object')} archival, {size(total)}: called off, free, at once" if objects else ""
