"""The filter of a list: words that names hold, and fields, each of which ``!`` turns around."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from icehouse.core.errors import UsageError
from icehouse.core.states import State

from .base import param
from .standings import Standings

Value = str | int | bytes
Clause = tuple[str, tuple[Value, ...]]
"""A condition with its values; "" for no condition."""

_SIZE = re.compile(r"size\s*(<=|>=|<|>|=)\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_GROUPS = {
    "cold": (State.ARCHIVED,),
    "way": (State.ARCHIVING, State.RESTORING),
    "readable": (State.LIVE, State.RESTORED),
}


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
    objects: list[Clause] = []
    folders: list[Clause] = []
    texts: list[str] = []
    sought: list[tuple[Literal["size", "state"], Clause]] = []
    for term in text.split():
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
    """The LIKE pattern (escape ``\\``) for names that hold `text`, or begin with it."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%" if start else f"%{escaped}%"


def _term(term: str, inverse: bool, standings: Standings) -> tuple[Clause, Clause]:
    negation = "NOT " if inverse else ""
    field, colon, value = term.partition(":")
    if colon and field.lower() in ("state", "word"):
        return _FIELDS[field.lower()](value, inverse, standings)
    size = _SIZE.fullmatch(term)
    if size:
        limit = int(float(size[2]) * 1024 ** _UNITS[size[3].lower()])
        return (f"{negation}(+size {size[1]} ?)", (limit,)), (f"{negation}(bytes {size[1]} ?)", (limit,))
    clause: Clause = (f"name {negation}LIKE CAST(? AS TEXT) ESCAPE '\\'", (param(like(term)),))
    return clause, clause


def _state(value: str, inverse: bool, standings: Standings) -> tuple[Clause, Clause]:
    states = _GROUPS.get(value.lower()) or tuple(state for state in State if state.value == value.lower())
    if not states:
        known = ", ".join([*(state.value for state in State), *_GROUPS])
        raise UsageError(f"state:{value}: no such state", hint=f"one of {known}")
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
