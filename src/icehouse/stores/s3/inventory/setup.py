"""How an inventory is set up in its source bucket."""

from __future__ import annotations

from icehouse.core.errors import Denied, Invalid, NotFound, NotSupported
from icehouse.stores.s3.client import Client


def inventory_prefix(client: Client, bucket: str, name: str) -> str | None:
    """The prefix of its filter, "" for none; None where it is not there any more, or can't or may not be asked for."""
    if not name:
        return None  # S3 takes it for a question about all of them
    what = f"{client.store}:{bucket}/, inventory {name}"
    try:
        told = client.read("GetBucketInventoryConfiguration", what, Bucket=bucket, Id=name)
    except (Denied, Invalid, NotFound, NotSupported):
        return None
    setup = told.members.get("InventoryConfiguration")
    if not isinstance(setup, dict):
        return None
    return str((setup.get("Filter") or {}).get("Prefix") or "")
