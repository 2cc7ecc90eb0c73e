"""The process: one loopback socket, one JSON line when ready, a quick and clean end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST = "127.0.0.1"


_GATHERED = 16 * 1024
"""Bytes that wait for more of the same answer; what is larger goes at once."""


class _Gathering:
    """A transport that sends what is written within one turn of the loop in one go: header and body of an answer."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = bytearray()

    def write(self, data: bytes) -> None:
        """Send soon, together with what follows at once."""
        if not self._held and len(data) < _GATHERED:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held += data
        if len(self._held) >= _GATHERED:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            self._transport.write(held)

    def close(self) -> None:
        """Send what is held, and close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Protocol(H11Protocol):
    """HTTP over a transport that the application may close, for faults that break connections."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        gathering: Any = _Gathering(transport)
        self.app_state = {**self.app_state, "transport": gathering}
        super().connection_made(gathering)


class _Server(uvicorn.Server):
    """A server that says when it is ready and exits 0 on SIGTERM and SIGINT."""

    ready_line = ""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(self.ready_line + "\n")
        sys.stdout.flush()


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 picks one.  Raises OSError when it is taken."""
    # The protocol is named so that asyncio sets TCP_NODELAY: header and body go in two writes.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError:
        sock.close()
        raise
    sock.listen(1024)
    return sock


def address(sock: socket.socket) -> str:
    """The URL at which a listening socket answers."""
    return f"http://{HOST}:{sock.getsockname()[1]}"


def serve(app: ASGIApp, sock: socket.socket, ready_line: str, close: Callable[[], None]) -> None:
    """Say `ready_line`, answer until SIGTERM or SIGINT, then `close`; what is under way gets a second to end."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=600,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=128 * 1024,
    )
    server = _Server(config)
    server.ready_line = ready_line
    try:
        asyncio.run(server.serve(sockets=[sock]))
    finally:
        close()


async def hang_up(scope: Scope) -> None:
    """Close the connection of a request without answering it."""
    transport: asyncio.Transport = scope["state"]["transport"]
    transport.close()
    for _ in range(3):  # until the protocol has noticed, or it would try to answer 500
        await asyncio.sleep(0)


def end_with_parent() -> None:
    """Stop when the process that started this one is gone; looked at four times a second."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.25)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="watch-parent").start()
