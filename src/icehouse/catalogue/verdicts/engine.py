"""Deciding about every object of a catalogue: by classes of what can't be told apart, and by names last."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from icehouse.catalogue.facts import moment
from icehouse.catalogue.reader import Reader
from icehouse.core.scopes import Cover, Rule, about

from .classes import LabelClasses, MakerClasses, StandingClasses, age_ranges, size_ranges
from .codes import BITS, EMPTY, FIRST, NONE, SPAN
from .marked import marked
from .places import Places
from .programs import Program, Ruling, program
from .tables import of_labels, of_makers, scaled, unsized

ONE = 1 << 72
"""A sum of objects and bytes in one number: this for each object, and its bytes below."""

_PROGRAMS = 200_000
"""Programs kept at most; more than that are worked out again."""

_OBJECTS = (
    "SELECT id, folder, size, modified, standing, label, maker, name FROM objects WHERE id >= ? AND id < ? ORDER BY id"
)
_CONSUMED = "SELECT object FROM consumed WHERE object >= ? AND object < ?"


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier list of rules decided and still holds, as the lists begin and end alike.

    The first `first` rules are the same, and so are the last `last`, from number `end` of this list and `was` of that.
    """

    first: int = 0
    last: int = 0
    end: int = 0
    was: int = 0

    def moved(self) -> dict[int, int]:
        """The code now for a code then, for objects that no rule between may match.

        What rules between decided, or may have, is not in here.  A rule that did not decide takes nothing away when
        it goes, but for what it left open.
        """
        shift = self.end - self.was
        return {NONE: NONE, **{code: code + shift for code in range(self.was, self.was + self.last)}}


class Engine:
    """The rules of a scope, prepared for one catalogue at one moment.

    Takes `catalogue`'s connection for itself: text comes out of it as bytes from now on.
    """

    def __init__(self, catalogue: Reader, rules: Sequence[Rule], kept: Kept) -> None:
        """Work out all classes.  UsageError where a glob is none."""
        cover = Cover(catalogue.files.store, catalogue.files.container)
        self._rulings: list[Ruling] = [(n, rule.verdict) for n, rule in enumerate(rules) if about(rule, cover)]
        here = [rules[number] for number, _ in self._rulings]
        self._connection = connection = catalogue.connection
        self._marks = marked(connection, here, cover)
        self._by_mark = sum(1 << number for number, rule in enumerate(here) if rule.objects)
        as_of = moment(catalogue)
        labels, makers = LabelClasses(here, catalogue.about, as_of), MakerClasses(here, catalogue.about, as_of)
        standings = StandingClasses(here, as_of)
        kinds = {each: standings.of(catalogue.standings.standing(each)) for each in catalogue.standings.by_rank()}
        self._places, self._lineage = Places(here), makers.asks_lineage
        connection.text_factory = bytes
        label_numbers, (maker_numbers, used_numbers) = of_labels(connection, labels), of_makers(connection, makers)
        folders = self._places.of_folders(connection)
        # an object's classes make one number, of which each class is a digit, that of its folder the highest
        sizes, ages = size_ranges(here, as_of), age_ranges(here, as_of)
        self._sizes, self._ages = sizes.cuts, ages.cuts
        self._unsized = unsized(connection) if sizes.cuts else frozenset[int]()
        self._digits = [ages.masks, sizes.masks, standings.masks, labels.masks, makers.masks]
        worth = [1]
        for masks in self._digits:
            worth.append(worth[-1] * len(masks))
        _, self._size_worth, *others = worth
        self._standings, self._labels = scaled(kinds, others[0]), scaled(label_numbers, others[1])
        self._makers, self._used = scaled(maker_numbers, others[2]), scaled(used_numbers, others[2])
        self._folders = scaled(folders, others[3])
        self._programs: dict[int, Program | int] = {}
        self._marked: dict[tuple[int, int], Program | int] = {}
        self._kept, self._moved = kept, kept.moved()
        self._untouched: set[int] = set()

    def codes(self, span: int, sums: defaultdict[int, int], before: array[int] | None) -> tuple[array[int], int]:
        """The codes of the objects in one span, and how many there are.

        Adds each object (`ONE` and its bytes) to `sums` under its folder's number, shifted by `BITS`, and its code.
        `before` are the codes of the earlier list of rules.
        """
        start = span << BITS
        codes = EMPTY[:]
        consumed = self._consumed(start)
        folders, labels, standings = self._folders, self._labels, self._standings
        makers, used = self._makers, self._used
        sizes, ages, width, never = self._sizes, self._ages, self._size_worth, len(self._ages) + 1
        unsized, not_told = self._unsized, (len(self._sizes) + 1) * self._size_worth
        programs, marks = self._programs, self._marks
        first, untouched, moved = self._kept.first if before else 0, self._untouched, self._moved
        old = code = FIRST
        count = 0
        for number, folder, size, modified, standing, label, maker, name in self._connection.execute(
            _OBJECTS, (start, start + SPAN)
        ):
            if before:
                old = code = before[number - start]
            if code >= first:
                key = folders[folder] + labels[label] + standings[standing]
                key += (used if number in consumed else makers)[maker]
                if sizes:
                    key += bisect_right(sizes, size) * width if size or label not in unsized else not_told
                if ages:
                    key += never if modified is None else bisect_right(ages, modified)
                found = programs.get(key)
                if found is None:
                    found = self._program(key)
                if number in marks:
                    found = self._program_of_marked(key, marks[number])
                elif key in untouched and old in moved:
                    found = moved[old]
                code = found if isinstance(found, int) else found.code(name)
            codes[number - start] = code
            sums[folder << BITS | code] += size + ONE
            count += 1
        return codes, count

    def _consumed(self, start: int) -> frozenset[int]:
        """The objects of the span that jobs took in, where a rule asks."""
        if not self._lineage:
            return frozenset()
        return frozenset(row[0] for row in self._connection.execute(_CONSUMED, (start, start + SPAN)))

    def _program(self, key: int) -> Program | int:
        if len(self._programs) >= _PROGRAMS:
            self._programs.clear()
            self._untouched.clear()
        found, rulings = self._worked_out(key, 0)
        self._programs[key] = found
        if not any(self._kept.first <= code < self._kept.end for code in rulings):
            self._untouched.add(key)
        return found

    def _program_of_marked(self, key: int, marks: int) -> Program | int:
        found = self._marked.get((key, marks))
        if found is None:
            found = self._marked[key, marks] = self._worked_out(key, marks)[0]
        return found

    def _worked_out(self, key: int, marks: int) -> tuple[Program | int, list[int]]:
        """The program for objects of these classes that the rules of `marks` name by their identity, and its rules."""
        masks = []
        for classes in self._digits:
            key, digit = divmod(key, len(classes))
            masks.append(classes[digit])
        masks.append((~self._by_mark | marks,) * 2)
        return program(self._rulings, self._places.places[key], masks, self._places.names)
