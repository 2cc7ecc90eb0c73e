"""The filter of a list: words that names hold, and fields, each of which ``!`` turns around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal

from icehouse.core.errors import UsageError
from icehouse.core.filters import asked_size, asked_states

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
    """The filter that `text` spells out; all its words must hold.

    ``plate7`` is part of the name (ASCII letters match in both cases), ``!tmp`` is not.  ``state:archived`` (a state,
    or ``cold``, ``way``, ``readable``), ``word:GLACIER`` (the store's own) and ``size>1.5G`` (binary units) ask the
    fields; of a folder, whether anything in it is so, and its sum.  UsageError names what can't be understood.
    """
    terms = list(dict.fromkeys(text.split()))
    if len(terms) > _MOST_WORDS:
        raise UsageError(f"a filter of {len(terms)} words", hint=f"a filter holds {_MOST_WORDS} at most")
    objects: list[Clause] = []
    folders: list[Clause] = []
    texts: list[str] = []
    sought: list[tuple[Literal["size", "state"], Clause]] = []
    for term in terms:
        inverse = term.startswith("!") and len(term) > 1
        for_objects, for_folders = _term(term[1:] if inverse else term, inverse, standings)
        objects.append(for_objects)
        folders.append(for_folders)
        if inverse:
            continue
        if for_objects[0].startswith("+standing "):
            sought.append(("state", (for_objects[0].removeprefix("+"), for_objects[1])))
        elif for_objects[0].startswith("(+size "):
            sought.append(("size", (for_objects[0].replace("+", ""), for_objects[1])))
        else:
            texts.append(term)
    return Filter(_all(objects), _all(folders), tuple(texts), tuple(sought))


def like(text: str, *, start: bool = False) -> str:
    """The LIKE pattern (escape ``\\``) for names that hold `text`, or begin with it.  UsageError: too long."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if len(escaped.encode("utf-8", "surrogatepass")) > _LONGEST - 2:
        raise UsageError(f"a text of {len(text)} characters is too long to be looked for in names")
    return f"{escaped}%" if start else f"%{escaped}%"


def _term(term: str, inverse: bool, standings: Standings) -> tuple[Clause, Clause]:
    negation = "NOT " if inverse else ""
    field, colon, value = term.partition(":")
    if colon and field.lower() in ("state", "word"):
        return _FIELDS[field.lower()](value, inverse, standings)
    size = asked_size(term)
    if size is not None:
        sign, limit = _whole(*size)
        return (f"{negation}(+size {sign} ?)", (limit,)), (f"{negation}(bytes {sign} ?)", (limit,))
    clause: Clause = (f"name {negation}LIKE CAST(? AS TEXT) ESCAPE '\\'", (param(like(term)),))
    return clause, clause


def _whole(sign: str, limit: Fraction) -> tuple[str, int]:
    """The same question of whole bytes, within what a size can be: under 1.5 bytes are those of under 2."""
    if limit > _LARGEST:
        return ("<=", _LARGEST) if "<" in sign else (">", _LARGEST)
    if sign in ("<", ">="):
        return sign, ceil(limit)
    return (sign, int(limit)) if sign != "=" or limit.denominator == 1 else (">", _LARGEST)


def _state(value: str, inverse: bool, standings: Standings) -> tuple[Clause, Clause]:
    states = asked_states(value)
    held = " + ".join(f"n_{state.value.replace('-', '_')}" for state in states)
    folder = f"objects > {held}" if inverse else f"{held} > 0"
    return _among(standings.of_state(*states), inverse), (folder, ())


def _word(value: str, inverse: bool, standings: Standings) -> tuple[Clause, Clause]:
    return _among(standings.of_word(value), inverse), ("1", ())


_FIELDS: dict[str, Callable[[str, bool, Standings], tuple[Clause, Clause]]] = {"state": _state, "word": _word}


def _among(numbers: list[int], inverse: bool) -> Clause:
    return f"+standing {'NOT ' if inverse else ''}IN ({', '.join('?' * len(numbers))})", tuple(numbers)


def _all(clauses: list[Clause]) -> Clause:
    return " AND ".join(clause for clause, _ in clauses), tuple(value for _, values in clauses for value in values)
