"""Guessing where among the keys of a range some share of them ends, from the characters that its keys really use.

A guess is never trusted: it only says where to ask next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import zip_longest

_PLACES = 14
_REACH = 200
"""So many places at which keys differ are looked at, among so many characters."""

_DIGITS = frozenset("0123456789")
_ALPHABETS = (frozenset("abcdefghijklmnopqrstuvwxyz"), frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
_HEX = (frozenset("0123456789abcdef"), frozenset("0123456789ABCDEF"))

_SHARES = (1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8, 3 / 8, 7 / 8, 1 / 16, 9 / 16, 5 / 16, 13 / 16, 3 / 16, 11 / 16, 7 / 16)
_FAR = 2000
"""From so many pages on an estimate may be wrong by powers of ten, as numbers are filled up with zeros: then the power
is guessed first."""


class Scale:
    """Keys between two ends as numbers; even where each place of a key uses its characters evenly."""

    def __init__(self, folder: str, low: str, high: str | None, sample: Sequence[str]) -> None:
        """`low` and `high` (None: all that begins with `folder`) are the ends, `sample` keys from there."""
        self._head = folder if high is None else shared(low, high)
        begin = len(self._head)
        tails = [key[begin : begin + _REACH] for key in sample if key.startswith(self._head)]
        ends = [low[begin : begin + _REACH], *([] if high is None else [high[begin : begin + _REACH]])]
        self._letters = list(_letters([*tails, *ends], open_end=high is None))
        self.bottom = self.number(low)
        self.top = self._whole() if high is None else self.number(high)

    def number(self, key: str) -> int:
        """The place of a key; larger for keys behind it, as far as its first characters tell."""
        found, odd = 0, False
        for place, letters in enumerate(self._letters):
            at = len(self._head) + place
            if odd or at >= len(key):
                rank, odd = 0, True
            else:
                rank = bisect_left(letters, key[at])
                odd = rank == len(letters) or letters[rank] != key[at]
            found = found * len(letters) + rank
        return found

    def key(self, number: int) -> str:
        """The shortest text at a place."""
        tail: list[str] = []
        for letters in reversed(self._letters):
            number, rank = divmod(number, len(letters))
            if tail or rank:
                tail.append(letters[rank])
        return self._head + "".join(reversed(tail))

    def _whole(self) -> int:
        whole = 1
        for letters in self._letters:
            whole *= len(letters)
        return whole


def shared(one: str, other: str) -> str:
    """What both begin with."""
    length = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:length]


def _letters(tails: Sequence[str], *, open_end: bool) -> Iterator[list[str]]:
    """For each place the characters that may be there, in order; with an `open_end` any letter may be at the first."""
    columns: list[set[str]] = []
    differ = 0
    for found in map(set, zip_longest(*tails)):
        columns.append(found - {None})
        differ += len(found) > 1
        if differ == _PLACES:
            break
    varied = frozenset[str]().union(*(found for found in columns if len(found) > 1))
    hexadecimal = next((letters for letters in _HEX if varied <= letters | {"-"} and not varied <= _DIGITS), None)
    for place, found in enumerate(columns):
        likely = set(found)
        if hexadecimal is not None and found <= hexadecimal:
            likely |= hexadecimal
        elif len(found) > 1 or (open_end and not place):
            for letters in _ALPHABETS:
                if found & letters:
                    likely |= letters
        if found & _DIGITS:
            likely |= _DIGITS
        yield sorted(likely)


def guess(scale: Scale, low: str, high: str | None, step: float, asked: Sequence[str]) -> str | None:
    """A text between `low` and `high` to ask behind, None where none comes to mind.

    `step` is how far on the scale a page leads, 0 where that is not known; `asked` is being asked already.
    """
    width = scale.top - scale.bottom
    shares = list(_SHARES)
    if step > 0 and width / step > _FAR:
        shares = [(step / width) ** power for power in (0.5, 0.25, 0.75)] + shares
    taken = [(scale.number(text) - scale.bottom) / width for text in asked] if width else []
    for share in shares:
        if any(abs(share - other) < share / 4 for other in taken):
            continue
        text = scale.key(scale.bottom + int(width * share))
        if low < text and (high is None or text < high) and text not in asked:
            return text
    return None
