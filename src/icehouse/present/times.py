"""Dates, ages and durations as people read them.  All times are UTC, as the stores' own expiries are."""

from __future__ import annotations

from datetime import timedelta

from icehouse.core.clock import Instant
from icehouse.core.restores import Window

MINUTE = 60
HOUR = 3600
DAY = 86400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(instant: Instant | None, now: Instant) -> str:
    """The day of a change: ``21 Nov`` in this year, ``2024-03`` in others; ``·`` where the store tells none."""
    if instant is None:
        return "·"
    if instant.year == now.year:
        return f"{instant.day} {_MONTHS[instant.month - 1]}"
    return f"{instant.year:04d}-{instant.month:02d}"


def when(instant: Instant | None, now: Instant) -> str:
    """A point in time where the hour matters: ``today 15:30``, ``tomorrow 00:00``, ``23 Nov 08:10``, ``2027-03-05``."""
    if instant is None:
        return "·"
    clock = f"{instant.hour:02d}:{instant.minute:02d}"
    days = (instant.date() - now.date()).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
    if near:
        return f"{near} {clock}"
    if abs(days) < 180:
        return f"{instant.day} {_MONTHS[instant.month - 1]} {clock}"
    return f"{instant.year:04d}-{instant.month:02d}-{instant.day:02d}"


def soon(instant: Instant, now: Instant) -> str:
    """A point in time near at hand, in at most twelve cells: ``today 15:30``, ``22 Nov 19:06``, ``2027-03-05``."""
    if instant.date() == now.date() or abs((instant.date() - now.date()).days) >= 180:
        return when(instant, now)
    return f"{instant.day} {_MONTHS[instant.month - 1]} {clock_time(instant)}"


def moment(instant: Instant, now: Instant) -> str:
    """A day and its minute, whatever day it is: ``21 Nov 15:30``, in other years ``2027-01-05 15:30``."""
    if instant.year != now.year:
        return f"{instant:%Y-%m-%d %H:%M}"
    return f"{day(instant, now)} {clock_time(instant)}"


def stamp(instant: Instant | None) -> str:
    """A point in time in full: ``2026-11-21 15:30:07 UTC``."""
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC" if instant else "·"


def clock_time(instant: Instant) -> str:
    """The hour and minute: ``15:30``."""
    return f"{instant.hour:02d}:{instant.minute:02d}"


def duration(seconds: float) -> str:
    """A length of time in one unit, two where it helps: ``34 s``, ``12 min``, ``3 h``, ``5 d``."""
    whole = max(0, round(seconds))
    if whole < 2 * MINUTE:
        return f"{whole} s"
    if whole < 2 * HOUR:
        return f"{whole // MINUTE} min"
    if whole < 3 * DAY:
        return f"{whole // HOUR} h"
    if whole < 90 * DAY:
        return f"{whole // DAY} d"
    if whole < 730 * DAY:
        return f"{whole // (30 * DAY)} mo"
    return f"{whole // (365 * DAY)} y"


def age(seconds: float) -> str:
    """How old something is, without the word ago: ``3 h``; ``now`` within the last ten seconds."""
    return "now" if seconds < 10 else duration(seconds)


def ago(seconds: float) -> str:
    """How long ago: ``3 h ago``, ``just now``."""
    return "just now" if seconds < 10 else f"{duration(seconds)} ago"


def since(instant: Instant, now: Instant) -> str:
    """How long ago `instant` was, by `now` of the same clock."""
    return ago((now - instant).total_seconds())


def window(span: Window | None) -> str:
    """How long a restore takes: ``up to 48 h``, ``1-5 min``; ``not offered`` for None."""
    if span is None:
        return "not offered"
    if timedelta(0) < span.shortest < span.longest:
        number, _, unit = _exact(span.longest).partition(" ")
        low, _, low_unit = _exact(span.shortest).partition(" ")
        return f"{low}-{number} {unit}" if low_unit == unit else f"{low} {low_unit} - {number} {unit}"
    return f"up to {_exact(span.longest)}"


def _exact(span: timedelta) -> str:
    """A documented time to the letter: ``48 h`` stays ``48 h``, ``5 min`` stays ``5 min``."""
    seconds = round(span.total_seconds())
    if seconds % HOUR == 0:
        return f"{seconds // HOUR} h"
    if seconds % MINUTE == 0:
        return f"{seconds // MINUTE} min"
    return f"{seconds} s"
