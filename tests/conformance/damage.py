"""A proxy that spoils a share of the listings that pass, in every way in which a page can be wrong and be noticed."""

from __future__ import annotations

import http.client
import random
import re
import socket
import struct
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

WAYS = ("slow down", "internal error", "reset", "cut", "wrong count", "a row less", "no way on", "garbage")


class Damage:
    """Passes requests on to `endpoint`; of listings the `share` is spoilt, by the dice of `seed`.

    `hits` counts what was done by its way, `listings` the listings that were asked for.
    """

    def __init__(self, endpoint: str, share: float, seed: int = 1) -> None:
        self.behind = urlsplit(endpoint)
        self.share = share
        self.dice = random.Random(seed)
        self.hits: Counter[str] = Counter()
        self.listings = 0
        self.lock = threading.Lock()
        self.silent = 0
        """So many listings more get no answer at all."""
        self._over = threading.Event()

    def __enter__(self) -> Damage:
        damage = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                damage.answer(self)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Ask the server behind, and pass its answer on, whole or not."""
        way = self._way(handler.path)
        if way == "silence":
            self._over.wait(30)
            handler.close_connection = True
            return None
        if way == "slow down":
            return _send(handler, 503, _error("SlowDown", "Please reduce your request rate."))
        if way == "internal error":
            return _send(handler, 500, _error("InternalError", "We encountered an internal error."))
        connection = http.client.HTTPConnection(self.behind.hostname or "", self.behind.port, timeout=30)
        connection.request("GET", handler.path, headers=dict(handler.headers.items()))
        answer = connection.getresponse()
        body = answer.read()
        kept = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "keep-alive")
        }
        connection.close()
        if way == "reset":
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.close_connection = True
            return None
        if way == "garbage":
            body = body[: len(body) // 2] + b"<" + body[len(body) // 2 :]
        elif way == "wrong count":
            body = re.sub(rb"<KeyCount>(\d+)<", lambda told: b"<KeyCount>%d<" % (int(told[1]) + 1), body)
        elif way == "a row less":
            body = re.sub(rb"<Contents>.*?</Contents>", b"", body, count=1, flags=re.DOTALL)
        elif way == "no way on":
            body = re.sub(rb"<(NextContinuationToken|NextKeyMarker)>.*?</\1>", b"", body, flags=re.DOTALL)
        return _send(handler, answer.status, body, kept, cut=way == "cut")

    def _way(self, path: str) -> str:
        if "list-type=2" not in path and "versions" not in path:
            return ""
        with self.lock:
            self.listings += 1
            if self.silent:
                self.silent -= 1
                return "silence"
            way = self.dice.choice(WAYS) if self.dice.random() < self.share else ""
            self.hits[way] += bool(way)
            return way


def _send(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: dict[str, str] | None = None,
    *,
    cut: bool = False,
) -> None:
    handler.send_response_only(status)
    for name, value in (headers or {"Content-Type": "application/xml"}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2] if cut else body)
    handler.close_connection = cut


def _error(code: str, message: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
