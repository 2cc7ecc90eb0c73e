"""Amounts as people read them: bytes in binary units, counts, shares, rates and dollars."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
NOTHING = "·"
"""What stands where there is nothing to tell; never an empty cell where a zero would be a fact."""


def size(n: int) -> str:
    """Bytes in binary units, three digits of them: ``4.1 KiB``, ``212 GiB``, ``0 B``."""
    from humanize import naturalsize  # costs 18 ms of import, and the first paint may not need it

    text = str(naturalsize(n, binary=True, format="%.1f"))
    number, _, unit = text.partition(" ")
    unit = "B" if unit in ("Bytes", "Byte") else unit
    value = float(number)
    if value >= 1024 and unit in _UNITS[:-1]:  # 1,023.97 GiB rounds to a unit of its own
        value, unit = 1.0, _UNITS[_UNITS.index(unit) + 1]
    if unit == "B" or value >= 100:
        return f"{value:.0f} {unit}"
    return f"{value:.1f} {unit}"


def count(n: int) -> str:
    """A count with all its digits: ``12,380``."""
    return f"{n:,}"


def short_count(n: int) -> str:
    """A count in at most six characters: ``9,210``, ``884k``, ``1.0 M``."""
    if n < 10_000:
        return f"{n:,}"
    if n < 1_000_000:
        return f"{n // 1000}k"
    millions = n / 1_000_000
    return f"{millions:.1f} M" if millions < 100 else f"{millions:,.0f} M"


def at_least(text: str, *, growing: bool) -> str:
    """`text` with ``≥`` before it while it is still being counted."""
    return f"≥ {text}" if growing else text


def share(part: int, whole: int) -> str:
    """A part in percent: ``·`` for none, ``<1%`` for a trace; ``100%`` only when nothing else is there."""
    if part <= 0 or whole <= 0:
        return NOTHING
    if part >= whole:
        return "100%"
    percent = part * 100 // whole
    return f"{min(max(percent, 1), 99)}%" if percent else "<1%"


def percent(part: int, whole: int) -> str:
    """Progress in percent, rounded down so that 100 % is said only at the end: ``43 %``."""
    if whole <= 0:
        return "0 %"
    return f"{min(part, whole) * 100 // whole} %"


def rate(per_second: float) -> str:
    """Items a second: ``310/s``, ``52k/s``, ``0.4/s``; empty at rest."""
    if per_second <= 0:
        return ""
    if per_second < 10:
        return f"{per_second:.1f}/s".replace(".0/s", "/s")
    return f"{short_count(round(per_second)).replace(' ', '')}/s"


def money(usd: float) -> str:
    """US dollars, rounded up to the cent so that nothing costs less than it says: ``$0.47``, ``<$0.01``, ``$0``."""
    if usd <= 0:
        return "$0"
    if usd < 0.01 - 1e-8:
        return "<$0.01"
    cents = int(usd * 100)
    if usd * 100 - cents > 1e-6:
        cents += 1
    return f"${cents // 100:,}.{cents % 100:02d}"


def plural(n: int, one: str, many: str = "") -> str:
    """A count with its noun: ``1 object``, ``12,380 objects``."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def bar(part: int, whole: int, width: int) -> str:
    """A bar of `width` cells, full only when all is there."""
    filled = 0 if whole <= 0 else min(part, whole) * width // whole
    return "█" * filled + "░" * (width - filled)
