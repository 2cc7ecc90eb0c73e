"""Filter and order for rows that are in memory: a live listing, before there is a catalogue to ask."""

from __future__ import annotations

import re
from collections.abc import Callable

from icehouse.core.errors import UsageError
from icehouse.core.rows import FolderRow, ObjectRow, Row, SortBy
from icehouse.core.states import State

Test = Callable[[Row], bool]

_SIZE = re.compile(r"size(<=|>=|<|>|=)([0-9]+(?:\.[0-9]+)?)([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_GROUPS = {
    "cold": {State.ARCHIVED},
    "way": {State.ARCHIVING, State.RESTORING},
    "readable": {State.LIVE, State.RESTORED},
}


def narrowing(text: str) -> Test:
    """The test that `text` spells out, in the words of the catalogue's own filter; all its words must hold.

    A folder without sums passes every test on a field: what is in it is not known.  UsageError for a wrong word.
    """
    tests = [_negated(term[1:]) if term.startswith("!") and len(term) > 1 else _term(term) for term in text.split()]
    return lambda row: all(test(row) for test in tests)


def _negated(term: str) -> Test:
    test = _term(term)
    return lambda row: not test(row)


def _term(term: str) -> Test:
    field, colon, value = term.partition(":")
    if colon and field.lower() == "state":
        wanted = _GROUPS.get(value.lower()) or {state for state in State if state.value == value.lower()}
        if not wanted:
            known = ", ".join([*(state.value for state in State), *_GROUPS])
            raise UsageError(f"state:{value}: no such state", hint=f"one of {known}")
        return lambda row: _states(row) is None or bool(wanted & (_states(row) or set()))
    if colon and field.lower() == "word":
        return lambda row: not isinstance(row, ObjectRow) or row.standing.word.lower() == value.lower()
    found = _SIZE.fullmatch(term)
    if found:
        limit = int(float(found[2]) * 1024 ** _UNITS[found[3].lower()])
        return lambda row: _compare(found[1], row, limit)
    return lambda row: term.lower() in row.name.lower()


def _states(row: Row) -> set[State] | None:
    if isinstance(row, ObjectRow):
        return {row.standing.state}
    return None if row.rollup is None else {state for state, n in row.rollup.counts.items() if n}


def _bytes(row: Row) -> int | None:
    if isinstance(row, ObjectRow):
        return row.size
    return None if row.rollup is None else row.rollup.bytes


def _compare(sign: str, row: Row, limit: int) -> bool:
    n = _bytes(row)
    if n is None:
        return True
    return {"<": n < limit, ">": n > limit, "<=": n <= limit, ">=": n >= limit, "=": n == limit}[sign]


def ordering(by: SortBy) -> Callable[[Row], tuple[object, ...]]:
    """The key to sort rows by; folders always come first."""

    def key(row: Row) -> tuple[object, ...]:
        if by == "size":
            return (_bytes(row) or 0, row.name)
        if by == "objects":
            return (row.rollup.objects if isinstance(row, FolderRow) and row.rollup else 0, row.name)
        if by == "changed":
            when = row.modified if isinstance(row, ObjectRow) else (row.rollup.newest if row.rollup else None)
            return (when is not None, when.timestamp() if when else 0.0, row.name)
        if by == "state" and isinstance(row, ObjectRow):
            return (row.standing.state.value, row.standing.cold_word, row.name)
        return ("", row.name, row.ref.version or "" if isinstance(row, ObjectRow) else "")

    return key
