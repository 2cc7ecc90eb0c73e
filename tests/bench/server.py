"""The bench's own S3 server: it answers from rows written beforehand, so that what is measured is who asks.

Usage: python -m tests.bench.server [--keys N] [--shape tree|flat|skewed] [--delay-ms MS] [--faults SHARE] [--odd]
                                    [--versioned] [--port N]

It prints its address once it is ready; any credentials will do, nothing is checked.  It knows one bucket, `bench`, and
of S3 what lists and restores: ListObjectsV2 (restores only where they are asked for, as on AWS), ListObjectVersions
(one of each key), HEAD, POST ?restore and what tools ask of a bucket.  How it behaves is changed while it runs by
``POST /-/set?delay=0.06&faults=0.05&refused=0.05``; ``GET /-/told`` tells how often what was asked.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote

from .rows import SHAPES, Look, Rows, escaped, names, quoted, thing_of

BUCKET = "bench"
REGION = "us-east-1"
READY_SECONDS = 120.0
_NAMESPACE = b'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_FAULTS = ("slow down", "reset", "cut")
_SENT_AT_ONCE = 64


class BrokenOffError(Exception):
    """The connection is to be cut, as a fault."""


@dataclass(slots=True)
class Manner:
    """How the server behaves: seconds that each answer waits, and what share of lists and restores goes wrong."""

    delay: float = 0.0
    faults: float = 0.0
    refused: float = 0.0
    versioned: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    head: bytes

    def header(self, name: bytes) -> bytes:
        """A header by its name in lower case; empty where there is none."""
        at = self.head.lower().find(b"\r\n" + name + b":")
        if at < 0:
            return b""
        at += len(name) + 3
        return self.head[at : self.head.find(b"\r\n", at)].strip()


@dataclass(slots=True)
class Answer:
    """One answer: its pieces go out one after the other, uncopied; unless it is `broken` by a reset or a cut."""

    status: str = "200 OK"
    pieces: list[bytes | memoryview] = field(default_factory=list)
    headers: str = ""
    broken: str = ""


@dataclass(slots=True)
class Server:
    """The bucket, how it behaves, what it was asked, and whose restores it has accepted."""

    rows: Rows
    manner: Manner
    told: Counter[str] = field(default_factory=Counter)
    restoring: set[int] = field(default_factory=set)
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def serve(self, listener: socket.socket) -> None:
        """Answer for ever, a thread for each connection."""
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        number, unread = 0, b""
        with contextlib.suppress(OSError, BrokenOffError), connection:
            while True:
                while (end := unread.find(b"\r\n\r\n")) < 0:
                    more = connection.recv(65536)
                    if not more:
                        return
                    unread += more
                head, unread = unread[: end + 2], unread[end + 4 :]
                method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
                path, _, query = target.partition("?")
                asked = Asked(method, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), head)
                if asked.header(b"expect"):
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                length = int(asked.header(b"content-length") or 0)
                while len(unread) < length:
                    unread += connection.recv(65536)
                unread = unread[length:]
                number += 1
                self._send(connection, asked, self.answer(asked), number)

    def _send(self, connection: socket.socket, asked: Asked, answer: Answer, number: int) -> None:
        length = sum(map(len, answer.pieces))
        head = (
            f"HTTP/1.1 {answer.status}\r\nDate: {formatdate(usegmt=True)}\r\nServer: icehouse-bench\r\n"
            f"x-amz-request-id: B{id(connection) & 0xFFFFFF:06X}{number:09}\r\nx-icehouse-standin: s3; speed=1\r\n"
            f"Content-Type: application/xml\r\n{answer.headers}"
            f"{'' if 'Content-Length' in answer.headers else f'Content-Length: {length}{chr(13)}{chr(10)}'}\r\n"
        ).encode()
        pieces = [head] if asked.method == "HEAD" else [head, *answer.pieces]
        if self.manner.delay and not asked.path.startswith("/-/"):
            time.sleep(self.manner.delay)
        if answer.broken == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise BrokenOffError
        if answer.broken or len(pieces) > _SENT_AT_ONCE:
            whole = b"".join(pieces)
            connection.sendall(whole[: len(whole) // 2] if answer.broken else whole)
            if answer.broken:
                raise BrokenOffError
            return
        sent = connection.sendmsg(pieces)
        for piece in pieces:
            if sent < len(piece):
                connection.sendall(memoryview(piece)[sent:])
            sent = max(0, sent - len(piece))

    def answer(self, asked: Asked) -> Answer:
        """What S3 would say."""
        _, bucket, key = (*asked.path.split("/", 2), "", "")[:3]
        if bucket == "-":
            return self._steered(asked, key)
        if not bucket:
            self.told["list buckets"] += 1
            told = f"<Owner><ID>bench</ID></Owner><Buckets><Bucket><Name>{BUCKET}</Name>"
            told += "<CreationDate>2019-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets>"
            return document("ListAllMyBucketsResult", told)
        if bucket != BUCKET:
            return refusal("404 Not Found", "NoSuchBucket")
        if key:
            return self._object(asked, key.encode())
        if asked.method == "HEAD":
            return Answer(headers=f"x-amz-bucket-region: {REGION}\r\n")
        if "location" in asked.query:
            return document("LocationConstraint", "")
        if "versioning" in asked.query:
            return document("VersioningConfiguration", "<Status>Enabled</Status>" if self.manner.versioned else "")
        if asked.method == "GET" and (asked.query.get("list-type") == "2" or "versions" in asked.query):
            return self._listing(asked)
        return refusal("501 Not Implemented", "NotImplemented")

    def _steered(self, asked: Asked, what: str) -> Answer:
        if what == "set":
            for name, value in asked.query.items():
                setattr(self.manner, name, float(value))
            self.told.clear()
        return Answer(pieces=[json.dumps(self.told).encode()])

    def _listing(self, asked: Asked) -> Answer:
        self.told["pages"] += 1
        fault = self.dice.choice(_FAULTS) if self.dice.random() < self.manner.faults else ""
        if fault:
            self.told[fault] += 1
        if fault == "slow down":
            return refusal("503 Slow Down", "SlowDown")
        page = self.page(asked)
        page.broken = fault
        return page

    def page(self, asked: Asked) -> Answer:
        """One page of a listing of objects or of versions."""
        query, keys = asked.query, self.rows.keys
        versions, url = "versions" in query, query.get("encoding-type") == "url"
        text, starts = self.rows.look(
            Look(url, b"RestoreStatus" in asked.header(b"x-amz-optional-object-attributes"), versions)
        )
        prefix, delimiter = query.get("prefix", "").encode(), query.get("delimiter", "").encode()
        most = min(int(query.get("max-keys") or 1000), 1000)
        after, token = query.get("key-marker" if versions else "start-after", "").encode(), ""
        first, end = bisect_left(keys, prefix), bisect_left(keys, behind(prefix)) if prefix else len(keys)
        if not versions and "continuation-token" in query:
            token = query["continuation-token"]
            first = max(first, int(token[1:], 36))
        elif after:
            whole = versions and delimiter and after.endswith(delimiter)
            first = max(first, bisect_left(keys, behind(after)) if whole else bisect_right(keys, after))
        parts, folders, at = self._level(first, end, len(prefix), delimiter, most)
        count = sum(b - a for a, b in parts) + len(folders)
        encode = quoted if url else escaped
        cut = at < end and most > 0
        head = f"<Name>{BUCKET}</Name><Prefix>{encode(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>"
        head += f"<Delimiter>{encode(delimiter)}</Delimiter>" if delimiter else ""
        head += "<EncodingType>url</EncodingType>" if url else ""
        head += f"<IsTruncated>{str(cut).lower()}</IsTruncated>"
        if versions:
            head += f"<KeyMarker>{encode(after)}</KeyMarker><VersionIdMarker>{query.get('version-id-marker', '')}"
            head += "</VersionIdMarker>"
            if cut:
                folder = folders and not (parts and keys[parts[-1][1] - 1] > folders[-1])
                last = folders[-1] if folder else keys[at - 1]
                head += f"<NextKeyMarker>{encode(last)}</NextKeyMarker>"
                head += f"<NextVersionIdMarker>{'' if folder else thing_of(at - 1).version}</NextVersionIdMarker>"
        else:
            head += f"<KeyCount>{count}</KeyCount>"
            head += f"<ContinuationToken>{token}</ContinuationToken>" if token else ""
            head += f"<NextContinuationToken>t{in_36(at)}</NextContinuationToken>" if cut else ""
            head += f"<StartAfter>{encode(after)}</StartAfter>" if after else ""
        root = b"ListVersionsResult" if versions else b"ListBucketResult"
        pieces: list[bytes | memoryview] = [b"%s<%s %s>%s" % (_XML, root, _NAMESPACE, head.encode())]
        pieces += [text[starts[a] : starts[b]] for a, b in parts]
        told = "".join(f"<CommonPrefixes><Prefix>{encode(folder)}</Prefix></CommonPrefixes>" for folder in folders)
        return Answer(pieces=[*pieces, b"%s</%s>" % (told.encode(), root)])

    def _level(
        self, at: int, end: int, depth: int, delimiter: bytes, most: int
    ) -> tuple[list[tuple[int, int]], list[bytes], int]:
        """Which rows and folders make a page of `most`, and the place where the next one begins."""
        if not delimiter:
            last = min(at + most, end)
            return ([(at, last)] if last > at else []), [], max(at, last)
        keys, parts, folders, count = self.rows.keys, list[tuple[int, int]](), list[bytes](), 0
        while at < end and count < most:
            cut = keys[at].find(delimiter, depth)
            if cut >= 0:
                folders.append(keys[at][: cut + len(delimiter)])
                at = bisect_left(keys, behind(folders[-1]), at, end)
            else:
                if parts and parts[-1][1] == at:
                    parts[-1] = (parts[-1][0], at + 1)
                else:
                    parts.append((at, at + 1))
                at += 1
            count += 1
        return parts, folders, at

    def _object(self, asked: Asked, key: bytes) -> Answer:
        place = bisect_left(self.rows.keys, key)
        if place == len(self.rows.keys) or self.rows.keys[place] != key:
            return refusal("404 Not Found", "NoSuchKey")
        thing = thing_of(place)
        if asked.method == "POST" and "restore" in asked.query:
            self.told["restores"] += 1
            if self.dice.random() < self.manner.refused:
                return refusal("503 Slow Down", "SlowDown")
            if thing.kind not in ("GLACIER", "DEEP_ARCHIVE"):
                return refusal("403 Forbidden", "InvalidObjectState")
            if place in self.restoring or thing.restore == 0:
                return refusal("409 Conflict", "RestoreAlreadyInProgress")
            self.restoring.add(place)
            return Answer("202 Accepted")
        if asked.method != "HEAD":
            return refusal("501 Not Implemented", "NotImplemented")
        self.told["heads"] += 1
        modified = datetime.fromisoformat(thing.modified).timestamp()
        headers = f"Content-Length: {thing.size}\r\nLast-Modified: {formatdate(modified, usegmt=True)}\r\n"
        headers += f'ETag: "{thing.etag}"\r\n'
        if thing.kind != "STANDARD":
            headers += f"x-amz-storage-class: {thing.kind}\r\n"
        if self.manner.versioned:
            headers += f"x-amz-version-id: {thing.version}\r\n"
        if place in self.restoring or thing.restore == 0:
            headers += 'x-amz-restore: ongoing-request="true"\r\n'
        elif thing.restore:
            until = formatdate(self.rows.until(thing.restore).timestamp(), usegmt=True)
            headers += f'x-amz-restore: ongoing-request="false", expiry-date="{until}"\r\n'
        return Answer(headers=headers)


def document(root: str, inner: str) -> Answer:
    """A small document of S3's."""
    return Answer(pieces=[b"%s<%s %s>%s</%s>" % (_XML, root.encode(), _NAMESPACE, inner.encode(), root.encode())])


def refusal(status: str, code: str) -> Answer:
    """An error as S3 words it."""
    told = f"<Error><Code>{code}</Code><Message>The bench says {code}.</Message><RequestId>BENCH</RequestId></Error>"
    return Answer(status, [_XML + told.encode()])


def behind(prefix: bytes) -> bytes:
    """What sorts right behind everything that begins with `prefix`; as keys are UTF-8, its last byte can be raised."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def in_36(number: int) -> str:
    """A number in few characters."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is running as a process of its own."""

    endpoint: str
    pid: int

    def set(self, **manner: float) -> None:
        """Change how it behaves from now on, and have it count anew."""
        words = "&".join(f"{name}={value}" for name, value in manner.items())
        self._ask(f"/-/set?{words}", "POST")

    def told(self) -> dict[str, int]:
        """How often it was asked what, and what faults it made."""
        found: dict[str, int] = json.loads(self._ask("/-/told", "GET"))
        return found

    def _ask(self, path: str, method: str) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(self.endpoint + path, method=method), timeout=10) as answer:
            told: bytes = answer.read()
        return told


@contextlib.contextmanager
def serving(keys: int, shape: str = "tree", *more: str) -> Iterator[Served]:
    """A server as a process of its own, ready to answer; `more` are further words of its command line."""
    command = [sys.executable, "-m", "tests.bench.server", "--keys", str(keys), "--shape", shape, "--tethered", *more]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(READY_SECONDS, process.kill)
        watchdog.start()
        endpoint = process.stdout.readline().decode().strip()
        watchdog.cancel()
        try:
            if not endpoint:
                raise RuntimeError("the bench's server did not start")
            yield Served(endpoint, process.pid)
        finally:
            process.kill()


def main(argv: Sequence[str] | None = None) -> int:
    """Write the rows, say where, and serve until killed, or until stdin ends where it is tethered to a parent."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.server")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--shape", choices=SHAPES, default="tree")
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--faults", type=float, default=0.0, help="share of pages: 503, a reset, or a body cut short")
    parser.add_argument("--refused", type=float, default=0.0, help="share of restores that are told to slow down")
    parser.add_argument("--odd", action="store_true", help="one key in a hundred holds what readers stumble over")
    parser.add_argument("--versioned", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tethered", action="store_true", help="end when stdin does")
    wish = parser.parse_args(argv)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Rows(names(wish.keys, wish.shape, wish.odd), today)
    for restores in (False, True):
        rows.look(Look(url=True, restores=restores))
    server = Server(rows, Manner(wish.delay_ms / 1000, wish.faults, wish.refused, wish.versioned))
    listener = socket.create_server(("127.0.0.1", wish.port), backlog=256)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        if wish.tethered:
            sys.stdin.buffer.read()
        else:
            threading.Event().wait()
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
