"""Reading CloudTrail's files of data events: JSON, one event a request.

Events tell how many bytes left, but not always how large the object is, and no HTTP status: that is what follows from
the error.  Source: facts/s3.md §4d.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote, unquote_plus

from icehouse.core.evidence import Access, Deed, Unparsed, Way
from icehouse.core.links import TRACE

from .unpacking import Ending
from .watching import NEVER, SAMPLES, Watching, clean_agent, is_signed

_DEEDS = {
    "GetObject": Deed.READ,
    "HeadObject": Deed.LOOK,
    "CopyObject": Deed.COPY,
    "UploadPartCopy": Deed.COPY,
}
_WAYS = {"QueryString": Way.LINK, "AuthHeader": Way.CREDENTIALS}
_DENIED = frozenset({"AccessDenied", "InvalidObjectState", "SignatureDoesNotMatch", "RequestTimeTooSkewed"})
_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound"})

_OTHERS = ("/CloudTrail-Digest/", "/CloudTrail-Insight/", "/CloudTrail-Aggregated/")
"""Folders beside the events' own."""

_RECORDS = re.compile(r'"Records"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]{1,64}")


def is_trail(key: str) -> bool:
    """Whether a file of that name may hold events: CloudTrail puts its digests beside them."""
    return not any(folder in f"/{key}" for folder in _OTHERS)


class TrailFile:
    """What one file of events tells; an event is a line of it."""

    def __init__(self, source: str, name: str, watching: Watching, latest: int = NEVER) -> None:
        """`source` is the label of the evidence source, `name` that of the file; nothing happened after `latest`."""
        self.lines = 0
        self.unparsed = 0
        self.samples: list[Unparsed] = []
        self.as_of: int | None = None
        self._source, self._name, self._watching, self._latest = source, name, watching, latest

    def pages(self, blocks: Iterator[bytes], ending: Ending) -> Iterator[Sequence[Access]]:
        """All of it at once: CloudTrail's files are small."""
        text = b"".join(blocks).decode(errors="replace")
        found: list[Access] = []
        for event in self._events(text, ending):
            self.lines += 1
            try:
                found.extend(self._read(event))
            except _OddError as odd:
                self._refuse(str(odd))
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
                self._refuse("an event with fields that are missing or do not fit")
        yield found

    def _events(self, text: str, ending: Ending) -> Iterator[Any]:
        """The events of a file, those before the end of one that is cut off among them."""
        if not text.strip():
            return
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError):
            yield from self._scan(text, ending)
            return
        if isinstance(whole, dict) and isinstance(whole.get("Records"), list):
            yield from whole["Records"]
        else:
            self.lines += 1
            self._refuse("not a file of events")

    def _scan(self, text: str, ending: Ending) -> Iterator[Any]:
        begin = _RECORDS.search(text)
        if begin is None:
            self.lines += 1
            self._refuse("not a file of events")
            return
        decode, at = json.JSONDecoder().raw_decode, begin.end()
        ending.why = ending.why or "its JSON ends early or is broken"
        while (at := _BETWEEN.match(text, at).end()) < len(text) and text[at] != "]":  # type: ignore[union-attr]
            try:
                event, at = decode(text, at)
            except (ValueError, RecursionError):
                self.lines += 1
                self._refuse("the file ends within it or is broken")
                return
            yield event

    def _refuse(self, why: str) -> None:
        self.unparsed += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(Unparsed(f"{self._name}: event {self.lines}", why))

    def _read(self, event: Any) -> Iterator[Access]:
        if not isinstance(event, dict):
            raise _OddError("an event that is no object")
        at = _seconds(event["eventTime"])
        if at > self._latest:
            raise _OddError("a time that is yet to come")
        if self.as_of is None or at > self.as_of:
            self.as_of = at
        deed = _DEEDS.get(str(event["eventName"]))
        asked: Any = event.get("requestParameters")
        if deed is None or event.get("eventSource", "s3.amazonaws.com") != "s3.amazonaws.com" or not asked:
            return
        more: Any = event.get("additionalEventData") or {}
        error = _text(event.get("errorCode"))
        bucket, key, version = _source(asked, event) if deed is Deed.COPY else _target(asked)
        stores = self._watching.stores(bucket, key)
        if not stores or is_signed(key) or is_signed(version or ""):
            return
        who, way = _who(event.get("userIdentity") or {}), _WAYS.get(_text(more.get("AuthenticationMethod")))
        if way is None or deed is Deed.COPY:
            way = Way.CREDENTIALS if who else Way.ANONYMOUS
        part = "Range" in asked or "range" in asked or event["eventName"] == "UploadPartCopy"
        size = more.get("objectSize")
        for store in stores:
            yield Access(
                source=self._source,
                id=_text(event.get("requestID")) or _text(event["eventID"]),
                deed=deed,
                way=way,
                store=store,
                container=bucket,
                key=key,
                version=version,
                at=at,
                status=_status(error, partial=part and deed is Deed.READ),
                error=error,
                sent=_range(asked) or _count(more.get("bytesTransferredOut")),
                size=None if size is None or error else _count(size),
                partial=part,
                requester=who,
                address=_text(event.get("sourceIPAddress")),
                agent=clean_agent(_text(event.get("userAgent")).removeprefix("[").removesuffix("]")),
                link=_link(asked) if way is Way.LINK else "",
            )


class _OddError(Exception):
    """An event that can't be understood; the words say why, without any of it."""


def _target(asked: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Bucket, key and version that were asked for."""
    return _name(asked["bucketName"]), _name(asked["key"]), _text(asked.get("versionId")) or None


def _source(asked: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Bucket, key and version that a copy was made of: as its header says, which is encoded once.

    What of the ways to read a ``+`` is meant, the event's resources tell.
    """
    header = _name(asked["x-amz-copy-source"])
    path, _, query = header.partition("?versionId=")
    path = path.removeprefix("/").removeprefix("%2F").removeprefix("%2f")
    named = {_text(each.get("ARN")) for each in event.get("resources") or () if isinstance(each, dict)}
    ways = [unquote(path), unquote_plus(path), path]
    path = next((way for way in ways if any(arn.endswith(f":::{way}") for arn in named)), ways[0])
    bucket, slash, key = path.partition("/")
    if not slash or bucket.startswith("arn:"):
        raise _OddError("a copy of something that is not named by bucket and key")
    return bucket, key, unquote(query) or None


def _who(identity: Mapping[str, Any]) -> str:
    """Who signed: the ARN, or what stands in its place for another account."""
    if identity.get("type") == "AWSAccount" and identity.get("accountId") == "ANONYMOUS_PRINCIPAL":
        return ""
    for name in ("arn", "accountId", "principalId", "invokedBy"):
        if told := _text(identity.get(name)):
            return told
    return ""


def _link(asked: Mapping[str, Any]) -> str:
    told = asked.get(TRACE)
    return told if isinstance(told, str) and _PLAIN.fullmatch(told) else ""


def _range(asked: Mapping[str, Any]) -> int:
    """How many bytes a copy of a part takes, 0 where it does not say."""
    found = _RANGE.fullmatch(_text(asked.get("x-amz-copy-source-range")))
    return max(0, int(found[2]) - int(found[1]) + 1) if found else 0


def _status(error: str, *, partial: bool) -> int:
    if not error:
        return 206 if partial else 200
    return 403 if error in _DENIED else 404 if error in _ABSENT else 400


def _seconds(time: str) -> int:
    """Seconds since 1970 of a time as ``2026-11-21T18:00:00Z``."""
    at = datetime.fromisoformat(time)
    if at.tzinfo is None:
        raise _OddError("a time without a zone")
    return int(at.timestamp())


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _OddError("an event without a name that it should have")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    """A number of bytes, which CloudTrail writes with a fraction."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 60:
        raise _OddError("a number of bytes that is none")
    return int(value)
