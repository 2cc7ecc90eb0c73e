"""The path of a request: understand, authenticate, break on demand, permit, carry out, log, answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import Receive, Scope, Send

from icehouse.sim.clock import http_date, iso_precise
from icehouse.sim.faults import Rule
from icehouse.sim.s3.auth import Principal, Request
from icehouse.sim.s3.body import Body, ClientGoneError
from icehouse.sim.s3.bucket import Bucket
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.identity import caller_identity
from icehouse.sim.s3.operations import HANDLERS
from icehouse.sim.s3.records.happening import Happening, copy_source
from icehouse.sim.s3.routing import Route, find_route
from icehouse.sim.s3.wire import error_document
from icehouse.sim.s3.world import World
from icehouse.sim.server import hang_up

LONGEST_KEY = 1024
"""UTF-8 bytes of a key."""

GARBAGE = b"<html><body>\x00\xff 502 upstream said \x1b[31mno\x1b[0m <Key>unclosed"
"""What a server in between may say."""


@dataclass(slots=True)
class Trace:
    """What the log tells of one request, gathered along the way."""

    began: float
    operation: str = "Unknown"
    bucket: str | None = None
    key: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    at: float = 0.0
    query: tuple[tuple[str, str], ...] = ()
    principal: Principal | None = None
    auth: str = ""
    turned: int | None = None


class ConnectionDropped(Exception):
    """A fault closes the connection instead of answering."""


class S3App:
    """An ASGI application that speaks S3, path-style, for one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        world = self._world
        headers = _headers(scope["headers"])
        body = Body(receive, headers)
        world.settle()
        trace = Trace(time.monotonic(), at=world.clock.now(), auth=_auth(scope, headers))
        request_id = hashlib.blake2b(
            f"{world.settings.seed}{world.log.seq}{time.monotonic_ns()}".encode(), digest_size=8
        )
        ids = request_id.hexdigest().upper(), base64.b64encode(request_id.digest() * 4).decode()
        rules: list[Rule] = []
        error: S3Error | None = None
        try:
            reply = await self._carry_out(scope, headers, body, trace, rules)
        except S3Error as refused:
            error = refused
            reply = xml_reply(self._refusal(refused, scope, ids), refused.status, refused.headers)
            if refused.status == 304:
                reply = Reply(304, refused.headers)
        except ConnectionDropped:
            self._write_log(scope, headers, body, trace, ids[0], None, error, 0)
            await hang_up(scope)
            return
        except ClientGoneError:
            trace.fields["gone"] = True
            self._write_log(scope, headers, body, trace, ids[0], None, error, 0)
            return
        trace.turned = _milliseconds(trace.began)
        if any(rule.kind == "lost_reply" for rule in rules):
            self._write_log(scope, headers, body, trace, ids[0], reply, error, 0)
            await hang_up(scope)
            return
        half = any(rule.kind == "half_body" for rule in rules)
        await self._answer(scope, send, headers, body, trace, ids, reply, error, half=half)

    def _refusal(self, refused: S3Error, scope: Scope, ids: tuple[str, str]) -> bytes:
        return error_document(refused, scope["raw_path"].decode("ascii", "replace"), *ids)

    async def _carry_out(
        self, scope: Scope, headers: dict[str, str], body: Body, trace: Trace, rules: list[Rule]
    ) -> Reply:
        world = self._world
        path, pairs = target_of(scope)
        query = dict(pairs)
        bucket_name, _, key = path[1:].partition("/")
        trace.bucket, trace.key = bucket_name or None, key or None
        trace.query = tuple(pairs)
        trace.fields["version"] = query.get("versionId")
        level = "object" if key else "bucket" if bucket_name else "service"
        method = scope["method"]
        route: Route | None = None
        refused: S3Error | None = None
        try:
            route = find_route(method, level, query, headers)
            trace.operation = route.operation
        except S3Error as unknown:
            refused = unknown
        request = Request(method, path, pairs, headers)
        if route and route.operation == "GetCallerIdentity":
            return await caller_identity(world, request, body)
        signed = world.gatekeeper.admit(request)
        body.signed = signed
        trace.principal = signed.principal
        trace.fields["access_key"] = signed.principal.access_key
        trace.fields["presigned"] = signed.presigned
        if refused:
            raise refused
        assert route is not None
        rules += world.faults.strike(route.operation, {"bucket": trace.bucket, "key": trace.key})
        await self._break(rules, trace)
        if not world.request_rate.allows(world.switches.requests_per_second):
            raise S3Error("SlowDown")
        if len(key.encode()) > LONGEST_KEY:
            raise S3Error(
                "KeyTooLongError", elements={"Size": str(len(key.encode())), "MaxSizeAllowed": str(LONGEST_KEY)}
            )
        if signed.principal.read_only and route.changes:
            raise S3Error("AccessDenied")
        call = Call(
            method,
            route.operation,
            trace.bucket,
            trace.key,
            query,
            headers,
            path,
            world.clock.now(),
            body,
            trace.fields,
        )
        call.principal = signed.principal
        if trace.bucket and route.operation != "CreateBucket":
            self._permit(world.bucket(trace.bucket), route, call)
        garbage = any(rule.kind == "garbage" for rule in rules)
        if garbage:
            return Reply(200, {"content-type": "application/xml"}, GARBAGE)
        reply = await self._handle(call, route)
        if trace.bucket in world.buckets and world.buckets[trace.bucket].options.requester_pays:
            reply.headers.setdefault("x-amz-request-charged", "requester")
        trace.fields["acted_on"] = reply.version_id
        return reply

    async def _break(self, rules: Sequence[Rule], trace: Trace) -> None:
        if rules:
            trace.fields["fault"] = "+".join(rule.kind for rule in rules)
        for rule in rules:
            match rule.kind:
                case "latency":
                    await asyncio.sleep(rule.latency_ms / 1000)
                case "drop_before":
                    raise ConnectionDropped
                case "error":
                    wait = {} if rule.retry_after is None else {"retry-after": str(rule.retry_after)}
                    raise S3Error(rule.code, rule.message, status=rule.status, headers=wait)

    def _permit(self, bucket: Bucket, route: Route, call: Call) -> None:
        owner = call.headers.get("x-amz-expected-bucket-owner")
        if owner is not None and owner != bucket.options.owner:
            raise S3Error("AccessDenied")
        payer = call.headers.get("x-amz-request-payer") or call.query.get("x-amz-request-payer")
        if bucket.options.requester_pays and payer != "requester":
            raise S3Error("AccessDenied")
        name = call.query.get("prefix", "") if call.key is None else call.key
        if bucket.options.denies(route.action, name):
            raise S3Error("AccessDenied")
        assert call.principal is not None
        foreign = call.principal.account.number != bucket.options.owner
        if foreign and (route.changes or route.action not in {"list", "head", "get"}):
            # The policies of all buckets let other accounts look and read, and no more.
            raise S3Error("AccessDenied")

    async def _handle(self, call: Call, route: Route) -> Reply:
        try:
            return await HANDLERS[route.operation](self._world, call)
        except S3Error as error:
            # Who may not list is not told whether a key exists.
            if error.code == "NoSuchKey" and route.action in {"head", "get"} and call.key is not None:
                bucket = self._world.buckets.get(call.bucket_name)
                if bucket and bucket.options.denies("list", call.key):
                    raise S3Error("AccessDenied") from error
            raise

    async def _answer(
        self,
        scope: Scope,
        send: Send,
        headers: dict[str, str],
        body: Body,
        trace: Trace,
        ids: tuple[str, str],
        reply: Reply,
        error: S3Error | None,
        *,
        half: bool,
    ) -> None:
        length = len(reply.body) if reply.length is None else reply.length
        sent_headers = {
            "x-amz-id-2": ids[1],
            "x-amz-request-id": ids[0],
            "date": http_date(self._world.clock.now()),
            "server": "AmazonS3",
            "x-icehouse-standin": self._world.speed_words,
            **reply.headers,
        }
        if reply.status not in {204, 304}:
            sent_headers["content-length"] = str(length)
        if "expect" in headers and body.received == 0 and headers.get("content-length") != "0":
            # The client will not send the body it announced; what follows here could not be told from it.
            sent_headers["connection"] = "close"
        start = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in sent_headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": start})
        bodiless = scope["method"] == "HEAD" or reply.status in {204, 304}
        left = 0 if bodiless else length // 2 if half else length
        chunks = reply.stream if reply.stream is not None else iter((reply.body,))
        transport: asyncio.Transport = scope["state"]["transport"]
        sent = 0
        logged = False
        try:
            while left > 0 and not transport.is_closing():
                chunk = next(chunks)[:left]
                left -= len(chunk)
                sent += len(chunk)
                if left == 0:
                    # Before the last byte leaves, so that who has read all finds it in the log.
                    self._write_log(scope, headers, body, trace, ids[0], reply, error, sent)
                    logged = True
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if not logged:
                self._write_log(scope, headers, body, trace, ids[0], reply, error, sent)
                logged = True
            if not half:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if not logged:
                self._write_log(scope, headers, body, trace, ids[0], reply, error, sent)
        if half:
            await hang_up(scope)

    def _write_log(
        self,
        scope: Scope,
        headers: dict[str, str],
        body: Body,
        trace: Trace,
        request_id: str,
        reply: Reply | None,
        error: S3Error | None,
        sent: int,
    ) -> None:
        now = self._world.clock.now()
        fields: dict[str, Any] = {
            "wall": iso_precise(time.time()),
            "sim": iso_precise(now),
            "sim_epoch": now,
            "method": scope["method"],
            "bucket": trace.bucket,
            "key": trace.key,
            "version": None,
            "query": scope["query_string"].decode("latin-1"),
            "status": reply.status if reply else 0,
            "error": error.code if error else None,
            "access_key": None,
            "bytes_received": body.received,
            "bytes_sent": sent,
            "request_id": request_id,
            "user_agent": headers.get("user-agent"),
            "range": headers.get("range"),
            "ms": round((time.monotonic() - trace.began) * 1000, 3),
            **trace.fields,
        }
        if trace.operation == "RestoreObject":
            fields["accepted"] = reply is not None and error is None and reply.status in {200, 202}
        self._world.log.add(trace.operation, fields)
        if reply is not None and trace.bucket in self._world.buckets:
            self._world.post.witness(_happening(scope, headers, trace, request_id, reply, error, sent, body.received))


def _milliseconds(began: float) -> int:
    return max(1, round((time.monotonic() - began) * 1000))


def _auth(scope: Scope, headers: Mapping[str, str]) -> str:
    """How a request is signed, whether that holds or not."""
    if "authorization" in headers:
        return "AuthHeader"
    return "QueryString" if b"X-Amz-Signature" in scope["query_string"] else ""


def _happening(
    scope: Scope,
    headers: Mapping[str, str],
    trace: Trace,
    request_id: str,
    reply: Reply,
    error: S3Error | None,
    sent: int,
    received: int,
) -> Happening:
    assert trace.bucket is not None
    query = scope["query_string"].decode("latin-1")
    client = scope.get("client")
    return Happening(
        at=trace.at,
        request_id=request_id,
        host_id=base64.b64encode(bytes.fromhex(request_id) * 4).decode(),
        operation=trace.operation,
        method=scope["method"],
        uri=scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""),
        bucket=trace.bucket,
        key=trace.key,
        version=dict(trace.query).get("versionId"),
        status=reply.status,
        error=error.code if error else None,
        sent=sent,
        received=received,
        size=reply.size,
        milliseconds=_milliseconds(trace.began),
        turned=trace.turned,
        address=client[0] if client else "-",
        referer=headers.get("referer"),
        agent=headers.get("user-agent"),
        host=headers.get("host", ""),
        principal=trace.principal,
        auth=trace.auth,
        query=trace.query,
        source=copy_source(headers.get("x-amz-copy-source")),
        copied=reply.copied,
        deletes=tuple((row["key"], row["version"], row["error"]) for row in trace.fields.get("deletes", ())),
    )


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in raw:
        word = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        found[word] = f"{found[word]},{text}" if word in found else text
    return found


def _decoded(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as problem:
        raise S3Error("InvalidURI") from problem


def target_of(scope: Scope) -> tuple[str, list[tuple[str, str]]]:
    """The decoded path of a request and its decoded query, in order."""
    pairs = []
    for piece in scope["query_string"].split(b"&"):
        if piece:
            name, _, value = piece.replace(b"+", b" ").partition(b"=")
            pairs.append((_decoded(name), _decoded(value)))
    return _decoded(scope["raw_path"]), pairs
