"""Nonces: the same call made twice with one nonce takes effect once, and is answered alike (facts §1.5)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable
from typing import Any

from icehouse.sim.dnanexus.call import Answer, Call, Method
from icehouse.sim.dnanexus.errors import invalid_input

LONGEST = 128
"""Bytes of a nonce."""


def once(call: Call, method: Method) -> Answer | Awaitable[Answer]:
    """Carry a call out, or give the first answer again; InvalidInput where the input was another then."""
    if "nonce" not in call.input or call.operation == "project/new":
        return method(call)
    nonce = call.text("nonce")
    if not 0 < len(nonce.encode()) <= LONGEST:
        raise invalid_input(f"a nonce has 1 to {LONGEST} bytes")
    user = call.caller.id
    told = json.dumps({key: value for key, value in call.input.items() if key != "nonce"}, sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest()
    key = f"{user} {call.operation} {nonce}"
    known = call.world.nonces.get(key)
    if known is not None:
        if known["input"] != digest:
            raise invalid_input("the nonce was used with another input before")
        call.notes["replayed"] = True
        answer: dict[str, Any] = known["answer"]
        return answer
    given = method(call)
    assert isinstance(given, dict)
    call.world.keep_nonce(key, {"input": digest, "answer": given})
    return given
