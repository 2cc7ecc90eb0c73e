"""Comparing what two scopes, or two states of one, say of the same container."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from icehouse.catalogue.base import CatalogueError
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.schema import ROOT
from icehouse.core.scopes import Sums, Verdict

from .codes import BITS, FIRST, SPAN
from .reading import Verdicts

Change = tuple[Verdict, Verdict]
"""What was said before, and what is said after."""

_ONE = 1 << 72
_OBJECTS = "SELECT id, folder, size FROM objects WHERE id BETWEEN ? AND ?"


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs: objects and bytes by change; pairs that did not change are left out.

    `folders` has the same by topmost folder (``raw/``; "" for objects in none).
    """

    changes: Mapping[Change, Sums] = field(default_factory=dict)
    folders: Mapping[str, Mapping[Change, Sums]] = field(default_factory=dict)

    @property
    def enters(self) -> Sums:
        """What is kept after and was not before."""
        return sum((s for (a, b), s in self.changes.items() if b is Verdict.KEEP and a is not Verdict.KEEP), Sums())

    @property
    def leaves(self) -> Sums:
        """What was kept before and is not after."""
        return sum((s for (a, b), s in self.changes.items() if a is Verdict.KEEP and b is not Verdict.KEEP), Sums())


def compare(reader: Reader, a: Verdicts | None, b: Verdicts | None) -> Difference:
    """What changes from `a` to `b` over the container of `reader`; None for a scope that does not cover it.

    What is not covered counts as undecided.  Both must be of `reader`'s generation and of one revision: CatalogueError
    (apply again) where they are not.
    """
    for each in (a, b):
        if each is not None and (not each.numbers_hold(reader) or each.applied.revision != reader.revision):
            raise CatalogueError("verdicts of another state of the catalogue can't be compared", hint="apply again")
    sums: defaultdict[tuple[int, Change], int] = defaultdict(int)
    tops = _Tops(reader)
    spans = sorted({span for each in (a, b) if each is not None for span in each.spans()})
    for span in spans:
        changed = dict(_changed(a, b, span))
        if not changed:
            continue
        first, last = min(changed), max(changed)
        with reader.reading():
            for number, folder, size in reader.connection.execute(_OBJECTS, (first, last)).fetchall():
                change = changed.get(number)
                if change is not None:
                    sums[tops.of(folder), change] += size + _ONE
    return _difference(sums, tops)


def _changed(a: Verdicts | None, b: Verdicts | None, span: int) -> Iterator[tuple[int, Change]]:
    """The objects of one span of which something else is said after, by their numbers."""
    before, after = (None if each is None else each.span(span) for each in (a, b))
    if before is not None and after is not None and _same_rules(a, b) and before == after:
        return
    said, says = _said(a), _said(b)
    none: array[int] = array("H", [FIRST]) * SPAN
    base = span << BITS
    pairs = zip(before or none, after or none, strict=True)
    for number, (was, is_now) in enumerate(pairs, base):
        change = said.get(was, Verdict.UNDECIDED), says.get(is_now, Verdict.UNDECIDED)
        if change[0] is not change[1]:
            yield number, change


def _same_rules(a: Verdicts | None, b: Verdicts | None) -> bool:
    return a is not None and b is not None and list(a.verdicts) == list(b.verdicts)


def _said(verdicts: Verdicts | None) -> dict[int, Verdict]:
    return {} if verdicts is None else dict(enumerate(verdicts.verdicts))


class _Tops:
    """The topmost folder of each folder, learned as it is asked for."""

    def __init__(self, reader: Reader) -> None:
        self._connection = reader.connection
        self._known: dict[int, int] = {ROOT: ROOT}

    def of(self, folder: int) -> int:
        """The number of the topmost folder above, `ROOT` for the root."""
        line = []
        while folder not in self._known:
            line.append(folder)
            (folder,) = self._connection.execute("SELECT parent FROM folders WHERE id = ?", (folder,)).fetchone()
        top = self._known[folder]
        if top == ROOT and line:
            top = line[-1]
        for each in line:
            self._known[each] = top
        return top

    def prefix(self, top: int) -> str:
        """Its prefix."""
        if top == ROOT:
            return ""
        (name,) = self._connection.execute("SELECT name FROM folders WHERE id = ?", (top,)).fetchone()
        return f"{name}/"


def _difference(sums: Mapping[tuple[int, Change], int], tops: _Tops) -> Difference:
    changes: dict[Change, Sums] = {}
    folders: dict[str, dict[Change, Sums]] = {}
    for (top, change), value in sums.items():
        part = Sums(value // _ONE, value % _ONE)
        changes[change] = changes.get(change, Sums()) + part
        folders.setdefault(tops.prefix(top), {})[change] = part
    return Difference(changes, folders)
