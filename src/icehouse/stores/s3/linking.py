"""Links that let somebody without credentials read an object: presigned by SigV4, never by its forerunner.

A link names its delivery in a parameter that is signed with the rest, so that the access log tells which one was used.
It dies at the end of its life or with the credentials that signed it, whichever is earlier; both by the store's clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from icehouse.core.clock import Instant
from icehouse.core.errors import Invalid, NotSupported, StoreError, Unavailable
from icehouse.core.links import TRACE, Link, LinkLife, LinkRequest, NotLinked
from icehouse.core.refs import ref_address

from .client import Client

MOST = timedelta(days=7)
"""S3 takes no link of a longer life."""

_SLACK = timedelta(minutes=5)
"""What a life may be longer than the credentials live: time went by since it was asked how long it can be."""

_LONGEST_NAME = 200
_UNFIT = re.compile("[/\\\\\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What no file name that is sent to somebody holds: separators, controls, what turns text around, half characters."""
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()+,=@#-]")
_DELIVERY = re.compile(r"[A-Za-z0-9._~-]{1,64}")


def link_life(client: Client) -> LinkLife:
    """How long a link that is made now can live.  LoginExpired, Unavailable."""
    return _life(client, _clock(client))


def links(client: Client, requests: Sequence[LinkRequest]) -> Iterator[Link | NotLinked]:
    """One answer a request, in their order; the store is asked for nothing but its time, and for a bucket's region."""
    try:
        signer = _Signer(client)
    except StoreError as error:
        yield from (NotLinked(request.ref, error) for request in requests)
        return
    for request in requests:
        try:
            yield signer.link(request)
        except StoreError as error:
            yield NotLinked(request.ref, error)


def disposition(name: str) -> str:
    """The header by which a browser saves an object under `name`, whatever that holds (RFC 6266)."""
    fit = _UNFIT.sub("_", name)
    if len(fit) > _LONGEST_NAME:
        _, dot, suffix = fit.rpartition(".")
        suffix = dot + suffix if dot and len(suffix) <= 20 else ""
        fit = fit[: _LONGEST_NAME - len(suffix)] + suffix
    if not fit.strip(". ") or fit[0] in ".-~ ":
        fit = f"_{fit}"
    plain = _NOT_PLAIN.sub("_", fit)
    header = f'attachment; filename="{plain}"'
    return header if plain == fit else f"{header}; filename*=UTF-8''{quote(fit, safe='')}"


class _Clock:
    """The store's time, and the time that credentials end by: the host's where the store's is a simulated one."""

    def __init__(self, store: Instant, signing: Instant) -> None:
        self.store, self.signing = store, signing


def _clock(client: Client) -> _Clock:
    told = client.ask_date()
    if told is None:
        raise Unavailable(f"{client.store}: the store does not tell its time")
    return _Clock(told, datetime.now(UTC).replace(microsecond=0) if client.standin else told)


def _life(client: Client, clock: _Clock) -> LinkLife:
    seven = LinkLife(MOST, "SigV4: 7 days at most")
    login = client.login(MOST)
    if not login.temporary:
        return seven
    if login.ends is None:
        return LinkLife(timedelta(0), "these credentials are temporary and do not tell when they end")
    left = timedelta(seconds=max(0, int((login.ends - clock.signing).total_seconds())))
    if left >= MOST:
        return seven
    ends = clock.store + left
    return LinkLife(left, f"the credentials end at {ends:%Y-%m-%d %H:%M} UTC, and every link with them")


class _Signer:
    """Signs links with one set of credentials, all as of one moment."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._clock = _clock(client)
        self._life = _life(client, self._clock)
        self._login = client.login()
        self._places: dict[str, tuple[str, str]] = {}

    def link(self, request: LinkRequest) -> Link:
        """One link.  Invalid for a life that is too long, and for a key that no link can be made to."""
        ref, what = request.ref, ref_address(request.ref)
        seconds, most = int(request.life.total_seconds()), self._life.most or MOST
        if seconds < 1:
            raise Invalid(f"{what}: a link lives for a second at least")
        if self._life.most is not None and (request.life > MOST or request.life > self._life.most + _SLACK):
            raise Invalid(f"{what}: no link can live that long: {self._life.words}")
        if not self._life.most:
            raise Invalid(f"{what}: {self._life.words}")
        _check(request, what)
        url = self._sign(request, seconds)
        return Link(ref, url, self._clock.store + min(timedelta(seconds=seconds), most))

    def _sign(self, request: LinkRequest, seconds: int) -> str:
        from botocore.awsrequest import AWSRequest

        ref = request.ref
        base, region = self._place(ref.container)
        query = {"response-content-disposition": disposition(request.filename), TRACE: request.delivery}
        if ref.version is not None:
            query["versionId"] = ref.version
        wish = AWSRequest(method="GET", url=base + quote(ref.key, safe="/~"), params=query)
        auth = _query_auth()(self._login.frozen, "s3", region, expires=seconds)
        auth.at = self._clock.signing
        auth.add_auth(wish)
        return str(wish.url)

    def _place(self, bucket: str) -> tuple[str, str]:
        """What the addresses in a bucket begin with, and the region that it is in."""
        if bucket not in self._places:
            region = self._client.region_of(bucket)
            self._places[bucket] = self._client.address_of(bucket, region), region
        return self._places[bucket]


@lru_cache(1)
def _query_auth() -> Any:
    """The SDK's signer of links, with the moment of signing given to it; made late, as the SDK is imported late."""
    from botocore.auth import SIGV4_TIMESTAMP, S3SigV4QueryAuth

    base: Any = S3SigV4QueryAuth

    class QueryAuth(base):  # type: ignore[misc]
        """Signs as of `at`."""

        at: datetime

        def add_auth(self, request: Any) -> None:
            """As the SDK does, but for the time."""
            request.context["timestamp"] = self.at.strftime(SIGV4_TIMESTAMP)
            self._modify_request_before_signing(request)
            text = self.string_to_sign(request, self.canonical_request(request))
            self._inject_signature_to_request(request, self.signature(text, request))

    return QueryAuth


def _check(request: LinkRequest, what: str) -> None:
    ref = request.ref
    if ref.container.startswith("arn:") or ref.container.endswith("--x-s3"):
        raise NotSupported(f"{what}: no link can be made into a bucket of this kind")
    if not _DELIVERY.fullmatch(request.delivery):
        raise Invalid(f"{what}: no link can name the delivery {request.delivery!r}")
    if not {".", ".."}.isdisjoint(ref.key.split("/")):
        raise Invalid(f"{what}: browsers and curl resolve the dots in its key, so that no link leads to it")
    try:
        ref.key.encode()
    except UnicodeEncodeError:
        raise Invalid(f"{what}: no key of S3: it is not UTF-8") from None
