"""Reading verdicts: sums of folders, the rule that decided about an object, and what nobody decided about."""

# ruff: noqa: S608  (columns are this module's own; values are bound)

from __future__ import annotations

import os
import sqlite3
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from icehouse.catalogue.base import CatalogueDamaged, CatalogueError, param, plainly
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.schema import ROOT
from icehouse.catalogue.tree import line_to, prefix_of
from icehouse.core.errors import NotFound
from icehouse.core.refs import Ref, ref_address
from icehouse.core.rows import ObjectRow
from icehouse.core.scopes import Sums, Verdict, VerdictSums

from .chosen import below
from .codes import ABSENT, BITS, FIRST, NONE, PERHAPS, SPAN
from .shelf import applied_in, codes_in, open_shelf, spans_in, verdicts_in
from .told import Applied

_SPANS = 32
"""Spans of codes kept in memory, of 128 KiB each."""

_SUMS = "keep, keep_bytes, skip, skip_bytes, undecided, undecided_bytes"
_MARKS = 500


class Verdicts:
    """The verdicts of one scope on one container, as they were applied last; one thread at a time.

    Sums need nothing but this file.  `of` and `objects` read the catalogue's generation that was applied to:
    CatalogueError where a rescan has taken its place (apply again).  A file that turns out to be damaged is removed:
    CatalogueDamaged, and then there is none.
    """

    def __init__(self, where: Path, connection: sqlite3.Connection) -> None:
        self.applied: Applied = applied_in(connection)
        self.verdicts: Sequence[Verdict] = verdicts_in(connection)
        self._where = where
        self._connection = connection
        self._spans: OrderedDict[int, array[int] | None] = OrderedDict()
        self._reader: Reader | None = None
        self._add_up()

    @classmethod
    def open(cls, where: Path) -> Verdicts | None:
        """What lies at `where`; None where there is nothing, or it is damaged or of another version."""
        try:
            connection = open_shelf(where)
        except (FileNotFoundError, CatalogueDamaged):
            return None
        try:
            with plainly(where):
                return cls(where, connection)
        except (CatalogueDamaged, ValueError, OverflowError):  # the latter of words and moments that are none
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise

    def fresh(self, reader: Reader, digest: str) -> bool:
        """Whether applying rules of that digest to what `reader` has would come to the same."""
        return self.numbers_hold(reader) and (self.applied.revision, self.applied.digest) == (reader.revision, digest)

    def numbers_hold(self, reader: Reader) -> bool:
        """Whether the object numbers of `reader`'s rows are those of these verdicts: the same generation."""
        return self.applied.generation == reader.path.name

    def sums(self, prefix: str) -> VerdictSums:
        """Everything below a folder, "" for all; nothing where no such folder was there."""
        with self._reading():
            line = line_to(self._connection, prefix)
            if line is None:
                return VerdictSums()
            row = self._connection.execute(f"SELECT {_SUMS} FROM folders WHERE id = ?", (line[-1],)).fetchone()
        return VerdictSums() if row is None else _sums(row)

    def below(self, prefix: str, names: Sequence[str] | None = None) -> Mapping[str, VerdictSums]:
        """The folders right in `prefix` by name (without the slash); only those of `names` where they are given."""
        with self._reading():
            line = line_to(self._connection, prefix)
            if line is None:
                return {}
            of = f"SELECT name, {_SUMS} FROM folders WHERE parent = ?"
            if names is None:
                return {row[0]: _sums(row[1:]) for row in self._connection.execute(of, (line[-1],))}
            found = {}
            for name in names:
                row = self._connection.execute(f"{of} AND name = CAST(? AS TEXT)", (line[-1], param(name))).fetchone()
                if row is not None:
                    found[name] = _sums(row[1:])
            return found

    def codes(self, numbers: Sequence[int]) -> list[int | None]:
        """The number of the rule, from 0, that decided about each object of these catalogue numbers.

        None where none did, and where the object was not there then.  Numbers are `ObjectRow.number` of the same
        generation (`numbers_hold`).
        """
        found = (self._code(number) for number in numbers)
        return [code if code < FIRST else None for code in found]

    def of(self, ref: Ref) -> int | None:
        """The same for one object by its identity.  NotFound where the catalogue lacks it."""
        row = self._catalogue().object(ref)
        if row is None:
            raise NotFound(f"{ref_address(ref)}: not in the catalogue", hint="scan again to see it")
        return self.codes([row.number])[0]

    def undecided(self, *, most: int = 100) -> list[tuple[str, Sums]]:
        """The topmost folders in which nothing is decided, as prefixes, those with most bytes first.

        [("", …)] where nothing at all is.  Objects that lie beside decided ones are in none of them.
        """
        with self._reading():
            rows = self._connection.execute(
                "SELECT id, undecided, undecided_bytes FROM folders WHERE top "
                "ORDER BY undecided_bytes DESC, undecided DESC LIMIT ?",
                (most,),
            ).fetchall()
            return [(prefix_of(self._connection, row[0]), Sums(row[1], row[2])) for row in rows]

    def objects(
        self, verdict: Verdict | None, *, prefix: str = "", rule: int | None = None, after: int = 0, limit: int = 1000
    ) -> list[ObjectRow]:
        """Objects below `prefix` with that verdict (None: any) and decided by `rule` (None: whichever).

        In the order of their catalogue numbers, those behind `after`, up to `limit`; the `number` of the last row
        goes on from there, and fewer than `limit` rows are the end.
        """
        catalogue = self._catalogue()
        wanted = frozenset(self._wanted(verdict, rule))
        with self._reading():
            line = line_to(self._connection, prefix)
        if line is None or not wanted:
            return []
        numbers: list[int] = []
        with catalogue.reading():
            objects = self.sums(prefix).objects
            for found in below(self, catalogue.connection, line[-1], objects, wanted, after, limit):
                numbers.extend(found)
                if len(numbers) >= limit:
                    break
        numbers = numbers[:limit]
        rows: list[ObjectRow] = []
        for start in range(0, len(numbers), _MARKS):
            rows.extend(catalogue.object_rows(numbers[start : start + _MARKS]))
        return rows

    def close(self) -> None:
        """Give back the files."""
        self._connection.close()
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _add_up(self) -> None:
        """The sums of the rules are those of the whole container.  CatalogueDamaged where one was changed since."""
        by_verdict = dict.fromkeys(Verdict, Sums())
        for verdict, sums in zip(self.verdicts, self.applied.rules, strict=True):
            by_verdict[verdict] += sums
        by_verdict[Verdict.UNDECIDED] = self.applied.undecided
        row = self._connection.execute(f"SELECT {_SUMS} FROM folders WHERE id = ?", (ROOT,)).fetchone()
        if row is None or _sums(row) != VerdictSums(*(by_verdict[each] for each in Verdict)):
            raise CatalogueDamaged("verdicts that do not add up", hint="apply again")

    def _wanted(self, verdict: Verdict | None, rule: int | None) -> Iterator[int]:
        """The codes of that verdict and rule."""
        for number, each in enumerate(self.verdicts):
            if rule in (None, number) and verdict in (None, each):
                yield number
        if rule is None and verdict in (None, Verdict.UNDECIDED):
            yield NONE
            yield PERHAPS

    def _code(self, number: int) -> int:
        codes = self.span(number >> BITS)
        return ABSENT if codes is None else codes[number % SPAN]

    def span(self, span: int) -> array[int] | None:
        """The codes of one span of object numbers (`codes.SPAN`), None where there are none."""
        if span in self._spans:
            self._spans.move_to_end(span)
            return self._spans[span]
        with self._reading():
            found = self._spans[span] = codes_in(self._connection, span)
        if len(self._spans) > _SPANS:
            self._spans.popitem(last=False)
        return found

    def spans(self, first: int = 0) -> Iterator[int]:
        """The spans that hold objects, from `first`, in order."""
        with self._reading():
            yield from spans_in(self._connection, first)

    def _catalogue(self) -> Reader:
        """The generation that was applied to."""
        if self._reader is None:
            with self._reading():
                (told,) = self._connection.execute("SELECT directory FROM about").fetchone()
            directory = Path(os.path.normpath(self._where.parent / told))
            cover = self.applied.cover
            try:
                path = directory / self.applied.generation
                self._reader = Reader.of(Files(directory, cover.store, cover.container), path)
            except FileNotFoundError:
                raise CatalogueError(
                    f"the catalogue of {cover} was scanned anew since the scope was applied", hint="apply again"
                ) from None
        self._reader.changed()
        return self._reader

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """SQLite's errors as ours; a file that turns out to be damaged is removed."""
        try:
            with plainly(self._where):
                yield
        except CatalogueDamaged:
            with plainly(self._where):
                self._where.unlink(missing_ok=True)
            raise


def _sums(row: Sequence[int]) -> VerdictSums:
    return VerdictSums(Sums(row[0], row[1]), Sums(row[2], row[3]), Sums(row[4], row[5]))
