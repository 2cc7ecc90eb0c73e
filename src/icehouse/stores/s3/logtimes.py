"""The times of access logs: many lines are of one second, more of one minute."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

_MOST = 10_000
"""So many seconds and minutes are remembered at once."""

_MINUTE = re.compile(r"\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}):([01][0-9]|2[0-3]):([0-5][0-9])")
_TO_THE_MINUTE = len("[06/Feb/2019:00:00")
_SECONDS = {f":{second:02}": second for second in range(61)}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = date(1970, 1, 1).toordinal()


class Times:
    """When the lines of a log were, as it spells it, in seconds since 1970."""

    def __init__(self, latest: int) -> None:
        """Nothing happened after `latest`."""
        self.known: dict[str, int] = {}
        self._minutes: dict[str, int | None] = {}
        self._latest = latest

    def at(self, text: str) -> int | None:
        """Seconds since 1970 of a time (``[06/Feb/2019:00:00:38``, in UTC), None where there was no such one yet."""
        begin, second = text[:_TO_THE_MINUTE], _SECONDS.get(text[_TO_THE_MINUTE:])
        minute = self._minutes[begin] if begin in self._minutes else self._minute(begin)
        if minute is None or second is None or minute + second > self._latest:
            return None
        if len(self.known) > _MOST:
            self.known.clear()
        at = self.known[text] = minute + second
        return at

    def all_of(self, texts: Sequence[str]) -> list[int] | None:
        """Those times, in their order; None where there was no such one yet, or they are too many at once."""
        for text in set(texts).difference(self.known):
            self.at(text)
        try:
            return [self.known[text] for text in texts]
        except KeyError:
            return None

    def _minute(self, text: str) -> int | None:
        """Seconds since 1970 of a minute (``[06/Feb/2019:00:00``), None where there is no such one."""
        found = _MINUTE.fullmatch(text)
        midnight = _midnight(found[1]) if found else None
        at = None if found is None or midnight is None else midnight + int(found[2]) * 3600 + int(found[3]) * 60
        if len(self._minutes) > _MOST:
            self._minutes.clear()
        self._minutes[text] = at
        return at


@lru_cache(1000)
def _midnight(day: str) -> int | None:
    """Seconds since 1970 at the beginning of a day (``06/Feb/2019``), None where there is no such one."""
    try:
        return (date(int(day[7:]), _MONTHS.index(day[3:6]) + 1, int(day[:2])).toordinal() - _EPOCH) * 86_400
    except ValueError:
        return None
