"""From the bytes of a listing's page to checked columns; nothing is asked of anyone here.

A page is read whole or not at all: what is not well-formed, lacks a field, has one twice or holds text where none
belongs is broken.  Plain rows, which nearly all are, go the quick way (`rows`); whatever is unusual in the least goes
through a real XML parser (`markup`), with the same outcome; and so do the first few pages of a process, as to load the
quick way takes as long as to read them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import unquote_to_bytes

from .fields import BrokenPageError, Columns, UnusualError
from .markup import Head, parse

__all__ = ["BrokenPageError", "Listing", "expect_many", "read_objects", "read_versions"]

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BETWEEN = b"\xff"
"""What no key has in UTF-8."""

_LARGE, _SEVERAL = 32 << 10, 8
"""After so many pages of so many bytes the quick way is worth its loading."""

_MOST_TAGS = 2_000_000
"""A hundred times what a page has; each costs either way far more than its characters."""

_large = count()
"""Counts the large pages of this process."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page as the server wrote it, keys and prefixes decoded; `rows` in its order, the keys in `keys`.

    `prefix` and `delimiter` are None where the server does not repeat them.  `token` goes on in a listing of objects,
    `next_key` and `next_version` in one of versions; `raw_next_key` is how that key was written.
    """

    rows: Columns
    keys: Sequence[str]
    folders: Sequence[str]
    truncated: bool
    key_count: int | None
    prefix: str | None
    raw_prefix: str | None
    delimiter: str | None
    token: str | None
    next_key: str | None
    raw_next_key: str | None
    next_version: str | None


def expect_many() -> None:
    """Load the quick way now."""
    from . import rows  # noqa: F401

    for _ in range(_SEVERAL):
        next(_large)


def read_objects(body: bytes) -> Listing:
    """The page of ListObjectsV2 in `body`.  BrokenPageError."""
    return _read(body, "ListBucketResult", ("Contents",))


def read_versions(body: bytes) -> Listing:
    """The page of ListObjectVersions in `body`, delete markers among its rows.  BrokenPageError."""
    return _read(body, "ListVersionsResult", ("Version", "DeleteMarker"))


def _read(body: bytes, root: str, kinds: tuple[str, ...]) -> Listing:
    if len(body) > 3 * _MOST_TAGS and body.count(b"<") > _MOST_TAGS:
        raise BrokenPageError("more elements than any page has")
    quick = _quickly(body, root, kinds) if len(body) >= _LARGE and next(_large) >= _SEVERAL else None
    head, rows = quick or parse(body, root, kinds)
    encoded = head.encoding == "url"
    if not encoded and head.encoding:
        raise BrokenPageError(f"keys are encoded as {head.encoding}")
    if head.truncated is None:
        raise BrokenPageError("whether more follows is not told")

    def text(value: str | None) -> str | None:
        return _decoded([value])[0] if encoded and value else value

    def echo(value: str | None) -> str | None:
        try:
            return text(value)
        except BrokenPageError:  # some servers repeat it as it was asked for; who asked compares that as well
            return value

    def marker(value: str | None) -> str | None:
        try:
            return text(value)
        except BrokenPageError:  # Ceph up to Quincy writes it as it is on a page whose keys are encoded
            if value in keys:
                return value
            raise

    keys = _decoded(_proven(rows.keys)) if encoded else rows.keys
    return Listing(
        rows=rows,
        keys=keys,
        folders=_decoded(_proven(head.folders)) if encoded else head.folders,
        truncated=head.truncated,
        key_count=head.key_count,
        prefix=echo(head.prefix),
        raw_prefix=head.prefix,
        delimiter=text(head.delimiter),
        token=head.token,
        next_key=marker(head.next_key),
        raw_next_key=head.next_key,
        next_version=head.next_version,
    )


def _quickly(body: bytes, root: str, kinds: tuple[str, ...]) -> tuple[Head, Columns] | None:
    """The page the quick way, None where anything is unusual.

    The rows are taken out and one empty row is left in their place.  The XML parser reads what remains: where it sees
    that very row, by the byte at which it begins, as the only one below the root, all rows of this page were in the
    block, and nothing but rows.
    """
    from .rows import read_block

    block = _block_of(body, kinds)
    if block is None:
        return None
    start, end = block
    try:
        rows = read_block(body[start:end], kinds)
        head, left = parse(b"%b<%b/>%b" % (body[:start], kinds[0].encode(), body[end:]), root, kinds, emptied=start)
    except (UnusualError, BrokenPageError, ValueError):
        return None  # the other way says what is wrong, if anything is
    return (head, rows) if not left.keys else None


def _block_of(body: bytes, kinds: tuple[str, ...]) -> tuple[int, int] | None:
    """Where in `body` the first row begins and the last ends, None where there is none."""
    starts = [at for kind in kinds if (at := body.find(b"<%b>" % kind.encode())) >= 0]
    ends = [at + len(kind) + 3 for kind in kinds if (at := body.rfind(b"</%b>" % kind.encode())) >= 0]
    return (min(starts), max(ends)) if starts and ends else None


def _proven(texts: Sequence[str]) -> Sequence[str]:
    """`texts`, none of which holds what every encoding of URLs takes away."""
    whole = "<".join(texts)
    if not whole.isascii() or " " in whole:
        raise BrokenPageError("keys that are not encoded, though the server says so")
    return texts


def _decoded(texts: Sequence[str]) -> list[str]:
    """`texts` from their URL encoding, in which S3 writes a space as ``+``."""
    whole = "<".join(texts)
    if "%" not in whole and "+" not in whole:
        return list(texts)
    if _BAD_ESCAPE.search(whole):
        raise BrokenPageError("a key whose encoding is broken")
    together = _BETWEEN.join([text.encode() for text in texts])
    parts = unquote_to_bytes(together.replace(b"+", b" ").replace(b"%2F", b"/")).split(_BETWEEN)
    if len(parts) != len(texts):
        raise BrokenPageError("a key that is not UTF-8")
    try:
        return list(map(bytes.decode, parts))
    except UnicodeDecodeError:
        raise BrokenPageError("a key that is not UTF-8") from None
