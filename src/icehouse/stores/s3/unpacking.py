"""From the bytes of a stored file of records to its lines: unpacked whatever its name, within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LAYERS = 3
"""So often may a file be gzipped."""

_STEP, _PIECE = 1 << 20, 64 << 10
_MOST, _MOST_TIMES = 256 << 20, 100
"""A file may unpack to so many bytes, and so many times what is stored."""

_LONGEST = 128 << 10
"""A longer line is none: what a client sends is bounded by S3 far below."""

_SOME = 32 << 10
"""Lines are handed on in pieces of about so many characters."""

_MAGIC = b"\x1f\x8b"
_NO_TEXT = (b"PAR1", b"ORC", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
"""What files begin with that lie beside logs at times: inventories, and what was packed otherwise."""


@dataclass(slots=True)
class Ending:
    """How a file ended; `why` is "" where it ended well.  `broken` where its last line may be half a line."""

    why: str = ""
    broken: bool = False

    def early(self, why: str) -> None:
        """It ended before its end."""
        self.why, self.broken = why, True


def unpack(chunks: Iterable[bytes], stored: int, ending: Ending) -> Iterator[bytes]:
    """The bytes of a file of `stored` bytes, as often unpacked as it was gzipped.

    What can be unpacked of a damaged file or of one cut in the middle comes, and `ending` tells why no more does.
    """
    most = _MOST + _MOST_TIMES * stored
    blocks = iter(chunks)
    for layer in range(_LAYERS + 1):
        head = b""
        for block in blocks:
            head += block
            if len(head) >= len(_MAGIC):
                break
        blocks = _behind(head, blocks)
        if not head.startswith(_MAGIC):
            break
        if layer == _LAYERS:
            ending.early(f"gzipped more than {_LAYERS} times")
            return
        blocks = _gunzip(blocks, ending, most)
    yield from blocks


def _behind(head: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from blocks


def _gunzip(blocks: Iterator[bytes], ending: Ending, most: int) -> Iterator[bytes]:
    """What gzip packed, one member after the other, with zeros in between as gzip itself allows."""
    member, begun, told = zlib.decompressobj(31), False, 0
    # Small pieces, as the rest of a piece is copied behind each member.
    for piece in (block[at : at + _PIECE] for block in blocks for at in range(0, len(block), _PIECE)):
        rest = piece if begun else piece.lstrip(b"\0")
        while rest or begun:
            begun = True
            try:
                out = member.decompress(rest, _STEP)
            except zlib.error:
                ending.early("its gzip is damaged")
                return
            told += len(out)
            if told > most:
                ending.early(f"unpacks to more than {most >> 20:,} MiB")
                return
            if out:
                yield out
            rest = member.unconsumed_tail
            if member.eof:
                rest = member.unused_data.lstrip(b"\0")
                member, begun = zlib.decompressobj(31), False
            elif not rest and len(out) < _STEP:
                break
    if begun:
        ending.early(ending.why or "its gzip ends early")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that can't be read, and why."""

    why: str


_TOO_LONG = Unreadable("the line is too long")


def split(blocks: Iterable[bytes], ending: Ending) -> Iterator[str | Unreadable]:
    """The lines of a file, some dozens at a time, without the end of the last of them.

    Bytes that are not UTF-8 come through as lone surrogates.
    """
    rest, skipping, begun = b"", False, False
    for block in blocks:
        if not begun and block.startswith(_NO_TEXT):
            yield Unreadable("the file is no text")
            return
        begun = True
        cut = block.rfind(b"\n") + 1
        if skipping:
            begin = block.find(b"\n") + 1
            if not begin:
                continue
            skipping = False
            yield _TOO_LONG
            block, cut = block[begin:], cut - begin
        if cut:
            yield from _pieces((rest + block[: cut - 1]).decode(errors="surrogateescape"))
            rest = block[cut:]
        else:
            rest += block
        if len(rest) > _LONGEST:
            rest, skipping = b"", True
    if skipping:
        yield _TOO_LONG
    elif rest and ending.broken:
        yield Unreadable("the file ends within it")
    elif rest:
        ending.why = ending.why or "its last line has no end"
        yield rest.decode(errors="surrogateescape")


def _pieces(text: str) -> Iterator[str]:
    """Lines in pieces of some dozens, so that one that is odd holds up no more than these."""
    begin = 0
    while (end := text.find("\n", begin + _SOME)) >= 0:
        yield text[begin:end]
        begin = end + 1
    yield text[begin:]
