"""Rows of the evidence file as accesses again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from icehouse.core.evidence import Access

from .evidence_names import DEEDS, WAYS, text_of

_MOST_KNOWN: Final = 50_000
_COLUMNS: Final = {"clients": "way, requester, address", "agents": "text", "links": "text", "sources": "label"}


class Told:
    """Tells accesses to what lies in one container; what many of them share is looked up once."""

    def __init__(self, db: sqlite3.Connection, store: str, container: str) -> None:
        """From an open file."""
        self._db, self._store, self._container = db, store, container
        self._known: dict[str, dict[int, Any]] = {table: {} for table in _COLUMNS}
        self._key: tuple[bytes, str] = (b"", "")

    def accesses(self, rows: Sequence[Sequence[Any]]) -> list[Access]:
        """The accesses in rows: the key in bytes, and then the columns of the file."""
        if not rows:
            return []
        clients = self._find("clients", {row[4] for row in rows})
        agents = self._find("agents", {row[5] for row in rows})
        links = self._find("links", {row[6] for row in rows})
        sources = self._find("sources", {row[7] for row in rows})
        store, container, last, key = self._store, self._container, b"", ""
        new, found = tuple.__new__, []
        for told, _, number, at, client, agent, link, source, deed, partial, status, error, sent, size, version in rows:
            if told != last:
                last, key = told, told.decode("utf-8", "surrogatepass")
            way, requester, address = clients[client]
            found.append(
                new(
                    Access,
                    (
                        sources[source], "%016X" % (number & 0xFFFFFFFFFFFFFFFF), DEEDS[deed], way, store, container,
                        key, version if version is None else text_of(version), at, status,
                        text_of(error) if error else "", sent, size, partial == 1, requester, address, agents[agent],
                        links[link],
                    ),
                )
            )  # fmt: skip
        return found

    def _find(self, table: str, numbers: Iterable[int]) -> dict[int, Any]:
        """What the numbers of a table stand for, at least these."""
        wanted, known = set(numbers), self._known[table]
        missing = wanted - known.keys()
        if missing and len(known) + len(missing) > _MOST_KNOWN:
            known.clear()
            missing = wanted
        select = f"SELECT {_COLUMNS[table]} FROM {table} WHERE id = ?"  # noqa: S608 - names of ours
        for number in missing:
            row = self._db.execute(select, (number,)).fetchone()
            known[number] = (WAYS[row[0]], text_of(row[1]), text_of(row[2])) if table == "clients" else text_of(row[0])
        return known
