"""The deliveries that were found last, in one small file over all sources.  Nothing in it is precious.

A damaged file, or one of an older version, is set aside: its sources then count as never scanned.  One that a newer
Icehouse wrote is left as it is, and nothing can be told.
"""

# ruff: noqa: S608  (columns are this module's own; values are bound)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from icehouse.core.deliveries import Delivery
from icehouse.core.refs import FolderRef, Ref

from .base import CatalogueDamaged, param, transaction
from .delivery_rows import (
    INSERT_OBJECT,
    OBJECT_COLUMNS,
    DeliveryObject,
    ObjectsOf,
    SourceNote,
    forget,
    known,
    object_in,
    object_values,
    put_delivery,
    put_note,
    sources_in,
)
from .delivery_text import delivery_text
from .disposable import Disposable

__all__ = ["DeliveryIndex", "DeliveryObject", "ObjectsOf", "SourceNote"]

_TABLES = (
    # whole: whether it was ever read to its end; read: host's time of the last such reading, by_store: the store's
    """CREATE TABLE sources (
        label TEXT NOT NULL PRIMARY KEY, settings TEXT NOT NULL, container TEXT NOT NULL, title TEXT NOT NULL,
        by_store INTEGER, read INTEGER, whole INTEGER NOT NULL, error TEXT NOT NULL, by_id INTEGER NOT NULL,
        accounts TEXT NOT NULL)""",
    # file: another in every file; revision: goes up when any delivery changes
    "CREATE TABLE about (file TEXT NOT NULL, revision INTEGER NOT NULL)",
    "INSERT INTO about VALUES (lower(hex(randomblob(16))), 0)",
    # stamp: changes when any of its objects does
    """CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, store TEXT NOT NULL,
        container TEXT NOT NULL, prefix TEXT NOT NULL, stamp TEXT NOT NULL, told TEXT NOT NULL)""",
    "CREATE INDEX deliveries_by_source ON deliveries (source)",
    # version "" where the container keeps none; id: whether the version is the whole identity
    """CREATE TABLE objects (
        delivery INTEGER NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
        uploaded INTEGER, state TEXT NOT NULL, word TEXT NOT NULL, cold_word TEXT NOT NULL, until INTEGER,
        tier TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (delivery, key, version)) WITHOUT ROWID""",
    "CREATE INDEX objects_by_id ON objects (version) WHERE id",
    # what a manifest or note said, for as long as it is the same
    """CREATE TABLE documents (
        store TEXT NOT NULL, container TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL, mark TEXT NOT NULL,
        told TEXT NOT NULL, PRIMARY KEY (store, container, key, version)) WITHOUT ROWID""",
)
_CHANGED = "UPDATE about SET revision = revision + 1"
_BELOW = "WHERE store = ? AND container = CAST(? AS TEXT) AND key >= CAST(? AS TEXT) AND key < CAST(? AS TEXT)"


class DeliveryIndex(Disposable):
    """``deliveries.sqlite``: the sources, their deliveries with what lies in them, and what documents said."""

    VERSION: ClassVar[int] = 2
    TABLES: ClassVar[Sequence[str]] = _TABLES

    def sources(self) -> dict[str, SourceNote]:
        """What is known of each source, by its label."""
        try:
            with self._reading() as connection:
                return {} if connection is None else sources_in(connection)
        except CatalogueDamaged:
            return {}

    def all(self) -> tuple[dict[str, SourceNote], list[Delivery]]:
        """The sources and every delivery, in the order of their folders, as of one moment."""
        try:
            with self._reading() as connection:
                if connection is None:
                    return {}, []
                with transaction(connection, "DEFERRED"):
                    return sources_in(connection), list(known(connection))
        except CatalogueDamaged:
            return {}, []

    def counts(self) -> dict[str, int]:
        """How many deliveries each source has, by its label."""
        try:
            with self._reading() as connection:
                if connection is None:
                    return {}
                return dict(connection.execute("SELECT source, count(*) FROM deliveries GROUP BY source").fetchall())
        except CatalogueDamaged:
            return {}

    def objects(self, delivery: str) -> Iterator[DeliveryObject]:
        """The objects of one delivery, in key order; none where there is no such delivery."""
        with self._reading() as connection:
            if connection is None:
                return
            rows = connection.execute(
                f"SELECT {OBJECT_COLUMNS} FROM objects "
                "WHERE delivery = (SELECT number FROM deliveries WHERE id = ?) ORDER BY key, version",
                (delivery,),
            )
            for row in rows:
                yield object_in(row)

    def with_ids(self, ids: Sequence[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
        """In which deliveries lie the objects of these stores and ids, where an id is an object's whole identity."""
        found: dict[tuple[str, str], set[str]] = {}
        with self._reading() as connection:
            for store, version in ids if connection is not None else ():
                assert connection is not None
                rows = connection.execute(
                    "SELECT deliveries.id FROM objects JOIN deliveries ON number = delivery "
                    "WHERE objects.id AND version = CAST(? AS TEXT) AND store = ?",
                    (param(version), store),
                )
                found[store, version] = {row[0] for row in rows}
        return found

    def replace(self, note: SourceNote, deliveries: Sequence[tuple[Delivery, str]], objects: ObjectsOf) -> None:
        """Put what was found in a source in the place of what was known of it, all at once.

        With each delivery comes a stamp; `objects` is asked only where that is another one than before.
        """
        with self._writing() as connection, transaction(connection):
            rows = connection.execute("SELECT id, number, stamp FROM deliveries WHERE source = ?", (note.label,))
            known: dict[str, tuple[int, str]] = {row[0]: (row[1], row[2]) for row in rows}
            connection.execute(_CHANGED)
            wanted = {delivery.id for delivery, _ in deliveries}
            for gone in known.keys() - wanted:
                forget(connection, known[gone][0])
            for delivery, stamp in deliveries:
                number, was = known.get(delivery.id, (0, ""))
                if not number or was != stamp:
                    if number:
                        forget(connection, number)
                    number = put_delivery(connection, delivery, stamp)
                    folder = delivery.folder.prefix
                    connection.executemany(
                        INSERT_OBJECT, (object_values(number, each, note.by_id) for each in objects(folder))
                    )
                else:
                    told = delivery_text(delivery)
                    connection.execute("UPDATE deliveries SET told = ? WHERE number = ?", (told, number))
            put_note(connection, note)

    def note(self, note: SourceNote) -> None:
        """Tell how a reading ended that leaves the deliveries as they were."""
        with self._writing() as connection:
            put_note(connection, note)

    def keep_sources(self, labels: Iterable[str]) -> None:
        """Forget all sources but these."""
        kept = set(labels)
        with self._reading() as connection:
            gone = [] if connection is None else [label for label in sources_in(connection) if label not in kept]
        if not gone:
            return
        with self._writing() as connection, transaction(connection):
            connection.execute(_CHANGED)
            for label in gone:
                for (number,) in connection.execute(
                    "SELECT number FROM deliveries WHERE source = ?", (label,)
                ).fetchall():
                    forget(connection, number)
                connection.execute("DELETE FROM sources WHERE label = ?", (label,))

    def documents(self, folder: FolderRef) -> dict[Ref, tuple[str, str]]:
        """What manifests and notes below a folder said, each with the mark that it had then."""
        with self._reading() as connection:
            if connection is None:
                return {}
            rows = connection.execute(f"SELECT key, version, mark, told FROM documents {_BELOW}", _below(folder))
            return {Ref(folder.store, folder.container, row[0], row[1] or None): (row[2], row[3]) for row in rows}

    def keep_documents(self, folder: FolderRef, said: Mapping[Ref, tuple[str, str]]) -> None:
        """Let these be all that is remembered of manifests and notes below a folder."""
        rows = [
            (ref.store, param(ref.container), param(ref.key), param(ref.version or ""), param(mark), told)
            for ref, (mark, told) in said.items()
        ]
        with self._writing() as connection, transaction(connection):
            connection.execute(f"DELETE FROM documents {_BELOW}", _below(folder))
            connection.executemany(
                "INSERT OR REPLACE INTO documents VALUES "
                "(?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?)",
                rows,
            )


def _below(folder: FolderRef) -> tuple[object, ...]:
    """The values for `_BELOW`: everything from the prefix on, up to what would come behind its last slash."""
    until: object = param(folder.prefix[:-1] + "0") if folder.prefix else b"\xff\xff"
    return folder.store, param(folder.container), param(folder.prefix), until
