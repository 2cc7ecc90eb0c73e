"""Checksums in the ledger: what stores told of their objects' bytes, kept for ever, and compared with what comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Row, func, insert, select

from icehouse.core.checksums import Checksum
from icehouse.core.clock import from_text, to_text
from icehouse.core.refs import Ref

from .session import Ledger
from .tables import checksums, steps

_BATCH = 5000


def put(connection: Connection, told: Sequence[Checksum]) -> None:
    """Keep what was told, in the caller's transaction; what the same job told of an object before stays."""
    for start in range(0, len(told), _BATCH):
        connection.execute(
            insert(checksums).prefix_with("OR IGNORE", dialect="sqlite"),
            [
                {
                    "store": each.ref.store,
                    "container": each.ref.container,
                    "key": each.ref.key,
                    "version": each.ref.version or "",
                    "etag": each.etag,
                    "algorithm": each.algorithm,
                    "type": each.type,
                    "job": each.job,
                    "value": each.value,
                    "at": to_text(each.at),
                }
                for each in told[start : start + _BATCH]
            ],
        )


def before(connection: Connection, told: Checksum) -> Checksum | None:
    """The earliest checksum of the same bytes, by identity and ETag, that another job was told otherwise.

    Only like is compared: the same algorithm over the whole object, or over its parts.
    """
    where = (checksums.c.store == told.ref.store) & (checksums.c.container == told.ref.container)
    where &= (checksums.c.key == told.ref.key) & (checksums.c.version == (told.ref.version or ""))
    where &= (checksums.c.etag == told.etag) & (checksums.c.algorithm == told.algorithm)
    query = (
        select(checksums)
        .where(where, checksums.c.type == told.type, checksums.c.value != told.value)
        .order_by(checksums.c.at)
        .limit(1)
    )
    row = connection.execute(query).first()
    return _checksum(row) if row is not None else None


def of_job(ledger: Ledger, job: str) -> Iterator[Checksum]:
    """What a job was told, by container and key, read page by page."""
    place = (checksums.c.container, checksums.c.key, checksums.c.version)
    after: tuple[str, str, str] | None = None
    while True:
        query = select(checksums).where(checksums.c.job == job).order_by(*place).limit(_BATCH)
        if after is not None:
            container, key, version = place
            query = query.where(
                (container > after[0])
                | ((container == after[0]) & ((key > after[1]) | ((key == after[1]) & (version > after[2]))))
            )
        with ledger.reading() as connection:
            rows = connection.execute(query).all()
        yield from map(_checksum, rows)
        if len(rows) < _BATCH:
            return
        after = rows[-1].container, rows[-1].key, rows[-1].version


def differing(connection: Connection, job: str, words: str) -> int:
    """How many of a job's steps ended for a reason that begins with `words`."""
    query = select(func.count()).select_from(steps).where(steps.c.job == job)
    query = query.where(func.substr(steps.c.reason, 1, len(words)) == words)
    return int(connection.execute(query).scalar_one())


def _checksum(row: Row[tuple[object, ...]]) -> Checksum:
    ref = Ref(row.store, row.container, row.key, row.version or None)
    return Checksum(ref, row.etag, row.algorithm, row.value, row.type, from_text(row.at), row.job)
