"""Asking for cold bytes back: one RestoreObject an object, tried once, never repeated here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from icehouse.core.errors import Invalid, StoreError, Unavailable
from icehouse.core.refs import ref_address
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.stores.changing import NotTaken

from .client import Client

_TIERS = {Tier.BULK: "Bulk", Tier.STANDARD: "Standard", Tier.EXPEDITED: "Expedited"}

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_RESTORE = (("restore", None),)


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
    answer = client.wire.ask(
        "POST",
        what,
        request.ref.container,
        request.ref.key,
        query=_RESTORE if request.ref.version is None else (*_RESTORE, ("versionId", request.ref.version)),
        body=wish_body(request.tier, request.days),
        operation="RestoreObject",
    )
    at = answer.at
    if answer.status not in (200, 202) or at is None:
        raise Unavailable(f"{what}: the answer is broken", words=f"HTTP {answer.status}, date {at}")
    return RestoreAccepted(request.ref, answer.status == 200, answer.request_id, at)


@lru_cache(maxsize=256)
def wish_body(tier: Tier, days: int | None) -> bytes:
    """What a request asks for, in S3's XML.

    The tier belongs in GlacierJobParameters: at the top level S3 takes it for a retired kind of request.
    """
    lasting = "" if days is None else f"<Days>{days}</Days>"
    parameters = f"<GlacierJobParameters><Tier>{_TIERS[tier]}</Tier></GlacierJobParameters>"
    return f'<RestoreRequest xmlns="{_NAMESPACE}">{parameters}{lasting}</RestoreRequest>'.encode()
