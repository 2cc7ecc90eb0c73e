"""The one way to the API: a route and its JSON, asked once or, where free of effect, a few times in some seconds."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any

from icehouse.core.clock import Instant
from icehouse.core.errors import LoginExpired, Throttled, Unavailable
from icehouse.core.text import SafeText, safe

from .errors import NoAnswer, from_reply, from_wire, garbled
from .login import HINT, Server, Token, find_server, find_token
from .options import DnanexusOptions
from .wire import Broken, Closed, Reply, Wire

_ATTEMPTS = 4
_WITHIN = 6.0
"""A read is tried at most so often, and not again after so many seconds."""

_SMALLEST = "system/whoami"
"""The smallest call there is."""

_API_VERSION = "1.0.0"
STANDIN_HEADER = "x-icehouse-standin"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said: the members of its JSON, and the headers in lower case."""

    what: str
    members: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def at(self) -> Instant | None:
        """The platform's time of this answer."""
        return http_date(self.headers.get("date", ""))

    @property
    def request_id(self) -> SafeText:
        """What the platform's support asks for."""
        return safe(self.headers.get("x-request-id", ""))

    def rows(self, name: str = "results") -> list[Any]:
        """A member that is a list.  Unavailable where it is none."""
        rows = self.members.get(name)
        if not isinstance(rows, list):
            raise garbled(self.what, f"no list of {name}")
        return rows


class Client:
    """One DNAnexus server as one user, for any number of threads; nothing is looked up or connected before its use."""

    def __init__(self, store: str, options: DnanexusOptions) -> None:
        """Nothing is looked at yet."""
        self.store = store
        self.options = options
        self.standin: str | None = None
        """What the server's stand-in header said last; None where no answer has come or it is not on loopback."""
        self._lock = threading.Lock()
        self._wire: Wire | None = None
        self._token: Token | None = None
        self._closed = False
        self._agent = f"icehouse/{version('icehouse')}"

    @property
    def server(self) -> Server:
        """The server that is asked.  ConfigError where there is none that may be."""
        return self.wire.server

    @property
    def wire(self) -> Wire:
        """The connections, made at the first use."""
        with self._lock:
            if self._wire is None:
                self._wire = Wire(self.store, find_server(self.store, self.options), self.options)
                if self._closed:
                    self._wire.close()
            return self._wire

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not show in any words."""
        token = self._token
        return token.secrets if token is not None else ()

    def ask(self, route: str, what: str, **members: object) -> Answer:
        """One call, tried once.  `route` as in ``system/whoami``, `what` names the subject in errors."""
        return self._once(route, what, members, fresh=True)

    def read(self, route: str, what: str, **members: object) -> Answer:
        """One call that is free of effect, repeated a few times where that may help."""
        began = time.monotonic()
        attempt = 1
        while True:
            try:
                return self._once(route, what, members, fresh=attempt > 1, spent=time.monotonic() - began)
            except (NoAnswer, Closed):
                raise
            except (Throttled, Unavailable) as error:
                wait = random.uniform(0.05, 0.2) * 2**attempt  # noqa: S311 - jitter, not a secret
                wait = max(wait, (error.retry_after or 0.0) if isinstance(error, Throttled) else 0.0)
                if attempt >= _ATTEMPTS or time.monotonic() - began + wait > _WITHIN:
                    raise
            self.pause(wait)
            attempt += 1

    def pause(self, seconds: float) -> None:
        """Wait, until the store is closed at the longest.  Closed."""
        self.wire.pause(seconds)

    def ask_date(self) -> Instant | None:
        """The platform's time, by the smallest call there is; a refusal tells the time as well."""
        reply = self._reply(_SMALLEST, self.store, {}, fresh=False)
        told = http_date(reply.headers.get("date", ""))
        if told is None:
            self._members(reply, self.store)
        return told

    def close(self) -> None:
        """Give back the connections, and end every wait."""
        with self._lock:
            self._closed = True
            wire, self._token = self._wire, None
        if wire is not None:
            wire.close()

    def _once(self, route: str, what: str, members: Mapping[str, object], *, fresh: bool, spent: float = 0.0) -> Answer:
        reply = self._reply(route, what, members, fresh=fresh, spent=spent)
        return Answer(what, self._members(reply, what), reply.headers)

    def _reply(self, route: str, what: str, members: Mapping[str, object], *, fresh: bool, spent: float = 0.0) -> Reply:
        wire = self.wire
        with self._lock:
            if self._token is None:
                self._token = find_token(self.store, self.options)
            token = self._token
        headers = {
            "Authorization": token.header(),
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "DNAnexus-API": _API_VERSION,
            "User-Agent": self._agent,
        }
        if wire.silent and route != _SMALLEST:
            # A server that hangs by now is found out in seconds, not at the end of a slow call's patience.
            self._reply(_SMALLEST, what, {}, fresh=True)
        try:
            reply = wire.call(f"/{route}", json.dumps(members).encode(), headers, fresh=fresh, spent=spent)
        except Broken as broken:
            failure = from_wire(broken, what, str(wire.server), secrets=token.secrets)
        else:
            if wire.server.on_loopback:
                self.standin = reply.headers.get(STANDIN_HEADER, "")
            return reply
        # Raised out here, so that no raw exception hangs on to ours.
        raise failure

    def _members(self, reply: Reply, what: str) -> Mapping[str, Any]:
        """The JSON object of a success.  StoreError for anything else."""
        bucket = self.wire.bucket
        if reply.status != 200:
            failure = from_reply(reply, what, secrets=self.secrets, login=self._login_hint())
            if isinstance(failure, LoginExpired):
                # Asked for anew at the next call: the user may have logged in meanwhile.
                with self._lock:
                    self._token = None
            if isinstance(failure, Throttled) and bucket is not None:
                bucket.slower()
            raise failure
        if bucket is not None:
            bucket.fine()
        members: object = None
        try:
            members = reply.json()
        except (ValueError, RecursionError):
            pass
        if not isinstance(members, dict):
            raise garbled(what, "not a JSON object")
        return members

    def _login_hint(self) -> str:
        named = self.options.token_env
        return f"put a valid token into the environment variable {named}" if named else HINT


def http_date(text: str) -> Instant | None:
    """An HTTP date (``Fri, 21 Dec 2012 00:00:00 GMT``) as an instant, None where it is none."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def from_milliseconds(told: object) -> Instant | None:
    """A time as the platform tells it, in milliseconds since 1970; None where it is none."""
    if not isinstance(told, int) or isinstance(told, bool):
        return None
    try:
        return datetime.fromtimestamp(told / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def in_milliseconds(instant: Instant) -> int:
    """An instant as the platform tells it."""
    return int(instant.timestamp() * 1000)
