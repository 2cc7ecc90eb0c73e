"""Inventory files in CSV: gzipped lines in the manifest's order of columns, keys URL-encoded, no header."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import unquote_to_bytes

from icehouse.core.text import safe
from icehouse.stores.s3.unpacking import Ending, unpack

from .broken import Broken
from .columns import Columns, places

_ROWS = 10_000
_LONGEST = 1 << 20
"""Bytes of a line: a key of 1,024 bytes URL-encoded, and an access control list."""

_DIGITS = 100
"""Of a number: Python refuses to read one of thousands."""

_BOOL = {"true": True, "false": False, "": None}


def read_csv(chunks: Iterable[bytes], stored: int, names: Sequence[str]) -> Iterator[Columns]:
    """The rows of one file of `stored` bytes, some thousands at a time.  Broken where one does not fit `names`."""
    at, ending = places(names), Ending()
    for rows in _rows(_whole(unpack(chunks, stored, ending), ending)):
        if set(map(len, rows)) != {len(names)}:
            raise Broken(f"has a row that does not have {len(names)} columns")
        yield _columns(list(zip(*rows, strict=True)), at)


def _whole(blocks: Iterable[bytes], ending: Ending) -> Iterator[bytes]:
    """`blocks`, and Broken where no more came and more was to come."""
    yield from blocks
    if ending.why:
        raise Broken(f"can't be read to its end: {ending.why}")


def _rows(blocks: Iterable[bytes]) -> Iterator[list[list[str]]]:
    """The parsed lines, so many at a time that memory stays small."""
    for lines in _lines(blocks):
        try:
            reader = csv.reader(lines.decode().split("\n"), strict=True)
            while rows := list(islice(filter(None, reader), _ROWS)):
                yield rows
        except (csv.Error, UnicodeDecodeError) as error:
            raise Broken(f"has a line that is not CSV: {safe(str(error))}") from None


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """`blocks` cut where lines end: no record goes over a line, as line ends in keys are encoded."""
    rest: list[bytes] = []
    held = 0
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield b"".join([*rest, block[:cut]])
            rest, held = [block[cut:]], len(block) - cut
        else:
            rest.append(block)
            held += len(block)
        if held > _LONGEST:
            raise Broken("has a line that is too long")
    if held:
        yield b"".join(rest)


def _columns(cells: Sequence[tuple[str, ...]], at: dict[str, int]) -> Columns:
    def texts(name: str) -> tuple[str, ...] | None:
        return cells[at[name]] if name in at else None

    modified = texts("modified")
    return Columns(
        buckets=cells[at["buckets"]],
        keys=[_decoded(key) if "%" in key or "+" in key else key for key in cells[at["keys"]]],
        sizes=_sizes(cells[at["sizes"]]),
        latest=_bools(texts("latest")),
        markers=_bools(texts("markers")),
        modified=None if modified is None else [_micros(each) if each else None for each in modified],
        etags=texts("etags"),
        words=texts("words"),
        tiers=texts("tiers"),
    )


def _decoded(key: str) -> str:
    """A key from its URL encoding, in which S3 writes a space as ``+``."""
    key = key.replace("+", " ")
    try:
        return unquote_to_bytes(key).decode() if "%" in key else key
    except UnicodeDecodeError:
        raise Broken(f"has a key that is not UTF-8: {safe(key)}") from None


def _sizes(cells: Sequence[str]) -> list[int | None]:
    together = "".join(cells)
    if together and not (together.isascii() and together.isdigit()):
        raise Broken("has a size that is not a number")
    if len(max(cells, key=len)) > _DIGITS:
        raise Broken("has a size that can't be")
    return [int(cell) if cell else None for cell in cells]


def _bools(cells: Sequence[str] | None) -> list[bool | None] | None:
    if cells is None:
        return None
    try:
        return [_BOOL[cell.lower()] for cell in cells]
    except KeyError as odd:
        raise Broken(f"has neither true nor false but {safe(str(odd.args[0]))}") from None


def _micros(cell: str) -> int:
    """``2026-11-21T18:17:25.000Z`` as microseconds since 1970."""
    try:
        when = datetime.fromisoformat(cell)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return round(when.timestamp() * 1000) * 1000
    except (ValueError, OverflowError):
        raise Broken(f"has a date that is none: {safe(cell)}") from None
