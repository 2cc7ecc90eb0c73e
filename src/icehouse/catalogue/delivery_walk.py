"""What a walk over the root of a source told, kept aside until it is whole: in key order, however it came."""

# ruff: noqa: S608  (columns are this module's own; values are bound)

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from icehouse.core.entries import Entry
from icehouse.core.evidence import Access, Deed, Way

from .base import connect_aside, param, plainly, to_micros
from .delivery_rows import OBJECT_COLUMNS, DeliveryObject, object_in

_TABLES = (
    # identity: what the object is known by; one that comes twice is as it was told last
    """CREATE TABLE walked (
        identity TEXT NOT NULL PRIMARY KEY, key TEXT NOT NULL, version TEXT NOT NULL, size INTEGER NOT NULL,
        etag TEXT NOT NULL, uploaded INTEGER, state TEXT NOT NULL, word TEXT NOT NULL, cold_word TEXT NOT NULL,
        until INTEGER, tier TEXT NOT NULL, modified INTEGER) WITHOUT ROWID""",
    "CREATE TABLE told (version TEXT NOT NULL, access TEXT NOT NULL)",
)
_INSERT = (
    "INSERT OR REPLACE INTO walked VALUES (CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?, CAST(? AS TEXT), ?, "
    "?, CAST(? AS TEXT), CAST(? AS TEXT), ?, CAST(? AS TEXT), ?)"
)
_NAMELESS = Path("of this walk")


class Walked:
    """Everything below a root, in a file that is gone when this is closed.  For one thread.

    `by_id`: an object is its version, wherever it lies; else it is its key.
    """

    def __init__(self, *, by_id: bool) -> None:
        self.by_id = by_id
        self._place = "key" if by_id else "identity"
        with plainly(_NAMELESS):
            self._db: sqlite3.Connection = connect_aside()
            for statement in _TABLES:
                self._db.execute(statement)
            self._db.execute("BEGIN")

    def __enter__(self) -> Walked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep these; one that was told before is now as told last."""
        with plainly(_NAMELESS):
            self._db.executemany(_INSERT, (self._values(entry) for entry in entries))

    def ready(self) -> None:
        """Put all in order; nothing is added from here on."""
        with plainly(_NAMELESS):
            if self.by_id:
                self._db.execute("CREATE INDEX IF NOT EXISTS walked_by_key ON walked (key, version)")

    def every_key(self) -> Iterator[str]:
        """Every key, in order; one that two objects share comes twice."""
        with plainly(_NAMELESS):
            for row in self._db.execute(f"SELECT key FROM walked ORDER BY {self._place}"):
                yield row[0]

    def objects(self, prefix: str) -> Iterator[DeliveryObject]:
        """The objects below a folder, in key order."""
        until = param(prefix[:-1] + "0") if prefix else b"\xff\xff"
        with plainly(_NAMELESS):
            rows = self._db.execute(
                f"SELECT {OBJECT_COLUMNS} FROM walked WHERE {self._place} >= CAST(? AS TEXT) "
                f"AND {self._place} < CAST(? AS TEXT) ORDER BY {self._place}, version",
                (param(prefix), until),
            )
            for row in rows:
                yield object_in(row)

    def tell(self, accesses: Iterable[Access]) -> None:
        """Keep what is known of accesses, to be found by the ids of the objects."""
        with plainly(_NAMELESS):
            self._db.execute("DELETE FROM told")
            self._db.execute("DROP INDEX IF EXISTS told_by_version")
            self._db.executemany(
                "INSERT INTO told VALUES (CAST(? AS TEXT), ?)",
                ((param(each.version), _access_text(each)) for each in accesses if each.version is not None),
            )
            self._db.execute("CREATE INDEX told_by_version ON told (version)")

    def told(self, version: str) -> list[Access]:
        """The accesses to the object of that id."""
        with plainly(_NAMELESS):
            rows = self._db.execute("SELECT access FROM told WHERE version = CAST(? AS TEXT)", (param(version),))
            return [_access(row[0]) for row in rows]

    def _values(self, entry: Entry) -> tuple[object, ...]:
        ref, standing = entry.ref, entry.standing
        identity = ref.version if self.by_id and ref.version is not None else ref.key
        return (
            param(identity),
            param(ref.key),
            param(ref.version or ""),
            entry.size,
            param(entry.etag),
            to_micros(entry.uploaded),
            standing.state.value,
            param(standing.word),
            param(standing.cold_word),
            to_micros(standing.until),
            param(standing.tier),
            to_micros(entry.modified),
        )


def _access_text(access: Access) -> str:
    return json.dumps(access._replace(deed=access.deed.value, way=access.way.value), ensure_ascii=True)  # type: ignore[arg-type]


def _access(text: str) -> Access:
    made = Access(*json.loads(text))
    return made._replace(deed=Deed(made.deed), way=Way(made.way))
