"""What objects are labelled with: kind, traits, tags, properties and owner, each set once; the job apart."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from hashlib import blake2b

from icehouse.core.entries import NONE, Entry

from .base import param

UNLABELLED = 0
"""The number of what an entry that tells nothing is labelled with; no row of the table has it."""

NOBODY = 0
"""The number of no job; no row of its table has it."""

COLUMNS = "kind, traits, tags, properties, owner"
"""The columns that `read_label` takes, in this order."""

_REMEMBERED = 20_000
"""Sets whose numbers a writer keeps in mind, some 15 MB at most; the others are looked up again."""

_FIND = "SELECT id FROM labels WHERE mark = ?"
_ADD = (
    f"INSERT INTO labels (mark, {COLUMNS}) "  # noqa: S608  (columns are this module's own; values are bound)
    "VALUES (?, CAST(? AS TEXT), ?, ?, ?, CAST(? AS TEXT))"
)
_FIND_JOB = "SELECT id FROM makers WHERE job = CAST(? AS TEXT)"
_ADD_JOB = "INSERT INTO makers (job) VALUES (CAST(? AS TEXT))"
_Key = tuple[str, frozenset[str], frozenset[str], tuple[tuple[str, str], ...], str]
_PLAIN: _Key = ("file", NONE, NONE, (), "")


@dataclass(frozen=True, slots=True)
class Label:
    """One set of labels, as `core.entries.Entry` has them; the job is kept apart, as each has a few objects only."""

    kind: str = "file"
    traits: frozenset[str] = NONE
    tags: frozenset[str] = NONE
    properties: tuple[tuple[str, str], ...] = ()
    owner: str = ""


PLAIN = Label()
"""What an object without labels has."""


class Labels:
    """The numbers of the sets of one catalogue file, for its writer."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[_Key, int] = {}
        self._jobs: dict[str, int] = {}

    def number(self, entry: Entry) -> int:
        """The number of what `entry` is labelled with, a new one where it is new (inside the caller's transaction)."""
        key = (entry.kind, entry.traits, entry.tags, entry.properties, entry.owner)
        found = self._numbers.get(key)
        if found is None:
            if len(self._numbers) >= _REMEMBERED:
                self._numbers.clear()
            found = self._numbers[key] = self._kept(key)
        return found

    def maker(self, entry: Entry) -> int:
        """The number of the job that made `entry`, likewise."""
        found = self._jobs.get(entry.job) if entry.job else NOBODY
        if found is None:
            if len(self._jobs) >= _REMEMBERED:
                self._jobs.clear()
            row = self._connection.execute(_FIND_JOB, (param(entry.job),)).fetchone()
            added = None if row else self._connection.execute(_ADD_JOB, (param(entry.job),)).lastrowid
            found = self._jobs[entry.job] = int(row[0] if row else added or 0)
        return found

    def forget(self) -> None:
        """After an undone transaction: numbers that it gave are not there."""
        self._numbers.clear()
        self._jobs.clear()

    def _kept(self, key: _Key) -> int:
        if key == _PLAIN:
            return UNLABELLED
        kind, traits, tags, properties, owner = key
        columns = (kind, _joined(traits), _joined(tags), json.dumps(properties) if properties else "[]", owner)
        mark = blake2b(json.dumps(columns).encode(), digest_size=16).digest()
        row = self._connection.execute(_FIND, (mark,)).fetchone()
        if row is not None:
            return int(row[0])
        texts = (param(kind), *columns[1:4], param(owner))
        return int(self._connection.execute(_ADD, (mark, *texts)).lastrowid or 0)


def read_label(columns: tuple[str | None, ...]) -> Label:
    """The set that a row of `COLUMNS` holds, byte for byte as it went in; plain where there is no row."""
    kind, traits, tags, properties, owner = columns
    if kind is None:
        return PLAIN
    pairs = tuple((key, value) for key, value in json.loads(properties or "[]"))
    return Label(kind, _words(traits), _words(tags), pairs, owner or "")


def _joined(words: frozenset[str]) -> str:
    return json.dumps(sorted(words)) if words else "[]"


def _words(text: str | None) -> frozenset[str]:
    return frozenset(json.loads(text)) if text and text != "[]" else NONE
