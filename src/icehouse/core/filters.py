"""What the words of a filter mean, the same wherever the rows are: in a catalogue, or in memory."""

from __future__ import annotations

import re
from fractions import Fraction

from .errors import UsageError
from .states import State

_SIZE = re.compile(r"size(<=|>=|<|>|=)([0-9]+(?:\.[0-9]+)?)([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_MOST_DIGITS = 1_000
"""Longer numbers take long to read, and no size comes near them."""

_GROUPS = {
    "cold": (State.ARCHIVED,),
    "way": (State.ARCHIVING, State.RESTORING),
    "readable": (State.LIVE, State.RESTORED),
}


def asked_size(term: str) -> tuple[str, Fraction] | None:
    """How a word like ``size>1.5G`` compares, and with how many bytes, exactly (binary units); None for any other.

    UsageError for a number that is no size.
    """
    found = _SIZE.fullmatch(term)
    if found is None:
        return None
    if len(found[2]) > _MOST_DIGITS:
        raise UsageError(f"a size of {len(found[2])} digits", hint="size>1.5G is one of 1.5 GiB and more")
    return found[1], Fraction(found[2]) * 1024 ** _UNITS[found[3].lower()]


def asked_states(value: str) -> tuple[State, ...]:
    """The states that are meant behind ``state:``.  UsageError where none is called so."""
    states = _GROUPS.get(value.lower()) or tuple(state for state in State if state.value == value.lower())
    if not states:
        known = ", ".join([*(state.value for state in State), *_GROUPS])
        raise UsageError(f"state:{value}: no such state", hint=f"one of {known}")
    return states
