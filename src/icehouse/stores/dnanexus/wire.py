"""One HTTP exchange at a time over kept connections: bounded in time, in number and in rate, without a redirect.

At most `parallel` calls are in flight and `max_per_second` are begun, whatever the number of threads.  A wait for a
turn ends when the store is closed.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple
from urllib.parse import urlsplit

from icehouse.core.errors import Unavailable
from icehouse.stores.wrap.throttle import TokenBucket

from .dialing import Connection, Deadline, dial
from .login import Server
from .options import DnanexusOptions, is_loopback

_FIRST_CONTACT = 4.5
"""Seconds until a server that has not answered lately is given up."""
_SILENCE = 5.0
"""Seconds after the last answer from which a server has to show that it lives before it is asked for more."""

_LARGEST_ANSWER = 256 * 1024 * 1024
_CHUNK = 64 * 1024


class Origin(NamedTuple):
    """Where a connection goes."""

    protocol: str
    host: str
    port: int


class Closed(Unavailable):
    """The store was closed while somebody waited for it."""


class Broken(Exception):
    """No usable answer; `slow` where nothing came in time, `unsent` where the request never left.

    `untrusted` where the server did not prove who it is.
    """

    def __init__(self, words: str, *, slow: bool = False, unsent: bool = False, untrusted: bool = False) -> None:
        super().__init__(words)
        self.words, self.slow, self.unsent, self.untrusted = words, slow, unsent, untrusted


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: status, headers in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body as JSON.  ValueError where it is none, RecursionError where it is nested too deep."""
        return json.loads(self.body)


class Wire:
    """The connections of one store."""

    def __init__(self, store: str, server: Server, options: DnanexusOptions) -> None:
        """Nothing is connected yet."""
        self.store, self.server, self.options = store, server, options
        self._closed = threading.Event()
        self._turns = threading.BoundedSemaphore(options.parallel)
        self.bucket: TokenBucket | None = None
        if options.max_per_second is not None:
            self.bucket = TokenBucket(options.max_per_second, sleep=self.pause)
        self._lock = threading.Lock()
        self._idle: dict[Origin, list[Connection]] = {}
        self._answered: float | None = None

    @property
    def silent(self) -> bool:
        """Whether the server has answered before, but not lately: it may be gone by now."""
        return self._answered is not None and time.monotonic() - self._answered > _SILENCE

    def pause(self, seconds: float) -> None:
        """Wait, until the store is closed at the longest.  Closed."""
        if self._closed.wait(seconds):
            raise Closed(f"{self.store}: closed")

    def call(self, path: str, body: bytes, headers: Mapping[str, str], *, fresh: bool, spent: float = 0.0) -> Reply:
        """One POST to the API server, answered in whole.  `fresh`: not over a kept connection.  Broken, Closed.

        The first contact, and the first after a silence, ends sooner than the read time-out; `spent` are the seconds
        that it has taken already.
        """
        origin = Origin(self.server.protocol, self.server.host, self.server.port)
        with self._turn():
            limit = self.options.read_timeout
            in_contact = self._answered is not None and not self.silent
            deadline = Deadline(limit if in_contact else min(limit, max(0.0, _FIRST_CONTACT - spent)))
            try:
                connection = self._connected(origin, deadline, fresh=fresh)
                with self._exchange(connection, "POST", path, body, headers) as response:
                    reply = Reply(response.status, _lower(response), _whole(response))
            except Broken as broken:
                if broken.slow or broken.unsent:
                    self._answered = None
                raise
            self._keep(origin, connection, response)
            self._answered = time.monotonic()
            return reply

    @contextmanager
    def fetch(self, url: str, headers: Mapping[str, str]) -> Iterator[tuple[Reply, Callable[[], bytes]]]:
        """One GET of a URL that the API server handed out: the head, and what reads on.  Broken, Closed.

        A URL in the clear is followed on loopback alone, and only where the API server is there too.
        """
        parts = urlsplit(url)
        protocol, host = parts.scheme, parts.hostname or ""
        local = self.server.on_loopback and is_loopback(host)
        if not host or (protocol != "https" and not (protocol == "http" and local)):
            raise Broken("the server handed out an address that is not https", unsent=True)
        port = parts.port or (443 if protocol == "https" else 80)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with self._turn():
            deadline = Deadline(self.options.read_timeout, renewed=True)
            connection = self._connected(Origin(protocol, host, port), deadline, fresh=False)
            response = self._begin(connection, "GET", path, None, headers)
        try:
            head = Reply(response.status, _lower(response), b"")
            yield head, lambda: _some(response)
        finally:
            response.close()
            connection.close()

    def close(self) -> None:
        """End every wait for a turn and give back the connections that nobody uses."""
        self._closed.set()
        with self._lock:
            idle = [connection for kept in self._idle.values() for connection in kept]
            self._idle.clear()
        for connection in idle:
            connection.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        while not self._turns.acquire(timeout=0.25):
            self.pause(0)
        try:
            self.pause(0)
            if self.bucket is not None:
                self.bucket.take()
            yield
        finally:
            self._turns.release()

    def _connected(self, origin: Origin, deadline: Deadline, *, fresh: bool) -> Connection:
        connection = None if fresh else self._kept(origin)
        if connection is None:
            try:
                connection = dial(*origin, deadline.at_most(self.options.connect_timeout))
            except OSError as error:
                slow, untrusted = isinstance(error, TimeoutError), isinstance(error, ssl.SSLError)
                words = "no answer in time" if slow else str(error)
                raise Broken(words, slow=slow, unsent=True, untrusted=untrusted) from None
        connection.deadline = deadline
        return connection

    def _kept(self, origin: Origin) -> Connection | None:
        while True:
            with self._lock:
                kept = self._idle.get(origin)
                connection = kept.pop() if kept else None
            if connection is None or not connection.stale:
                return connection
            connection.close()

    def _keep(self, origin: Origin, connection: Connection, response: HTTPResponse) -> None:
        with self._lock:
            kept = self._idle.setdefault(origin, [])
            whole = connection.sock is not None and response.isclosed()
            if whole and len(kept) < self.options.parallel and not self._closed.is_set():
                kept.append(connection)
                return
        connection.close()

    @contextmanager
    def _exchange(
        self, connection: Connection, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Iterator[HTTPResponse]:
        response = self._begin(connection, method, path, body, headers)
        try:
            yield response
        except BaseException as error:
            connection.close()
            response.close()
            if isinstance(error, OSError | HTTPException | ValueError):
                raise _broken(error) from None
            raise

    def _begin(
        self, connection: Connection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        try:
            connection.request(method, path, body, dict(headers))
            return connection.getresponse()
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError | HTTPException | ValueError):
                raise _broken(error) from None
            raise


def _broken(error: Exception) -> Broken:
    if isinstance(error, TimeoutError):
        return Broken("no answer in time", slow=True)
    words = "the answer is not HTTP" if isinstance(error, ValueError) else type(error).__name__
    return Broken(words)


def _lower(response: HTTPResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _whole(response: HTTPResponse) -> bytes:
    """The body to its end.  Broken where it is cut short or without bounds."""
    pieces: list[bytes] = []
    size = 0
    while piece := response.read(_CHUNK):
        size += len(piece)
        if size > _LARGEST_ANSWER:
            raise Broken("an answer without an end")
        pieces.append(piece)
    if response.length:
        raise Broken("the answer was cut short")
    return b"".join(pieces)


def _some(response: HTTPResponse) -> bytes:
    """The next bytes of a body, b"" at its end.  Broken where it is cut short."""
    try:
        piece = response.read1(_CHUNK * 16)
    except (OSError, HTTPException, ValueError) as error:
        raise _broken(error) from None
    if not piece and response.length:
        raise Broken("the answer was cut short")
    return piece
