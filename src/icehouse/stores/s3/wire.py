"""Requests to S3 without the SDK's cost: signed here, carried over kept connections, refusals read as the SDK does.

The SDK stays the source of credentials, addresses, regions and trusted certificates, and carries whatever is unusual.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from icehouse.core.clock import Instant
from icehouse.core.text import SafeText, safe

from .bysdk import SdkCourier
from .channel import Broken, Channel, Channels, NotSent, Reply
from .routes import Route, Routes
from .signing import Query, Signer, encoded, encoded_query, in_address
from .states import parse_http_date

if TYPE_CHECKING:
    from .client import Client

_KEPT = 68
"""Connections kept at least: as many as an engine at work may use at once, and some to look with."""

_ELSEWHERE = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
"""Refusals that mean: this bucket is reached, or signed for, in another region."""

_ERROR = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<(?:[^\s<>/:]+:)?Error[\s>/]")


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What S3 said: the status, the headers (names in lower case) and the body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def at(self) -> Instant | None:
        """The store's time of this answer."""
        return parse_http_date(self.headers.get("date", ""))

    @property
    def request_id(self) -> SafeText:
        """What the store's support asks for."""
        return safe(self.headers.get("x-amz-request-id", ""))


class Wire:
    """One client's own way to S3, for any number of threads."""

    def __init__(self, client: Client) -> None:
        """Nothing is connected yet."""
        self._client = client
        options = client.options
        sdk, session = client.sdk, client.session
        self._sdk = sdk
        self._session = session
        self._routes = Routes(session, sdk, endpoint=client.own_endpoint)
        self._courier = SdkCourier(sdk)
        self._signer = Signer()
        self._channels = Channels(
            most=max(_KEPT, options.parallel + 4),
            connect_timeout=options.connect_timeout,
            read_timeout=options.read_timeout,
            keepalive=bool(session.get_config_variable("tcp_keepalive")),
        )
        self._standing: dict[str, str] = {}
        if options.requester_pays:
            self._standing["x-amz-request-payer"] = "requester"
        if options.expected_owner:
            self._standing["x-amz-expected-bucket-owner"] = options.expected_owner

    def ask(
        self,
        method: str,
        what: str,
        bucket: str,
        key: str | None = None,
        *,
        query: Mapping[str, str | None] | Sequence[tuple[str, str | None]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        operation: str,
    ) -> WireAnswer:
        """One request, tried once; raises what `Client.ask` of that `operation` would.

        `what` names the subject in errors.  In `query` the order is that of the address and None a name that stands
        alone; `headers` are in lower case.  Who pays and who must own the bucket goes with every request.
        """
        told = list(query.items()) if isinstance(query, Mapping) else list(query)
        wanted = {**self._standing, **(headers or {})}

        def call() -> Reply:
            reply = self._once(method, bucket, key, told, wanted, body, operation)
            self._client.heard(reply.headers)
            return reply

        reply = self._client.answered(call, operation, what, owned=True)
        return WireAnswer(reply.status, reply.headers, reply.body)

    def read(
        self,
        method: str,
        what: str,
        bucket: str,
        key: str | None = None,
        *,
        query: Mapping[str, str | None] | Sequence[tuple[str, str | None]] = (),
        headers: Mapping[str, str] | None = None,
        operation: str,
    ) -> WireAnswer:
        """One request that is free of effect, repeated a few times where that may help."""
        return self._client.repeated(
            lambda: self.ask(method, what, bucket, key, query=query, headers=headers, operation=operation)
        )

    def close(self) -> None:
        """Give back the connections."""
        self._channels.close()

    def _once(
        self,
        method: str,
        bucket: str,
        key: str | None,
        query: Query,
        headers: Mapping[str, str],
        body: bytes,
        operation: str,
    ) -> Reply:
        """The answer, refusals raised as the SDK's ClientError; raises as the SDK does."""
        route = self._routes.to(bucket) if key != "" else None
        if route is not None:
            path = route.path + ("" if key is None else f"/{encoded(key, key=True)}") or "/"
            reply = self._carry(route, method, path, query, headers, body)
            if 200 <= reply.status < 300 and not (reply.body and _is_spoiled(reply.body, method)):
                return reply
            refused = _refusal(reply, operation)
            if not self._is_elsewhere(bucket, route, method, reply, refused):
                raise refused
        answer = self._courier.ask(operation, bucket, key, query, headers, body)
        if answer is None:
            raise ValueError("the SDK kept no answer")
        return answer

    def _is_elsewhere(self, bucket: str, route: Route, method: str, reply: Reply, refused: Any) -> bool:
        """Whether this bucket was found to be in another region, so that the SDK will reach it, and then we.

        The refusal of a HEAD tells no more than its status: where no region is told the bucket itself is asked.
        """
        told: Mapping[str, Any] = refused.response["Error"]
        bare = method == "HEAD" and reply.status == 400
        if not bare and reply.status not in (301, 302, 307) and told.get("Code") not in _ELSEWHERE:
            return False
        region = reply.headers.get("x-amz-bucket-region") or told.get("Region")
        region = region or self._routes.region_told(bucket, lambda: self._region(route))
        if region in (None, route.region):
            return False
        self._routes.forget(bucket)
        return True

    def _region(self, route: Route) -> str | None:
        """What a bucket says of its region, whether or not it may be looked at."""
        try:
            asked = self._carry(route, "HEAD", route.path or "/", (), self._standing, b"")
        except Exception:  # noqa: BLE001 - then it is the refusal that is told
            return None
        return asked.headers.get("x-amz-bucket-region")

    def _carry(
        self, route: Route, method: str, path: str, query: Query, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        pairs = encoded_query(query)
        address = f"{path}?{in_address(pairs)}" if pairs else path
        signed = self._signer.sign(
            method, path, pairs, {"host": route.host, **headers}, body, region=route.region, **self._login()
        )
        lines = "".join([f"{name}: {value}\r\n" for name, value in signed])
        length = f"content-length: {len(body)}\r\n" if body or method in ("POST", "PUT") else ""
        head = (
            f"{method} {address} HTTP/1.1\r\n{lines}user-agent: {route.agent}\r\naccept-encoding: identity\r\n"
            f"{length}\r\n"
        )
        if "\r" in lines.replace("\r\n", "") or lines.count("\n") != len(signed):
            raise ValueError("a header of several lines")
        return self._exchange(route, head.encode("latin-1") + body, bodyless=method == "HEAD")

    def _exchange(self, route: Route, request: bytes, *, bodyless: bool) -> Reply:
        channel = self._connected(route, new=False)
        try:
            reply = self._answer(route, channel, request, bodyless=bodyless)
        except NotSent:
            channel.close()
            channel = self._connected(route, new=True)
            reply = self._answer(route, channel, request, bodyless=bodyless)
        self._channels.give_back(route.server, channel)
        return reply

    def _connected(self, route: Route, *, new: bool) -> Channel:
        from botocore import exceptions as sdk

        try:
            return self._channels.renew(route.server) if new else self._channels.take(route.server)
        except ssl.SSLError as error:
            raise sdk.SSLError(endpoint_url=route.url, error=error) from None
        except TimeoutError as error:
            raise sdk.ConnectTimeoutError(endpoint_url=route.url, error=error) from None
        except OSError as error:
            raise sdk.EndpointConnectionError(endpoint_url=route.url, error=error) from None

    def _answer(self, route: Route, channel: Channel, request: bytes, *, bodyless: bool) -> Reply:
        from botocore import exceptions as sdk

        try:
            return channel.exchange(request, bodyless=bodyless)
        except NotSent:
            raise
        except BaseException as error:
            channel.close()
            if isinstance(error, TimeoutError):
                raise sdk.ReadTimeoutError(endpoint_url=route.url, error=error) from None
            if isinstance(error, ssl.SSLError):
                raise sdk.SSLError(endpoint_url=route.url, error=error) from None
            if isinstance(error, (OSError, Broken)):
                raise sdk.ConnectionClosedError(endpoint_url=route.url, error=error, request=None) from None
            raise

    def _login(self) -> dict[str, Any]:
        """The credentials as they are now, renewed by the SDK where they are about to end."""
        found = self._session.get_credentials()
        if found is None:
            from botocore.exceptions import NoCredentialsError

            raise NoCredentialsError
        frozen = found.get_frozen_credentials()
        return {"access_key": frozen.access_key, "secret_key": frozen.secret_key, "token": frozen.token}


def _refusal(reply: Reply, operation: str) -> Any:
    """The SDK's own reading of an answer that is not a yes, as it would raise it."""
    from botocore.exceptions import ClientError
    from botocore.parsers import ResponseParserError, create_parser

    status = 500 if reply.status < 300 else reply.status
    if status == 300:
        raise ResponseParserError("several choices")
    parser: Any = create_parser("rest-xml")
    told = {"status_code": status, "headers": dict(reply.headers), "body": reply.body}
    return ClientError(parser.parse(told, None), operation)


def _is_spoiled(body: bytes, method: str) -> bool:
    """Whether an answer of 200 is an error after all: S3 may find out after it began to answer.

    An Error is one in whatever namespace.  What is got is a listing, which is read by its own strict reader; of
    anything else a body that is no XML is an error too, as for the SDK.
    """
    if method == "GET":
        return _ERROR.match(body) is not None
    from xml.parsers import expat

    roots: list[str] = []
    reader = expat.ParserCreate()
    reader.StartElementHandler = lambda name, _: roots.append(name) if not roots else None
    try:
        reader.Parse(body, True)
    except expat.ExpatError:
        return True
    return roots[0].rpartition(":")[2] == "Error"
