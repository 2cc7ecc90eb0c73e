"""The bytes of files: synthetic ones computed from a seed, uploaded ones in parts on disk; MD5s are true to them.

A synthetic part repeats one block of its file, and ends with a block of its own.  So no two parts are alike, and yet
the MD5s of a file of many gigabytes cost about one part's worth of hashing: the repeated beginning is hashed once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from icehouse.sim.content import Blobs, Slice, cut
from icehouse.sim.dnanexus.model import DataObject

BLOCK: Final = 64 * 1024
_SMALLEST_PART: Final = 16 * 1024 * 1024
_MOST_PARTS: Final = 10_000


def part_size(thing: DataObject) -> int:
    """Bytes of every part of a synthetic file but the last."""
    if thing.part_size:
        return thing.part_size
    least = -(-thing.size // _MOST_PARTS)
    return max(_SMALLEST_PART, -(-least // BLOCK) * BLOCK)


@lru_cache(maxsize=256)
def _block(seed: str, name: str, length: int) -> bytes:
    return hashlib.shake_128(f"{seed}\0{name}".encode()).digest(length)


def _tail(size: int) -> int:
    """How many bytes at the end of a part are its own."""
    return size if size <= BLOCK else BLOCK + size % BLOCK


def _synthetic_part(seed: str, number: int, size: int, offset: int, length: int) -> Iterator[bytes]:
    own = _tail(size)
    at, end = offset, offset + length
    body = size - own
    while at < min(end, body):
        start = at % BLOCK
        chunk = _block(seed, "body", BLOCK)[start : start + min(BLOCK - start, min(end, body) - at)]
        yield chunk
        at += len(chunk)
    if at < end:
        yield _block(seed, f"part {number}", own)[at - body : end - body]


@lru_cache(maxsize=64)
def _begun(seed: str, body: int) -> Any:
    digest = hashlib.md5()
    block = _block(seed, "body", BLOCK)
    for _ in range(body // BLOCK):
        digest.update(block)
    return digest


@lru_cache(maxsize=20_000)
def _synthetic_md5(seed: str, number: int, size: int) -> str:
    own = _tail(size)
    digest = _begun(seed, size - own).copy()
    digest.update(_block(seed, f"part {number}", own))
    found: str = digest.hexdigest()
    return found


def _spans(thing: DataObject) -> Iterator[tuple[int, int]]:
    """The number and size of each part of a synthetic file, in order."""
    usual = part_size(thing)
    count = max(1, -(-thing.size // usual))
    for number in range(1, count + 1):
        yield number, min(usual, thing.size - (number - 1) * usual)


def parts_of(thing: DataObject) -> dict[str, dict[str, Any]]:
    """What describe tells of a file's parts: state, size and MD5 by number."""
    if thing.text:
        return {"1": {"state": "complete", "size": thing.size, "md5": hashlib.md5(thing.text.encode()).hexdigest()}}
    if thing.seed and not thing.parts:
        return {
            str(number): {"state": "complete", "size": size, "md5": _synthetic_md5(thing.seed, number, size)}
            for number, size in _spans(thing)
        }
    return {
        number: {name: value for name, value in part.items() if name != "blob"}
        for number, part in sorted(thing.parts.items(), key=lambda item: int(item[0]))
    }


def read(blobs: Blobs, thing: DataObject, offset: int, length: int) -> Iterator[bytes]:
    """Some bytes of a file, in chunks of at most 128 KiB."""
    if thing.text:
        yield thing.text.encode()[offset : offset + length]
        return
    if thing.seed and not thing.parts:
        for number, size in _spans(thing):
            if offset >= size:
                offset -= size
                continue
            take = min(size - offset, length)
            if take <= 0:
                return
            yield from _synthetic_part(thing.seed, number, size, offset, take)
            offset, length = 0, length - take
        return
    ordered = sorted(thing.parts.items(), key=lambda item: int(item[0]))
    pieces = [Slice(False, part["blob"], 0, part["size"]) for _, part in ordered if part["size"]]
    yield from blobs.read(cut(pieces, offset, length))
