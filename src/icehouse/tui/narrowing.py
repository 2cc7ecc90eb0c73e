"""Filter and order for rows that are in memory: a live listing, before there is a catalogue to ask."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_lowercase, ascii_uppercase
from typing import Protocol

from icehouse.core.errors import UsageError
from icehouse.core.filters import InName, InState, OfClass, OfSize, Term, asked_terms
from icehouse.core.rows import FolderRow, ObjectRow, Row, SortBy

PASTED = 8
"""Characters from which a word may be (part of) an identity."""

NAMES_HINT = "text  !text"
"""What a filter's line says that it takes where there are names alone."""

Test = Callable[[Row], bool]


class Named(Protocol):
    """A test for what has a name and, it may be, an identity beside it."""

    def __call__(self, name: str, identity: str = "") -> bool:
        """Whether it passes."""


_FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)
"""Names match in both cases of ASCII letters, as in the catalogue."""


def narrowing(text: str) -> Test:
    """The test that `text` spells out, in the words of the catalogue's own filter; all its words must hold.

    A folder without sums passes every test on a field, turned around or not: what is in it is not known.  UsageError
    for a wrong word.
    """
    tests = [_test(term) for term in asked_terms(text)]
    return lambda row: all(test(row) for test in tests)


def naming(text: str) -> Named:
    """The same for what has a name and an identity: a word is in the name, or, if it is long, in the identity.

    Short ones would be found in identities that nobody chose.  UsageError for a wrong word, and for one that asks for
    more than names.
    """
    terms = [(term.asked, term.inverse) for term in asked_terms(text)]
    sought = [(asked.text.translate(_FOLDED), inverse) for asked, inverse in terms if isinstance(asked, InName)]
    if len(sought) < len(terms):
        raise UsageError("stores, buckets and projects are filtered by name alone", hint=NAMES_HINT)

    def test(name: str, identity: str = "") -> bool:
        called, known = name.translate(_FOLDED), identity.translate(_FOLDED)
        return all(
            (word in called or (len(word) >= PASTED and word in known)) is not inverse for word, inverse in sought
        )

    return test


def _test(term: Term) -> Test:
    holds = _holds(term)
    return lambda row: (told := holds(row)) is None or told is not term.inverse


def _holds(term: Term) -> Callable[[Row], bool | None]:
    """Whether the term's own question is answered with yes; None where nobody knows."""
    match term.asked:
        case InName(text):
            sought = text.translate(_FOLDED)
            return lambda row: sought in row.name.translate(_FOLDED)
        case OfSize():
            size = term.asked
            return lambda row: _compare(size, row)
        case OfClass(word):
            return lambda row: row.standing.word.casefold() == word.casefold() if isinstance(row, ObjectRow) else None
        case InState():
            return _stands(term.asked, inverse=term.inverse)


def _stands(asked: InState, *, inverse: bool) -> Callable[[Row], bool | None]:
    """Of a folder, whether anything in it is so; turned around, whether nothing in it is otherwise."""

    def holds(row: Row) -> bool | None:
        if isinstance(row, ObjectRow):
            return row.standing.state in asked.states
        if row.rollup is None:
            return None
        held = sum(row.rollup.counts.get(state, 0) for state in asked.states)
        return row.rollup.objects <= held if inverse else held > 0

    return holds


def _bytes(row: Row) -> int | None:
    if isinstance(row, ObjectRow):
        return row.size
    return None if row.rollup is None else row.rollup.bytes


def _compare(asked: OfSize, row: Row) -> bool | None:
    n, limit = _bytes(row), asked.limit
    if n is None:
        return None
    return {"<": n < limit, ">": n > limit, "<=": n <= limit, ">=": n >= limit, "=": n == limit}[asked.sign]


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
