"""The evidence file: what records told of who fetched what, each access once, and how far each source was read.

Plain `sqlite3`, not the ledger: there are millions of accesses, and the records that told them may be gone by now.
Every page is one durable transaction together with the mark that its record was read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from icehouse.core.clock import Instant, from_seconds, from_text, to_text
from icehouse.core.evidence import Access, Gathered, Kind, Record, SourceStanding, Unparsed
from icehouse.garbage import uncollected

from .evidence_names import Names, raw, text_of
from .evidence_reading import Told
from .evidence_schema import opened, telling, transaction

MOST_SAMPLES: Final = 200
"""So many of the lines that could not be understood are told one by one, of each source."""

_AT_ONCE: Final = 10_000
"""So many accesses are read at once, so that no reader keeps a writer waiting for long."""

_A_CHUNK: Final = 4_000
"""So many are numbered and written at once: few enough that what one look at them fetched is still near at the next."""

_INSERT: Final = """
INSERT INTO accesses (key, id, at, manner, link, sent, size, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key, id) DO UPDATE SET
  size = coalesce(size, excluded.size), version = coalesce(version, excluded.version),
  link = iif(link = 0, excluded.link, link)
WHERE (size IS NULL AND excluded.size IS NOT NULL) OR (version IS NULL AND excluded.version IS NOT NULL)
  OR (link = 0 AND excluded.link <> 0)
"""
_COLUMNS: Final = "a.key, a.id, a.at, a.manner, a.link, a.sent, a.size, a.version"
_FOLLOWING: Final = f"""
SELECT CAST(k.key AS BLOB), {_COLUMNS} FROM keys AS k CROSS JOIN accesses AS a ON a.key = k.id
WHERE k.place = ? AND k.key >= CAST(? AS TEXT) AND k.key < CAST(? AS TEXT) ORDER BY k.key, a.id LIMIT ?
"""  # noqa: S608 - columns of ours, here and below
_OF_KEY: Final = f"SELECT ?, {_COLUMNS} FROM accesses AS a WHERE a.key = ? AND a.id > ? ORDER BY a.id LIMIT ?"  # noqa: S608


class EvidenceFile:
    """All that evidence sources told, in one file; every page that is kept is on disk when the call returns.

    Safe to use from several threads, and from several processes at once.  LedgerError from every method where the file
    can't be read or written.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file (0600); LedgerError where it can't be used."""
        self.path = path
        self._db = opened(path)
        self._names = Names(self._db)
        self._lock = threading.RLock()

    def keep(self, source: str, kinds: Collection[Kind], page: Gathered, at: Instant) -> None:
        """Keep what a source told at once, and that its record was read, in one transaction; `at` is the host's time.

        An access that is there already stays as it is, whoever told it; only a size, a version or a link that it lacks
        is filled in.  So a record may be read twice, and two sources may tell of the same request.
        """
        self.keep_all(source, kinds, [page], at)

    def keep_all(self, source: str, kinds: Collection[Kind], pages: Sequence[Gathered], at: Instant) -> None:
        """Keep several pages in one transaction, all or none: quicker where each holds little."""
        with self._lock, uncollected(), telling(self.path, "written"):
            try:
                with transaction(self._db):
                    number = self._names.source(source)
                    self._db.execute(
                        "UPDATE sources SET kinds = ?, gathered = ? WHERE id = ?", (_words(kinds), to_text(at), number)
                    )
                    for page in pages:
                        self._keep(number, page)
            except BaseException:
                self._names.forget()
                raise

    def known(self, source: str) -> Callable[[Record], bool]:
        """Tells whether a record of a source was read as it is now."""

        def read(record: Record) -> bool:
            with self._lock, telling(self.path, "read"):
                row = self._db.execute(
                    "SELECT mark FROM records WHERE source = (SELECT id FROM sources WHERE label = ?) AND name = ?",
                    (raw(source), raw(record.name)),
                ).fetchone()
            return row is not None and text_of(row[0]) == record.mark

        return read

    def accesses(self, store: str, container: str, prefix: str) -> Iterator[Access]:
        """Every access to what lies under `prefix`, in the order of the keys; of one key in no particular one.

        Nothing is held open while the caller looks at them.
        """
        place = self._place(store, container)
        if place is None:
            return
        told = Told(self._db, store, container)
        begin = prefix.encode("utf-8", "surrogatepass")
        end = begin + b"\xff"
        while True:
            with self._lock, telling(self.path, "read"):
                rows = self._db.execute(_FOLLOWING, (place, begin, end, _AT_ONCE)).fetchall()
                found = told.accesses(rows)
            yield from found
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1]
            while len(rows) == _AT_ONCE:
                with self._lock, telling(self.path, "read"):
                    rows = self._db.execute(_OF_KEY, (*last[:3], _AT_ONCE)).fetchall()
                    found = told.accesses(rows)
                yield from found
                last = rows[-1] if rows else last
            begin = last[0] + b"\0"

    def finished(self, source: str, at: Instant, error: str = "") -> None:
        """Remember that a source was read as far as it goes, or why that ended early."""
        with self._lock, telling(self.path, "written"):
            try:
                with transaction(self._db):
                    self._db.execute(
                        "UPDATE sources SET gathered = ?, error = ?, gathering = 0 WHERE id = ?",
                        (to_text(at), raw(error), self._names.source(source)),
                    )
            except BaseException:
                self._names.forget()
                raise

    def standing(self, source: str) -> SourceStanding:
        """How far a source was read; one that never was has nothing."""
        with self._lock, telling(self.path, "read"):
            row = self._db.execute(
                "SELECT kinds, as_of, gathered, files, lines, unparsed, error FROM sources WHERE label = ?",
                (raw(source),),
            ).fetchone()
            if row is None:
                return SourceStanding(source, frozenset())
            kinds, as_of, gathered, files, lines, unparsed, error = row
            return SourceStanding(
                source=source,
                kinds=frozenset(Kind(each) for each in kinds.split(",") if each),
                as_of=None if as_of is None else from_seconds(as_of),
                gathered=from_text(gathered) if gathered else None,
                files=files,
                lines=lines,
                unparsed=unparsed,
                error=text_of(error),
            )

    def samples(self, source: str) -> list[Unparsed]:
        """Some of the lines of a source that could not be understood, and records that did not end well."""
        with self._lock, telling(self.path, "read"):
            rows = self._db.execute(
                "SELECT place, why FROM samples WHERE source = (SELECT id FROM sources WHERE label = ?) ORDER BY rowid",
                (raw(source),),
            ).fetchall()
        return [Unparsed(text_of(place), text_of(why)) for place, why in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _place(self, store: str, container: str) -> int | None:
        with self._lock, telling(self.path, "read"):
            row = self._db.execute(
                "SELECT id FROM places WHERE store = ? AND container = ?", (raw(store), raw(container))
            ).fetchone()
        return None if row is None else int(row[0])

    def _keep(self, source: int, page: Gathered) -> None:
        """One page within the transaction: accesses, what it says of its source, and at last its record."""
        for begin in range(0, len(page.accesses), _A_CHUNK):
            self._db.executemany(_INSERT, self._names.rows(page.accesses[begin : begin + _A_CHUNK]))
        record = page.record
        if record is None:
            self._begin_anew(source)
            files, lines, unparsed, name = 0, page.lines, page.unparsed, ""
        else:
            name = record.name
            before = self._db.execute(
                "SELECT lines, unparsed FROM records WHERE source = ? AND name = ?", (source, raw(name))
            ).fetchone()
            files, lines, unparsed = 1, page.lines, page.unparsed
            if before is not None:
                files, lines, unparsed = 0, lines - before[0], unparsed - before[1]
                self._db.execute("DELETE FROM samples WHERE source = ? AND record = ?", (source, raw(name)))
        self._db.execute(
            "UPDATE sources SET files = files + ?, lines = lines + ?, unparsed = unparsed + ?,"
            " as_of = max(coalesce(as_of, ?), coalesce(?, as_of)) WHERE id = ?",
            (files, lines, unparsed, page.as_of, page.as_of, source),
        )
        self._sample(source, name, [*page.samples, *([Unparsed(name, page.cut)] if page.cut else [])])
        if record is not None:
            self._db.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)",
                (source, raw(name), raw(record.mark), page.lines, page.unparsed),
            )

    def _begin_anew(self, source: int) -> None:
        """What a source without records told counts for one gathering: the next one tells all of it again."""
        begun = self._db.execute("UPDATE sources SET gathering = 1 WHERE id = ? AND gathering = 0", (source,)).rowcount
        if begun:
            self._db.execute("UPDATE sources SET lines = 0, unparsed = 0 WHERE id = ? AND files = 0", (source,))
            self._db.execute("DELETE FROM samples WHERE source = ? AND record = ''", (source,))

    def _sample(self, source: int, record: str, samples: Sequence[Unparsed]) -> None:
        if not samples:
            return
        there = self._db.execute("SELECT count(*) FROM samples WHERE source = ?", (source,)).fetchone()[0]
        self._db.executemany(
            "INSERT INTO samples VALUES (?, ?, ?, ?)",
            [(source, raw(record), raw(each.where), raw(each.why)) for each in samples[: max(0, MOST_SAMPLES - there)]],
        )


def _words(kinds: Collection[Kind]) -> str:
    return ",".join(sorted(kind.value for kind in kinds))
