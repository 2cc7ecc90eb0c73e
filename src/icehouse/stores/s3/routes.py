"""How the SDK would reach a bucket: asked of the SDK itself once a bucket, so that its rules need no second telling.

Here alone it is decided whether our own wire may go there, or the SDK has to carry the request.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .channel import Server
from .options import is_loopback

_PROBE = "icehouse-route"
"""The key of the request that is made up, and never sent, to see where it would go."""

_PROOF = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]+(?:/[^/]+)*/[0-9]{8}/([a-z0-9-]+)/s3/aws4_request, .*")
_STANDING = frozenset(
    {"user-agent", "host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "authorization"}
    | {"amz-sdk-invocation-id", "amz-sdk-request", "content-length"}
)
"""Headers that our own signer knows, or that need not be sent."""

_MOST_KEPT = 2000
_TOLD_AGAIN = 60.0


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests about one bucket go: `path` is what comes before a key, `region` is to sign for."""

    server: Server
    host: str
    path: str
    region: str
    agent: str
    url: str
    """Scheme, host and path, for errors."""


class Routes:
    """The routes of one client's buckets; None where only the SDK knows how to go there."""

    def __init__(self, session: Any, sdk: Any, *, endpoint: str | None) -> None:
        """`endpoint` is the one that the config names, if any."""
        self._session = session
        self._sdk = sdk
        self._lock = threading.Lock()
        self._routes: dict[str, Route | None] = {}
        self._told: dict[str, tuple[float, str | None]] = {}
        self._telling = threading.Lock()
        self._asking = threading.local()
        self._usual = _usual(session, sdk, endpoint)
        self._tls: Any = None
        sdk.meta.events.register_first("before-send.s3", self._see)

    def to(self, bucket: str) -> Route | None:
        """The way to `bucket`; None where the SDK has to be asked, also where it refuses to say."""
        if not self._usual:
            return None
        try:
            return self._routes[bucket]
        except KeyError:
            pass
        seen = self._find(bucket)
        if seen is None:
            return None
        found = self._route(seen)
        with self._lock:
            if len(self._routes) >= _MOST_KEPT:
                self._routes.clear()
            self._routes[bucket] = found
        return found

    def forget(self, bucket: str) -> None:
        """Have the way to a bucket asked for again, as it is elsewhere."""
        with self._lock:
            self._routes.pop(bucket, None)

    def region_told(self, bucket: str, ask: Callable[[], str | None]) -> str | None:
        """The region of a bucket as the bucket itself tells by `ask`, which is asked once a minute at most."""
        with self._telling:
            at, region = self._told.get(bucket, (0.0, None))
            if not at or time.monotonic() - at > _TOLD_AGAIN:
                region = ask()
                if len(self._told) >= _MOST_KEPT:
                    self._told.clear()
                self._told[bucket] = time.monotonic(), region
            return region

    def _find(self, bucket: str) -> Any:
        """The SDK's own request about an object of `bucket`; None where it makes none."""
        self._asking.seen = None
        self._asking.on = True
        try:
            self._sdk.head_object(Bucket=bucket, Key=_PROBE)
        except Exception:  # noqa: BLE001 - whatever it is, the SDK will say it when the call itself is made its way
            return None
        finally:
            self._asking.on = False
        seen, self._asking.seen = self._asking.seen, None
        return seen

    def _see(self, request: Any, event_name: str, **_: object) -> Any:
        """The SDK's ``before-send`` hook: keeps what was about to be sent while a route is looked for."""
        if not getattr(self._asking, "on", False) or not event_name.endswith(".HeadObject"):
            return None
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        self._asking.seen = request
        return AWSResponse(request.url, 200, HTTPHeaders(), _Nothing())

    def _route(self, request: Any) -> Route | None:
        headers = {str(name).lower(): _text(value) for name, value in request.headers.items()}
        parts = urlsplit(request.url)
        proof = _PROOF.fullmatch(headers.get("authorization", ""))
        if proof is None or set(headers) - _STANDING or parts.query or not parts.path.endswith(f"/{_PROBE}"):
            return None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            return None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        server = Server(parts.hostname, port, self._context() if parts.scheme == "https" else None)
        path = parts.path[: -len(f"/{_PROBE}")]
        url = f"{parts.scheme}://{parts.netloc}{path}"
        return Route(server, headers["host"], path, proof[1], headers.get("user-agent", "icehouse"), url)

    def _context(self) -> Any:
        """TLS as the SDK has it: its ciphers, its bundle of trusted certificates or the one that is configured."""
        with self._lock:
            if self._tls is None:
                self._tls = _tls(self._session)
            return self._tls


class _Nothing:
    """The body of an answer that nobody gave."""

    def stream(self, *_: object, **__: object) -> Any:
        return iter(())


def _usual(session: Any, sdk: Any, endpoint: str | None) -> bool:
    """Whether nothing is configured that only the SDK honours: a proxy, payloads that go unsigned."""
    from botocore.utils import get_environ_proxies

    url = str(sdk.meta.endpoint_url)
    config: Mapping[str, Any] = sdk.meta.config.s3 or {}
    if config.get("payload_signing_enabled") is False:
        return False
    if endpoint is not None and is_loopback(endpoint):
        return True
    return urlsplit(url).scheme not in get_environ_proxies(url)


def _tls(session: Any) -> Any:
    import os
    import ssl

    from botocore.httpsession import create_urllib3_context, get_cert_path

    bundle: Any = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True
    context = create_urllib3_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.load_verify_locations(get_cert_path(bundle))
    context.set_alpn_protocols(["http/1.1"])
    return context


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
