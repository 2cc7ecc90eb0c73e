"""Who the login is, who pays for it, and which server answers."""

from __future__ import annotations

from icehouse.core.errors import Denied, NotFound
from icehouse.core.plans import Identity
from icehouse.core.text import safe

from .client import Client
from .errors import garbled


def identity(client: Client) -> Identity:
    """The user, the account that pays where the platform tells it, and the server.  LoginExpired, Unavailable."""
    user = client.read("system/whoami", client.store).members.get("id")
    if not isinstance(user, str) or not user:
        raise garbled(client.store, "nobody is logged in")
    return Identity(principal=safe(user), account=safe(bill_to(client, user)), server=str(client.server))


def bill_to(client: Client, user: str) -> str:
    """The account that pays for what a user makes, "" where it is not told."""
    if not user.startswith("user-") or "/" in user:
        return ""
    try:
        told = client.read(f"{user}/describe", client.store).members.get("billTo")
    except (Denied, NotFound):
        return ""
    return told if isinstance(told, str) else ""
