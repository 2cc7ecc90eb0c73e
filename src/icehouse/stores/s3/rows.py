"""The rows of a listing taken apart column by column, as one row after the other costs several times as much.

Rows that have the same tags in the same order make a shape; a page has few.  Every tag of every row is compared with
its shape's, and every text with what its field may hold.  Whatever does not fit to the last character is unusual: then
no row is taken, and the XML parser judges the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TypeVar

from .fields import (
    DAYS,
    LEAVES,
    MINUTES,
    MOST_BYTES,
    NEEDED,
    RESTORE,
    RESTORE_LEAVES,
    SECONDS,
    Columns,
    Restore,
    Telling,
    UnusualError,
)

_T = TypeVar("_T")

_CLOSE = "</"
"""Rows are split where elements end: each piece but the first begins with a name and ``>``."""

_PIECE = re.compile(r"(?:([A-Za-z_]\w*)>)?((?:[ \t\n]*<[A-Za-z_]\w*>)*)([^<]*)", re.ASCII)
"""What ended, what began after it, and its text."""

_NAME = re.compile(r"<(\w+)>", re.ASCII)
_ODD = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
"""What XML forbids, or changes in reading."""

_REFERENCE = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));|&")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_MOST_SHAPES = 32

_Path = tuple[str, ...]
_Piece = Sequence[str]
"""One piece of each row of a shape."""


class _OtherShapeError(Exception):
    """A row of another shape is among these."""


def block_of(body: bytes, kinds: tuple[str, ...]) -> tuple[int, int] | None:
    """Where in `body` the first row begins and the last ends, None where there is none."""
    starts = [at for kind in kinds if (at := body.find(b"<%b>" % kind.encode())) >= 0]
    ends = [at + len(kind) + 3 for kind in kinds if (at := body.rfind(b"</%b>" % kind.encode())) >= 0]
    return (min(starts), max(ends)) if starts and ends else None


def read_block(block: str, kinds: tuple[str, ...]) -> Columns:
    """The rows in `block`, which is nothing but rows of `kinds`, in their order.  UnusualError."""
    first = kinds[0]
    for kind in kinds[1:]:
        block = block.replace(f"<{kind}>", f"<{first}><{kind}>")
    pieces = [row.split(_CLOSE) for row in block.split(f"<{first}>")]
    if pieces.pop(0) != [""] or not pieces:
        raise UnusualError
    lengths = list(map(len, pieces))
    groups = [list(range(len(pieces)))]
    if len(set(lengths)) > 1:
        by_length: dict[int, list[int]] = {}
        for at, length in enumerate(lengths):
            by_length.setdefault(length, []).append(at)
        groups = list(by_length.values())
    columns = Columns()
    order: list[int] = []
    shapes = 0
    while groups:
        group = groups.pop()
        rows = pieces if len(group) == len(pieces) else itemgetter(*group, group[0])(pieces)[:-1]
        shape = _Shape(rows[0], kinds)
        shapes += 1
        try:
            shape.read(rows, columns)
        except _OtherShapeError:
            others = [at for at in group if not shape.fits(pieces[at])]
            if not others or shapes > _MOST_SHAPES:
                raise UnusualError from None
            apart = set(others)
            groups += [others, [at for at in group if at not in apart]]
        else:
            order += group
    if len(order) != len(pieces):
        raise UnusualError
    return _in_order(columns, order) if shapes > 1 else columns


def _in_order(columns: Columns, order: Sequence[int]) -> Columns:
    """The rows as the page has them; `order` says for each where it was."""
    places = [0] * len(order)
    for now, at in enumerate(order):
        places[at] = now
    return columns.picked(places)


class _Shape:
    """The tags of a row in their order, and which of its texts are which field."""

    def __init__(self, row: Sequence[str], kinds: tuple[str, ...]) -> None:
        """As `row` has them.  UnusualError where it is not plain, or a field is there twice, or is lacking."""
        self._begins: list[str] = []
        """What each piece begins with; the whole piece where it holds no text."""
        self._fields: dict[_Path, int] = {}
        """The piece that holds the text of each known field."""
        self._ignored: list[int] = []
        self._bare: list[int] = []
        """The pieces without text."""
        self._tells_restore = False
        self._open: list[str] = [kinds[0]]
        self.kind = kinds[0]
        for at, piece in enumerate(row):
            found = _PIECE.fullmatch(piece)
            if found is None or (found[1] is None) != (at == 0) or not self._open:
                raise UnusualError
            self._learn(at, piece, found, kinds)
        names = {path[0] for path in self._fields if len(path) == 1}
        lacks_restore = self._tells_restore and (RESTORE, "IsRestoreInProgress") not in self._fields
        if self._open or NEEDED[self.kind] - names or lacks_restore:
            raise UnusualError

    def _learn(self, at: int, piece: str, found: re.Match[str], kinds: tuple[str, ...]) -> None:
        ended, began, text = found.groups()
        if ended is not None and self._open.pop() != ended:
            raise UnusualError
        names = _NAME.findall(began)
        if at == 0 and names and names[0] in kinds:
            self.kind = names.pop(0)
            self._open = [self.kind]
        for name in names:
            self._enter(name)
        if not names:
            if text.strip(" \t\n"):
                raise UnusualError
            self._bare.append(at)
            self._begins.append(piece)
            return
        path = tuple(self._open[1:])
        self._begins.append(piece[: len(piece) - len(text)])
        if not _known(path):
            if path == (RESTORE,):
                raise UnusualError
            self._ignored.append(at)
        elif path in self._fields:
            raise UnusualError
        else:
            self._fields[path] = at

    def _enter(self, name: str) -> None:
        """An element begins.  Known fields hold no elements, and a restore is told once."""
        around = tuple(self._open[1:])
        restore = (*around, name) == (RESTORE,)
        if not self._open or _known(around) or (restore and self._tells_restore):
            raise UnusualError
        self._tells_restore = self._tells_restore or restore
        self._open.append(name)

    def fits(self, row: Sequence[str]) -> bool:
        """Whether `row` has these tags."""
        begins = self._begins
        if len(row) != len(begins) or not all(map(str.startswith, row, begins)):
            return False
        return all(row[at] == begins[at] for at in self._bare)

    def read(self, rows: Sequence[Sequence[str]], columns: Columns) -> None:
        """Put the fields of all `rows` at the ends of `columns`, or none.  UnusualError, _OtherShapeError."""
        pieces: list[_Piece] = list(zip(*rows, strict=True))
        for at in self._bare:
            if set(pieces[at]) != {self._begins[at]}:
                raise _OtherShapeError
        for at in self._ignored:
            self._free(pieces[at], at)
        count = len(rows)
        deleted = self.kind == "DeleteMarker"
        keys = self._of(pieces, "Key")
        sizes = [0] * count if deleted else _sizes(self._texts(pieces[self._fields["Size",]], self._fields["Size",])[0])
        modified = self._moments(pieces, ("LastModified",)) or [None] * count
        etags = self._etags(pieces) or [""] * count
        tellings = self._tellings(pieces, count)
        if deleted:
            etags, tellings = [""] * count, [Telling(None)] * count
        versions, latest = [], []
        if self.kind != "Contents":
            versions = self._of(pieces, "VersionId")
            latest = self._chosen(pieces, ("IsLatest",), _truth)
            columns.deleted += [deleted] * count
        columns.keys += keys
        columns.sizes += sizes
        columns.modified += modified
        columns.etags += etags
        columns.versions += versions
        columns.latest += latest
        known = columns.tellings
        numbers = {telling: known.setdefault(telling, len(known)) for telling in dict.fromkeys(tellings)}
        columns.told += map(numbers.__getitem__, tellings)

    def _of(self, pieces: Sequence[_Piece], name: str) -> list[str]:
        at = self._fields[name,]
        return self._free(pieces[at], at)

    def _texts(self, column: _Piece, at: int) -> tuple[list[str], str]:
        """The texts of the pieces in `column`, and all of them in one with their tags.

        Each must begin as this shape's piece does, and hold no further tag.
        """
        begins = _CLOSE + self._begins[at]
        whole = _CLOSE + _CLOSE.join(column)
        texts = whole.split(begins)
        if len(texts) != len(column) + 1 or texts[0] or whole.count("<") != len(column) * begins.count("<"):
            raise _OtherShapeError
        del texts[0]
        return texts, whole

    def _free(self, column: _Piece, at: int) -> list[str]:
        """Texts that may hold anything, their references resolved."""
        texts, whole = self._texts(column, at)
        _check_characters(whole)
        if "&" in whole:
            return [_REFERENCE.sub(_resolve, text) if "&" in text else text for text in texts]
        return texts

    def _chosen(self, pieces: Sequence[_Piece], path: _Path, read: Callable[[str], _T]) -> list[_T]:
        """Texts of which few differ, each different one read once."""
        at = self._fields[path]
        column = pieces[at]
        several = list(dict.fromkeys(column))
        known = dict(zip(several, map(read, self._texts(several, at)[0]), strict=True))
        return list(map(known.__getitem__, column))

    def _etags(self, pieces: Sequence[_Piece]) -> list[str]:
        at = self._fields.get(("ETag",))
        if at is None:
            return []
        begins = _CLOSE + self._begins[at]
        whole = (_CLOSE + _CLOSE.join(pieces[at])).replace("&quot;", '"')
        if "&" in whole:
            whole = whole.replace("&#34;", '"')
        bare = whole[len(begins) + 1 : -1].split(f'"{begins}"')
        count = len(pieces[at])
        if (
            len(bare) != count
            or not (whole.startswith(f'{begins}"') and whole.endswith('"') and len(whole) >= len(begins) + 2)
            or whole.count('"') != 2 * count
            or whole.count("<") != count * begins.count("<")
            or "&" in whole
        ):
            return [text.strip('"') for text in self._free(pieces[at], at)]
        _check_characters(whole)
        return bare

    def _moments(self, pieces: Sequence[_Piece], path: _Path) -> list[int | None]:
        if path not in self._fields:
            return []
        at = self._fields[path]
        days, minutes, seconds = DAYS, MINUTES, SECONDS
        texts = self._texts(pieces[at], at)[0]
        return [days[text[:10]] + minutes[text[10:16]] + seconds[text[16:]] for text in texts]

    def _tellings(self, pieces: Sequence[_Piece], count: int) -> list[Telling]:
        classes: Sequence[str | None] = [None] * count
        if ("StorageClass",) in self._fields:
            classes = self._chosen(pieces, ("StorageClass",), _plain)
        if not self._tells_restore:
            plain = {word: Telling(word) for word in set(classes)}
            return list(map(plain.__getitem__, classes))
        ongoing = self._chosen(pieces, (RESTORE, "IsRestoreInProgress"), _truth)
        until: Sequence[int | None] = [None] * count
        if (RESTORE, "RestoreExpiryDate") in self._fields:
            until = self._chosen(pieces, (RESTORE, "RestoreExpiryDate"), _moment)
        several = list(zip(classes, ongoing, until, strict=True))
        told = {each: Telling(each[0], Restore(each[1], each[2])) for each in set(several)}
        return list(map(told.__getitem__, several))


def _known(path: _Path) -> bool:
    """Whether this is a field that is used and holds text."""
    return (len(path) == 1 and path[0] in LEAVES) or (
        len(path) == 2 and path[0] == RESTORE and path[1] in RESTORE_LEAVES
    )


def _sizes(texts: Sequence[str]) -> list[int]:
    digits = "".join(texts)
    if not (digits.isascii() and digits.isdigit()):
        raise UnusualError
    try:
        sizes = list(map(int, texts))
    except ValueError:  # nothing, or far too long
        raise UnusualError from None
    if max(sizes) > MOST_BYTES:
        raise UnusualError
    return sizes


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise UnusualError
    return text == "true"


def _moment(text: str) -> int:
    return DAYS[text[:10]] + MINUTES[text[10:16]] + SECONDS[text[16:]]


def _plain(text: str) -> str:
    if "&" in text:
        raise UnusualError
    _check_characters(text)
    return text


def _check_characters(text: str) -> None:
    if "]]>" in text or (not text.isprintable() and _ODD.search(text)):
        raise UnusualError


def _resolve(reference: re.Match[str]) -> str:
    decimal, hexadecimal, name = reference.groups()
    if name in _NAMED:
        return _NAMED[name]
    point = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else 0
    if point < 0x20 or 0xD800 <= point < 0xE000 or point in (0xFFFE, 0xFFFF) or point > 0x10FFFF:
        raise UnusualError
    return chr(point)
