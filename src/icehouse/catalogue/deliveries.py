"""The deliveries that were found last, in one small file over all sources.  Nothing in it is precious.

A damaged file, or one of an older version, is set aside: its sources then count as never scanned.  One that a newer
Icehouse wrote is left as it is, and nothing can be told.
"""

# ruff: noqa: S608  (columns are this module's own; values are bound)

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from icehouse.core.deliveries import Delivery
from icehouse.core.refs import FolderRef, Ref

from .base import CatalogueDamaged, connect, param, plainly, refuse_newer, transaction
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

__all__ = ["DeliveryIndex", "DeliveryObject", "ObjectsOf", "SourceNote"]

_VERSION = 2
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


class DeliveryIndex:
    """``deliveries.sqlite``: opened for one act at a time, readers never wait for a writer."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sources(self) -> dict[str, SourceNote]:
        """What is known of each source, by its label."""
        try:
            with self._open() as connection:
                return {} if connection is None else sources_in(connection)
        except CatalogueDamaged:
            return {}

    def all(self) -> tuple[dict[str, SourceNote], list[Delivery]]:
        """The sources and every delivery, in the order of their folders, as of one moment."""
        try:
            with self._open() as connection:
                if connection is None:
                    return {}, []
                with transaction(connection, "DEFERRED"):
                    return sources_in(connection), list(known(connection))
        except CatalogueDamaged:
            return {}, []

    def counts(self) -> dict[str, int]:
        """How many deliveries each source has, by its label."""
        try:
            with self._open() as connection:
                if connection is None:
                    return {}
                return dict(connection.execute("SELECT source, count(*) FROM deliveries GROUP BY source").fetchall())
        except CatalogueDamaged:
            return {}

    def objects(self, delivery: str) -> Iterator[DeliveryObject]:
        """The objects of one delivery, in key order; none where there is no such delivery."""
        with self._open() as connection:
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
        with self._open() as connection:
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
        with self._open(write=True) as connection, transaction(_there(connection)):
            connection = _there(connection)
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
        with self._open(write=True) as connection:
            put_note(_there(connection), note)

    def keep_sources(self, labels: Iterable[str]) -> None:
        """Forget all sources but these."""
        kept = set(labels)
        with self._open() as connection:
            gone = [] if connection is None else [label for label in sources_in(connection) if label not in kept]
        if not gone:
            return
        with self._open(write=True) as connection, transaction(_there(connection)):
            connection = _there(connection)
            connection.execute(_CHANGED)
            for label in gone:
                for (number,) in connection.execute(
                    "SELECT number FROM deliveries WHERE source = ?", (label,)
                ).fetchall():
                    forget(connection, number)
                connection.execute("DELETE FROM sources WHERE label = ?", (label,))

    def documents(self, folder: FolderRef) -> dict[Ref, tuple[str, str]]:
        """What manifests and notes below a folder said, each with the mark that it had then."""
        with self._open() as connection:
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
        with self._open(write=True) as connection, transaction(_there(connection)):
            _there(connection).execute(f"DELETE FROM documents {_BELOW}", _below(folder))
            _there(connection).executemany(
                "INSERT OR REPLACE INTO documents VALUES "
                "(?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?)",
                rows,
            )

    def version(self) -> tuple[int, int]:
        """A cheap mark that changes when somebody writes."""
        stamps = []
        for path in (self.path, self.path.with_name(self.path.name + "-wal")):
            try:
                told = os.stat(path)
                stamps.append(told.st_mtime_ns if told.st_size else 0)
            except FileNotFoundError:
                stamps.append(0)
        return stamps[0], stamps[1]

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection | None]:
        """A connection for one act; None where there is no file, or a damaged one, and nothing is to be written."""
        if not write and not self.path.exists():
            yield None
            return
        try:
            with plainly(self.path):
                connection = self._connected()
        except CatalogueDamaged:
            self._set_aside()
            if not write:
                yield None
                return
            with plainly(self.path):
                connection = self._connected()
        try:
            with plainly(self.path):
                yield connection
        except CatalogueDamaged:
            self._set_aside()
            raise
        finally:
            connection.close()

    def _connected(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        connection = connect(self.path, create=True)
        try:
            if self._version_of(connection) != _VERSION:
                with transaction(connection):
                    if self._version_of(connection) != _VERSION:
                        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                            raise CatalogueDamaged(f"{self.path}: not of this version")
                        for statement in _TABLES:
                            connection.execute(statement)
                        connection.execute(f"PRAGMA user_version = {_VERSION}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _version_of(self, connection: sqlite3.Connection) -> int:
        """The file's version.  CatalogueNewer where a newer Icehouse wrote it."""
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        refuse_newer(self.path, version, _VERSION)
        return version

    def _set_aside(self) -> None:
        with plainly(self.path):
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            if self.path.exists():
                os.replace(self.path, self.path.with_suffix(".damaged"))


def _below(folder: FolderRef) -> tuple[object, ...]:
    """The values for `_BELOW`: everything from the prefix on, up to what would come behind its last slash."""
    until: object = param(folder.prefix[:-1] + "0") if folder.prefix else b"\xff\xff"
    return folder.store, param(folder.container), param(folder.prefix), until


def _there(connection: sqlite3.Connection | None) -> sqlite3.Connection:
    assert connection is not None
    return connection
