"""From the columns of a file, whatever its format, to the current objects in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import compress
from typing import Any

from icehouse.core.columns import ObjectColumns
from icehouse.core.text import safe

from .broken import Broken
from .tiers import Standings

WANTED = {
    "bucket": "buckets",
    "key": "keys",
    "islatest": "latest",
    "isdeletemarker": "markers",
    "size": "sizes",
    "lastmodifieddate": "modified",
    "etag": "etags",
    "storageclass": "words",
    "intelligenttieringaccesstier": "tiers",
}
"""The columns that are read, spelt plainly; all others that there are now or will be are passed over."""

LARGEST = 1 << 50
"""Bytes of an object: S3 takes none that is a tenth as large."""

_YEARS = range(-62_135_596_800_000_000, 253_402_300_800_000_000)
"""Microseconds since 1970 of the years 1 to 9999."""

_NEEDED = {"bucket": "Bucket", "key": "Key", "size": "Size"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of one file by column, with the types that they mean; None for a column that the inventory has not.

    A value is None where its row tells none.
    """

    buckets: Sequence[str | None]
    keys: Sequence[str | None]
    sizes: Sequence[int | None]
    latest: Sequence[bool | None] | None = None
    markers: Sequence[bool | None] | None = None
    modified: Sequence[int | None] | None = None
    etags: Sequence[str | None] | None = None
    words: Sequence[str | None] | None = None
    tiers: Sequence[str | None] | None = None


def plain(name: str) -> str:
    """A column's name without what the formats spell differently: ``ETag`` and ``e_tag`` are ``etag``."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def places(names: Sequence[str]) -> dict[str, int]:
    """Where the wanted columns are among `names`, by their field of `Columns`.  Broken where one is missing."""
    at: dict[str, int] = {}
    for index, name in enumerate(map(plain, names)):
        if name in WANTED and WANTED[name] in at:
            raise Broken(f"has the column {safe(names[index])} twice")
        if name in WANTED:
            at[WANTED[name]] = index
    for name, said in _NEEDED.items():
        if WANTED[name] not in at:
            hint = "; add it to the inventory's optional fields" if name == "size" else ""
            raise Broken(f"has no column {said}{hint}")
    return at


def page_of(columns: Columns, source: str, prefix: str, known: Standings) -> ObjectColumns:
    """The current objects under `prefix` in `columns`.  Broken where a row does not fit, or is of another bucket."""
    if others := set(columns.buckets) - {source}:
        raise Broken(f"has a row of another bucket: {safe(str(others.pop()))}")
    columns = _current(columns)
    if not all(columns.keys):
        raise Broken("has a row without a key")
    if prefix:
        columns = _only(columns, [str(key).startswith(prefix) for key in columns.keys])
    if None in columns.sizes:
        raise Broken("has an object without a size")
    _refuse_outside(columns.sizes, range(LARGEST + 1), "a size")
    _refuse_outside(columns.modified or (), _YEARS, "a date")
    number = len(columns.keys)
    nothing = (None,) * number
    words, tiers = columns.words or nothing, columns.tiers or nothing
    return ObjectColumns(
        keys=columns.keys,  # type: ignore[arg-type]  # no key is None: it would have been refused
        sizes=columns.sizes,  # type: ignore[arg-type]  # the same
        modified=columns.modified or nothing,
        etags=[etag.strip('"') if etag else "" for etag in columns.etags] if columns.etags else ("",) * number,
        standings=[known[pair] for pair in zip(words, tiers, strict=True)],
        kinds=known.kinds,
    )


def _refuse_outside(numbers: Sequence[int | None], bounds: range, what: str) -> None:
    told = [each for each in numbers if each is not None]
    if told and (min(told) not in bounds or max(told) not in bounds):
        raise Broken(f"has {what} that can't be")


def _current(columns: Columns) -> Columns:
    """Without delete markers and older versions; a row that does not say which it is, is current."""
    if columns.markers is not None and any(columns.markers):
        columns = _only(columns, [not marker for marker in columns.markers])
    if columns.latest is not None and False in columns.latest:
        columns = _only(columns, [latest is not False for latest in columns.latest])
    return columns


def _only(columns: Columns, mask: Sequence[bool]) -> Columns:
    """The rows where `mask` is True."""
    if all(mask):
        return columns
    kept: dict[str, Any] = {}
    for field in fields(columns):
        column = getattr(columns, field.name)
        kept[field.name] = None if column is None else list(compress(column, mask))
    return replace(columns, **kept)
