"""What a client is told of a principal, so that it can sign as that one."""

from __future__ import annotations

import time
from typing import Any

from icehouse.sim.clock import iso_precise
from icehouse.sim.s3.auth import Principal
from icehouse.sim.s3.world import World


def credentials(world: World, principal: Principal) -> dict[str, Any]:
    """What a client needs to sign as a principal; `expires` is wall time, as clients look at it."""
    told: dict[str, Any] = {
        "access_key": principal.access_key,
        "secret_key": principal.secret_key,
        "read_only": principal.read_only,
        "account": principal.account.number,
        "canonical": principal.account.canonical,
        "arn": principal.arn,
    }
    if principal.token and principal.ends is not None:
        left = (principal.ends - world.clock.now()) / world.clock.speed
        told |= {"session_token": principal.token, "expires": iso_precise(time.time() + left)}
    return told
