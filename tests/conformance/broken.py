"""A server that answers with bytes of one's own choice, and answers that are none."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Raw:
    """A server that answers every connection with the same bytes, or with `drip` of them each tenth of a second."""

    def __init__(self, answer: bytes, *, drip: int = 0) -> None:
        self._answer, self._drip = answer, drip
        self.requests: list[bytes] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=(self._listener.accept()[0],), daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            told = b""
            while not told.endswith(b"}"):
                piece = sock.recv(65_536)
                if not piece:
                    return
                told += piece
            self.requests.append(told)
            if not self._drip:
                sock.sendall(self._answer)
                return
            for begin in range(0, len(self._answer), self._drip):
                sock.sendall(self._answer[begin : begin + self._drip])
                if self._over.wait(0.1):
                    return

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def http(body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


HTML = b"<html><h1>502 Bad Gateway</h1></html>"
ANSWERS = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "HTML": http(HTML, kind="text/html"),
    "HTML of a proxy": http(HTML, status="502 Bad Gateway", kind="text/html"),
    "HTML of a portal": http(HTML, status="403 Forbidden", kind="text/html"),
    "cut short": http(b'{"id": "user-x"}' * 99)[:300],
    "no JSON": http(b'{"results":[{"id":"file-\xff\x00'),
    "another JSON": http(b"[1, 2, 3]"),
    "empty": http(b""),
    "deep": http(b"[" * 200_000),
    "a long header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    "a redirect": http(b"", status="302 Found", more="Location: http://127.0.0.1:9/elsewhere\r\n"),
}
