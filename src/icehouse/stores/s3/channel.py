"""One request and one answer over a kept connection: HTTP/1.1 as S3 speaks it, read strictly and bounded.

The standard library's reader takes most of a small call's time.  This one reads what a server of S3 may send: a status
line, headers, a body by length, by chunks or up to the end.  Anything else raises, as does a body that is shorter than
was said.  Errors are botocore's own, so that they read the same whichever way a call went.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from select import POLLIN, poll

MOST_BODY = 64 << 20
"""Bytes of a body at most: a page of a listing with the longest keys there are has a tenth of it."""

_MOST_HEAD = 64 << 10
_MOST_HEADERS = 100
_MOST_INTERIM = 8
_PIECE = 1 << 16
_MOST_SERVERS = 16
"""Servers to which connections are kept: each bucket may be one; those used longest ago are let go."""

_QUIET_TIMES = 10
"""An answer may take so many read time-outs as a whole, however steadily it drips."""

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n\x00]*)?")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?")


class NotSent(Exception):
    """The kept connection was gone before any byte of the request left this machine."""


class Broken(Exception):
    """The answer is no HTTP, too large, or shorter than it said."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect to; `tls` None: in the clear."""

    host: str
    port: int
    tls: ssl.SSLContext | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: header names in lower case, repeated ones joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Channel:
    """A connection that was made, used by one thread at a time."""

    def __init__(self, sock: socket.socket, *, read_timeout: float) -> None:
        """Over a connected socket, which is this channel's from now on."""
        sock.settimeout(read_timeout)
        self._sock = sock
        self._encrypted = isinstance(sock, ssl.SSLSocket)
        self._longest = read_timeout * _QUIET_TIMES
        self._held = b""
        self._used = False
        self._quiet = poll()
        self._quiet.register(sock, POLLIN)
        self.reusable = False
        """Whether the last answer was read to its end and the server keeps the connection."""

    @classmethod
    def to(cls, server: Server, *, connect_timeout: float, read_timeout: float, keepalive: bool) -> Channel:
        """A new connection to `server`.  OSError, ssl.SSLError."""
        sock = socket.create_connection((server.host, server.port), connect_timeout)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if keepalive:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if server.tls is not None:
                sock = server.tls.wrap_socket(sock, server_hostname=server.host)
            return cls(sock, read_timeout=read_timeout)
        except BaseException:
            sock.close()
            raise

    @property
    def idle(self) -> bool:
        """Whether nothing has come since the last answer, neither bytes nor the server's end."""
        unread = self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0
        return not unread and not self._quiet.poll(0)

    def close(self) -> None:
        """End the connection."""
        self._sock.close()

    def exchange(self, request: bytes, *, bodyless: bool) -> Reply:
        """Send `request` and read its answer, which has no body where `bodyless`.

        NotSent where nothing left; TimeoutError, OSError and Broken mean that the request may have been carried out.
        """
        self.reusable = False
        self._send(request)
        self._used = True
        return self._receive(bodyless)

    def _send(self, request: bytes) -> None:
        try:
            sent = self._sock.send(request)
        except (BrokenPipeError, ConnectionResetError, ConnectionAbortedError) as error:
            if self._used and not self._encrypted:
                raise NotSent from error
            raise
        if sent < len(request):
            self._sock.sendall(memoryview(request)[sent:])

    def _receive(self, bodyless: bool) -> Reply:
        until = time.monotonic() + self._longest
        for _ in range(_MOST_INTERIM):
            minor, status, headers = _parse_head(self._head(until))
            if status >= 200 or status == 101:
                break
        else:
            raise Broken("one interim answer after another")
        if status == 101:
            raise Broken("the server would talk another protocol")
        if bodyless or status in (204, 304):
            body, ended = b"", False
        else:
            body, ended = self._body(headers, until)
            if body and (headers.get("content-encoding") or "identity").lower() != "identity":
                raise Broken("a body that is packed, which nobody asked for")
        wish = headers.get("connection", "").lower()
        kept = "close" not in wish if minor else "keep-alive" in wish
        self.reusable = kept and not ended and not self._held
        return Reply(status, headers, body)

    def _more(self, until: float) -> bytes:
        """The next bytes, b"" at the end."""
        if time.monotonic() > until:
            raise TimeoutError("the answer does not come to its end")
        return self._sock.recv(_PIECE)

    def _head(self, until: float) -> bytes:
        held = self._held
        while (end := held.find(b"\r\n\r\n")) < 0:
            if len(held) > _MOST_HEAD:
                raise Broken("the headers are too long")
            piece = self._more(until)
            if not piece:
                raise Broken("the connection ended within the headers" if held else "the connection ended unanswered")
            held += piece
        self._held = held[end + 4 :]
        return held[:end]

    def _body(self, headers: Mapping[str, str], until: float) -> tuple[bytes, bool]:
        """The body, and whether the connection ended with it."""
        coding = headers.get("transfer-encoding")
        if coding is not None:
            if coding.lower() != "chunked" or "content-length" in headers:
                raise Broken(f"a body that is not understood: {coding}")
            return self._chunks(until), False
        told = headers.get("content-length")
        if told is None:
            return self._rest(until), True
        if not (told.isascii() and told.isdigit()) or len(told) > 12:
            raise Broken(f"a length that is none: {told}")
        return self._exactly(int(told), until), False

    def _exactly(self, size: int, until: float) -> bytes:
        if size > MOST_BODY:
            raise Broken(f"an answer of {size} bytes")
        held = self._held
        if len(held) >= size:
            self._held = held[size:]
            return held[:size]
        whole = bytearray(size)
        at = len(held)
        whole[:at] = held
        self._held = b""
        view = memoryview(whole)
        while at < size:
            if time.monotonic() > until:
                raise TimeoutError("the answer does not come to its end")
            came = self._sock.recv_into(view[at:])
            if not came:
                raise Broken(f"the answer ended after {at} of {size} bytes")
            at += came
        return bytes(whole)

    def _line(self, until: float) -> bytes:
        while (end := self._held.find(b"\r\n")) < 0:
            piece = self._more(until)
            if not piece or len(self._held) > _MOST_HEAD:
                raise Broken("the answer ended within a chunk")
            self._held += piece
        line, self._held = self._held[:end], self._held[end + 2 :]
        return line

    def _chunks(self, until: float) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            told = _SIZE.fullmatch(self._line(until))
            if told is None:
                raise Broken("a chunk without its size")
            size = int(told[1], 16)
            if not size:
                break
            total += size
            if total > MOST_BODY:
                raise Broken("the answer is too long")
            parts.append(self._exactly(size, until))
            if self._line(until):
                raise Broken("a chunk that is longer than it said")
        for _ in range(_MOST_HEADERS):
            if not self._line(until):
                return b"".join(parts)
        raise Broken("the trailers are too long")

    def _rest(self, until: float) -> bytes:
        parts = [self._held]
        total = len(self._held)
        self._held = b""
        while piece := self._more(until):
            parts.append(piece)
            total += len(piece)
            if total > MOST_BODY:
                raise Broken("the answer is too long")
        return b"".join(parts)


class Channels:
    """Kept connections to any number of servers, the one used last first."""

    def __init__(self, *, most: int, connect_timeout: float, read_timeout: float, keepalive: bool = False) -> None:
        """At most `most` are kept for a server; times in seconds."""
        self._most = most
        self._times = {"connect_timeout": connect_timeout, "read_timeout": read_timeout}
        self._keepalive = keepalive
        self._lock = threading.Lock()
        self._kept: dict[Server, deque[Channel]] = {}
        self._closed = False

    def take(self, server: Server) -> Channel:
        """A kept connection that is idle, or a new one."""
        return self._idle(server) or Channel.to(server, keepalive=self._keepalive, **self._times)

    def renew(self, server: Server) -> Channel:
        """A new connection, whatever is kept."""
        return Channel.to(server, keepalive=self._keepalive, **self._times)

    def give_back(self, server: Server, channel: Channel) -> None:
        """Keep a connection for the next call where that can be, else end it."""
        spare = [channel]
        if channel.reusable:
            with self._lock:
                kept = self._kept.pop(server, None) or deque()
                if len(kept) < self._most and not self._closed:
                    kept.append(spare.pop())
                self._kept[server] = kept
                if len(self._kept) > _MOST_SERVERS:
                    spare += self._kept.pop(next(iter(self._kept)))
        for each in spare:
            each.close()

    def close(self) -> None:
        """End every kept connection, and those in use when they come back."""
        with self._lock:
            self._closed = True
            kept, self._kept = self._kept, {}
        for channels in kept.values():
            for channel in channels:
                channel.close()

    def _idle(self, server: Server) -> Channel | None:
        while True:
            with self._lock:
                kept = self._kept.get(server)
                channel = kept.pop() if kept else None
            if channel is None or channel.idle:
                return channel
            channel.close()


def _parse_head(head: bytes) -> tuple[int, int, dict[str, str]]:
    """Minor version, status and headers of an answer."""
    first, *lines = head.split(b"\r\n")
    told = _STATUS.fullmatch(first)
    if told is None:
        raise Broken("the answer is not HTTP")
    if len(lines) > _MOST_HEADERS:
        raise Broken("too many headers")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        name, value = name.lower(), value.strip(" \t")
        if not colon or not _NAME.fullmatch(name) or "\r" in value or "\n" in value or "\x00" in value:
            raise Broken("a header that is none")
        if name not in headers:
            headers[name] = value
        elif name == "content-length" and headers[name] != value:
            raise Broken("an answer of two lengths")
        elif name != "content-length":
            headers[name] += f", {value}"
    return int(told[1]), int(told[2]), headers
