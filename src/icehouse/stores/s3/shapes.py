"""Which tags a listing's rows have: each different row is understood once, and known again by its tags.

A row is understood from its text, one tag after the other.  What was learned is laid out in tables, with which the
tags of thousands of rows are compared at once, to the last character (`rows`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .fields import DEEPEST, LEAVES, NEEDED, RESTORE, RESTORE_LEAVES, UnusualError

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

KEY, SIZE, MODIFIED, ETAG, CLASS, VERSION, LATEST, ONGOING, UNTIL = range(1, 10)
"""What the text behind a tag is."""

FREE, BARE = 0, -1
"""Behind this tag may be any text, which is not used; there may be nothing but white space."""

WIDTH = 4
"""Eight characters a word: so many words of each tag are compared; longer tags are unusual."""

_CODES = {
    ("Key",): KEY,
    ("Size",): SIZE,
    ("LastModified",): MODIFIED,
    ("ETag",): ETAG,
    ("StorageClass",): CLASS,
    ("VersionId",): VERSION,
    ("IsLatest",): LATEST,
    (RESTORE, "IsRestoreInProgress"): ONGOING,
    (RESTORE, "RestoreExpiryDate"): UNTIL,
}
_TAG = re.compile(r"(/?)([A-Za-z_]\w*)>", re.ASCII)
_MOST = 64
"""Shapes that are remembered; a server that has more is odd."""


def words_of(text: bytes) -> tuple[list[int], list[int]]:
    """`text` as numbers of eight characters, and for each the bits that count."""
    padded = text.ljust(8 * WIDTH, b"\0")
    words = [int.from_bytes(padded[at : at + 8], "little") for at in range(0, 8 * WIDTH, 8)]
    masks = [(1 << 8 * max(0, min(8, len(text) - at))) - 1 for at in range(0, 8 * WIDTH, 8)]
    return words, masks


@dataclass(frozen=True, slots=True)
class Shape:
    """The tags of a row in their order, each from ``<`` to ``>``, and what the text behind each is."""

    tags: Sequence[bytes]
    codes: Sequence[int]
    deleted: bool


def understood(row: str, kinds: tuple[str, ...]) -> Shape:
    """The shape of a row, an element of one of `kinds`.

    UnusualError where it is not plain, or holds a field twice, or lacks one.
    """
    before, *parts = row.split("<")
    if before:
        raise UnusualError
    reader = _Reader(kinds)
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        reader.take(part, leaf=following.startswith("/"))
    return reader.shape()


class _Reader:
    """What was read of a row so far."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._kinds = kinds
        self._open: list[str] = []
        self._tags: list[bytes] = []
        self._codes: list[int] = []
        self._kind = ""
        self._tells_restore = False

    def take(self, part: str, *, leaf: bool) -> None:
        """The next tag without its ``<``; `leaf` True: what it begins holds no element."""
        found = _TAG.match(part)
        if found is None or len(found[0]) >= 8 * WIDTH or bool(self._kind) != bool(self._open):
            raise UnusualError
        self._tags.append(f"<{found[0]}".encode())
        if found[1]:
            if not self._open or self._open.pop() != found[2]:
                raise UnusualError
            self._codes.append(BARE)
        elif self._open:
            self._codes.append(self._begun(found[2], leaf=leaf))
        else:
            self._begin_row(found[2], leaf=leaf)

    def _begin_row(self, kind: str, *, leaf: bool) -> None:
        if kind not in self._kinds or leaf:
            raise UnusualError
        self._kind = kind
        self._open.append(kind)
        self._codes.append(BARE)

    def _begun(self, name: str, *, leaf: bool) -> int:
        """What the text behind the beginning of an element is.  A restore is told once, each field once."""
        self._open.append(name)
        if len(self._open) >= DEEPEST:  # as the root is not among them
            raise UnusualError
        path = tuple(self._open[1:])
        if path == (RESTORE,):
            if leaf or self._tells_restore:
                raise UnusualError
            self._tells_restore = True
        code = _CODES.get(path)
        if code is None:
            return FREE if leaf else BARE
        if not leaf or code in self._codes:
            raise UnusualError
        return code

    def shape(self) -> Shape:
        """All of it, once there is nothing more."""
        there = set(self._codes)
        lacks_field = any(_CODES[name,] not in there for name in NEEDED.get(self._kind, ()))
        if self._open or not self._kind or lacks_field or (self._tells_restore and ONGOING not in there):
            raise UnusualError
        return Shape(self._tags, self._codes, self._kind == "DeleteMarker")


@dataclass(frozen=True, slots=True)
class Shapes:
    """Known shapes as tables with a row for each tag of each; never changed, only replaced by one that knows more."""

    kinds: tuple[str, ...]
    numbers: Mapping[int, int] = field(default_factory=dict)
    """From what a row's tags come to, to the number of its shape."""
    known: Sequence[Shape] = ()
    first: Places = field(default_factory=lambda: np.zeros(0, np.int64))
    """Where in the tables a shape's tags begin."""
    counts: Places = field(default_factory=lambda: np.zeros(0, np.int64))
    deleted: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    words: Words = field(default_factory=lambda: np.zeros((WIDTH, 0), np.uint64))
    masks: Words = field(default_factory=lambda: np.zeros((WIDTH, 0), np.uint64))
    lengths: Places = field(default_factory=lambda: np.zeros(0, np.int64))
    codes: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))

    def has_room(self, more: int) -> bool:
        """Whether so many more can be remembered."""
        return len(self.known) + more <= _MOST

    def learned(self, rows: Mapping[int, str]) -> Shapes:
        """With the shapes of `rows` besides, each by what its tags come to.  UnusualError."""
        if not self.has_room(len(rows)):
            raise UnusualError
        numbers, known = dict(self.numbers), list(self.known)
        for value, row in rows.items():
            numbers[value] = len(known)
            known.append(understood(row, self.kinds))
        counts = np.array([len(shape.tags) for shape in known], np.int64)
        tags = [tag for shape in known for tag in shape.tags]
        told = [words_of(tag) for tag in tags]
        return Shapes(
            self.kinds,
            numbers,
            known,
            np.cumsum(counts) - counts,
            counts,
            np.array([shape.deleted for shape in known]),
            np.ascontiguousarray(np.array([words for words, _ in told], np.uint64).T),
            np.ascontiguousarray(np.array([masks for _, masks in told], np.uint64).T),
            np.array(list(map(len, tags)), np.int64),
            np.array([code for shape in known for code in shape.codes], np.int8),
        )


assert {name for path in _CODES for name in path} == LEAVES | RESTORE_LEAVES | {RESTORE}
