"""The deliveries that were found last, in one small file over all sources.  Nothing in it is precious.

A damaged file, or one of another version, is set aside: its sources then count as never scanned.
"""

# ruff: noqa: S608  (columns are this module's own; values are bound)

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from icehouse.core.clock import Instant
from icehouse.core.deliveries import Delivery
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import Standing, State

from .base import CatalogueDamaged, connect, from_micros, param, plainly, to_micros, transaction
from .delivery_text import delivery_in, delivery_text

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
_OBJECT = (
    "INSERT INTO objects VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), "
    "CAST(? AS TEXT), ?, CAST(? AS TEXT), ?)"
)

_CHANGED = "UPDATE about SET revision = revision + 1"
_BELOW = "WHERE store = ? AND container = CAST(? AS TEXT) AND key >= CAST(? AS TEXT) AND key < CAST(? AS TEXT)"


@dataclass(frozen=True, slots=True)
class DeliveryObject:
    """One object of a delivery as a walk told it; `uploaded` by the store's clock where it tells."""

    key: str
    version: str | None
    size: int
    etag: str
    uploaded: Instant | None
    standing: Standing


ObjectsOf = Callable[[str], Iterable[DeliveryObject]]
"""The objects in the folder of that prefix."""


@dataclass(frozen=True, slots=True)
class SourceNote:
    """How the last reading of one source ended.

    `settings` is the digest of what the config said then; `container` the identity of the one that it named and `title`
    what people call it.  `whole`: it was read to its end once, at `read` by the host's clock and `by_store` by the
    store's; `error` is why the last attempt was not.  `by_id`: an object is its version, wherever it lies; `accounts`
    are those of the operator's side then.
    """

    label: str
    settings: str
    container: str
    title: str = ""
    by_store: Instant | None = None
    read: Instant | None = None
    whole: bool = False
    error: str = ""
    by_id: bool = False
    accounts: tuple[str, ...] = ()


class DeliveryIndex:
    """``deliveries.sqlite``: opened for one act at a time, readers never wait for a writer."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sources(self) -> dict[str, SourceNote]:
        """What is known of each source, by its label."""
        try:
            with self._open() as connection:
                return {} if connection is None else _sources(connection)
        except CatalogueDamaged:
            return {}

    def all(self) -> tuple[dict[str, SourceNote], list[Delivery]]:
        """The sources and every delivery, in the order of their folders, as of one moment."""
        try:
            with self._open() as connection:
                if connection is None:
                    return {}, []
                with transaction(connection, "DEFERRED"):
                    return _sources(connection), list(_known(connection))
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
                "SELECT key, version, size, etag, uploaded, state, word, cold_word, until, tier FROM objects "
                "WHERE delivery = (SELECT number FROM deliveries WHERE id = ?) ORDER BY key, version",
                (delivery,),
            )
            for row in rows:
                yield _object(row)

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
                _forget(connection, known[gone][0])
            for delivery, stamp in deliveries:
                number, was = known.get(delivery.id, (0, ""))
                if not number or was != stamp:
                    if number:
                        _forget(connection, number)
                    number = _new(connection, delivery, stamp)
                    folder = delivery.folder.prefix
                    connection.executemany(_OBJECT, (_values(number, each, note.by_id) for each in objects(folder)))
                else:
                    told = delivery_text(delivery)
                    connection.execute("UPDATE deliveries SET told = ? WHERE number = ?", (told, number))
            _note(connection, note)

    def note(self, note: SourceNote) -> None:
        """Tell how a reading ended that leaves the deliveries as they were."""
        with self._open(write=True) as connection:
            _note(_there(connection), note)

    def keep_sources(self, labels: Iterable[str]) -> None:
        """Forget all sources but these."""
        kept = set(labels)
        with self._open() as connection:
            gone = [] if connection is None else [label for label in _sources(connection) if label not in kept]
        if not gone:
            return
        with self._open(write=True) as connection, transaction(_there(connection)):
            connection = _there(connection)
            connection.execute(_CHANGED)
            for label in gone:
                for (number,) in connection.execute(
                    "SELECT number FROM deliveries WHERE source = ?", (label,)
                ).fetchall():
                    _forget(connection, number)
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
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                with transaction(connection):
                    if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                            raise CatalogueDamaged(f"{self.path}: not of this version")
                        for statement in _TABLES:
                            connection.execute(statement)
                        connection.execute(f"PRAGMA user_version = {_VERSION}")
        except BaseException:
            connection.close()
            raise
        return connection

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


_last: dict[tuple[str, int], tuple[Delivery, ...]] = {}
"""The deliveries that were read last, by file and revision: reading them takes long enough to be felt."""


def _known(connection: sqlite3.Connection) -> tuple[Delivery, ...]:
    file, revision = connection.execute("SELECT file, revision FROM about").fetchone()
    found = _last.get((file, revision))
    if found is None:
        rows = connection.execute(
            "SELECT id, source, store, container, prefix, told FROM deliveries ORDER BY store, container, prefix"
        ).fetchall()
        found = tuple(_deliveries(rows))
        _last.clear()
        _last[file, revision] = found
    return found


def _sources(connection: sqlite3.Connection) -> dict[str, SourceNote]:
    rows = connection.execute(
        "SELECT label, settings, container, title, by_store, read, whole, error, by_id, accounts FROM sources"
    ).fetchall()
    try:
        return {
            row[0]: SourceNote(
                label=row[0],
                settings=row[1],
                container=row[2],
                title=row[3],
                by_store=from_micros(row[4]),
                read=from_micros(row[5]),
                whole=bool(row[6]),
                error=row[7],
                by_id=bool(row[8]),
                accounts=tuple(str(each) for each in json.loads(row[9])),
            )
            for row in rows
        }
    except (ValueError, TypeError, OverflowError) as error:
        raise _unreadable() from error


def _note(connection: sqlite3.Connection, note: SourceNote) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?, ?, CAST(? AS TEXT), ?, ?)",
        (
            note.label,
            note.settings,
            note.container,
            param(note.title),
            to_micros(note.by_store),
            to_micros(note.read),
            note.whole,
            param(note.error),
            note.by_id,
            json.dumps(note.accounts),
        ),
    )


def _new(connection: sqlite3.Connection, delivery: Delivery, stamp: str) -> int:
    folder = delivery.folder
    made = connection.execute(
        "INSERT INTO deliveries (id, source, store, container, prefix, stamp, told) "
        "VALUES (?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?)",
        (
            delivery.id,
            delivery.source,
            folder.store,
            param(folder.container),
            param(folder.prefix),
            stamp,
            delivery_text(delivery),
        ),
    )
    assert made.lastrowid is not None
    return made.lastrowid


def _forget(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("DELETE FROM objects WHERE delivery = ?", (number,))
    connection.execute("DELETE FROM deliveries WHERE number = ?", (number,))


def _values(number: int, each: DeliveryObject, by_id: bool) -> tuple[object, ...]:
    standing = each.standing
    return (
        number,
        param(each.key),
        param(each.version or ""),
        each.size,
        param(each.etag),
        to_micros(each.uploaded),
        standing.state.value,
        param(standing.word),
        param(standing.cold_word),
        to_micros(standing.until),
        param(standing.tier),
        by_id,
    )


def _object(row: Sequence[object]) -> DeliveryObject:
    key, version, size, etag, uploaded, state, word, cold_word, until, tier = row
    standing = Standing(State(state), str(word), str(cold_word), from_micros(until), str(tier))  # type: ignore[arg-type]
    return DeliveryObject(str(key), str(version) or None, int(size), str(etag), from_micros(uploaded), standing)  # type: ignore[call-overload,arg-type]


def _deliveries(rows: Iterable[Sequence[str]]) -> list[Delivery]:
    try:
        return [delivery_in(row[0], row[1], FolderRef(row[2], row[3], row[4]), row[5]) for row in rows]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise _unreadable() from error


def _unreadable() -> CatalogueDamaged:
    return CatalogueDamaged("the deliveries that were found last can't be read", hint="scan again")
