"""Behaviour that tests may switch: where AWS's pages disagree, and what AWS has but only sometimes shows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Switches:
    """The settings, with AWS's likely behaviour as default."""

    expiry_base: str = "completion"
    """`completion` or `request`: what the Days of a restore are added to; AWS's own pages disagree."""
    expedited_capacity: bool = True
    """False answers every Expedited restore with 503 GlacierExpeditedRetrievalNotAvailable."""
    it_listing_restore_status: bool = True
    """Whether listings show RestoreStatus for Intelligent-Tiering objects that are restoring; unsettled on AWS."""
    it_restored_header: bool = False
    """Whether a restored Intelligent-Tiering object has x-amz-restore: ongoing-request="false"; unsettled on AWS."""
    live_restore_code: str = "InvalidObjectState"
    """The 403 for restoring what is not archived: that, or ObjectAlreadyInActiveTierError."""
    restores_per_second: float = 0.0
    """RestoreObject above this rate of wall time gets ThrottlingException; 0 is no limit (AWS: 1,000)."""
    requests_per_second: float = 0.0
    """Requests above this rate of wall time get 503 SlowDown; 0 is no limit."""

    def changed(self, wish: Mapping[str, Any]) -> Switches:
        """A copy with the given switches set; raises ValueError for an unknown name or a wrong type or value."""
        known = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        for name, value in wish.items():
            if name not in known:
                raise ValueError(f"no switch is called {name!r}; there are {', '.join(sorted(known))}")
            wanted = known[name]
            if wanted is float and isinstance(value, int) and not isinstance(value, bool):
                continue
            if not isinstance(value, wanted):
                raise ValueError(f"switch {name!r} takes a {wanted.__name__}")
        made = replace(self, **wish)
        if made.expiry_base not in {"completion", "request"}:
            raise ValueError("expiry_base is 'completion' or 'request'")
        if made.live_restore_code not in {"InvalidObjectState", "ObjectAlreadyInActiveTierError"}:
            raise ValueError("live_restore_code is 'InvalidObjectState' or 'ObjectAlreadyInActiveTierError'")
        return made

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
