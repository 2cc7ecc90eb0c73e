"""Objects that rules name by their identity, found in the catalogue."""

# ruff: noqa: S608  (joins are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from icehouse.catalogue.base import param
from icehouse.catalogue.schema import tells_by_id
from icehouse.catalogue.tree import line_to
from icehouse.core.refs import Ref
from icehouse.core.scopes import Cover, Rule


def marked(connection: sqlite3.Connection, rules: Sequence[Rule], cover: Cover) -> dict[int, int]:
    """The numbers of objects that some rule names, with a bit for each such rule.

    By the version where one is given, whatever the key, else by the key: as `core.scopes.matches`.
    """
    found: dict[int, int] = {}
    versions: list[tuple[int, Ref]] = []
    for number, rule in enumerate(rules):
        for ref in rule.objects:
            if (ref.store, ref.container) != (cover.store, cover.container):
                continue
            if ref.version is not None:
                versions.append((number, ref))
                continue
            for each in _of_key(connection, ref.key):
                found[each] = found.get(each, 0) | 1 << number
    for each, number in _of_versions(connection, versions):
        found[each] = found.get(each, 0) | 1 << number
    return found


def _of_key(connection: sqlite3.Connection, key: str) -> list[int]:
    cut = key.rfind("/") + 1
    line = line_to(connection, key[:cut])
    if line is None:
        return []
    rows = connection.execute(
        "SELECT id FROM objects WHERE folder = ? AND name = CAST(? AS TEXT)", (line[-1], param(key[cut:]))
    )
    return [row[0] for row in rows]


def _of_versions(connection: sqlite3.Connection, versions: Sequence[tuple[int, Ref]]) -> Iterator[tuple[int, int]]:
    """The objects of these versions, each with the number of its rule.

    Only a file that tells objects apart by id has an index of them; where it has none, it is gone through once.
    """
    if not versions:
        return
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (version TEXT NOT NULL, rule INTEGER NOT NULL)")
    connection.execute("DELETE FROM temp.wanted")
    connection.execute("CREATE INDEX IF NOT EXISTS temp.wanted_by_version ON wanted (version)")
    connection.executemany(
        "INSERT INTO temp.wanted VALUES (CAST(? AS TEXT), ?)",
        [(param(ref.version or ""), number) for number, ref in versions],
    )
    both = "temp.wanted w CROSS JOIN objects o" if tells_by_id(connection) else "objects o CROSS JOIN temp.wanted w"
    yield from connection.execute(f"SELECT o.id, w.rule FROM {both} WHERE o.version = w.version").fetchall()
