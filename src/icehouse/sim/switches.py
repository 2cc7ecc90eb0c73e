"""Switches and limits: what tests may change of a stand-in's behaviour while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class BaseSwitches:
    """Named settings with defaults; a stand-in derives its own and says in `check` which values go."""

    def changed(self, wish: Mapping[str, Any]) -> Self:
        """A copy with the given switches set; raises ValueError for an unknown name or a wrong type or value."""
        known = {field.name: type(field.default) for field in fields(self)}
        for name, value in wish.items():
            if name not in known:
                raise ValueError(f"no switch is called {name!r}; there are {', '.join(sorted(known))}")
            wanted = known[name]
            if wanted is float and isinstance(value, int) and not isinstance(value, bool):
                continue
            if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                raise ValueError(f"switch {name!r} takes a {wanted.__name__}")
        made = replace(self, **wish)
        made.check()
        return made

    def check(self) -> None:
        """Raise ValueError where a value is none of those that a switch takes."""

    def as_json(self) -> dict[str, Any]:
        """All switches by name."""
        return asdict(self)


class RateLimit:
    """A bucket of tokens that fills with wall time and holds one second's worth."""

    def __init__(self) -> None:
        self._tokens = 0.0
        self._rate = 0.0
        self._at = time.monotonic()

    def allows(self, rate: float) -> bool:
        """Take one token at `rate` per second; True always when the rate is 0."""
        if rate <= 0:
            return True
        now = time.monotonic()
        if rate != self._rate:
            self._rate, self._tokens = rate, max(rate, 1.0)
        self._tokens = min(max(rate, 1.0), self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
