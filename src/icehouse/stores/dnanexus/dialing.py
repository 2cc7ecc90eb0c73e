"""Connections that come to be within a time-out, whatever is slow: the name server, the network, TLS or a proxy."""

from __future__ import annotations

import base64
import io
import os
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from icehouse.core.errors import ConfigError

from .options import is_loopback

_MOST_OF_A_PROXY = 65_536


class Deadline:
    """An instant at which waiting ends; `renewed` where each step may take that long and not the whole."""

    def __init__(self, seconds: float, *, renewed: bool = False) -> None:
        self._seconds, self._renewed = seconds, renewed
        self._end = time.monotonic() + seconds

    def at_most(self, seconds: float) -> float:
        """So many seconds, or what is left.  TimeoutError where there are none."""
        return min(seconds, self.left())

    def left(self) -> float:
        """Seconds left.  TimeoutError where there are none."""
        if self._renewed:
            return self._seconds
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left


class Connection(HTTPConnection):
    """A kept connection to one origin; every wait on its socket ends with `deadline`."""

    deadline: Deadline

    def response_class(self, sock: socket.socket, *args: Any, **more: Any) -> HTTPResponse:  # type: ignore[override]
        """A response whose reads end in time."""
        response = HTTPResponse(sock, *args, **more)
        raw = response.fp.detach()
        response.fp = io.BufferedReader(_Bounded(self, sock, raw))
        return response

    def send(self, data: Any) -> None:
        """Send within what is left."""
        if self.sock is None:
            raise ConnectionError("not connected")
        self.sock.settimeout(self.deadline.left())
        super().send(data)

    @property
    def stale(self) -> bool:
        """Whether the other side has hung up, or said something that nobody asked for."""
        if self.sock is None:
            return True
        self.sock.settimeout(0)
        try:
            # Whatever there is to read, even an end, nobody has asked for.
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        return True


class _Bounded(io.RawIOBase):
    """The socket's bytes, each wait for them no longer than the connection's deadline leaves."""

    def __init__(self, connection: Connection, sock: socket.socket, raw: Any) -> None:
        super().__init__()
        self._connection, self._sock, self._raw = connection, sock, raw

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As the socket's own, within the time left."""
        self._sock.settimeout(self._connection.deadline.left())
        got: int | None = self._sock.recv_into(buffer)
        return got

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


def dial(protocol: str, host: str, port: int, seconds: float) -> Connection:
    """A new connection, within `seconds`.  OSError (TimeoutError, ssl.SSLError among them), ConfigError."""
    deadline = Deadline(seconds)
    proxy = _proxy_for(protocol, host)
    if proxy is None:
        sock = _connect(host, port, deadline)
    else:
        sock = _connect(proxy.hostname or "", proxy.port or 8080, deadline)
        _through(sock, proxy, host, port, deadline)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if protocol == "https":
            sock.settimeout(deadline.left())
            sock = tls_context().wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise
    connection = Connection(host, port if port != (443 if protocol == "https" else 80) else None)
    connection.sock = sock
    connection.deadline = deadline
    return connection


def _connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    addresses = _addresses(host, port, deadline)
    failure: OSError = OSError(f"{host} has no address")
    for number, (family, where) in enumerate(addresses):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(deadline.left() / (len(addresses) - number))
            sock.connect(where)
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _addresses(host: str, port: int, deadline: Deadline) -> Sequence[tuple[int, Any]]:
    """The addresses of `host`; the system's look-up has no time-out, so that it is left behind where it takes long."""
    found: list[tuple[int, Any]] = []
    failed: list[OSError] = []

    def look() -> None:
        try:
            told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend((family, where) for family, _, _, _, where in told)
        except OSError as error:
            failed.append(error)
        except UnicodeError:
            failed.append(OSError(f"{host} is no name"))

    if is_loopback(host):
        look()
    else:
        looking = threading.Thread(target=look, daemon=True, name="dx-lookup")
        looking.start()
        looking.join(deadline.left())
        if looking.is_alive():
            raise TimeoutError(f"{host}: its address was not told in time")
    if failed:
        raise failed[0]
    return found


def _proxy_for(protocol: str, host: str) -> Any:
    """The proxy that the environment names for this host, None on loopback and where ``no_proxy`` says so."""
    if is_loopback(host) or protocol != "https":
        return None
    told = urllib.request.getproxies_environment().get("https")
    if not told or urllib.request.proxy_bypass_environment(host):  # type: ignore[attr-defined]
        return None
    proxy = urlsplit(told if "://" in told else f"http://{told}")
    try:
        usable = proxy.scheme == "http" and proxy.hostname and (proxy.port or 80) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError("the proxy in the environment (https_proxy) is not an http:// address")
    return proxy


def _through(sock: socket.socket, proxy: Any, host: str, port: int, deadline: Deadline) -> None:
    """Ask a proxy for a tunnel."""
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if proxy.username:
        known = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(known.encode()).decode()}")
    try:
        sock.settimeout(deadline.left())
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        told = b""
        while b"\r\n\r\n" not in told:
            sock.settimeout(deadline.left())
            got = sock.recv(1)  # by the byte: what follows the head belongs to TLS
            if not got or len(told) > _MOST_OF_A_PROXY:
                raise ConnectionError("the proxy hung up")
            told += got
        status = told.split(b"\r\n", 1)[0].split(b" ", 2)
        if len(status) < 2 or status[1] != b"200":
            raise ConnectionError(f"the proxy refused: {status[-1][:80].decode('latin-1')}")
    except BaseException:
        sock.close()
        raise


_context_lock = threading.Lock()
_contexts: dict[str, ssl.SSLContext] = {}


def tls_context() -> ssl.SSLContext:
    """Trust as ``dx`` has it: ``DX_CA_CERT``, else certifi's bundle, else this machine's.  ConfigError for NOVERIFY."""
    bundle = os.environ.get("DX_CA_CERT", "")
    if bundle == "NOVERIFY":
        raise ConfigError("DX_CA_CERT=NOVERIFY: Icehouse does not talk to a server that proves nothing")
    if not bundle and "DX_USE_OS_CA_BUNDLE" not in os.environ:
        try:
            import certifi

            bundle = certifi.where()
        except ImportError:
            pass
    with _context_lock:
        if bundle not in _contexts:
            if bundle and not Path(bundle).exists():
                raise ConfigError(f"DX_CA_CERT: no such file: {bundle}")
            _contexts[bundle] = ssl.create_default_context(cafile=bundle or None)
        return _contexts[bundle]
