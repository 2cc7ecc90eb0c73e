"""A server on loopback that answers as a test says, byte by byte, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Self

from icehouse.stores.s3.client import Client
from icehouse.stores.s3.options import S3Options

DATE = "Date: Sat, 21 Nov 2026 20:15:07 GMT\r\n"
RESET = b"RESET"
"""An answer that is none: the connection is reset."""

Talk = Callable[[bytes], bytes]
"""From a request to the bytes of its answer; one that says ``Connection: close``, and none, end the connection."""


class Scripted:
    """Answers each request by `talk`; `asked` holds the requests, each with the number of its connection."""

    def __init__(self, talk: Talk, *, tls: ssl.SSLContext | None = None) -> None:
        self._talk, self._tls = talk, tls
        self.asked: list[tuple[int, bytes]] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.endpoint = f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self, *, reset: bool = False) -> None:
        """End every connection, by a reset where that is wished; returns when they are gone."""
        for each in self._open:
            with contextlib.suppress(OSError):
                if reset:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._open.clear()
        self._threads.clear()

    @property
    def requests(self) -> list[bytes]:
        """What it was asked."""
        return [request for _, request in self.asked]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock = self._listener.accept()[0]
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), sock:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._open.append(sock)
            with sock:
                held = b""
                while (came := self._request(sock, held)) is not None:
                    request, held = came
                    self.asked.append((number, request))
                    answer = self._talk(request)
                    if answer == RESET:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    sock.sendall(answer)
                    if not answer or b"connection: close" in answer.lower():
                        return

    @staticmethod
    def _request(sock: socket.socket, held: bytes) -> tuple[bytes, bytes] | None:
        """The next request, and what came behind it; None at the end."""
        while b"\r\n\r\n" not in held:
            piece = sock.recv(65_536)
            if not piece:
                return None
            held += piece
        head, _, held = held.partition(b"\r\n\r\n")
        told = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        size = int(told[1]) if told is not None else 0
        while len(held) < size:
            held += sock.recv(65_536)
        return head + b"\r\n\r\n" + held[:size], held[size:]


def http(body: bytes = b"", status: str = "200 OK", more: str = "") -> bytes:
    """A whole answer."""
    return f"HTTP/1.1 {status}\r\n{DATE}Content-Length: {len(body)}\r\n{more}\r\n".encode() + body


def refusal(code: str, status: str, more: str = "", inner: str = "") -> bytes:
    """An answer with an error as S3 words it."""
    told = f"<Error><Code>{code}</Code><Message>it says {code}</Message>{inner}<RequestId>R1</RequestId></Error>"
    return http(told.encode(), status, f"x-amz-request-id: R1\r\n{more}")


def client_of(endpoint: str, **options: object) -> Client:
    """A client of `endpoint` that does not pause between repeats."""
    given: dict[str, object] = {"region": "us-east-1", "connect_timeout": 2.0, "read_timeout": 2.0, **options}
    return Client("lab", S3Options(endpoint_url=endpoint, **given), pause=lambda _: None)  # type: ignore[arg-type]
