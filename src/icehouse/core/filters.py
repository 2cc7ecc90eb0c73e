"""What the words of a filter mean, the same wherever the rows are: in a catalogue, or in memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from .errors import UsageError
from .states import State

_SIZE = re.compile(r"size(<=|>=|<|>|=)([0-9]+(?:\.[0-9]+)?)([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_MOST_DIGITS = 1_000
"""Longer numbers take long to read, and no size comes near them."""

_TERM = re.compile(r'(!?)"((?:[^"]|"")*)"(?=\s|$)|(\S+)')
"""A word of a filter: in quotes, where two are one quote of the name, or up to the next blank."""

_CONDITION = re.compile(r"!*(?:[a-z_-]*[<>=]|[a-z_-]+:)", re.IGNORECASE)
"""What looks like a condition.  As a text it would let all names pass behind a ``!``, which nobody means."""

CONDITIONS = ("state:cold", "class:GLACIER", "size>1G")
"""An example of each condition that there is."""

HINT = "  ".join(("text", "!text", *CONDITIONS))
"""What a filter's line says that it takes."""

_QUOTED = '"quoted" it is text'
_LONGEST_SHOWN = 14
"""Characters of a wrong word that are said again, so that all fits a line of 80 with what would be right."""

_CLASSES = frozenset({
    "standard", "reduced_redundancy", "standard_ia", "onezone_ia", "intelligent_tiering", "glacier_ir", "glacier",
    "deep_archive", "outposts", "snow", "express_onezone", "live", "archival", "archived", "unarchiving",
})  # fmt: skip
"""Words of S3 and DNAnexus that may well be asked for where nothing is so."""

_GROUPS = {
    "cold": (State.ARCHIVED,),
    "way": (State.ARCHIVING, State.RESTORING),
    "readable": (State.LIVE, State.RESTORED),
}


@dataclass(frozen=True, slots=True)
class InName:
    """The name holds `text`; ASCII letters match in both cases."""

    text: str


@dataclass(frozen=True, slots=True)
class InState:
    """The state is one of `states`."""

    states: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class OfClass:
    """The store's own word is `word`, without regard to case."""

    word: str


@dataclass(frozen=True, slots=True)
class OfSize:
    """The size compares so with `limit` bytes."""

    sign: str
    limit: Fraction


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter; `inverse` where it is turned around."""

    asked: InName | InState | OfClass | OfSize
    inverse: bool = False


def asked_terms(text: str) -> list[Term]:
    """The words of a filter, each once.

    ``plate7`` is in the name, and so is all that stands in double quotes (``"lot:7"``, ``"plate 7"``).
    ``state:archived`` (a state, or ``cold``, ``way``, ``readable``), ``class:GLACIER`` (the store's own word; also
    ``word:``) and ``size>1.5G`` (binary units) ask the fields.  ``!`` before any turns it around.  UsageError for what
    looks like a condition and is none: as a text it would let everything pass, turned around.
    """
    return list(dict.fromkeys(_asked(found) for found in _TERM.finditer(text)))


def refuse_strange(text: str, held: Iterable[str]) -> None:
    """UsageError for a filter that can't be understood, or asks for a class no store has and no row: `held` are those.

    Asked when a filter is typed, not when it is applied again: then the rows may have become others.
    """
    words = {word.casefold(): word for word in held if word}
    for term in asked_terms(text):
        if isinstance(term.asked, OfClass) and term.asked.word.casefold() not in {*_CLASSES, *words}:
            there = ", ".join(sorted(words.values())) or "GLACIER, DEEP_ARCHIVE, INTELLIGENT_TIERING, archived"
            raise UsageError(f"class:{_shown(term.asked.word)}: no such class", hint=f"there is {there}")


def _asked(found: re.Match[str]) -> Term:
    inverse, quoted, plain = bool(found[1]), found[2], found[3]
    if quoted is not None:
        if not quoted:
            raise UsageError("there is nothing between the quotes")
        return Term(InName(quoted.replace('""', '"')), inverse)
    inverse = plain.startswith("!") and len(plain) > 1
    word = plain[1:] if inverse else plain
    if word.lstrip("!").startswith('"'):
        raise UsageError(f"{_shown(word)}: the quote is not closed", hint='"" within quotes is one of the name')
    field, colon, value = word.partition(":")
    if colon and field.lower() == "state":
        return Term(InState(asked_states(value)), inverse)
    if colon and field.lower() in ("class", "word") and value:
        return Term(OfClass(value), inverse)
    size = _asked_size(word)
    if size is not None:
        return Term(size, inverse)
    if _CONDITION.match(word):
        raise UsageError(f"{_shown(word)} is none of {' '.join(CONDITIONS)}", hint=_QUOTED)
    return Term(InName(word), inverse)


def _shown(word: str) -> str:
    return word if len(word) <= _LONGEST_SHOWN else f"{word[: _LONGEST_SHOWN - 1]}…"


def _asked_size(term: str) -> OfSize | None:
    """How a word like ``size>1.5G`` compares, exactly; None for any other, UsageError for a number that is no size."""
    found = _SIZE.fullmatch(term)
    if found is None:
        return None
    if len(found[2]) > _MOST_DIGITS:
        raise UsageError(f"a size of {len(found[2])} digits", hint="size>1.5G is one of 1.5 GiB and more")
    return OfSize(found[1], Fraction(found[2]) * 1024 ** _UNITS[found[3].lower()])


def asked_states(value: str) -> tuple[State, ...]:
    """The states that are meant behind ``state:``.  UsageError where none is called so."""
    states = _GROUPS.get(value.lower()) or tuple(state for state in State if state.value == value.lower())
    if not states:
        known = ", ".join([*(state.value for state in State), *_GROUPS])
        raise UsageError(f"state:{_shown(value)}: no such state", hint=f"one of {known}")
    return states
