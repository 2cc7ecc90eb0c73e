"""A restore before it is approved: tiers with time and cost, and what will not be requested, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from icehouse.core.archives import ArchiveWish
from icehouse.core.checksums import ChecksumWish
from icehouse.core.clock import Instant
from icehouse.core.plans import Cost, Identity, Plan
from icehouse.core.restores import Tier, Way, Window
from icehouse.core.states import State
from icehouse.core.text import safe

from . import archives
from .cells import Cell, Cells, Column, Tone, cut, wide
from .sizes import count, money, plural, size
from .states import cold_label
from .times import DAY, when, window

CALLED_OFF = "free, at once"
"""What bringing back something that is archival costs and takes: its archiving is called off."""

TIER = (
    Column("sign", "", 1),
    Column("tier", "tier", 10),
    Column("ready", "ready in", 12),
    Column("objects", "objects", 9, "right"),
    Column("requests", "requests", 11, "right"),
    Column("retrieval", "retrieval", 11, "right"),
    Column("total", "with copies", 12, "right"),
)


def tier_cells(
    tier: Tier, requests: int, span: Window | None, cost: Cost | None, why_not: str, *, chosen: bool, days_known: bool
) -> Cells:
    """One tier; the sign shows the chosen one."""
    sign = Cell("●" if chosen else "○", Tone.STRONG if chosen else Tone.FAINT)
    name = Cell(tier.value.capitalize(), Tone.STRONG if chosen else Tone.PLAIN)
    if not requests:
        return (sign, name, Cell(safe(why_not) or "nothing to request", Tone.FAINT, ours=False, span=5, align="left"))
    if cost is None:
        unknown = Cell("no price", Tone.DANGER)
        return (sign, name, Cell(window(span)), Cell(count(requests)), unknown, unknown, unknown)
    return (
        sign, name, Cell(window(span)), Cell(count(requests)), Cell(money(cost.requests)), Cell(money(cost.retrieval)),
        Cell(money(cost.total) if days_known else "needs days", Tone.PLAIN if days_known else Tone.FAINT),
    )  # fmt: skip


def title(requests: int, total: int, cold: Mapping[str, tuple[int, int]], free: tuple[int, int] = (0, 0)) -> str:
    """What would be requested: ``Restore 18,433 objects, 212 GiB, from Deep Archive``.

    `free` are objects and bytes whose archiving is called off: they need no request to the cold.
    """
    if free[0] and not requests:
        return f"Call off the archiving of {plural(free[0], 'object')}, {size(free[1])}"
    words = sorted(cold_label(word) for word in cold)
    places = words[0] if len(words) == 1 else f"{len(words)} classes" if words else ""
    return f"Restore {plural(requests, 'object')}, {size(total)}" + (f", from {places}" if places else "")


def chosen(addresses: Sequence[str], width: int) -> str:
    """What was chosen, in `width` cells: the first addresses, at least one, ``and N more``."""
    for shown in range(len(addresses), 0, -1):
        rest = len(addresses) - shown
        more = f" and {count(rest)} more" if rest else ""
        text = ", ".join(safe(address) for address in addresses[:shown])
        if shown == 1 or wide(text) + wide(more) <= width:
            return cut(text, max(1, width - wide(more)), tail=True, keep=width // 3) + more
    return ""


def as_whom(identity: Identity) -> str:
    """Who it runs as, where."""
    return safe(f"as {identity.principal} · account {_short(identity.account)} · at {identity.server}")


def _short(account: str) -> str:
    """An account of twelve digits as it is, a longer name by its two ends."""
    return account if 0 < len(account) <= 20 else f"{account[:8]}…{account[-4:]}" if account else "not known"


def left_out(counts: Mapping[State, int], impossible: int, *, extended: int = 0, speed_up: bool = False) -> str:
    """What is not requested, and why, the worst first; all but the unknown is named also where there is none of it."""
    restoring = counts.get(State.RESTORING, 0)
    unknown = counts.get(State.UNKNOWN, 0) + counts.get(State.MISSING, 0) + counts.get(State.SET_ASIDE, 0)
    parts = [
        f"impossible {count(impossible)}",
        *([f"unknown {count(unknown)}"] if unknown else []),
        f"already live {count(counts.get(State.LIVE, 0))}",
        f"restored {count(counts.get(State.RESTORED, 0))}" + (f" ({count(extended)} prolonged)" if extended else ""),
        f"restoring {count(restoring)}" + ((" (sped up)" if speed_up else " (followed)") if restoring else ""),
    ]
    return " · ".join(parts)


def nothing_to_do(plan: Plan) -> str:
    """Why approving the plan would do nothing; "" where it sends or follows something."""
    if any(step.settled is None for step in plan.steps):
        return ""
    return f"nothing to {plan.verb}: {', '.join(_settled(plan)) or 'no object'}"


_SETTLED = {
    "notneeded": "readable already",
    "impossible": "impossible",
    "conflict": "not there any more",
    "unknown": "could not be looked at",
}
_SETTLED_COLD = _SETTLED | {"notneeded": "archived or archival already", "impossible": "can't be archived"}


def _settled(plan: Plan) -> list[str]:
    """What the plan leaves alone, and why."""
    totals = plan.totals()
    words = _SETTLED_COLD if isinstance(plan.wish, ArchiveWish) else _SETTLED
    return [f"{count(totals[name])} {said}" for name, said in words.items() if totals[name]]


def price_line(plan: Plan) -> str:
    """What a plan costs, and what for: ``$0.99 at list price: requests $0.46, retrieval $0.53, copies $0``."""
    if isinstance(plan.wish, ArchiveWish):
        return "no price is told for archiving"
    cost = plan.cost
    parts = f"requests {money(cost.requests)}, retrieval {money(cost.retrieval)}, copies {money(cost.copies)}"
    if isinstance(plan.wish, ChecksumWish):
        parts = f"computing {money(cost.retrieval)}"
    parts += f", batch {money(cost.orders)}" if cost.orders else ""
    return f"{money(cost.total)} at list price: {parts}"


def sends_line(plan: Plan) -> str:
    """What a plan requests, how fast and for how long: ``12 requests, 3.0 GiB · bulk · copies kept 7 days``."""
    if isinstance(plan.wish, ArchiveWish):
        return archives.sends_line(plan)
    amount = f"{plural(len(plan.sending), 'request')}, {size(plan.totals()['bytes_to_request'])}"
    if isinstance(plan.wish, ChecksumWish):
        return f"{amount} · {plan.wish.algorithm}"
    kept = f" · copies kept {plural(plan.restoring.days, 'day')}" if plan.restoring.days else ""
    return f"{amount} · {plan.restoring.tier.value}{kept}"


def beside_line(plan: Plan) -> str:
    """What a plan does beside requesting: follows, and leaves alone."""
    totals = plan.totals()
    parts = [f"{count(totals['follow'])} restoring, followed"] if totals["follow"] else []
    parts += [f"{count(totals['call-off'])} called off: {CALLED_OFF}"] if totals["call-off"] else []
    parts += _settled(plan)
    return " · ".join(parts) or "nothing is left out"


def falls_cold(now: Instant, span: Window | None, days: int) -> Instant:
    """When copies fall cold again: `days` after the longest wait, at the next midnight UTC."""
    at = now + (span.longest if span else timedelta(0)) + timedelta(days=days)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == at else midnight + timedelta(seconds=DAY)


def copies_line(cost: Cost | None, days: int | None, cold_at: Instant | None, now: Instant) -> str:
    """What keeping costs and when it ends."""
    if days is None:
        return "days: 1 to 365"
    if cold_at is None or cost is None:
        return "days"
    return f"days → copies cost {money(cost.copies)}, cold again by {when(cold_at, now)} UTC"


def looking(objects: int, described: int, to_describe: int) -> str:
    """How far a fresh look has come."""
    asked = f", {count(described)} of {count(to_describe)} asked one by one" if to_describe else ""
    return f"looking at what is there now … {plural(objects, 'object')}{asked}"


def globs(text: str) -> tuple[str, ...]:
    """The globs typed into a field, apart by spaces."""
    return tuple(text.split())


def twin_words(
    addresses: Sequence[str],
    tier: Tier,
    days: int | None,
    include: Sequence[str],
    exclude: Sequence[str],
    *,
    faster: bool,
    via: Way | None = None,
) -> list[str]:
    """The arguments of the command that would do the same; `via` where the way is not the usual one."""
    words = ["restore", *addresses, "--tier", tier.value]
    words += ["--days", str(days)] if days else []
    for glob in include:
        words += ["--include", glob]
    for glob in exclude:
        words += ["--exclude", glob]
    words += ["--via", via.value] if via is not None else []
    return [*words, "--speed-up"] if faster else words
