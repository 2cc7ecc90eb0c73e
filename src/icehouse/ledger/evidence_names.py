"""Numbers for what many accesses share, as the evidence file has them: keys, links, and manners.

A page is taken column by column, and what is new in it is written at once: there are millions of rows.
"""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from icehouse.core.evidence import Access, Deed, Way

MOST_AGENT: Final = 300
"""So many characters of a user agent are kept."""

MOST_ERROR: Final = 200
"""So many characters of an error's code."""

DEEDS: Final = (Deed.READ, Deed.COPY, Deed.LOOK)
WAYS: Final = (Way.LINK, Way.CREDENTIALS, Way.ANONYMOUS, Way.PLATFORM)
"""The file has each as its place in here; both only ever grow at their ends."""

_DEEDS: Final = {deed.value: number for number, deed in enumerate(DEEDS)}
_WAYS: Final = {way.value: number for number, way in enumerate(WAYS)}
_WORD: Final = attrgetter("_value_")
_SHORTER: Final = 70
"""No signature is in a shorter text."""
_MOST_KNOWN: Final = 250_000
_MOST_PLACES: Final = 8
_AT_ONCE: Final = 100
"""So many names are looked for by one statement."""

_SIGNED: Final = re.compile(r"(?i)(x-amz-(?:signature|credential|security-token)(?:=|%3d))[^&\s]*")

Name = Any
"""What a number stands for: a text, or the columns of its table where those are several."""


class _Numbers:
    """The numbers of one table's names, of which the last ones that were asked for are known.

    `within` are the first columns' values where all names share them.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        table: str,
        columns: Sequence[str],
        *,
        last: str = "?",
        within: tuple[int, ...] = (),
    ) -> None:
        """`last` is how a statement takes the last of the columns."""
        self._db, self._table, self._within = db, table, within
        takes = [*("?" for _ in columns[1:]), last]
        fits = " AND ".join(f"{column} = {takes[at]}" for at, column in enumerate(columns))
        self._select = f"SELECT id FROM {table} WHERE {fits}"  # noqa: S608 - names of ours, here and below
        named = ", ".join(f"_{at}" for at in range(len(columns)))
        same = " AND ".join(f"{column} = _{at}" for at, column in enumerate(columns))
        row = ", ".join(takes)
        self._several = (
            f"WITH wanted (number, {named}) AS (VALUES {', '.join(f'({at}, {row})' for at in range(_AT_ONCE))})"  # noqa: S608
            f" SELECT number, id FROM wanted CROSS JOIN {table} ON {same}"
        )
        self._insert = f"INSERT INTO {table} ({', '.join(columns)}, id) VALUES ({', '.join(takes)}, ?)"  # noqa: S608
        self._known: dict[Name, int] = {}

    def of(self, names: Collection[Name]) -> list[int]:
        """The number of each name, in their order; new names are written, with numbers in the order of the names."""
        try:
            return list(map(self._known.__getitem__, names))
        except KeyError:
            pass
        wanted = set(names)
        missing = wanted.difference(self._known)
        if len(self._known) + len(missing) > _MOST_KNOWN:
            self._known.clear()
            missing = wanted
        self._find(missing)
        return list(map(self._known.__getitem__, names))

    def _find(self, missing: Iterable[Name]) -> None:
        known, execute = self._known, self._db.execute
        names = sorted(missing)
        columns = list(self._columns(names))
        there: dict[int, int] = {}
        whole = len(names) - len(names) % _AT_ONCE
        for begin in range(0, whole, _AT_ONCE):
            some = chain.from_iterable(columns[begin : begin + _AT_ONCE])
            there.update((begin + at, number) for at, number in execute(self._several, tuple(some)))
        for at in range(whole, len(names)):
            for (number,) in execute(self._select, columns[at]):
                there[at] = number
        fresh: dict[tuple[object, ...], list[Name]] = {}
        for at, name in enumerate(names):
            if at in there:
                known[name] = there[at]
            else:
                fresh.setdefault(columns[at], []).append(name)
        if fresh:
            following = "UPDATE numbers SET next = next + ? WHERE name = ? RETURNING next"
            first = execute(following, (len(fresh), self._table)).fetchone()[0] - len(fresh)
            known.update((name, first + at) for at, alike in enumerate(fresh.values()) for name in alike)
            self._db.executemany(self._insert, [(*each, first + at) for at, each in enumerate(fresh)])

    def _columns(self, names: Sequence[Name]) -> Iterable[tuple[object, ...]]:
        """What the table has for each name."""
        for name in names:
            if isinstance(name, str):
                yield (*self._within, raw(unsigned(name)))
            else:
                yield tuple(raw(unsigned(part)) if isinstance(part, str) else part for part in name)


class _Manners(_Numbers):
    """The numbers of manners: by whom and how something was accessed, which many accesses to whatever key share.

    A name is source, deed, partial, status, error, way, requester, address and agent, as they were told.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Of an open file."""
        super().__init__(db, "manners", ("source", "deed", "partial", "status", "error", "client", "agent"))
        self._sources = _Numbers(db, "sources", ("label",))
        self._clients = _Numbers(db, "clients", ("way", "requester", "address"))
        self._agents = _Numbers(db, "agents", ("text",))

    def source(self, label: str) -> int:
        """The number of a source, which is made where it is new."""
        return self._sources.of([label])[0]

    def _columns(self, names: Sequence[Name]) -> Iterable[tuple[object, ...]]:
        sources, deeds, partial, status, errors, ways, requesters, addresses, agents = zip(*names, strict=True)
        return zip(
            self._sources.of(sources),
            map(_DEEDS.__getitem__, deeds),
            partial,
            status,
            [raw(unsigned(each)[:MOST_ERROR]) for each in errors],
            self._clients.of(list(zip(map(_WAYS.__getitem__, ways), requesters, addresses, strict=True))),
            self._agents.of([unsigned(each)[:MOST_AGENT] for each in agents]),
            strict=True,
        )


class Names:
    """The numbers of one evidence file; used within a transaction of its owner alone."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Of an open file."""
        self._db = db
        self.forget()

    def forget(self) -> None:
        """Forget what is known: after a transaction that was undone it may not be there."""
        self._places = _Numbers(self._db, "places", ("store", "container"))
        self._manners = _Manners(self._db)
        self._links = _Numbers(self._db, "links", ("text",))
        self._keys: dict[int, _Numbers] = {}

    def source(self, label: str) -> int:
        """The number of a source, which is made where it is new."""
        return self._manners.source(label)

    def rows(self, accesses: Sequence[Access]) -> Iterable[tuple[object, ...]]:
        """The accesses as rows of the file: key, id, at, manner, link, sent, size, version."""
        if not accesses:
            return ()
        (
            sources, ids, deeds, ways, stores, containers, keys, versions, at, status, errors, sent, sizes, partial,
            requesters, addresses, agents, links,
        ) = zip(*accesses, strict=True)  # fmt: skip
        manners = zip(
            sources, map(_WORD, deeds), partial, status, errors, map(_WORD, ways), requesters, addresses, agents,
            strict=True,
        )  # fmt: skip
        return zip(
            self._keys_of(stores, containers, keys),
            _numbers_of(ids) or [number_of(name or repr(accesses[place])) for place, name in enumerate(ids)],
            at,
            self._manners.of(list(manners)),
            self._links.of(links),
            sent,
            sizes,
            [_version(version) if version else version for version in versions] if any(versions) else versions,
            strict=True,
        )

    def _keys_of(self, stores: Sequence[str], containers: Sequence[str], keys: Sequence[str]) -> list[int]:
        """The numbers of keys, of which mostly all lie in one container."""
        if len(set(stores)) == len(set(containers)) == 1:
            return self._within(*self._places.of([(stores[0], containers[0])])).of(keys)
        found = [0] * len(keys)
        at: dict[int, list[int]] = {}
        for index, place in enumerate(self._places.of(list(zip(stores, containers, strict=True)))):
            at.setdefault(place, []).append(index)
        for place, indexes in at.items():
            for index, number in zip(indexes, self._within(place).of([keys[each] for each in indexes]), strict=True):
                found[index] = number
        return found

    def _within(self, place: int) -> _Numbers:
        if place not in self._keys:
            if len(self._keys) >= _MOST_PLACES:
                self._keys.clear()
            self._keys[place] = _Numbers(self._db, "keys", ("place", "key"), last="CAST(? AS TEXT)", within=(place,))
        return self._keys[place]


def _numbers_of(names: Sequence[str]) -> Sequence[int]:
    """What `number_of` says of each, all at once; none where one is not 16 hex digits."""
    whole = "".join(names)
    if len(whole) != 16 * len(names) or set(map(len, names)) != {16}:
        return ()
    try:
        found = bytes.fromhex(whole)
    except ValueError:
        return ()
    return struct.unpack(f">{len(names)}q", found) if len(found) == 8 * len(names) else ()


def number_of(name: str) -> int:
    """An access's id in 64 bits: what 16 hex digits say, which most ids are, else a hash."""
    if len(name) == 16:
        try:
            number = int(name, 16)
        except ValueError:
            pass
        else:
            return number if number < 1 << 63 else number - (1 << 64)
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def raw(text: str) -> str | bytes:
    """A text as the file takes it: as bytes where it is not valid, so that it comes back as it is (`text_of`)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _version(text: str) -> str | bytes:
    return text if len(text) < _SHORTER and text.isascii() else raw(unsigned(text))


def text_of(told: str | bytes) -> str:
    """The text that `raw` took."""
    return told if isinstance(told, str) else told.decode("utf-8", "surrogatepass")


def unsigned(text: str) -> str:
    """A text without the secret parts of a signed URL, which somebody may have put into it."""
    return _SIGNED.sub(r"\1…", text) if "amz-" in text.lower() else text
