"""Numbers for what many accesses share, as the evidence file has them: keys, clients, agents and links.

A page is taken column by column, and what is new in it is written at once: there are millions of rows.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final

from icehouse.core.evidence import Access, Deed, Way

MOST_AGENT: Final = 300
"""So many characters of a user agent are kept."""

DEEDS: Final = (Deed.READ, Deed.COPY, Deed.LOOK)
WAYS: Final = (Way.LINK, Way.CREDENTIALS, Way.ANONYMOUS, Way.PLATFORM)
"""The file has each as its place in here; both only ever grow at their ends."""

_DEEDS: Final = {deed.value: number for number, deed in enumerate(DEEDS)}
_WAYS: Final = {way.value: number for number, way in enumerate(WAYS)}
_WORD: Final = attrgetter("_value_")
_MOST_KNOWN: Final = 250_000
_SIGNED: Final = re.compile(r"(?i)(x-amz-(?:signature|credential|security-token)(?:=|%3d))[^&\s]*")

Name = tuple[Any, ...]
"""What a number stands for: the columns of its table."""


class _Numbers:
    """The numbers of one table's names, of which the last ones that were asked for are known."""

    def __init__(self, db: sqlite3.Connection, table: str, columns: Sequence[str], last: str = "?") -> None:
        """`last` is how a statement takes the last of the columns."""
        self._db, self._table = db, table
        takes = [*("?" for _ in columns[1:]), last]
        fits = " AND ".join(f"{column} = {takes[at]}" for at, column in enumerate(columns))
        self._select = f"SELECT id FROM {table} WHERE {fits}"  # noqa: S608 - names of ours, here and below
        self._insert = f"INSERT INTO {table} ({', '.join(columns)}, id) VALUES ({', '.join(takes)}, ?)"  # noqa: S608
        self._known: dict[Name, int] = {}

    def of(self, names: Collection[Name]) -> list[int]:
        """The number of each name, in their order; new names are written, with numbers in the order of the names."""
        wanted = set(names)
        missing = wanted - self._known.keys()
        if missing and len(self._known) + len(missing) > _MOST_KNOWN:
            self._known.clear()
            missing = wanted
        if missing:
            self._find(missing)
        return list(map(self._known.__getitem__, names))

    def forget(self) -> None:
        """Forget what is known."""
        self._known.clear()

    def _find(self, missing: Iterable[Name]) -> None:
        known, execute, select = self._known, self._db.execute, self._select
        fresh = []
        for name in sorted(missing):
            row = execute(select, _plain(name)).fetchone()
            if row is None:
                fresh.append(name)
            else:
                known[name] = row[0]
        if fresh:
            following = "UPDATE numbers SET next = next + ? WHERE name = ? RETURNING next"
            first = execute(following, (len(fresh), self._table)).fetchone()[0] - len(fresh)
            known.update((name, first + at) for at, name in enumerate(fresh))
            self._db.executemany(self._insert, [(*_plain(name), known[name]) for name in fresh])


class Names:
    """The numbers of one evidence file; used within a transaction of its owner alone."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Of an open file."""
        self._places = _Numbers(db, "places", ("store", "container"))
        self._keys = _Numbers(db, "keys", ("place", "key"), "CAST(? AS TEXT)")
        self._clients = _Numbers(db, "clients", ("way", "requester", "address"))
        self._agents = _Numbers(db, "agents", ("text",))
        self._links = _Numbers(db, "links", ("text",))
        self._sources = _Numbers(db, "sources", ("label",))

    def forget(self) -> None:
        """Forget what is known: after a transaction that was undone it may not be there."""
        for each in (self._places, self._keys, self._clients, self._agents, self._links, self._sources):
            each.forget()

    def source(self, label: str) -> int:
        """The number of a source, which is made where it is new."""
        return self._sources.of([(label,)])[0]

    def rows(self, accesses: Sequence[Access]) -> Iterable[tuple[object, ...]]:
        """The accesses as rows of the file: key, id, at, client, agent, link, source, deed, partial, status, error,
        sent, size, version.
        """  # fmt: skip
        if not accesses:
            return ()
        (
            sources, ids, deeds, ways, stores, containers, keys, versions, at, status, errors, sent, sizes, partial,
            requesters, addresses, agents, links,
        ) = zip(*accesses, strict=True)  # fmt: skip
        places = self._places.of(list(zip(stores, containers, strict=True)))
        kept = {agent: (unsigned(agent)[:MOST_AGENT],) for agent in set(agents)}
        return zip(
            self._keys.of(list(zip(places, keys, strict=True))),
            [number_of(name) if name else number_of(repr(accesses[place])) for place, name in enumerate(ids)],
            at,
            self._clients.of(list(zip(map(_WAYS.__getitem__, map(_WORD, ways)), requesters, addresses, strict=True))),
            self._agents.of(list(map(kept.__getitem__, agents))),
            self._links.of(list(zip(links, strict=True))),
            self._sources.of(list(zip(sources, strict=True))),
            list(map(_DEEDS.__getitem__, map(_WORD, deeds))),
            partial,
            status,
            errors if all(map(str.isascii, errors)) else list(map(raw, errors)),
            sent,
            sizes,
            [version if version is None or version.isascii() else raw(version) for version in versions],
            strict=True,
        )


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


def text_of(told: str | bytes) -> str:
    """The text that `raw` took."""
    return told if isinstance(told, str) else told.decode("utf-8", "surrogatepass")


def unsigned(text: str) -> str:
    """A text without the secret parts of a signed URL, which somebody may have put into it."""
    return _SIGNED.sub(r"\1…", text) if "amz-" in text.lower() else text


def _plain(name: Name) -> Name:
    return tuple(raw(part) if isinstance(part, str) and not part.isascii() else part for part in name)
