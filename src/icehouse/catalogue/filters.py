"""The filter of a list: words that names hold, and fields, each of which ``!`` turns around."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal

from icehouse.core.errors import UsageError
from icehouse.core.filters import InName, InState, OfClass, OfSize, Term, asked_terms, refuse_strange

from .base import param
from .standings import Standings

Value = str | int | bytes
Clause = tuple[str, tuple[Value, ...]]
"""A condition with its values; "" for no condition."""

_LARGEST = (1 << 63) - 1
"""What a size can be at most; every number in SQLite ends there."""

_MOST_WORDS = 200
_LONGEST = 50_000
"""Words of a filter, and bytes of one as a pattern, short of where SQLite takes no more."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as conditions on objects and on folders.

    `texts` are what all names must hold.  `sought` are conditions among the others that an index answers: the order
    that it holds, and what is to be asked of it.
    """

    objects: Clause
    folders: Clause
    texts: tuple[str, ...] = ()
    sought: tuple[tuple[Literal["size", "state"], Clause], ...] = ()


EVERYTHING = Filter(("", ()), ("", ()))
"""The filter that lets every row through."""


def parse_filter(text: str, standings: Standings) -> Filter:
    """The filter that `text` spells out (`core.filters.asked_terms`); all its words must hold.

    Of a folder, a state asks whether anything in it is so, a size for its sum, and a class nothing: none is told of it.
    UsageError names what can't be understood.
    """
    terms = asked_terms(text)
    if len(terms) > _MOST_WORDS:
        raise UsageError(f"a filter of {len(terms)} words", hint=f"a filter holds {_MOST_WORDS} at most")
    objects: list[Clause] = []
    folders: list[Clause] = []
    texts: list[str] = []
    sought: list[tuple[Literal["size", "state"], Clause]] = []
    for term in terms:
        for_objects, for_folders = _clauses(term, standings)
        objects.append(for_objects)
        folders.append(for_folders)
        if term.inverse:
            continue
        by_index = (for_objects[0].replace("+", ""), for_objects[1])
        match term.asked:
            case InName(sought_text):
                texts.append(sought_text)
            case OfSize():
                sought.append(("size", by_index))
            case _:
                sought.append(("state", by_index))
    return Filter(_all(objects), _all(folders), tuple(texts), tuple(sought))


def check_filter(text: str, standings: Standings) -> None:
    """UsageError as `parse_filter`, and for a class that is told of no object here and that no store has."""
    parse_filter(text, standings)
    refuse_strange(text, (standing.word for standing in standings.all().values()))


def like(text: str, *, start: bool = False) -> str:
    """The LIKE pattern (escape ``\\``) for names that hold `text`, or begin with it.  UsageError: too long."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if len(escaped.encode("utf-8", "surrogatepass")) > _LONGEST - 2:
        raise UsageError(f"a text of {len(text)} characters is too long to be looked for in names")
    return f"{escaped}%" if start else f"%{escaped}%"


def _clauses(term: Term, standings: Standings) -> tuple[Clause, Clause]:
    """The condition on objects, and on folders."""
    negation = "NOT " if term.inverse else ""
    match term.asked:
        case InState(states):
            held = " + ".join(f"n_{state.value.replace('-', '_')}" for state in states)
            folder = f"objects > {held}" if term.inverse else f"{held} > 0"
            return _among(standings.of_state(*states), term.inverse), (folder, ())
        case OfClass(word):
            return _among(standings.of_word(word), term.inverse), ("1", ())
        case OfSize(sign, limit):
            sign, whole = _whole(sign, limit)
            return (f"{negation}(+size {sign} ?)", (whole,)), (f"{negation}(bytes {sign} ?)", (whole,))
        case InName(text):
            clause: Clause = (f"name {negation}LIKE CAST(? AS TEXT) ESCAPE '\\'", (param(like(text)),))
            return clause, clause


def _whole(sign: str, limit: Fraction) -> tuple[str, int]:
    """The same question of whole bytes, within what a size can be: under 1.5 bytes are those of under 2."""
    if limit > _LARGEST:
        return ("<=", _LARGEST) if "<" in sign else (">", _LARGEST)
    if sign in ("<", ">="):
        return sign, ceil(limit)
    return (sign, int(limit)) if sign != "=" or limit.denominator == 1 else (">", _LARGEST)


def _among(numbers: list[int], inverse: bool) -> Clause:
    return f"+standing {'NOT ' if inverse else ''}IN ({', '.join('?' * len(numbers))})", tuple(numbers)


def _all(clauses: list[Clause]) -> Clause:
    return " AND ".join(clause for clause, _ in clauses), tuple(value for _, values in clauses for value in values)
