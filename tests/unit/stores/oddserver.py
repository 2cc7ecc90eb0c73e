"""A server of S3 over a real socket that lists as other servers than AWS do, and as spoilt answers would."""

from __future__ import annotations

import base64
import random
import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, quote_plus
from xml.sax.saxutils import escape

from tests.unit.stores.scripted import http, refusal

MINIO = "[minio_cache:v2,return:]"
S3 = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True)
class Ways:
    """How a server lists; as AWS does unless it is told otherwise.

    `count` of a page: of keys and folders ("both"), of "keys", "none".  `encoding`: "aws", "percent", "mixed" as
    SeaweedFS does, "ignored", "announced" and not done.  `token`: "opaque" or a "key".  `always_on`: a token on the
    last page as well.  `denies`: no page says that it is truncated.  `start`: "behind" a key, "from" it on, "ignored".
    `cap`: keys a page.  `empty`: after so many pages comes an empty one.  `marker`: NextKeyMarker "encoded" as the
    keys are, or "raw"; or encoded with MinIO's own note behind it ("noted"); or a little
    "further" than the last key, or so "further and raw".
    `deleted_last`: delete markers behind all versions.  `refuses`: the answer to who asks for restores.
    """

    namespace: str = S3
    prolog: bytes = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    count: str = "both"
    encoding: str = "aws"
    token: str = "opaque"
    always_on: bool = False
    denies: bool = False
    start: str = "behind"
    cap: int = 1000
    empty: int = 0
    marker: str = "encoded"
    version_marker: bool = True
    deleted_last: bool = False
    modified: str = "2026-11-21T20:15:07.000Z"
    fields: str = "<ETag>&quot;c4ca&quot;</ETag><StorageClass>STANDARD</StorageClass>"
    refuses: bytes = b""
    framing: str = "length"
    knows_v2: bool = True
    sorts: Callable[[Sequence[str]], list[str]] = sorted


class Row(NamedTuple):
    """A version of a key."""

    key: str
    version: str
    latest: bool
    deleted: bool


@dataclass
class OddServer:
    """Lists `keys`, or `rows` where it keeps versions; `talk` is for a `Scripted` one.

    Of the listings a `share` fails, in one of the ways that are seen on the wire.
    """

    ways: Ways
    keys: Sequence[str] = ()
    rows: Sequence[Row] = ()
    share: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    asked: list[dict[str, str]] = field(default_factory=list)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def talk(self, request: bytes) -> bytes:
        """The answer to one request."""
        line, _, head = request.partition(b"\r\n")
        query = dict(parse_qsl(line.decode().split(" ")[1].partition("?")[2], keep_blank_values=True))
        if "versioning" in query:
            status = "<Status>Enabled</Status>" if self.rows else ""
            return http(f"<VersioningConfiguration>{status}</VersioningConfiguration>".encode())
        with self.lock:
            self.asked.append(query)
            fault = self.dice.choice(FAULTS) if self.dice.random() < self.share else None
            if self.ways.refuses and b"x-amz-optional-object-attributes:" in head.lower():
                self.refused += 1
                return self.ways.refuses
        body = self.versions(query) if "versions" in query else self.objects(query)
        answer = self.framed(body)
        return answer if fault is None else fault(answer)

    def framed(self, body: bytes) -> bytes:
        """A whole answer around `body`."""
        if self.ways.framing == "close":
            return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
        if self.ways.framing == "chunked":
            parts = [body[at : at + 700] for at in range(0, len(body), 700)]
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        return http(body)

    def text(self, value: str, query: dict[str, str]) -> str:
        """A key as a page holds it."""
        if "encoding-type" not in query or self.ways.encoding in ("ignored", "announced"):
            return escape(value, {"\r": "&#13;"})
        if self.ways.encoding == "percent":
            return quote(value, safe="/")
        if self.ways.encoding == "mixed":
            folder, slash, name = value.rpartition("/")
            return quote(folder, safe="/") + slash + quote_plus(name)
        return quote_plus(value, safe="/")

    def objects(self, query: dict[str, str]) -> bytes:
        """A page of ListObjectsV2, or of its forerunner."""
        ways = self.ways
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        found: dict[str, bool] = {}
        for key in self.keys:
            if key.startswith(prefix):
                cut = key.find(delimiter, len(prefix)) + 1 if delimiter else 0
                found[key[:cut] if cut else key] = bool(cut)
        names = ways.sorts(list(found))
        begin = 0
        if "continuation-token" in query and ways.knows_v2:
            token = query["continuation-token"]
            told = token if ways.token == "key" else base64.b64decode(token).decode()
            begin = names.index(told.removeprefix("!")) + (not told.startswith("!"))
        elif (after := query.get("start-after", "")) and ways.knows_v2 and ways.start != "ignored":
            begin = (bisect_left if ways.start == "from" else bisect_right)(names, after)
        size = min(int(query.get("max-keys", "1000")), ways.cap)
        shown = names[begin : begin + size]
        more = begin + size < len(names)
        empty = bool(ways.empty and shown and begin and begin // size % ways.empty == 0 and not _is_mark(query))
        if empty:
            shown, more, following = [], True, "!" + names[begin]
        else:
            following = shown[-1] if shown else ""
        head = f"<Name>box</Name><Prefix>{self.text(prefix, query)}</Prefix><MaxKeys>{size}</MaxKeys>"
        if delimiter:
            head += f"<Delimiter>{self.text(delimiter, query)}</Delimiter>"
        head += self.said_encoding(query) + f"<IsTruncated>{str(more and not ways.denies).lower()}</IsTruncated>"
        counts = {"both": len(shown), "keys": sum(not found[name] for name in shown)}
        if ways.count in counts and ways.knows_v2:
            head += f"<KeyCount>{counts[ways.count]}</KeyCount>"
        if ways.knows_v2 and (more or (ways.always_on and following)):
            told = following if ways.token == "key" else base64.b64encode(following.encode()).decode()
            head += f"<NextContinuationToken>{escape(told)}</NextContinuationToken>"
        if not ways.knows_v2:
            head += "<Marker></Marker>"
        body = "".join(
            f"<CommonPrefixes><Prefix>{self.text(name, query)}</Prefix></CommonPrefixes>"
            if found[name]
            else f"<Contents><Key>{self.text(name, query)}</Key>{self.facts()}</Contents>"
            for name in shown
        )
        return self.page("ListBucketResult", head + body)

    def versions(self, query: dict[str, str]) -> bytes:
        """A page of ListObjectVersions."""
        ways = self.ways
        rows = [row for row in self.rows if row.key.startswith(query.get("prefix", ""))]
        begin = 0
        if key := query.get("key-marker", "").removesuffix(MINIO):
            places = [(row.key, row.version) for row in rows]
            if version := query.get("version-id-marker"):
                if (key, version) not in places:
                    return b"<Error><Code>InvalidArgument</Code><Message>Invalid version id</Message></Error>"
                begin = places.index((key, version)) + 1
            else:
                begin = (bisect_left if ways.start == "from" else bisect_right)(rows, key, key=lambda row: row.key)
        size = min(int(query.get("max-keys", "1000")), ways.cap)
        shown, more = rows[begin : begin + size], begin + size < len(rows)
        head = f"<Name>box</Name><Prefix>{escape(query.get('prefix', ''))}</Prefix>{self.said_encoding(query)}"
        head += f"<MaxKeys>{size}</MaxKeys><IsTruncated>{str(more and not ways.denies).lower()}</IsTruncated>"
        if more:
            last = shown[-1]
            more_of_it = {"noted": MINIO, "further": "!", "further and raw": "%41"}.get(ways.marker, "")
            on, version = last.key + more_of_it, "of another" if "further" in ways.marker else last.version
            head += f"<NextKeyMarker>{escape(on) if 'raw' in ways.marker else self.text(on, query)}</NextKeyMarker>"
            head += f"<NextVersionIdMarker>{version}</NextVersionIdMarker>" if ways.version_marker else ""
        if ways.deleted_last:
            shown = sorted(shown, key=lambda row: row.deleted)
        body = ""
        for row in shown:
            kind = "DeleteMarker" if row.deleted else "Version"
            facts = "" if row.deleted else self.facts()
            body += f"<{kind}><Key>{self.text(row.key, query)}</Key><VersionId>{row.version}</VersionId>"
            body += f"<IsLatest>{str(row.latest).lower()}</IsLatest>{facts}</{kind}>"
        return self.page("ListVersionsResult", head + body)

    def said_encoding(self, query: dict[str, str]) -> str:
        """Whether the page says that it is encoded."""
        said = "encoding-type" in query and self.ways.encoding != "ignored"
        return "<EncodingType>url</EncodingType>" if said else ""

    def facts(self) -> str:
        """What a row tells besides its key."""
        modified = f"<LastModified>{self.ways.modified}</LastModified>" if self.ways.modified else ""
        return f"{modified}<Size>1</Size>{self.ways.fields}"

    def page(self, root: str, inner: str) -> bytes:
        """The whole page."""
        space = f' xmlns="{self.ways.namespace}"' if self.ways.namespace else ""
        return self.ways.prolog + f"<{root}{space}>{inner}</{root}>".encode()


def _is_mark(query: dict[str, str]) -> bool:
    token = query.get("continuation-token", "")
    return bool(token) and base64.b64decode(token).startswith(b"!")


def _shorter(answer: bytes) -> bytes:
    """The connection ends in the middle of the body."""
    return answer[: -(len(answer) // 3)].replace(b"Content-Length", b"Connection: close\r\nContent-Length", 1)


def _without_a_row(answer: bytes) -> bytes:
    _, _, body = answer.partition(b"\r\n\r\n")
    return http(re.sub(rb"<Contents>.*?</Contents>", b"", body, count=1))


FAULTS: Sequence[Callable[[bytes], bytes]] = (
    lambda _: refusal("SlowDown", "503 Slow Down"),
    lambda _: refusal("SlowDown", "503 Slow Down", "Retry-After: 0\r\n"),
    lambda _: refusal("InternalError", "500 Internal Server Error"),
    lambda _: refusal("InternalError", "200 OK"),
    lambda _: b"",
    _shorter,
    _without_a_row,
)
"""What goes wrong with an answer that was good."""
