"""The classes of a catalogue's labels and makers, each row gone through once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from icehouse.catalogue.labels import NOBODY, PLAIN, UNLABELLED, Label
from icehouse.core.entries import size_told

from .classes import LabelClasses, MakerClasses, Pairs
from .names import decoded
from .places import Numbers, numbers

_SEEN = 50_000
"""Distinct labels kept in mind while they are gone through."""

_LABELS = "SELECT id, kind, tags, properties, owner FROM labels"
_MAKERS = "SELECT id, EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job) FROM makers"


def of_labels(connection: sqlite3.Connection, classes: LabelClasses) -> Numbers:
    """The class of each label, from a connection whose texts are bytes."""
    highest, count = connection.execute("SELECT coalesce(max(id), 0), count(*) FROM labels").fetchone()
    found = numbers(highest, count)
    found[UNLABELLED] = classes.of(PLAIN)
    seen: dict[tuple[bytes, bytes, Pairs, bytes], int] = {}
    spelt_keys, asked_tags = classes.spelt_keys, classes.asks_tags
    for number, kind, tags, properties, owner in connection.execute(_LABELS):
        pairs: Pairs = ()
        for key in spelt_keys:
            if key in properties:
                pairs = classes.asked(json.loads(properties.decode()))
                break
        columns = (kind, tags if asked_tags else b"[]", pairs, owner)
        known = seen.get(columns)
        if known is None:
            if len(seen) >= _SEEN:
                seen.clear()
            known = seen[columns] = classes.of(_label(*columns))
        found[number] = known
    return found


def unsized(connection: sqlite3.Connection) -> frozenset[int]:
    """The labels of objects of which a size of 0 only means that none is told (`core.entries.size_told`)."""
    known: dict[tuple[bytes, bytes], bool] = {}
    found = set()
    for number, kind, traits in connection.execute("SELECT id, kind, traits FROM labels"):
        if (kind, traits) not in known:
            known[kind, traits] = size_told(0, decoded(kind), frozenset(json.loads(traits))) is None
        if known[kind, traits]:
            found.add(number)
    return frozenset(found)


def of_makers(connection: sqlite3.Connection, classes: MakerClasses) -> tuple[Numbers, Numbers]:
    """The class of each maker, for objects that no job took in and for those that one did."""
    highest, count = connection.execute("SELECT coalesce(max(id), 0), count(*) FROM makers").fetchone()
    others, used = numbers(highest, count), numbers(highest, count)
    others[NOBODY], used[NOBODY] = (classes.of("", known=False, used=each) for each in (False, True))
    if not classes.asks_lineage:
        made = classes.of("job", known=False, used=False)
        for (number,) in connection.execute("SELECT id FROM makers"):
            others[number] = made
        return others, others
    by_known = {known: [classes.of("job", known=bool(known), used=each) for each in (False, True)] for known in (0, 1)}
    for number, known in connection.execute(_MAKERS):
        others[number], used[number] = by_known[known]
    return others, used


def scaled(classes: Numbers, width: int) -> Numbers:
    """Classes as digits that are worth `width`; equal ones are one object."""
    worth: dict[int, int] = {}
    if isinstance(classes, Mapping):
        return {number: worth.setdefault(each, each * width) for number, each in classes.items()}
    return [worth.setdefault(each, each * width) for each in classes]


def _label(kind: bytes, tags: bytes, pairs: Pairs, owner: bytes) -> Label:
    return Label(decoded(kind), PLAIN.traits, frozenset(json.loads(tags)), pairs, decoded(owner))
