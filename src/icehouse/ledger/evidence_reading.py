"""Rows of the evidence file as accesses again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final

from icehouse.core.evidence import Access

from .evidence_names import DEEDS, WAYS, text_of

_MOST_KNOWN: Final = 50_000
_MANNER: Final = """
SELECT s.label, m.deed, c.way, m.status, m.error, m.partial, c.requester, c.address, a.text
FROM manners AS m JOIN sources AS s ON s.id = m.source JOIN clients AS c ON c.id = m.client
JOIN agents AS a ON a.id = m.agent WHERE m.id = ?
"""
_LINK: Final = "SELECT text FROM links WHERE id = ?"


class Told:
    """Tells accesses to what lies in one container; what many of them share is looked up once."""

    def __init__(self, db: sqlite3.Connection, store: str, container: str) -> None:
        """From an open file."""
        self._db, self._store, self._container = db, store, container
        self._manners: dict[int, Any] = {}
        self._links: dict[int, str] = {}

    def accesses(self, rows: Sequence[Sequence[Any]]) -> list[Access]:
        """The accesses in rows: the key in bytes, and then the columns of the file."""
        if not rows:
            return []
        manners = self._find(self._manners, {row[4] for row in rows}, _MANNER, _manner)
        links = self._find(self._links, {row[5] for row in rows}, _LINK, _first)
        store, container, last, key = self._store, self._container, b"", ""
        new, found = tuple.__new__, []
        for told, _, number, at, manner, link, sent, size, version in rows:
            if told != last:
                last, key = told, told.decode("utf-8", "surrogatepass")
            source, deed, way, status, error, partial, requester, address, agent = manners[manner]
            found.append(
                new(
                    Access,
                    (
                        source, "%016X" % (number & 0xFFFFFFFFFFFFFFFF), deed, way, store, container, key,
                        version if version is None else text_of(version), at, status, error, sent, size, partial,
                        requester, address, agent, links[link],
                    ),
                )
            )  # fmt: skip
        return found

    def _find(
        self, known: dict[int, Any], wanted: set[int], select: str, made: Callable[[Sequence[Any]], Any]
    ) -> dict[int, Any]:
        """What the numbers of a table stand for, at least these."""
        missing = wanted.difference(known)
        if missing and len(known) + len(missing) > _MOST_KNOWN:
            known.clear()
            missing = wanted
        for number in missing:
            known[number] = made(self._db.execute(select, (number,)).fetchone())
        return known


def _manner(row: Sequence[Any]) -> tuple[Any, ...]:
    source, deed, way, status, error, partial, requester, address, agent = row
    return (
        text_of(source), DEEDS[deed], WAYS[way], status, text_of(error), partial == 1,
        text_of(requester), text_of(address), text_of(agent),
    )  # fmt: skip


def _first(row: Sequence[Any]) -> str:
    return text_of(row[0])
