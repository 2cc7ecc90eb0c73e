"""What is left to ask of an object once it is known by what it can't be told apart from others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from icehouse.core.scopes import Verdict

from .classes import Masks
from .codes import NONE, PERHAPS
from .names import Names
from .places import Place

Ruling = tuple[int, Verdict]
"""What a rule decides: its code, which is its number in the scope, and its verdict."""

Step = tuple[Ruling, int, bool]
"""A rule, the bits of the globs on names of which one has to match (0: it matches), and whether it is sure."""


class Program:
    """Decides by the name alone; each set of globs that match is worked out once."""

    __slots__ = ("_codes", "_matching", "_steps")

    def __init__(self, steps: Sequence[Step], matching: Callable[[bytes], int]) -> None:
        """Take the steps, and what tells the globs that a name matches, at least of those that the steps ask."""
        self._steps = steps
        self._matching = matching
        self._codes: dict[int, int] = {}

    def code(self, name: bytes) -> int:
        """The code of an object of that name."""
        matching = self._matching(name)
        found = self._codes.get(matching)
        if found is None:
            found = self._codes[matching] = run(self._steps, matching)
        return found


def run(steps: Sequence[Step], matching: int) -> int:
    """The code that `core.scopes.decide` comes to, with the rules that can't match left out of `steps`."""
    perhaps = kept = False
    for (code, verdict), globs, sure in steps:
        if globs and not globs & matching:
            continue
        if sure:
            return PERHAPS if kept and verdict is Verdict.SKIP else code
        perhaps = True
        kept = kept or verdict is Verdict.KEEP
    return PERHAPS if perhaps else NONE


def program(
    rulings: Sequence[Ruling], place: Place, masks: Sequence[Masks], names: Callable[[int], Names]
) -> tuple[Program | int, list[int]]:
    """The program for objects of that place for which rules say what `masks` hold; a code where no name is asked.

    Also the codes of the rules that it asks.
    """
    may = sure = -1
    for masks_may, masks_sure in masks:
        may &= masks_may
        sure &= masks_sure
    named = dict(place.named)
    left = may & (place.matching | sum(1 << number for number in named))
    steps: list[Step] = []
    while left:
        bit = left & -left
        left ^= bit
        number = bit.bit_length() - 1
        globs = named.get(number, 0)
        steps.append((rulings[number], globs, bool(sure & bit)))
        if sure & bit and not globs:
            break
    asked = [code for (code, _), _, _ in steps]
    either = 0
    for _, globs, _ in steps:
        either |= globs
    return (Program(steps, names(either).matching) if either else run(steps, 0)), asked
