"""The path of a request: understand, authenticate, break on demand, carry out, keep, log, answer in one go."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from icehouse.sim.clock import http_date, iso_precise
from icehouse.sim.dnanexus import transfer
from icehouse.sim.dnanexus.call import Call
from icehouse.sim.dnanexus.errors import STATUS, ApiError
from icehouse.sim.dnanexus.model import User
from icehouse.sim.dnanexus.nonces import once
from icehouse.sim.dnanexus.reply import Reply, json_reply
from icehouse.sim.dnanexus.routing import find_method
from icehouse.sim.dnanexus.world import World
from icehouse.sim.faults import Rule
from icehouse.sim.server import hang_up

_GARBAGE = b'{"results":[{"id":"file-\xff\x00<html>502 upstream said \x1b[31mno'
_LOGGED_INPUT = 65_536
"""Inputs of up to so many bytes are in the log whole."""


class ConnectionDropped(Exception):
    """A fault closes the connection instead of answering, or the client has gone."""


@dataclass(slots=True)
class Trace:
    """One request as it is gone through, and what the log shall tell of it."""

    method: str
    path: str
    headers: dict[str, str]
    began: float = field(default_factory=time.monotonic)
    operation: str = "unknown"
    subject: str = ""
    user: User | None = None
    received: int = 0
    request_id: str = ""
    error: str | None = None
    rules: list[Rule] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)

    def struck(self, kind: str) -> bool:
        """Whether a fault of this kind hit."""
        return any(rule.kind == kind for rule in self.rules)


class DxApp:
    """An ASGI application that speaks DNAnexus's API for one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        world = self._world
        path = scope["raw_path"].decode("ascii", "replace")
        trace = Trace(scope["method"], path, _headers(scope["headers"]))
        words = f"{world.settings.seed}{world.log.seq}{time.monotonic_ns()}"
        trace.request_id = f"{time.time():.0f}-{hashlib.blake2b(words.encode(), digest_size=6).hexdigest()}"
        try:
            try:
                reply = await self._carry_out(trace, receive)
            except ApiError as refused:
                trace.error = refused.kind
                wait = {} if refused.retry_after is None else {"retry-after": str(refused.retry_after)}
                reply = json_reply({"error": refused.as_json()}, refused.status, wait)
            except transfer.StorageError as refused:
                trace.error = refused.code
                reply = refused.reply()
            except ConnectionDropped:
                raise
            except Exception:  # noqa: BLE001  a defect of the stand-in, told as the service would tell one of its own
                traceback.print_exc()
                trace.error = "InternalError"
                told = {"type": "InternalError", "message": "The stand-in has a defect; see what it printed"}
                reply = json_reply({"error": told}, 500)
            world.flush()
            if trace.struck("lost_reply"):
                trace.fields["would_be"] = reply.status
                raise ConnectionDropped
        except ConnectionDropped:
            world.flush()
            self._write_log(trace, 0, 0)
            await hang_up(scope)
            return
        await self._answer(scope, send, trace, reply)

    async def _carry_out(self, trace: Trace, receive: Receive) -> Reply:
        if trace.path.startswith("/F/"):
            return await self._storage(trace, receive)
        method = None
        unknown: ApiError | None = None
        try:
            trace.operation, trace.subject, method = find_method(unquote(trace.path))
        except ApiError as refused:
            unknown = refused
        body = await self._read(trace, receive)
        told: Any = None
        if trace.method == "POST":
            try:
                told = json.loads(body)
            except ValueError:
                told = None
        input_ = told if isinstance(told, dict) else {}
        trace.fields["input"] = input_ if len(body) <= _LOGGED_INPUT else {"bytes": len(body)}
        trace.user = self._login(trace)
        await self._break(trace, input_)
        if unknown is not None or method is None:
            raise unknown or ApiError("ResourceNotFound", "no such route")
        if trace.method != "POST":
            raise ApiError("MalformedJSON", "only POST is accepted", status=405)
        if told is None or not trace.headers.get("content-type", "").startswith("application/json"):
            raise ApiError("MalformedJSON", "The request body must be JSON, with the content type application/json")
        if not isinstance(told, dict):
            raise ApiError("InvalidInput", "expected the input to be a mapping")
        if trace.struck("garbage"):
            return Reply(200, {"content-type": "application/json"}, _GARBAGE)
        world = self._world
        call = Call(world, trace.operation, trace.subject, input_, trace.user, world.now(), trace.headers, trace.fields)
        found = once(call, method)
        answer = await found if inspect.isawaitable(found) else found
        return json_reply(answer)

    def _login(self, trace: Trace) -> User | None:
        word = trace.headers.get("authorization", "")
        if not word or word == "Bearer PUBLIC":
            return None
        user = self._world.tokens.get(word.removeprefix("Bearer "))
        if user is None:
            raise ApiError("InvalidAuthentication", "the supplied authentication token is invalid")
        if user.id in self._world.expired:
            raise ApiError("InvalidAuthentication", "the supplied authentication token has expired")
        return user

    async def _break(self, trace: Trace, told: Mapping[str, Any]) -> None:
        world = self._world
        scope = told.get("scope")
        project = told.get("project", scope.get("project") if isinstance(scope, dict) else None)
        inside = trace.subject.startswith("project-")
        target = {
            "object": "" if inside else trace.subject,
            "project": trace.subject if inside else project if isinstance(project, str) else "",
            "user": trace.user.id if trace.user else "",
        }
        trace.rules = world.faults.strike(trace.operation, target)
        if trace.rules:
            trace.fields["fault"] = "+".join(rule.kind for rule in trace.rules)
        for rule in trace.rules:
            match rule.kind:
                case "latency":
                    await asyncio.sleep(rule.latency_ms / 1000)
                case "drop_before":
                    raise ConnectionDropped
                case "error":
                    status = rule.status or STATUS.get(rule.code, 500)
                    words = rule.message or f"{rule.code} on demand"
                    raise ApiError(rule.code, words, status=status, retry_after=rule.retry_after)
        if trace.path.startswith("/F/"):
            return
        if not world.request_rate.allows(world.switches.requests_per_second):
            wait = world.switches.retry_after
            raise ApiError("RateLimitConditional", "Too many requests; retry later", retry_after=wait)

    async def _storage(self, trace: Trace, receive: Receive) -> Reply:
        """The bytes behind upload and download URLs."""
        world = self._world
        pieces = [unquote(piece) for piece in trace.path.split("/")[2:]]
        putting = trace.method == "PUT" and pieces[0] == "U"
        trace.operation = "part/put" if putting else "bytes/get"
        # The path would give the bytes away to who reads the log.
        trace.path = "/F/" + pieces[0]
        if putting:
            trace.subject = pieces[1] if len(pieces) > 1 else ""
            trace.fields["index"] = pieces[2] if len(pieces) > 2 else ""
            await self._break(trace, {})
            transfer.check_part(world, pieces[1:])
            body = await self._read(trace, receive)
            return transfer.keep_part(world, pieces[1:], body)
        trace.subject = (pieces[1] if len(pieces) > 1 else "").partition(".")[0]
        await self._break(trace, {})
        if trace.method not in {"GET", "HEAD"}:
            raise transfer.StorageError(405, "MethodNotAllowed")
        thing, place, name = transfer.bytes_for(world, pieces, trace.headers)
        trace.fields["project"] = place.project
        if trace.struck("garbage"):
            return Reply(200, {"content-type": "text/html"}, _GARBAGE)
        return transfer.send_bytes(world, thing, name, trace.headers)

    async def _read(self, trace: Trace, receive: Receive) -> bytes:
        whole = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                trace.fields["gone"] = True
                raise ConnectionDropped
            whole += message.get("body", b"")
            trace.received = len(whole)
            if not message.get("more_body", False):
                return bytes(whole)

    async def _answer(self, scope: Scope, send: Send, trace: Trace, reply: Reply) -> None:
        length = len(reply.body) if reply.length is None else reply.length
        told = {
            "x-request-id": trace.request_id,
            "x-content-type-options": "nosniff",
            "date": http_date(self._world.now()),
            "x-icehouse-standin": self._world.speed_words,
            **reply.headers,
            "content-length": str(length),
        }
        start = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in told.items()]
        half = trace.struck("half_body")
        left = 0 if trace.method == "HEAD" else length // 2 if half else length
        chunks = iter((reply.body,)) if reply.stream is None else reply.stream
        transport: asyncio.Transport = scope["state"]["transport"]
        await send({"type": "http.response.start", "status": reply.status, "headers": start})
        sent = 0
        while left > 0 and not transport.is_closing():
            chunk = next(chunks)[:left]
            left -= len(chunk)
            sent += len(chunk)
            if left == 0:
                # Before the last byte leaves, so that who has read all finds it in the log.
                self._write_log(trace, reply.status, sent)
            await send({"type": "http.response.body", "body": chunk, "more_body": left > 0 or half})
        if sent == 0 or left > 0:
            self._write_log(trace, reply.status, sent)
        if half:
            await hang_up(scope)
        elif sent == 0:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _write_log(self, trace: Trace, status: int, sent: int) -> None:
        now = self._world.now()
        inside = trace.subject.startswith("project-")
        told = {
            "wall": iso_precise(time.time()),
            "sim": iso_precise(now),
            "sim_epoch": now,
            "method": trace.method,
            "object": None if inside or not trace.subject else trace.subject,
            "project": trace.subject if inside else None,
            "user": trace.user.id if trace.user else None,
            "status": status,
            "error": trace.error,
            "bytes_received": trace.received,
            "bytes_sent": sent,
            "request_id": trace.request_id,
            "user_agent": trace.headers.get("user-agent"),
            "range": trace.headers.get("range"),
            "ms": round((time.monotonic() - trace.began) * 1000, 3),
            **trace.fields,
        }
        self._world.log.add(trace.operation, told)


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
