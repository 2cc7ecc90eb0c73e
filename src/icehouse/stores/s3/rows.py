"""The rows of a listing taken apart all at once, as one row after the other costs several times as much.

Where tags begin is found over the whole page.  Every tag of every row is compared with those of a row that was
understood (`shapes`), and every text with what its field may hold.  Whatever does not fit to the last character is
unusual: then no row is taken, and the XML parser judges the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .fields import DAYS, MINUTES, SECONDS, Columns, Restore, Telling, UnusualError
from .shapes import (
    BARE,
    CLASS,
    ETAG,
    KEY,
    LATEST,
    MODIFIED,
    ONGOING,
    SIZE,
    UNTIL,
    VERSION,
    WIDTH,
    Places,
    Shapes,
    Words,
    words_of,
)

_T = TypeVar("_T")

_PADDING = bytes(8 * WIDTH + 8)
_FEW = np.uint64(0xFFFFFFFF)
"""A tag is known again by its first four characters and its place; whether it is that tag is seen afterwards."""

_WEIGHTS = np.random.default_rng(2026).integers(1, 2**63, 256, dtype=np.uint64) | np.uint64(1)
"""For each place in a row, of which there are so many at most."""

_ODD = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
"""What XML forbids, or changes in reading."""

_REFERENCE = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));|&")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_QUOTES = (b"&quot;", b"&#34;", b'"')
_SPACE = b" \t\n"

_BITS = np.array([(1 << 8 * length) - 1 for length in range(9)], np.uint64)
"""Of eight characters the first so many."""

_MOST_DIGITS = 18
_POWERS = 10 ** np.arange(_MOST_DIGITS - 1, -1, -1, dtype=np.int64)

_MOMENT = np.frombuffer(b"0000-00-00T00:00:00.000Z", np.uint8)
_BETWEEN = np.array([4, 7, 10, 13, 16, 19, 23])
_DIGITS = np.setdiff1d(np.arange(24), _BETWEEN)
_DAYS_OF = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAYS_BEFORE = np.cumsum(_DAYS_OF) - _DAYS_OF
_DAYS_TO_1970 = 719_162

_shapes: dict[tuple[str, ...], Shapes] = {}
_reading = Lock()
"""One page at a time: arithmetic on so little lets other threads in all the time, and each change of hands costs more
than two at once could gain."""


def read_block(block: bytes, kinds: tuple[str, ...]) -> Columns:
    """The rows in `block`, which is nothing but rows of `kinds`, in their order.  UnusualError, UnicodeDecodeError."""
    with _reading:
        return _Block(block, kinds).columns()


class _Block:
    """Rows whose tags were found and compared; `begins` and `ends` say where the text behind each tag is."""

    def __init__(self, block: bytes, kinds: tuple[str, ...]) -> None:
        """UnusualError where a tag is not what it must be, or a character is none of XML's."""
        self._block = block
        text = block.decode()
        self._text = text if len(text) == len(block) else None
        self._bytes = np.frombuffer(block + _PADDING, np.uint8)
        self._words: Words = np.ndarray((len(block) + 8 * WIDTH,), "<u8", buffer=self._bytes, strides=(1,))
        self._check_characters(text)
        self._tags: Places = np.flatnonzero(self._bytes == ord("<"))
        self._first = self._words[self._tags]
        self._second = self._words[self._tags + 8]
        self._rows = self._starts(kinds)
        counts = np.diff(self._rows, append=len(self._tags))
        shapes, which = self._known(kinds, counts)
        places = np.repeat(shapes.first[which] - self._rows, counts) + np.arange(len(self._tags))
        self._check_tags(shapes, places)
        self._deleted = shapes.deleted[which]
        self._begins = self._tags + shapes.lengths[places]
        self._ends = np.append(self._tags[1:], len(block))
        self._codes = shapes.codes[places]
        self._check_bare()
        self._versions = kinds != ("Contents",)
        self._resolved: dict[int, str] = {}
        """The texts with references, which are rare but for those around etags, by their tags."""

    def columns(self) -> Columns:
        """All fields of all rows.  UnusualError."""
        etags = self._in_rows(ETAG, self._etags(), "")  # first, as with them all references are resolved
        columns = Columns(
            self._free(KEY),
            self._in_rows(SIZE, self._sizes(), 0),
            self._in_rows(MODIFIED, self._moments(), None),
            etags,
        )
        self._tell(columns)
        if self._versions:
            columns.versions = self._free(VERSION)
            texts, which = self._different(LATEST)
            columns.latest = list(map([_truth(text) for text in texts].__getitem__, which.tolist()))
            columns.deleted = self._deleted.tolist()
            for at in np.flatnonzero(self._deleted).tolist():
                columns.sizes[at], columns.etags[at] = 0, ""
        return columns

    def _check_characters(self, text: str) -> None:
        if (self._text is None or self._bytes[: len(text)].min() < ord(" ")) and _ODD.search(text):
            raise UnusualError
        if np.count_nonzero(self._bytes == ord("]")) and "]]>" in text:
            raise UnusualError

    def _starts(self, kinds: tuple[str, ...]) -> Places:
        """Which of the tags begin rows."""
        found: NDArray[np.bool_] = np.zeros(len(self._tags), np.bool_)
        for kind in kinds:
            (one, two, *_), (first, second, *_) = words_of(b"<%b>" % kind.encode())
            found |= ((self._first & np.uint64(first)) == one) & ((self._second & np.uint64(second)) == two)
        rows = np.flatnonzero(found)
        if not len(rows) or rows[0] or self._tags[0]:
            raise UnusualError
        return rows

    def _known(self, kinds: tuple[str, ...], counts: Places) -> tuple[Shapes, Places]:
        """The shapes, and the number of each row's."""
        within = np.arange(len(self._tags)) - np.repeat(self._rows, counts)
        if counts.max() > len(_WEIGHTS):
            raise UnusualError
        sums = np.add.reduceat((self._first & _FEW) * _WEIGHTS[within], self._rows)
        values, places, which = np.unique(sums, return_index=True, return_inverse=True)
        told = values.tolist()
        shapes = _shapes.get(kinds) or Shapes(kinds)
        rows = dict(zip(told, places.tolist(), strict=True))
        new = {value: row for value, row in rows.items() if value not in shapes.numbers}
        if not shapes.has_room(len(new)):
            shapes, new = Shapes(kinds), rows  # all are forgotten but those of this page
        if new:
            begins = self._tags[self._rows]
            ends = np.append(begins[1:], len(self._block))
            shapes = shapes.learned(
                {value: self._block[begins[row] : ends[row]].decode() for value, row in new.items()}
            )
            _shapes[kinds] = shapes
        numbers = np.array([shapes.numbers.get(value, -1) for value in told], np.int64)[which]
        if numbers.min() < 0 or (shapes.counts[numbers] != counts).any():
            raise UnusualError
        return shapes, numbers

    def _check_tags(self, shapes: Shapes, places: Places) -> None:
        """Every tag is that of its shape, to the last character."""
        for word in range(WIDTH):
            here = self._first if word == 0 else self._second
            masks = shapes.masks[word][places]
            words = shapes.words[word][places]
            if word > 1:  # few tags are so long
                long = np.flatnonzero(masks)
                here, masks, words = self._words[self._tags[long] + 8 * word], masks[long], words[long]
            if ((here & masks) != words).any():
                raise UnusualError

    def _check_bare(self) -> None:
        filled = np.flatnonzero((self._codes == BARE) & (self._begins != self._ends))
        if len(filled):
            pairs = zip(self._begins[filled].tolist(), self._ends[filled].tolist(), strict=True)
            if any(text.strip(_SPACE) for text in {self._block[begin:end] for begin, end in pairs}):
                raise UnusualError

    def _of(self, code: int) -> tuple[Places, Places, Places]:
        """Where the texts of a field are, and which tags they follow."""
        tags = np.flatnonzero(self._codes == code)
        return self._begins[tags], self._ends[tags], tags

    def _cut(self, begins: Places, ends: Places) -> list[str]:
        pairs = zip(begins.tolist(), ends.tolist(), strict=True)
        text, block = self._text, self._block
        if text is None:
            return [block[begin:end].decode() for begin, end in pairs]
        return [text[begin:end] for begin, end in pairs]

    def _row_of(self, tags: Places) -> Places:
        return np.searchsorted(self._rows, tags, side="right") - 1

    def _in_rows(self, code: int, texts: list[_T], lacking: _T) -> list[_T]:
        """What is told of some rows, in the order of all."""
        if len(texts) == len(self._rows):
            return texts
        found = [lacking] * len(self._rows)
        for at, text in zip(self._row_of(self._of(code)[2]).tolist(), texts, strict=True):
            found[at] = text
        return found

    def _free(self, code: int) -> list[str]:
        """Texts that may hold anything, their references resolved."""
        begins, ends, tags = self._of(code)
        texts = self._cut(begins, ends)
        if self._resolved:
            return [self._resolved.get(tag, text) for tag, text in zip(tags.tolist(), texts, strict=True)]
        return texts

    def _resolve(self) -> None:
        """Resolve all references, whatever they are in.  UnusualError where one is none."""
        found = np.flatnonzero(self._bytes == ord("&"))
        tags = np.unique(np.searchsorted(self._tags, found, side="right") - 1)
        texts = self._cut(self._begins[tags], self._ends[tags])
        self._resolved = {tag: _REFERENCE.sub(_character, text) for tag, text in zip(tags.tolist(), texts, strict=True)}

    def _etags(self) -> list[str]:
        """Without their quotes, which nearly all servers write in one way.  Looks for other references as well."""
        begins, ends, _ = self._of(ETAG)
        references, bare = (np.count_nonzero(self._bytes == ord(character)) for character in '&"')
        for quote in _QUOTES:
            theirs, others = (references, bare) if quote.startswith(b"&") else (bare, references)
            if others or not len(begins) or theirs != 2 * len(begins) or (ends - begins).min() < 2 * len(quote):
                continue
            (word, *_), (mask, *_) = words_of(quote)
            around = (self._words[begins] ^ np.uint64(word)) | (self._words[ends - len(quote)] ^ np.uint64(word))
            if not (around & np.uint64(mask)).any():
                return self._cut(begins + len(quote), ends - len(quote))
        self._resolve()
        return [text.strip('"') for text in self._free(ETAG)]

    def _sizes(self) -> list[int]:
        begins, ends, _ = self._of(SIZE)
        if not len(begins):
            return []
        lengths = ends - begins
        widest = int(lengths.max())
        if lengths.min() < 1 or widest > _MOST_DIGITS:
            raise UnusualError
        places = ends[:, None] - np.arange(widest, 0, -1)
        digits = (self._bytes[places] - np.uint8(ord("0"))) * (places >= begins[:, None])
        if digits.max() > 9:
            raise UnusualError
        return (digits.astype(np.int64) @ _POWERS[-widest:]).tolist()  # type: ignore[no-any-return]

    def _moments(self) -> list[int | None]:
        """Microseconds since 1970."""
        begins, ends, _ = self._of(MODIFIED)
        if ((ends - begins) != len(_MOMENT)).any():
            return [_moment(text) for text in self._cut(begins, ends)]
        words = np.stack([self._words[begins], self._words[begins + 8], self._words[begins + 16]], axis=1)
        letters = np.ascontiguousarray(words.astype("<u8", copy=False).view(np.uint8).reshape(-1, len(_MOMENT)).T)
        if (letters[_BETWEEN] != _MOMENT[_BETWEEN, None]).any():
            raise UnusualError
        digits = letters[_DIGITS] - np.uint8(ord("0"))
        if (digits > 9).any():
            raise UnusualError
        a, b, c, d, *rest = digits.astype(np.int64)
        year = a * 1000 + b * 100 + c * 10 + d
        month, day, hour, minute, second = (rest[at] * 10 + rest[at + 1] for at in range(0, 10, 2))
        thousandth = rest[10] * 100 + rest[11] * 10 + rest[12]
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
        wrong = (year < 1) | (month < 1) | (month > 12) | (day < 1) | (hour > 23) | (minute > 59) | (second > 59)
        if wrong.any() or (day > _DAYS_OF[month] + (leap & (month == 2))).any():
            raise UnusualError
        before = year - 1
        days = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE[month]
        days += (leap & (month > 2)) + (day - 1 - _DAYS_TO_1970)
        return ((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + thousandth * 1000).tolist()  # type: ignore[no-any-return]

    def _tell(self, columns: Columns) -> None:
        """What each row says of where its bytes stand: the few different ones, and which of them."""
        classes, of_class = self._different_in_rows(CLASS, str)
        ongoing, of_ongoing = self._different_in_rows(ONGOING, _truth)
        until, of_until = self._different_in_rows(UNTIL, _moment)
        together = (of_class * len(ongoing) + of_ongoing) * len(until) + of_until
        together[self._deleted] = len(classes) * len(ongoing) * len(until) - 1  # none of the three
        values, first, which = np.unique(together, return_index=True, return_inverse=True)
        known = columns.tellings
        numbers = np.zeros(len(values), np.int64)
        for at in np.argsort(first).tolist():  # in the order of the rows
            rest, end = divmod(int(values[at]), len(until))
            kind, yet = divmod(rest, len(ongoing))
            under_way = ongoing[yet]
            restore = None if under_way is None else Restore(under_way, until[end])
            numbers[at] = known.setdefault(Telling(classes[kind], restore), len(known))
        columns.told = numbers[which].tolist()

    def _different_in_rows(self, code: int, read: Callable[[str], _T]) -> tuple[list[_T | None], Places]:
        """What the different texts of a field say, last None for rows that lack it, and which of them each row has."""
        texts, which = self._different(code)
        of_all = which.astype(np.int64)
        if len(which) < len(self._rows):
            of_all = np.full(len(self._rows), len(texts), np.int64)
            of_all[self._row_of(np.flatnonzero(self._codes == code))] = which
        return [*map(read, texts), None], of_all

    def _different(self, code: int) -> tuple[list[str], Places]:
        """The different texts of a field of which few differ, and which of them each one is."""
        begins, ends, _ = self._of(code)
        if not len(begins):
            return [], np.zeros(0, np.int64)
        lengths = ends - begins
        longest = int(lengths.max())
        if longest > 8 * WIDTH:
            raise UnusualError
        columns = [lengths.astype(np.uint64)]
        for begin in range(0, longest, 8):
            columns.append(self._words[begins + begin] & _BITS[np.clip(lengths - begin, 0, 8)])
        sums = columns[0]
        for column in columns[1:]:
            sums = sums * _WEIGHTS[0] + column
        _, first, which = np.unique(sums, return_index=True, return_inverse=True)
        texts = self._cut(begins[first], ends[first])
        if any((column != column[first][which]).any() for column in columns) or any("&" in text for text in texts):
            raise UnusualError
        return texts, which


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise UnusualError
    return text == "true"


def _moment(text: str) -> int:
    return DAYS[text[:10]] + MINUTES[text[10:16]] + SECONDS[text[16:]]


def _character(reference: re.Match[str]) -> str:
    decimal, hexadecimal, name = reference.groups()
    if name in _NAMED:
        return _NAMED[name]
    point = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else 0
    if point < 0x20 or 0xD800 <= point < 0xE000 or point in (0xFFFE, 0xFFFF) or point > 0x10FFFF:
        raise UnusualError
    return chr(point)
