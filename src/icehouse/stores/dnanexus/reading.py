"""Reading bytes: an address of the platform's own, one ranged GET, every whole part held against its MD5.

A file that the platform flags as malicious is not read: Conflict says so, as whoever got the bytes would not be told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from icehouse.core.errors import Cold, Conflict, Invalid, NotFound, StoreError, Unavailable
from icehouse.core.refs import Ref, ref_address
from icehouse.core.text import safe

from . import describing
from .client import Client
from .errors import from_reply, from_wire, garbled
from .projects import Projects
from .wire import Broken


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a file: where it begins and ends, and the MD5 of its bytes."""

    start: int
    end: int
    md5: str


def read_bytes(client: Client, projects: Projects, ref: Ref, start: int, end: int | None) -> Iterator[bytes]:
    """The bytes from `start` up to `end`; a body that ends early, or is another one, raises."""
    what = ref_address(ref)
    if start < 0 or (end is not None and end < start):
        raise Invalid(f"{what}: no such range: {start} to {end}")
    [described] = describing.describe(client, projects, [ref])
    if described.entry is None:
        raise described.error or NotFound(f"{what}: not found")
    entry = described.entry
    if entry.kind != "file":
        raise Invalid(f"{what}: only a file has bytes to read, this is of class {safe(entry.kind)}")
    file = str(entry.ref.version)
    if "open" in entry.traits or "closing" in entry.traits:
        raise Conflict(f"{what}: still being written")
    if end == start:
        return
    if start >= entry.size and (start or end is not None):
        raise Invalid(f"{what}: no such range: {start} of {entry.size} bytes")
    end = entry.size if end is None else min(end, entry.size)
    try:
        told = client.read(f"{file}/download", what, project=ref.container)
    except Conflict as refused:
        cold = not entry.standing.state.readable
        raise (Cold(f"{what}: {entry.standing.word}, not live", words=refused.words) if cold else refused) from None
    if told.members.get("security_status") not in (None, "", "OK"):
        words = f"security_status: {told.members['security_status']}"
        raise Conflict(f"{what}: the platform flags it as malicious; Icehouse does not read it", words=words)
    parts = _parts(client, ref, file, what) if entry.size else []
    yield from _checked(_fetched(client, told.members, what, start, end), parts, start, end, what)


def _parts(client: Client, ref: Ref, file: str, what: str) -> Sequence[_Part]:
    """The parts with their MD5s; none where the platform does not tell them all."""
    told = client.read(f"{file}/describe", what, project=ref.container, fields={"parts": True}).members.get("parts")
    if not isinstance(told, Mapping) or not told:
        return []
    try:
        ordered = [told[index] for index in sorted(told, key=int)]
        sizes = [int(part["size"]) for part in ordered]
        ends = list(accumulate(sizes))
        return [_Part(end - size, end, str(part["md5"])) for part, size, end in zip(ordered, sizes, ends, strict=True)]
    except (KeyError, TypeError, ValueError):
        return []


def _fetched(client: Client, told: Mapping[str, Any], what: str, start: int, end: int) -> Iterator[bytes]:
    url, headers = told.get("url"), told.get("headers") or {}
    if not isinstance(url, str) or not isinstance(headers, Mapping):
        raise garbled(what, "no address to read from")
    secrets = (url, *(str(value) for value in headers.values()), *client.secrets)
    wanted = {str(name): str(value) for name, value in headers.items()} | {"Accept-Encoding": "identity"}
    if end > start:
        wanted["Range"] = f"bytes={start}-{end - 1}"
    failure: StoreError
    try:
        with client.wire.fetch(url, wanted) as (head, more):
            if head.status not in (200, 206):
                failure = from_reply(head, what, secrets=secrets)
            elif (head.status == 200 and start > 0) or not _begins_at(head.headers, head.status, start):
                failure = Unavailable(f"{what}: the server sent another range")
            else:
                yield from _pieces(more, end - start)
                return
    except Broken as broken:
        failure = from_wire(broken, what, "the download server", secrets=secrets)
    raise failure


def _begins_at(headers: Mapping[str, str], status: int, start: int) -> bool:
    return status == 200 or headers.get("content-range", "").startswith(f"bytes {start}-")


def _pieces(more: Callable[[], bytes], wanted: int) -> Iterator[bytes]:
    """So many bytes and no more.  Broken where there are fewer."""
    while wanted > 0:
        piece = more()
        if not piece:
            raise Broken("the answer was cut short")
        yield piece[:wanted]
        wanted -= len(piece)


def _checked(pieces: Iterator[bytes], parts: Sequence[_Part], start: int, end: int, what: str) -> Iterator[bytes]:
    """The pieces as they come; a whole part whose MD5 is another one raises where it ends."""
    whole = iter([part for part in parts if start <= part.start and part.end <= end and part.end > part.start])
    part = next(whole, None)
    digest = hashlib.md5(usedforsecurity=False)
    at = start
    for piece in pieces:
        rest = memoryview(piece)
        while part is not None and at + len(rest) > part.start:
            skipped = max(0, part.start - at)
            taken = rest[skipped : skipped + part.end - max(at, part.start)]
            digest.update(taken)
            at += skipped + len(taken)
            rest = rest[skipped + len(taken) :]
            if at < part.end:
                break
            if digest.hexdigest() != part.md5.lower():
                raise Unavailable(f"{what}: the bytes are not those that were stored", words="MD5 of a part differs")
            part, digest = next(whole, None), hashlib.md5(usedforsecurity=False)
        at += len(rest)
        yield piece
