"""The process: one loopback socket, one JSON line when ready, a quick and clean end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Generator

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from icehouse.sim.s3.admin import PREFIX, Admin
from icehouse.sim.s3.app import S3App
from icehouse.sim.s3.world import OWNER, World

HOST = "127.0.0.1"


class _Protocol(H11Protocol):
    """HTTP over a transport that the application may close, for faults that break connections."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


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


def application(world: World) -> Starlette:
    """The ASGI application: steering routes, and S3 for everything else."""
    app = Starlette(routes=Admin(world).routes())
    app.router.redirect_slashes = False
    app.router.default = S3App(world)
    return app


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 picks one.  Raises OSError when it is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError:
        sock.close()
        raise
    sock.listen(1024)
    return sock


def ready_line(world: World, endpoint: str) -> str:
    """What is printed once, as one line of JSON, when requests are answered."""
    return json.dumps(
        {
            "endpoint": endpoint,
            "access_key": OWNER.access_key,
            "secret_key": OWNER.secret_key,
            "region": world.settings.region,
            "buckets": sorted(world.buckets),
            "admin": endpoint + PREFIX,
            "credentials": {
                principal.name: {
                    "access_key": principal.access_key,
                    "secret_key": principal.secret_key,
                    "read_only": principal.read_only,
                }
                for principal in world.gatekeeper.principals.values()
            },
            "pid": os.getpid(),
        }
    )


def serve(world: World, sock: socket.socket) -> None:
    """Answer requests until SIGTERM or SIGINT; requests under way get a second to end."""
    config = uvicorn.Config(
        application(world),
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
    server.ready_line = ready_line(world, f"http://{HOST}:{sock.getsockname()[1]}")
    try:
        asyncio.run(server.serve(sockets=[sock]))
    finally:
        world.close()


def end_with_parent() -> None:
    """Stop when the process that started this one is gone; looked at four times a second."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.25)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="watch-parent").start()
