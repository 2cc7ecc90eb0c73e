"""Who the credentials are and which server answers, without keeping the credentials' own id."""

from __future__ import annotations

import hashlib

from icehouse.core.errors import Denied, Invalid, NotSupported
from icehouse.core.plans import Identity
from icehouse.core.text import safe

from .client import Client


def identity(client: Client) -> Identity:
    """On AWS what STS says; on any other server the owner that its bucket list names and a fingerprint of the key id.

    AWS is never asked about a server that is not AWS.
    """
    server = f"{client.endpoint} {client.region}"
    if client.on_aws:
        login = client.ask_login()
        return Identity(principal=safe(login["Arn"]), account=safe(login["Account"]), server=server)
    fingerprint = hashlib.sha256(client.access_key().encode()).hexdigest()[:12]
    account = name = ""
    try:
        owner = client.read("ListBuckets", client.store).members.get("Owner") or {}
        account, name = safe(str(owner.get("ID", ""))), safe(str(owner.get("DisplayName", "")))
    except (Denied, NotSupported, Invalid):
        pass
    principal = f"{name or account or 'key'} (key {fingerprint})"
    return Identity(principal=principal, account=account, server=server)
