"""Which deliveries one stroke ticks, and what it says of those that it leaves to a hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from icehouse.core.deliveries import DeliveryRow
from icehouse.core.evidence import Seen

from .deliveries import refusals_words, refused
from .sizes import count, plural

_WORDS = ("nothing seen", "fetched in part")


def evident(row: DeliveryRow) -> bool:
    """Whether evidence speaks for ticking it: the rules tick it, or one of its indicators says yes."""
    return row.ticking.ticked or any(each.seen is Seen.YES for each in row.delivery.indicators)


def to_tick(row: DeliveryRow) -> bool:
    """Whether one stroke over many ticks this one: it is not ticked, a hand may, and evidence speaks for it."""
    return not row.ticked and row.ticking.allowed and evident(row)


def ticked_words(ticked: int, rows: Sequence[DeliveryRow], width: int) -> str:
    """What the stroke did, and how many it left of the others that are shown, `rows`: ``2 ticked; 3 left: …``.

    In `width` cells, the rarer reasons together where they must be.  Where it left none to a hand, it tells why others
    can't be ticked at all.
    """
    open_ = [row for row in rows if not row.ticked]
    left = [row for row in open_ if row.ticking.allowed and not evident(row)]
    if not left:
        told = f"{plural(ticked, 'delivery', 'deliveries')} ticked" if ticked else "none ticked"
        never = [row for row in open_ if not row.ticking.allowed]
        return f"{told}; {count(len(never))} can't be: {refusals_words(never)}" if never else told
    reasons = Counter(map(_why_left, left)).most_common()
    told = f"{count(ticked)} ticked" if ticked else "none ticked"
    for kept in range(len(reasons), 0, -1):
        rest = sum(n for _, n in reasons[kept:])
        whys = [*(f"{why} {count(n)}" for why, n in reasons[:kept]), *([f"other {count(rest)}"] if rest else [])]
        it = "it" if len(left) == 1 else "them"
        said = f"{told}; {count(len(left))} left: {', '.join(whys)}: space or v ticks {it}"
        if len(said) <= width:
            break
    return said


def _why_left(row: DeliveryRow) -> str:
    if refused(row.delivery):
        return "refused"
    return row.ticking.words if row.ticking.words in _WORDS else "not tellable"
