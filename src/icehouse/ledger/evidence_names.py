"""Numbers for what many accesses share, as the evidence file has them: keys, clients, agents and links."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from icehouse.core.evidence import Access, Deed, Way

MOST_AGENT: Final = 300
"""So many characters of a user agent are kept."""

DEEDS: Final = (Deed.READ, Deed.COPY, Deed.LOOK)
WAYS: Final = (Way.LINK, Way.CREDENTIALS, Way.ANONYMOUS, Way.PLATFORM)
"""Each as its place in here; both only ever grow at their ends."""

_KEYS_KNOWN: Final = 250_000
_OTHERS_KNOWN: Final = 50_000
_SIGNED: Final = re.compile(r"(?i)(x-amz-(?:signature|credential|security-token)(?:=|%3d))[^&\s]*")

Row = tuple[int, int, int, int, int, int, int, int, int, int, "str | bytes", int, "int | None", "str | bytes | None"]
"""An access as the file has it: key, id, at, client, agent, link, source, deed, partial, status, error, sent, size,
version."""


class Names:
    """The numbers of one evidence file; used within a transaction of its owner alone."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.forget()

    def forget(self) -> None:
        """Forget what is known: after a transaction that was undone it may not be there."""
        self._places: dict[tuple[str, str], tuple[int, dict[str, int]]] = {}
        self._clients: dict[tuple[int, str, str], int] = {}
        self._agents: dict[str, int] = {}
        self._links: dict[str, int] = {"": 0}
        self._sources: dict[str, int] = {}
        self._known = 0

    def rows(self, accesses: Iterable[Access]) -> list[Row]:
        """The accesses as rows, their names written where they are new."""
        places, clients, agents, links, sources = (
            self._places, self._clients, self._agents, self._links, self._sources,
        )  # fmt: skip
        read, copy, link_way, credentials, anonymous = (
            Deed.READ, Deed.COPY, Way.LINK, Way.CREDENTIALS, Way.ANONYMOUS,
        )  # fmt: skip
        found: list[Row] = []
        for access in accesses:
            (
                source, name, deed, way, store, container, key, version, at, status, error, sent, size, partial,
                requester, address, agent, link,
            ) = access  # fmt: skip
            place = places.get((store, container)) or self._place(store, container)
            number = place[1].get(key) or self._key(place, key)
            code = 0 if way is link_way else 1 if way is credentials else 2 if way is anonymous else 3
            client = clients.get((code, requester, address)) or self._client(code, requester, address)
            by = agents.get(agent) or self._agent(agent)
            through = links.get(link)
            if through is None:
                through = self._link(link)
            found.append(
                (
                    number, number_of(name) if name else number_of(repr(access)), at, client, by, through,
                    sources.get(source) or self.source(source), 0 if deed is read else 1 if deed is copy else 2,
                    1 if partial else 0, status, error if error.isascii() else raw(error), sent, size,
                    version if version is None or version.isascii() else raw(version),
                )
            )  # fmt: skip
        return found

    def source(self, label: str) -> int:
        """The number of a source, which is made where it is new."""
        found = self._numbered(
            "SELECT id FROM sources WHERE label = CAST(? AS TEXT)",
            "INSERT INTO sources (label, kinds) VALUES (CAST(? AS TEXT), '')",
            (raw(label),),
        )
        self._sources[label] = found
        return found

    def _place(self, store: str, container: str) -> tuple[int, dict[str, int]]:
        number = self._numbered(
            "SELECT id FROM places WHERE store = CAST(? AS TEXT) AND container = CAST(? AS TEXT)",
            "INSERT INTO places (store, container) VALUES (CAST(? AS TEXT), CAST(? AS TEXT))",
            (raw(store), raw(container)),
        )
        found = self._places[store, container] = (number, {})
        return found

    def _key(self, place: tuple[int, dict[str, int]], key: str) -> int:
        text = key if key.isascii() else raw(key)
        row = self._db.execute(
            "SELECT id FROM keys WHERE place = ? AND key = CAST(? AS TEXT)", (place[0], text)
        ).fetchone()
        if row is None:
            row = self._db.execute("UPDATE next_key SET id = id + 1 RETURNING id - 1").fetchone()
            self._db.execute("INSERT INTO keys VALUES (?, CAST(? AS TEXT), ?)", (place[0], text, row[0]))
        if self._known >= _KEYS_KNOWN:
            for _, keys in self._places.values():
                keys.clear()
            self._known = 0
        self._known += 1
        number = place[1][key] = int(row[0])
        return number

    def _client(self, way: int, requester: str, address: str) -> int:
        if len(self._clients) >= _OTHERS_KNOWN:
            self._clients.clear()
        found = self._clients[way, requester, address] = self._numbered(
            "SELECT id FROM clients WHERE way = ? AND requester = CAST(? AS TEXT) AND address = CAST(? AS TEXT)",
            "INSERT INTO clients (way, requester, address) VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT))",
            (way, raw(requester), raw(address)),
        )
        return found

    def _agent(self, agent: str) -> int:
        if len(self._agents) >= _OTHERS_KNOWN:
            self._agents.clear()
        found = self._agents[agent] = self._text("agents", unsigned(agent)[:MOST_AGENT])
        return found

    def _link(self, link: str) -> int:
        if len(self._links) >= _OTHERS_KNOWN:
            self._links.clear()
            self._links[""] = 0
        found = self._links[link] = self._text("links", link)
        return found

    def _text(self, table: str, text: str) -> int:
        return self._numbered(
            f"SELECT id FROM {table} WHERE text = CAST(? AS TEXT)",  # noqa: S608 - a name of ours
            f"INSERT INTO {table} (text) VALUES (CAST(? AS TEXT))",  # noqa: S608
            (raw(text),),
        )

    def _numbered(self, select: str, insert: str, values: tuple[object, ...]) -> int:
        row = self._db.execute(select, values).fetchone()
        return int(row[0]) if row else int(self._db.execute(insert, values).lastrowid or 0)


def number_of(name: str) -> int:
    """An access's id as 64 bits: what 16 hex digits say, which most ids are, else a hash."""
    if len(name) == 16:
        try:
            number = int(name, 16)
        except ValueError:
            pass
        else:
            return number if number < 1 << 63 else number - (1 << 64)
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def raw(text: str) -> str | bytes:
    """A text as a parameter of ``CAST(? AS TEXT)``, so that it comes back as it is even where it is no valid one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def unsigned(text: str) -> str:
    """A text without the secret parts of a signed URL, which somebody may have put into it."""
    return _SIGNED.sub(r"\1…", text) if "amz-" in text.lower() else text
