"""The list of objects that an order is of, as S3 Batch Operations reads it: CSV with URL-encoded keys."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote, unquote_to_bytes

from icehouse.core.errors import Invalid
from icehouse.core.orders import Order
from icehouse.core.refs import Ref

FORMAT = "S3BatchOperations_CSV_20180820"
FIELDS = ("Bucket", "Key", "VersionId")

_HELD = 8 << 20
"""Bytes of a manifest that are kept in memory; what is longer goes into a file without a name."""

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_VERSION = re.compile(r"[A-Za-z0-9._~+/=-]{1,1024}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that is written but not put: its bytes, how many, their MD5, and what its columns are."""

    body: IO[bytes]
    size: int
    md5: bytes
    fields: tuple[str, ...]


def encoded(key: str) -> str:
    """A key as a manifest has it; so that it reads alike whether ``+`` is taken for a space or not."""
    return quote(key, safe="/")


def decoded(text: str) -> str:
    """The key that a manifest or a report tells.  ValueError where it is no key."""
    return unquote_to_bytes(text.replace("+", " ")).decode()


def write_manifest(order: Order) -> Manifest:
    """The manifest of `order`.  Invalid where its objects can't be in one."""
    pinned = order.refs[0].version is not None
    digest = hashlib.md5(usedforsecurity=False)
    body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_HELD)  # noqa: SIM115 - the caller closes it
    try:
        size = 0
        for lines in _lines(order, pinned):
            digest.update(lines)
            size += body.write(lines)
        body.seek(0)
    except BaseException:
        body.close()
        raise
    return Manifest(body, size, digest.digest(), FIELDS if pinned else FIELDS[:2])


def _lines(order: Order, pinned: bool) -> Iterator[bytes]:
    if not _BUCKET.fullmatch(order.container):
        raise Invalid(f"{order.container}: no bucket can have that name")
    if len(set(order.refs)) != len(order.refs):
        raise Invalid(f"{order.container}: an order asks once for each of its objects")
    for start in range(0, len(order.refs), 1000):
        some = order.refs[start : start + 1000]
        yield "".join(_line(order, ref, pinned) for ref in some).encode("ascii")


def _line(order: Order, ref: Ref, pinned: bool) -> str:
    if ref.container != order.container:
        raise Invalid(f"{order.container}: an order is of one bucket, not also of {ref.container}")
    if (ref.version is not None) != pinned:
        raise Invalid(f"{order.container}: an order names versions of all its objects or of none")
    if not ref.key:
        raise Invalid(f"{order.container}: an object without a key can't be ordered")
    try:
        key = encoded(ref.key)
    except UnicodeEncodeError:
        raise Invalid(f"{order.container}: a key that is no Unicode can't be ordered") from None
    if ref.version is None:
        return f"{ref.container},{key}\n"
    if not _VERSION.fullmatch(ref.version):
        raise Invalid(f"{order.container}: no version can have that id")
    return f"{ref.container},{key},{ref.version}\n"
