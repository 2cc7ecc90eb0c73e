"""What the rules leave unticked and why, and what is asked before a hand ticks several of those at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from icehouse.core.deliveries import DeliveryRow

from .deliveries import refusals_words, refused
from .sizes import count, plural

_WORDS = ("nothing seen", "fetched in part", "attempted only")
_BY_HAND = "unticked by hand"
_DECIDED = {_BY_HAND: 0, "attempted only": 1}
"""What a hand or the config keeps unticked, in the order in which it is told."""


def evident(row: DeliveryRow) -> bool:
    """Whether the rules would tick it: evidence speaks for it, and the config lets that count."""
    return row.ticking.ticked


def is_left(row: DeliveryRow) -> bool:
    """Whether it is not ticked although a hand may tick it."""
    return row.ticking.allowed and not row.ticked


def standing_words(rows: Sequence[DeliveryRow], width: int) -> str:
    """How all that is shown stands: ``12 ticked already; 1 left as unticked by hand; 33 can't be: 31 not expired, …``.

    In `width` cells: the reasons against what no hand can tick go first, then the rarer ones are counted together.
    """
    ticked = sum(row.ticked for row in rows)
    left = [row for row in rows if is_left(row)]
    never = [row for row in rows if not row.ticked and not row.ticking.allowed]
    told = f"{count(ticked)} ticked already" if ticked else "none ticked"
    cant = f"; {count(len(never))} can't be" if never else ""
    reasons = Counter(map(why_left, left))
    whole = f"{told}{_left_words(reasons, len(reasons))}{cant}"
    tries = [f"{whole}: {refusals_words(never, most)}" for most in (3, 2, 1)] if never else []
    tries += [f"{told}{_left_words(reasons, kept)}{cant}" for kept in range(len(reasons), -1, -1)]
    return next((said for said in tries if len(said) <= width), tries[-1])


def _left_words(reasons: Counter[str], kept: int) -> str:
    if not reasons:
        return ""
    if not kept:
        return f"; {count(reasons.total())} left"
    if len(reasons) == 1:
        return f"; {count(reasons.total())} left as {next(iter(reasons))}"
    return f"; {count(reasons.total())} left: {_reasons_words(reasons, kept)}"


def question(rows: Sequence[DeliveryRow], never: int) -> tuple[str, list[str]]:
    """What is asked before a hand ticks `rows`, which nothing ticked so far: a title, and lines that name why not.

    `never` is how many beside them no hand can tick.
    """
    lines = [
        "A hand, the config or what is known keeps these unticked:",
        _reasons_words(Counter(map(why_left, rows)), len(rows)),
        "A later destruction rests on what is ticked.",
    ]
    if never:
        lines.append(f"{plural(never, 'other')} can't be ticked.")
    return f"Tick {plural(len(rows), 'delivery', 'deliveries')}?", lines


def by_hand_words(rows: Sequence[DeliveryRow]) -> str:
    """Of those that a hand decided: ``84 ticked, 1 unticked, 1 lapsed``."""
    told = Counter("ticked" if row.ticked else "unticked" if row.by_hand else "lapsed" for row in rows)
    return ", ".join(f"{count(told[each])} {each}" for each in ("ticked", "unticked", "lapsed") if told[each])


def _reasons_words(reasons: Counter[str], kept: int) -> str:
    """What was decided first, then the commonest: as many of them as `kept`, the others together."""
    told = sorted(reasons.most_common(), key=lambda each: _DECIDED.get(each[0], len(_DECIDED)))
    rest = sum(number for _, number in told[kept:])
    return ", ".join([*(f"{why} {count(n)}" for why, n in told[:kept]), *([f"other {count(rest)}"] if rest else [])])


def why_left(row: DeliveryRow) -> str:
    """Why something that a hand may tick is not ticked."""
    if row.by_hand:
        return _BY_HAND
    if refused(row.delivery):
        return "refused"
    return row.ticking.words if row.ticking.words in _WORDS else "not tellable"
