"""System methods that every client calls now and then: greet, headers, comeBackLater, searches of what is not here."""

from __future__ import annotations

import time

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import ApiError


def greet(call: Call) -> Answer:
    """Nothing to tell; no token needed (facts §2.1)."""
    return {"messages": []}


def headers(call: Call) -> Answer:
    """The headers of the request, without the login."""
    return {name: value for name, value in call.headers.items() if name != "authorization"}


def come_back_later(call: Call) -> Answer:
    """503 until an instant in ms of wall time, as the real route for tests of retrying does (facts §2.1)."""
    until = call.input.get("waitUntil", 0)
    now = int(time.time() * 1000)
    if isinstance(until, int) and now < until:
        wait = -(-(until - now) // 1000) if call.truth("setRetryAfter", True) else None
        raise ApiError("ServiceUnavailable", "Come back later", retry_after=wait)
    return {"currentTime": now}


def nothing_found(call: Call) -> Answer:
    """An empty search: analyses and global workflows are not part of this stand-in."""
    call.need_login()
    return {"results": [], "next": None}
