"""Deciding about every object of a catalogue: by classes of what can't be told apart, and by names last."""

from __future__ import annotations

import json
import sqlite3
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from icehouse.catalogue.facts import moment
from icehouse.catalogue.labels import PLAIN, UNLABELLED, Label
from icehouse.catalogue.reader import Reader
from icehouse.core.scopes import Cover, Rule, about

from .classes import LabelClasses, StandingClasses, age_ranges, size_ranges
from .codes import BITS, EMPTY, SPAN
from .marked import marked
from .names import decoded
from .places import Numbers, Places, numbers
from .programs import Program, Ruling, program

ONE = 1 << 72
"""A sum of objects and bytes in one number: this for each object, and its bytes below."""

_PROGRAMS = 200_000
"""Programs kept at most; more than that are worked out again."""

_SEEN = 50_000
"""Distinct labels kept in mind while they are gone through."""

_OBJECTS = "SELECT id, folder, size, modified, standing, label, name FROM objects WHERE id >= ? AND id < ? ORDER BY id"
_LABELS = (
    "SELECT l.id, l.kind, l.tags, l.properties, l.owner, l.job, EXISTS (SELECT 1 FROM jobs WHERE id = l.job) "
    "FROM labels l"
)
_CONSUMED = "SELECT object FROM consumed WHERE object >= ? AND object < ?"


class Engine:
    """The rules of a scope, prepared for one catalogue at one moment.

    Takes `catalogue`'s connection for itself: text comes out of it as bytes from now on.
    """

    def __init__(self, catalogue: Reader, rules: Sequence[Rule]) -> None:
        """Work out all classes.  UsageError where a glob is none."""
        cover = Cover(catalogue.files.store, catalogue.files.container)
        self._rulings: list[Ruling] = [(n, rule.verdict) for n, rule in enumerate(rules) if about(rule, cover)]
        here = [rules[number] for number, _ in self._rulings]
        self._connection = connection = catalogue.connection
        self._marks = marked(connection, here, cover)
        as_of = moment(catalogue)
        labels = LabelClasses(here, catalogue.about, as_of)
        standings = StandingClasses(here, as_of)
        of_standings = {
            each: standings.of(catalogue.standings.standing(each)) for each in catalogue.standings.by_rank()
        }
        self._sizes, self._ages = size_ranges(here, as_of), age_ranges(here, as_of)
        self._places = Places(here)
        connection.text_factory = bytes
        of_labels, of_used = _of_labels(connection, labels)
        of_folders = self._places.of_folders(connection)
        self._lineage = labels.asks_lineage
        self._by_mark = sum(1 << number for number, rule in enumerate(here) if rule.objects)
        self._labels, self._standings = labels.masks, standings.masks
        # an object's classes make one number, of which each class is a digit
        self._widths = [len(self._ages.masks), len(self._sizes.masks), len(standings.masks), len(labels.masks)]
        ages, sizes, kinds, others = self._widths
        self._of_standings = _scaled(of_standings, ages * sizes)
        self._of_labels, self._of_used = (_scaled(each, ages * sizes * kinds) for each in (of_labels, of_used))
        self._of_folders = _scaled(of_folders, ages * sizes * kinds * others)
        self._programs: dict[int, Program | int] = {}
        self._marked: dict[tuple[int, int], Program | int] = {}

    def codes(
        self, span: int, sums: defaultdict[int, int], before: array[int] | None = None, first: int = 0
    ) -> tuple[array[int], int]:
        """The codes of the objects in one span, and how many there are.

        Adds each object (`ONE` and its bytes) to `sums` under its folder's number, shifted by `BITS`, and its code.
        What `before` holds of rules whose number is less than `first` is taken as it is.
        """
        start = span << BITS
        codes = EMPTY[:]
        consumed = self._consumed(start)
        folders, labels, used, standings = self._of_folders, self._of_labels, self._of_used, self._of_standings
        sizes, ages, width = self._sizes.cuts, self._ages.cuts, self._widths[0]
        never = len(ages) + 1
        programs, marks, matching = self._programs, self._marks, self._places.names.matching
        count = 0
        for number, folder, size, modified, standing, label, name in self._connection.execute(
            _OBJECTS, (start, start + SPAN)
        ):
            code = first if before is None else before[number - start]
            if code >= first:
                key = folders[folder] + (used if number in consumed else labels)[label] + standings[standing]
                if sizes:
                    key += bisect_right(sizes, size) * width
                if ages:
                    key += never if modified is None else bisect_right(ages, modified)
                found = programs.get(key)
                if found is None:
                    found = self._program(key)
                if number in marks:
                    found = self._program_of_marked(key, marks[number])
                code = found if isinstance(found, int) else found.code(matching(name, found.asked))
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
        found = self._programs[key] = self._worked_out(key, 0)
        return found

    def _program_of_marked(self, key: int, marks: int) -> Program | int:
        found = self._marked.get((key, marks))
        if found is None:
            found = self._marked[key, marks] = self._worked_out(key, marks)
        return found

    def _worked_out(self, key: int, marks: int) -> Program | int:
        """The program for objects of these classes that the rules of `marks` name by their identity."""
        digits = []
        for width in self._widths:
            key, digit = divmod(key, width)
            digits.append(digit)
        age, size, standing, label = digits
        masks = [
            self._ages.masks[age],
            self._sizes.masks[size],
            self._standings[standing],
            self._labels[label],
            (~self._by_mark | marks,) * 2,
        ]
        return program(self._rulings, self._places.places[key], masks)


def _of_labels(connection: sqlite3.Connection, classes: LabelClasses) -> tuple[Numbers, Numbers]:
    """The class of each label, for objects that no job took in and for those that one did."""
    highest, count = connection.execute("SELECT coalesce(max(id), 0), count(*) FROM labels").fetchone()
    others, used = numbers(highest, count), numbers(highest, count)
    others[UNLABELLED] = classes.of(PLAIN, known=False, used=False)
    used[UNLABELLED] = classes.of(PLAIN, known=False, used=True)
    seen: dict[tuple[bytes, bytes, bytes, bytes, bool, int], tuple[int, int]] = {}
    tags_at, properties_at = classes.asks_tags, classes.asks_properties
    for number, kind, tags, properties, owner, job, known in connection.execute(_LABELS):
        key = (kind, tags if tags_at else b"[]", properties if properties_at else b"[]", owner, bool(job), known)
        found = seen.get(key)
        if found is None:
            if len(seen) >= _SEEN:
                seen.clear()
            found = seen[key] = _of_label(classes, *key)
        others[number], used[number] = found
    return others, used


def _of_label(
    classes: LabelClasses, kind: bytes, tags: bytes, properties: bytes, owner: bytes, made: bool, known: int
) -> tuple[int, int]:
    pairs = tuple((key, value) for key, value in json.loads(properties))
    label = Label(
        decoded(kind), PLAIN.traits, frozenset(json.loads(tags)), pairs, decoded(owner), "job" if made else ""
    )
    return classes.of(label, known=bool(known), used=False), classes.of(label, known=bool(known), used=True)


def _scaled(classes: Numbers, width: int) -> Numbers:
    """Classes as digits that are worth `width`; equal ones are one object."""
    worth: dict[int, int] = {}
    if isinstance(classes, Mapping):
        return {number: worth.setdefault(each, each * width) for number, each in classes.items()}
    return [worth.setdefault(each, each * width) for each in classes]
