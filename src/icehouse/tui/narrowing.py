"""Filter and order for rows that are in memory: a live listing, before there is a catalogue to ask."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from string import ascii_lowercase, ascii_uppercase

from icehouse.core.filters import asked_size, asked_states
from icehouse.core.rows import FolderRow, ObjectRow, Row, SortBy
from icehouse.core.states import State

Test = Callable[[Row], bool]

_FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)
"""Names match in both cases of ASCII letters, as in the catalogue."""


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
        wanted = set(asked_states(value))
        return lambda row: _states(row) is None or bool(wanted & (_states(row) or set()))
    if colon and field.lower() == "word":
        return lambda row: not isinstance(row, ObjectRow) or row.standing.word.lower() == value.lower()
    size = asked_size(term)
    if size is not None:
        sign, limit = size
        return lambda row: _compare(sign, row, limit)
    sought = term.translate(_FOLDED)
    return lambda row: sought in row.name.translate(_FOLDED)


def _states(row: Row) -> set[State] | None:
    if isinstance(row, ObjectRow):
        return {row.standing.state}
    return None if row.rollup is None else {state for state, n in row.rollup.counts.items() if n}


def _bytes(row: Row) -> int | None:
    if isinstance(row, ObjectRow):
        return row.size
    return None if row.rollup is None else row.rollup.bytes


def _compare(sign: str, row: Row, limit: Fraction) -> bool:
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
