"""Where rules ask an object to be: the folders worked through once, and what is left to ask of names."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from icehouse.catalogue.base import CatalogueDamaged
from icehouse.catalogue.schema import ROOT
from icehouse.core.globs import compiled
from icehouse.core.scopes import Rule

from .names import Names, decoded, halves

Numbers = list[int] | dict[int, int]
"""A number for each row of a table, by the row's own: a list, or a dict where most numbers are not in use."""

_SPARSE = 4


@dataclass(frozen=True, slots=True)
class Place:
    """What rules say of all objects right in a folder, as far as where they are tells.

    `matching` has the bits of rules whose place it is; `named` are rules for which it depends on the name, each with
    the bits of the globs on names (`Names`) of which one has to match.  All other rules don't match.
    """

    matching: int
    named: tuple[tuple[int, int], ...]


class Places:
    """The classes of folders: numbers for places that are the same, from 0."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Take the rules' folders and globs apart.  UsageError where a glob is none."""
        self.places: list[Place] = []
        self._by_place: dict[Place, int] = {}
        self._by_bits: dict[tuple[int, int], int] = {}
        self._folders: dict[str, int] = {}
        self._heads: dict[tuple[str, bool], int] = {}
        self._tails: dict[str, int] = {}
        self._rules = [(self._folder_bits(rule), [self._glob_bits(glob) for glob in rule.globs]) for rule in rules]
        self._patterns = [(bit, compiled(glob).match, named) for (glob, named), bit in self._heads.items()]
        self._globs = list(self._tails)
        self._names: dict[int, Names] = {}

    def names(self, asked: int) -> Names:
        """The globs on names whose bits are in `asked`."""
        found = self._names.get(asked)
        if found is None:
            found = self._names[asked] = Names(self._globs, asked)
        return found

    def of_folders(self, connection: sqlite3.Connection) -> Numbers:
        """The class of each folder of a catalogue.  CatalogueDamaged where its folders are not whole."""
        highest, count = connection.execute("SELECT max(id), count(*) FROM folders").fetchone()
        found = numbers(highest, count)
        above: dict[int, tuple[str, int]] = {0: ("", 0)}
        for number, parent, name, kids in connection.execute("SELECT id, parent, name, kids FROM folders ORDER BY id"):
            if parent not in above:
                raise CatalogueDamaged("the folders of the catalogue are not whole", hint="scan again")
            prefix, bits = above[parent]
            if number != ROOT:
                prefix = f"{prefix}{decoded(name)}/"
            bits |= self._folders.get(prefix, 0)
            found[number] = self._of(prefix, bits)
            if kids:
                above[number] = prefix, bits
        return found

    def _of(self, prefix: str, folders: int) -> int:
        heads = 0
        for bit, match, named in self._patterns:
            if match(f"{prefix}x" if named else prefix):
                heads |= bit
        found = self._by_bits.get((folders, heads))
        if found is None:
            place = self._place(folders, heads)
            found = self._by_place.get(place)
            if found is None:
                found = self._by_place[place] = len(self.places)
                self.places.append(place)
            self._by_bits[folders, heads] = found
        return found

    def _place(self, folders: int, heads: int) -> Place:
        matching, named = 0, []
        for number, (inside, globs) in enumerate(self._rules):
            if inside and not inside & folders:
                continue
            left = [tail for head, tail in globs if not head or head & heads]
            if not globs or 0 in left:
                matching |= 1 << number
            elif left:
                either = 0
                for tail in left:
                    either |= tail
                named.append((number, either))
        return Place(matching, tuple(named))

    def _folder_bits(self, rule: Rule) -> int:
        bits = 0
        for folder in rule.folders:
            bits |= self._folders.setdefault(folder, 1 << len(self._folders))
        return bits

    def _glob_bits(self, glob: str) -> tuple[int, int]:
        """The bits of what a glob asks of the folder, and of the name; 0 where it asks nothing."""
        head, tail = halves(glob)
        of_head = 0 if head is None else self._heads.setdefault((head, tail is not None), 1 << len(self._heads))
        of_tail = 0 if tail is None else self._tails.setdefault(tail, 1 << len(self._tails))
        return of_head, of_tail


def numbers(highest: int, count: int) -> Numbers:
    """Room for a number for each of `count` rows, of which none is above `highest`."""
    return [0] * (highest + 1) if highest <= _SPARSE * count else {}
