"""Bytes: synthetic ones computed from a seed when read, and uploaded ones kept as files in the data directory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

BLOCK: Final = 64 * 1024
"""Bytes of one synthetic block, and of one read from a file."""

HASHED: Final = 64 * 1024
"""Synthetic objects up to this many bytes have their true MD5 as ETag; larger ones pose as encrypted with a KMS key."""


class Slice(NamedTuple):
    """A run of bytes: `name` is a seed when `synthetic`, else a blob in the data directory."""

    synthetic: bool
    name: str
    offset: int
    length: int


@lru_cache(maxsize=64)
def _block(seed: str, number: int) -> bytes:
    return hashlib.shake_128(f"{seed}\0{number}".encode()).digest(BLOCK)


def _synthetic(piece: Slice) -> Iterator[bytes]:
    at, end = piece.offset, piece.offset + piece.length
    while at < end:
        number, start = divmod(at, BLOCK)
        chunk = _block(piece.name, number)[start : min(BLOCK, start + end - at)]
        yield chunk
        at += len(chunk)


def synthetic_md5(seed: str, size: int) -> str:
    """The MD5 in hex of a small synthetic object."""
    if size < BLOCK:
        # SHAKE is an extendable function: its first bytes do not depend on how many are asked for.
        return hashlib.md5(hashlib.shake_128(f"{seed}\0000".encode()).digest(size)).hexdigest()
    digest = hashlib.md5()
    for chunk in _synthetic(Slice(True, seed, 0, size)):
        digest.update(chunk)
    return digest.hexdigest()


def cut(pieces: Iterable[Slice], offset: int, length: int) -> tuple[Slice, ...]:
    """The slices that hold `length` bytes from `offset` of a larger run of slices."""
    found: list[Slice] = []
    for piece in pieces:
        if offset >= piece.length:
            offset -= piece.length
            continue
        take = min(piece.length - offset, length)
        if take <= 0:
            break
        found.append(Slice(piece.synthetic, piece.name, piece.offset + offset, take))
        offset, length = 0, length - take
    return tuple(found)


def planted(body: bytes) -> str:
    """The name of a blob that a fixture brings along."""
    return f"planted-{hashlib.md5(body).hexdigest()}"


class Blobs:
    """Uploaded bytes, one file each; never reclaimed, since copies share them and a stand-in is short-lived."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._planted: dict[str, bytes] = {}
        self._next = max((int(file.name) for file in folder.iterdir() if file.name.isdigit()), default=0) + 1

    def create(self) -> tuple[str, BinaryIO]:
        """A new blob's name and its file, open for writing."""
        name = str(self._next)
        self._next += 1
        return name, (self._folder / name).open("xb")

    def plant(self, body: bytes) -> None:
        """Let `planted(body)` be read for as long as this process runs; for the bytes of fixtures."""
        self._planted[planted(body)] = body

    def discard(self, name: str) -> None:
        """Forget a blob whose upload failed."""
        (self._folder / name).unlink(missing_ok=True)

    def read(self, pieces: Iterable[Slice]) -> Iterator[bytes]:
        """The bytes of some slices, in chunks of at most 64 KiB."""
        for piece in pieces:
            if piece.synthetic:
                yield from _synthetic(piece)
                continue
            if piece.name in self._planted:
                yield self._planted[piece.name][piece.offset : piece.offset + piece.length]
                continue
            with (self._folder / piece.name).open("rb") as file:
                file.seek(piece.offset)
                left = piece.length
                while left > 0:
                    chunk = file.read(min(BLOCK, left))
                    if not chunk:
                        raise OSError(f"blob {piece.name} is shorter than {piece.offset + piece.length} bytes")
                    left -= len(chunk)
                    yield chunk
