"""Reads listings of the bench's server and makes nothing of them: the limit that any reader has.

Usage: python -m tests.bench.raw ENDPOINT KEYS CONNECTIONS [urllib3]

Each connection has an equal share of the pages, which nobody could know beforehand of a real store; nothing is signed.
With ``urllib3``, by the library that others and we use instead of by a socket into one piece of memory.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable

PAGE = 1000
Read = Callable[[str], memoryview | bytes]


def in_36(number: int) -> str:
    """A number as the server writes it in its tokens."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def by_socket(host: str, port: int) -> Read:
    """One connection, read into one piece of memory."""
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    kept = bytearray(4 << 20)
    view = memoryview(kept)

    def read(path: str) -> memoryview:
        asked = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nx-amz-optional-object-attributes: RestoreStatus\r\n\r\n"
        connection.sendall(asked.encode())
        got, whole, begins = 0, None, 0
        while whole is None or got < whole:
            more = connection.recv_into(view[got:])
            if not more:
                raise ConnectionError("the server ended the connection")
            got += more
            if whole is None and (end := kept.find(b"\r\n\r\n", 0, got)) >= 0:
                length = kept.find(b"Content-Length: ", 0, end) + 16
                begins = end + 4
                whole = begins + int(kept[length : kept.find(b"\r\n", length)])
        return view[begins:got]

    return read


def by_urllib3(host: str, port: int) -> Read:
    """The same by a connection pool."""
    import urllib3

    pool = urllib3.HTTPConnectionPool(host, port, maxsize=1)
    headers = {"x-amz-optional-object-attributes": "RestoreStatus"}
    return lambda path: pool.request("GET", path, headers=headers).data


def between(page: bytes, begin: bytes, end: bytes) -> str:
    """What stands between two tags; empty where they do not occur."""
    _, found, rest = page.partition(begin)
    return rest[: rest.find(end)].decode() if found else ""


def lane(read: Read, first: int, last: int) -> int:
    """Read the keys from `first` up to `last`, page by page as the server's tokens lead; how many there were."""
    token, seen = f"t{in_36(first)}", 0
    while token and first + seen < last:
        most = min(PAGE, last - first - seen)
        body = read(f"/bench?list-type=2&encoding-type=url&max-keys={most}&continuation-token={token}")
        begin = bytes(body[:1000])
        token = between(begin, b"<NextContinuationToken>", b"<")
        seen += int(between(begin, b"<KeyCount>", b"<"))
    return seen


def main() -> int:
    """Read all, and say how many keys that were."""
    endpoint, keys, lanes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    host, _, port = endpoint.removeprefix("http://").partition(":")
    connect = by_urllib3 if "urllib3" in sys.argv else by_socket
    seen = [0] * lanes

    def go(n: int) -> None:
        seen[n] = lane(connect(host, int(port)), keys * n // lanes, keys * (n + 1) // lanes)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(seen))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
