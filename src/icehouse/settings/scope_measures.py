"""Sizes, spans of time and dates as a scope file writes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Final

from icehouse.core.clock import Instant

_UNITS: Final = {
    "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50,
}  # fmt: skip
_SIZE: Final = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,9}))? ?([A-Za-z]{0,3})")
_BOUND: Final = re.compile(r"(<=|>=|<|>) ?(.+)")
_SPANS: Final = {"w": 7 * 86400, "d": 86400, "h": 3600, "min": 60, "s": 1}
_SPAN: Final = re.compile(r"([0-9]{1,10}) ?(w|d|h|min|s)")
MOST_SIZE: Final = 2**63 - 1
LONGEST_SPAN: Final = timedelta(days=36_525)

SIZE_FORM: Final = 'expected a size, as in 4096 or "1.5 MiB"'
BOUND_FORM: Final = 'expected a bound, as in ">1MiB" or ["<=2GB", ">=10MB"]'
SPAN_FORM: Final = 'expected weeks, days, hours, minutes or seconds, as in "2w", "90d", "12h", "30min"'
DATE_FORM: Final = "expected a date or an instant without quotes, as in 2024-01-31 or 2024-01-31T12:00:00Z"


def size_in(value: object) -> int:
    """Bytes of a whole number, or of a text with a unit.  ValueError says what was expected."""
    if isinstance(value, int) and not isinstance(value, bool):
        found = Fraction(value)
    else:
        form = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if form is None:
            raise ValueError(SIZE_FORM)
        unit = _UNITS.get(form[3] or "B")
        if unit is None:
            raise ValueError(f"{form[3]} is no unit; there is {', '.join(_UNITS)}")
        found = Fraction(f"{form[1]}.{form[2] or 0}") * unit
    if found.denominator != 1 or not 0 <= found <= MOST_SIZE:
        raise ValueError(f"expected whole bytes, of 0 to {MOST_SIZE}")
    return int(found)


def bound_in(value: object) -> tuple[int | None, int | None]:
    """The least and the most bytes of a bound like ``>1MiB``; one of the two is None."""
    form = _BOUND.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise ValueError(BOUND_FORM)
    size = size_in(form[2])
    match form[1]:
        case ">":
            return size_in(size + 1), None
        case ">=":
            return size, None
        case "<":
            return None, size_in(size - 1)
        case _:
            return None, size


def size_out(size: int) -> str:
    """A size as `size_in` reads it, with a unit where it is a whole number of one."""
    for unit in ("PiB", "TiB", "GiB", "MiB", "KiB"):
        if size and not size % _UNITS[unit]:
            return f'"{size // _UNITS[unit]}{unit}"'
    return str(size)


def span_in(value: object) -> timedelta:
    """A span of time.  ValueError says what was expected."""
    form = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise ValueError(SPAN_FORM)
    seconds = int(form[1]) * _SPANS[form[2]]
    if seconds > LONGEST_SPAN.total_seconds():
        raise ValueError(f"expected {LONGEST_SPAN.days} days at most")
    return timedelta(seconds=seconds)


def span_out(span: timedelta) -> str:
    """A span as `span_in` reads it.  ValueError where it is not of whole seconds, below 0 or too long."""
    seconds = span // timedelta(seconds=1)
    if span != timedelta(seconds=seconds) or not timedelta() <= span <= LONGEST_SPAN:
        raise ValueError(f"a span is of whole seconds and {LONGEST_SPAN.days} days at most")
    unit = next(unit for unit in ("d", "h", "min", "s") if not seconds % _SPANS[unit])
    return f'"{seconds // _SPANS[unit]}{unit}"'


def instant_in(value: object) -> Instant:
    """An instant of a date (its first moment in UTC) or of a date with time and zone.  ValueError otherwise."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("the zone is missing: write it as UTC, as in 2024-01-31T12:00:00Z")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise ValueError(DATE_FORM) from None
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise ValueError(DATE_FORM)


def instant_out(instant: Instant) -> str:
    """An instant as TOML holds it, as a date where it is midnight in UTC."""
    told = instant.astimezone(UTC)
    if told.time() == time():
        return told.date().isoformat()
    return told.replace(tzinfo=None).isoformat() + "Z"
