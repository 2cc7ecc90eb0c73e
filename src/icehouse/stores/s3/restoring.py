"""Asking for cold bytes back: one RestoreObject an object, tried once, never repeated here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from icehouse.core.errors import Invalid, StoreError, Unavailable
from icehouse.core.refs import ref_address
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.stores.base import NotTaken

from .client import Client

_TIERS = {Tier.BULK: "Bulk", Tier.STANDARD: "Standard", Tier.EXPEDITED: "Expedited"}


def restore(client: Client, requests: Sequence[RestoreRequest]) -> Iterator[RestoreAccepted | NotTaken]:
    """One result per request, in order; a request is sent when its result is asked for."""
    for request in requests:
        try:
            yield _restore_one(client, request)
        except StoreError as error:
            yield NotTaken(request.ref, error)


def _restore_one(client: Client, request: RestoreRequest) -> RestoreAccepted:
    what = ref_address(request.ref)
    if request.days is not None and request.days < 1:
        raise Invalid(f"{what}: a restore lasts 1 day or more")
    if request.tier is None:
        raise Invalid(f"{what}: S3 has nothing to call off")
    # The tier belongs in GlacierJobParameters: at the top level S3 takes it for a retired kind of request.
    wish: dict[str, object] = {"GlacierJobParameters": {"Tier": _TIERS[request.tier]}}
    if request.days is not None:
        wish["Days"] = request.days
    answer = client.ask(
        "RestoreObject",
        what,
        Bucket=request.ref.container,
        Key=request.ref.key,
        VersionId=request.ref.version,
        RestoreRequest=wish,
    )
    if answer.status not in (200, 202) or answer.at is None:
        raise Unavailable(f"{what}: the answer is broken", words=f"HTTP {answer.status}, date {answer.at}")
    return RestoreAccepted(request.ref, answer.status == 200, answer.request_id, answer.at)
