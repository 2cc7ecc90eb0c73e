"""Mailing what nobody decided about: once for each change of it, and again only when a mail did not go out."""

from __future__ import annotations

import hashlib
import json

from icehouse.core.clock import to_text
from icehouse.core.refs import folder_address
from icehouse.core.scope_rows import Changes, ScopeStanding

from .house import House
from .mail import send
from .scope_history import write_state
from .scopes import Opened


def send_news(
    house: House, opened: Opened, standing: ScopeStanding, changes: Changes, subject: str, text: str, html: str
) -> bool:
    """Send that mail where something is new and was not mailed already; whether it was sent.

    NotSent where it could not be: nothing is remembered then, and the next time tries again.
    """
    mark = hashlib.sha256(opened.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    path = house.paths.reviews / f"{mark}.mailed.json"
    if not (changes.any or not standing.complete):
        path.unlink(missing_ok=True)
        return False
    digest = _digest(standing, changes)
    try:
        if json.loads(path.read_text(encoding="utf-8")).get("digest") == digest:
            return False
    except (OSError, ValueError, AttributeError):
        pass
    send(house, subject, text, html)
    write_state(path, json.dumps({"digest": digest, "at": to_text(house.clock.now())}))
    return True


def _digest(standing: ScopeStanding, changes: Changes) -> str:
    """What the mail is about, without times and ages."""
    told = [
        [folder_address(each.folder) for each in changes.folders],
        [changes.now.objects, changes.now.bytes],
        None if changes.reviewed is None else to_text(changes.reviewed),
        [str(line.cover) for line in standing.covers if not line.complete],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
