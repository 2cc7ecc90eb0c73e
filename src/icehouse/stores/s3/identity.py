"""Who the credentials are and which server answers, without keeping the credentials' own id."""

from __future__ import annotations

import hashlib
import re

from icehouse.core.errors import Denied, Invalid, NotSupported
from icehouse.core.plans import Identity
from icehouse.core.text import safe

from .client import Client

_MADE_UP_SESSION = re.compile(r"(arn:[^:]*:sts:.*:assumed-role/.+)/botocore-session-[0-9]+")
"""What the SDK calls a session of a profile with a `role_arn` and no name for it: other in every process."""


def identity(client: Client) -> Identity:
    """On AWS what STS says; on any other server the owner that its bucket list names and a fingerprint of the key id.

    AWS is never asked about a server that is not AWS.  A role taken on is told without a session name that the SDK
    made up, so that every process of one profile is the same principal.
    """
    server = f"{client.endpoint} {client.region}"
    if client.on_aws:
        login = client.ask_login()
        return Identity(principal=safe(_lasting(login["Arn"])), account=safe(login["Account"]), server=server)
    fingerprint = hashlib.sha256(client.access_key().encode()).hexdigest()[:12]
    account = name = ""
    try:
        owner = client.read("ListBuckets", client.store).members.get("Owner") or {}
        account, name = safe(str(owner.get("ID", ""))), safe(str(owner.get("DisplayName", "")))
    except (Denied, NotSupported, Invalid):
        pass
    principal = f"{name or account or 'key'} (key {fingerprint})"
    return Identity(principal=principal, account=account, server=server)


def _lasting(arn: str) -> str:
    """`arn` without a session name that the SDK made up; names that somebody gave stay."""
    found = _MADE_UP_SESSION.fullmatch(arn)
    return found[1] if found else arn
