"""What a catalogue has besides its rows once they are all there: indexes of large folders, anchors, texts of names."""

# ruff: noqa: S608  (tables and columns are this module's own; values are bound)

from __future__ import annotations

import sqlite3

from icehouse.core.rows import SortBy

from .base import transaction
from .ranks import OWN, Kind, keep, order_of
from .schema import tells_by_id
from .trigrams import index_names

LARGE = 20_000
"""Rows in one folder from which sorting without an index, or walking to a position, would be felt."""

_SORTING = -32_000
"""KiB of memory to sort an index in: ten million rows are then merged once."""

_ORDERS: dict[Kind, tuple[SortBy, ...]] = {
    "objects": ("size", "changed", "state"),
    "folders": ("size", "objects", "changed", "state"),
}
_KEPT: dict[Kind, tuple[SortBy, ...]] = {"objects": ("name", "size", "changed", "state"), "folders": ("name",)}
"""Orders of which anchors are kept: what sums folders by changes with every object below them."""

_DROP = "DELETE FROM anchors WHERE kind = '{kind}' AND parent IN ({parents})"
_TRIGGERS: dict[Kind, tuple[tuple[str, str, str], ...]] = {
    "objects": (
        ("come", "AFTER INSERT ON objects", _DROP.format(kind="objects", parents="new.folder")),
        ("go", "AFTER DELETE ON objects", _DROP.format(kind="objects", parents="old.folder")),
        (
            "move",
            "AFTER UPDATE OF folder, name, version ON objects WHEN (old.folder, old.name, old.version) "
            "IS NOT (new.folder, new.name, new.version)",
            _DROP.format(kind="objects", parents="old.folder, new.folder"),
        ),
        *(
            (
                by,
                f"AFTER UPDATE OF {column} ON objects WHEN old.{column} IS NOT new.{column}",
                f"{_DROP.format(kind='objects', parents='new.folder')} AND by = '{by}'",
            )
            for by, column in (("size", "size"), ("changed", "modified"), ("state", "standing"))
        ),
    ),
    "folders": (
        ("come", "AFTER INSERT ON folders", _DROP.format(kind="folders", parents="new.parent")),
        ("go", "AFTER DELETE ON folders", _DROP.format(kind="folders", parents="old.parent")),
        (
            "move",
            "AFTER UPDATE OF parent, name ON folders WHEN (old.parent, old.name) IS NOT (new.parent, new.name)",
            _DROP.format(kind="folders", parents="old.parent, new.parent"),
        ),
    ),
}


def index_up(connection: sqlite3.Connection) -> None:
    """Have everything that makes lists and searches instant; outside of transactions, again where rows have changed.

    Nothing is said otherwise than before, only sooner.  What is there already costs next to nothing, and an end in the
    middle leaves the rest to the next time.
    """
    (cache,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute(f"PRAGMA cache_size = {_SORTING}")
    try:
        with transaction(connection):
            _index_large(connection)
    finally:
        connection.execute(f"PRAGMA cache_size = {cache}")
    index_names(connection)
    with transaction(connection):
        _keep_anchors(connection)


def _index_large(connection: sqlite3.Connection) -> None:
    """Where some folder is large, let its rows be had in every order without sorting."""
    by_id = tells_by_id(connection)
    for kind, own in OWN.items():
        if not _large(connection, own):
            continue
        for by in _ORDERS[kind]:
            order = order_of(kind, by, by_id)
            connection.execute(f"CREATE INDEX IF NOT EXISTS main.{order.index} ON {kind} ({order.held})")


def _keep_anchors(connection: sqlite3.Connection) -> None:
    by_id = tells_by_id(connection)
    for kind, own in OWN.items():
        large = _large(connection, own)
        for folder in large:
            for by in _KEPT[kind]:
                there = connection.execute(
                    "SELECT 1 FROM main.anchors WHERE kind = ? AND parent = ? AND by = ? LIMIT 1", (kind, folder, by)
                ).fetchone()
                if there is None:
                    keep(connection, order_of(kind, by, by_id), folder)
        for name, when, act in _TRIGGERS[kind] if large else ():
            connection.execute(f"CREATE TRIGGER IF NOT EXISTS main.{kind}_{name}_in_order {when} BEGIN {act}; END")


def _large(connection: sqlite3.Connection, own: str) -> list[int]:
    return [row[0] for row in connection.execute(f"SELECT id FROM main.folders WHERE {own} >= {LARGE}")]
