"""How deliveries, their objects and their sources lie in the index: rows in, rows out."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from icehouse.core.clock import Instant
from icehouse.core.deliveries import Delivery
from icehouse.core.refs import FolderRef
from icehouse.core.states import Standing, State

from .base import CatalogueDamaged, from_micros, param, to_micros
from .delivery_text import delivery_in, delivery_text

OBJECT_COLUMNS = "key, version, size, etag, uploaded, state, word, cold_word, until, tier"
INSERT_OBJECT = (
    "INSERT INTO objects VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), "
    "CAST(? AS TEXT), ?, CAST(? AS TEXT), ?)"
)


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


_last: dict[tuple[str, int], tuple[Delivery, ...]] = {}
"""The deliveries that were read last, by file and revision: reading them takes long enough to be felt."""


def known(connection: sqlite3.Connection) -> tuple[Delivery, ...]:
    """Every delivery, in the order of their folders."""
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


def sources_in(connection: sqlite3.Connection) -> dict[str, SourceNote]:
    """What is known of each source, by its label."""
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


def put_note(connection: sqlite3.Connection, note: SourceNote) -> None:
    """Keep what is known of a source."""
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


def put_delivery(connection: sqlite3.Connection, delivery: Delivery, stamp: str) -> int:
    """Keep a new delivery; its number in the file."""
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


def forget(connection: sqlite3.Connection, number: int) -> None:
    """Take a delivery out, with its objects."""
    connection.execute("DELETE FROM objects WHERE delivery = ?", (number,))
    connection.execute("DELETE FROM deliveries WHERE number = ?", (number,))


def object_values(number: int, each: DeliveryObject, by_id: bool) -> tuple[object, ...]:
    """The values for `INSERT_OBJECT`."""
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


def object_in(row: Sequence[Any]) -> DeliveryObject:
    """The object in a row of the columns of `OBJECT_COLUMNS`."""
    key, version, size, etag, uploaded, state, word, cold_word, until, tier = row
    standing = Standing(State(state), word, cold_word, from_micros(until), tier)
    return DeliveryObject(key, version or None, size, etag, from_micros(uploaded), standing)


def _deliveries(rows: Iterable[Sequence[str]]) -> list[Delivery]:
    try:
        return [delivery_in(row[0], row[1], FolderRef(row[2], row[3], row[4]), row[5]) for row in rows]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise _unreadable() from error


def _unreadable() -> CatalogueDamaged:
    return CatalogueDamaged("the deliveries that were found last can't be read", hint="scan again")
