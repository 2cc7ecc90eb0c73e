"""The letter, word and colour of every verdict, on one object and on everything below a folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from icehouse.core.scopes import Verdict, VerdictSums

from .cells import Cell, Tone

NOT_KNOWN: Final = Cell("")
"""Where no scope covers a place, or its verdicts were not applied yet."""

_SIGNS: Mapping[str, tuple[str, Tone, str]] = {
    "keep": ("K", Tone.MARK, "keep"),
    "skip": ("S", Tone.FAINT, "skip"),
    "mixed": ("M", Tone.WAY, "partly kept, partly skipped"),
    "undecided": ("?", Tone.DANGER, "not decided, or not all of it"),
    "empty": ("·", Tone.FAINT, "nothing in it"),
}


def letter(word: str) -> str:
    """``K``, ``S``, ``M``, ``?`` or ``·`` for a verdict's word or a folder's (`VerdictSums.word`)."""
    return _SIGNS[word][0]


def tone(word: str) -> Tone:
    """The colour that repeats what the letter says."""
    return _SIGNS[word][1]


def verdict_cell(found: Verdict | VerdictSums | None) -> Cell:
    """The one-letter cell of an object's verdict or of a folder's; empty where it is not known."""
    if found is None:
        return NOT_KNOWN
    word = found.value if isinstance(found, Verdict) else found.word
    return Cell(letter(word), tone(word))


LEGEND: Final = tuple((letter, words) for letter, _, words in _SIGNS.values())
"""Every letter with what it means, for help."""
