"""The fields of a listing's row: which there are, and what each may hold to the letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import NamedTuple, TypeVar

from .states import parse_http_date

_T = TypeVar("_T")

LEAVES = frozenset({"Key", "Size", "LastModified", "ETag", "StorageClass", "VersionId", "IsLatest"})
"""The fields of a row that are used and hold text."""

RESTORE = "RestoreStatus"
RESTORE_LEAVES = frozenset({"IsRestoreInProgress", "RestoreExpiryDate"})
"""The field with fields of its own, and those."""

NEEDED = {
    "Contents": frozenset({"Key", "Size"}),
    "Version": frozenset({"Key", "Size", "VersionId", "IsLatest"}),
    "DeleteMarker": frozenset({"Key", "VersionId", "IsLatest"}),
}
"""Each kind of row, and the fields without which it can't be."""

DEEPEST = 49
"""So many elements may be in each other, the root among them; more is odd."""

MOST_BYTES = 2**63 - 1
_LONGEST_NUMBER = 19

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = timedelta(microseconds=1)
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_MINUTE = re.compile(r"T([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_SECOND = re.compile(r":([0-5]\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_WITH_OFFSET = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?([+-]\d\d:\d\d|Z)", re.ASCII)
_HTTP = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)
_MOST_REMEMBERED = 100_000


class BrokenPageError(Exception):
    """A page that can't be taken; its text says what is wrong with it."""


class UnusualError(Exception):
    """Something that only the XML parser may judge."""


class Telling(NamedTuple):
    """What a row says of where its bytes stand: the class, and the restore where one is told."""

    storage_class: str | None
    restore: Restore | None = None


class Restore(NamedTuple):
    """A restore under way or done, and until when its copy stays, in microseconds since 1970."""

    ongoing: bool
    until: int | None


@dataclass(slots=True)
class Columns:
    """Rows column by column, keys as they are written; all columns of one length.

    `told` has for each row the place of its telling among `tellings`.  For versions only: `versions`, `latest` and
    `deleted` (delete markers, which have neither size nor telling of their own).
    """

    keys: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    modified: list[int | None] = field(default_factory=list)
    etags: list[str] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    tellings: dict[Telling, int] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)
    latest: list[bool] = field(default_factory=list)
    deleted: list[bool] = field(default_factory=list)

    def picked(self, places: Sequence[int]) -> Columns:
        """The rows at `places`, in that order."""

        def of(column: list[_T]) -> list[_T]:
            if len(places) < 2 or not column:
                return [column[at] for at in places] if column else column
            return list(itemgetter(*places)(column))

        return Columns(
            of(self.keys),
            of(self.sizes),
            of(self.modified),
            of(self.etags),
            of(self.told),
            self.tellings,
            of(self.versions),
            of(self.latest),
            of(self.deleted),
        )


class Days(dict[str, int]):
    """From ``2026-11-21`` to microseconds since 1970, remembered.  UnusualError for anything else."""

    def __missing__(self, text: str) -> int:
        """Work out what was not asked for before."""
        found = _DAY.fullmatch(text)
        if found is None:
            raise UnusualError
        try:
            day = datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]
        except ValueError:
            raise UnusualError from None
        return _remember(self, text, (day - _EPOCH) // _ONE)


class Minutes(dict[str, int]):
    """From ``T08:13`` to microseconds, remembered.  UnusualError for anything else."""

    def __missing__(self, text: str) -> int:
        """Work out what was not asked for before."""
        found = _MINUTE.fullmatch(text)
        if found is None:
            raise UnusualError
        return _remember(self, text, (int(found[1]) * 60 + int(found[2])) * 60_000_000)


class Seconds(dict[str, int]):
    """From ``:17.000Z`` to microseconds, remembered.  UnusualError for anything else."""

    def __missing__(self, text: str) -> int:
        """Work out what was not asked for before."""
        found = _SECOND.fullmatch(text)
        if found is None:
            raise UnusualError
        return _remember(self, text, int(found[1]) * 1_000_000 + int((found[2] or "0").ljust(6, "0")[:6]))


def _remember(known: dict[str, int], text: str, value: int) -> int:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[text] = value
    return value


DAYS, MINUTES, SECONDS = Days(), Minutes(), Seconds()
"""In three, as each of these repeats among objects of any age."""


def moment(text: str) -> int:
    """An instant as any server writes it, in microseconds since 1970.  BrokenPageError."""
    try:
        return DAYS[text[:10]] + MINUTES[text[10:16]] + SECONDS[text[16:]]
    except UnusualError:
        pass
    found = _WITH_OFFSET.fullmatch(text)
    try:
        if found is not None:
            told: datetime | None = datetime.fromisoformat(found[1] + (found[2] or "")[:7] + found[3])
        else:
            told = parse_http_date(text) if _HTTP.fullmatch(text) else None
        if told is not None:
            return (told.astimezone(UTC) - _EPOCH) // _ONE
    except (ValueError, OverflowError):  # before the first year or after the last, by its offset
        pass
    raise BrokenPageError(f"not a time: {text[:80]}")


def instant(microseconds: int) -> datetime:
    """The instant so long after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def number(text: str) -> int:
    """A count of bytes or of keys.  BrokenPageError."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER) or int(text) > MOST_BYTES:
        raise BrokenPageError(f"not a number: {text[:80]}")
    return int(text)


def truth(text: str) -> bool:
    """``true`` or ``false``.  BrokenPageError."""
    if text not in ("true", "false"):
        raise BrokenPageError(f"neither true nor false: {text[:80]}")
    return text == "true"
