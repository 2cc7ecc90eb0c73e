"""Objects by their codes: all of a container, or those below one folder."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence, Set
from itertools import islice
from typing import Protocol

from icehouse.catalogue.schema import ROOT

from .codes import BITS, SPAN

_FEW = 20_000
"""Objects below a folder up to which they are gone through one by one, instead of all codes."""

_ASKED = 8
"""Codes up to which a span is searched for each before it is gone through: twenty times as fast where it has none."""

_BELOW = (
    "WITH RECURSIVE below (id) AS (SELECT ? UNION ALL SELECT f.id FROM folders f JOIN below ON f.parent = below.id) "
    "SELECT o.id FROM below CROSS JOIN objects o ON o.folder = below.id WHERE o.id > ?"
)


class Spans(Protocol):
    """What codes are read from."""

    def span(self, span: int) -> array[int] | None:
        """The codes of one span."""
        ...

    def spans(self, first: int = 0) -> Iterator[int]:
        """The spans that hold objects, from `first`."""
        ...


def of_codes(spans: Spans, wanted: Set[int], after: int, most: int | None = None) -> Iterator[list[int]]:
    """The numbers of objects with one of the codes `wanted`, those behind `after`, up to `most` of each span."""
    first = after + 1 >> BITS
    for span in spans.spans(first):
        codes = spans.span(span)
        base = span << BITS
        if codes is not None and (len(wanted) > _ASKED or _holds(codes, wanted)):
            start = max(0, after + 1 - base)
            found = (number for number, code in enumerate(islice(codes, start, None), base + start) if code in wanted)
            yield list(islice(found, most))


def below(
    spans: Spans, catalogue: sqlite3.Connection, folder: int, objects: int, wanted: Set[int], after: int, most: int
) -> Iterator[Sequence[int]]:
    """The same of those below a folder of that number, which holds so many `objects`; at least `most`, if there are."""
    if folder == ROOT:
        yield from of_codes(spans, wanted, after, most)
    elif objects <= _FEW:
        numbers = sorted(row[0] for row in catalogue.execute(_BELOW, (folder, after)))
        yield [number for number in numbers if _code(spans, number) in wanted]
    else:
        inside: dict[int, bool] = {folder: True, ROOT: False, 0: False}
        for numbers in of_codes(spans, wanted, after):
            if numbers:
                yield list(_inside(catalogue, numbers, inside))


def _holds(codes: array[int], wanted: Set[int]) -> bool:
    """Whether one of the codes is among them."""
    raw, width = codes.tobytes(), codes.itemsize
    for code in wanted:
        sought = array(codes.typecode, (code,)).tobytes()
        at = raw.find(sought)
        while at % width and at >= 0:
            at = raw.find(sought, at + 1)
        if at >= 0:
            return True
    return False


def _inside(catalogue: sqlite3.Connection, numbers: Sequence[int], inside: dict[int, bool]) -> Iterator[int]:
    """Those of one span that lie in a folder of which `inside` says so; it learns of those that it does not know."""
    asked = frozenset(numbers)
    rows = catalogue.execute("SELECT id, folder FROM objects WHERE id BETWEEN ? AND ?", (numbers[0], numbers[-1]))
    for number, folder in rows.fetchall():
        if number in asked and _is_inside(catalogue, folder, inside):
            yield number


def _is_inside(catalogue: sqlite3.Connection, folder: int, inside: dict[int, bool]) -> bool:
    line = []
    while folder not in inside:
        line.append(folder)
        row = catalogue.execute("SELECT parent FROM folders WHERE id = ?", (folder,)).fetchone()
        folder = row[0] if row is not None else 0
    for each in line:
        inside[each] = inside[folder]
    return inside[folder]


def _code(spans: Spans, number: int) -> int | None:
    codes = spans.span(number >> BITS)
    return None if codes is None else codes[number % SPAN]
