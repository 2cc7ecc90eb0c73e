"""Applying the rules of a scope to everything in a container."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import takewhile
from pathlib import Path

from icehouse.catalogue.base import CatalogueDamaged, CatalogueError, plainly, transaction
from icehouse.catalogue.facts import moment
from icehouse.catalogue.reader import Reader
from icehouse.core.scopes import Cover, Rule, rules_digest

from .codes import BITS
from .engine import Engine, Kept
from .rollups import Rollups, undecided
from .shelf import Shelf, applied_in, codes_in, digests, open_shelf
from .told import Applied


def apply(
    reader: Reader,
    rules: Sequence[Rule],
    where: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Applied | None:
    """Decide about each object of `reader`'s container, exactly as `core.scopes.decide` would, and keep it at `where`.

    All of the scope's rules are given, in order, also those about other containers.  The file takes the place of an
    earlier one when it is whole, never before; what that one tells of the same state of the catalogue is used again
    where the rules that differ change nothing.  `progress` is told objects done, and of how many, a few times a
    second; None where `stop` said so, and all is as it was.  Works over a connection of its own, with bounded memory.
    CatalogueError where the catalogue has gone (a rescan took its place: open a new reader), is damaged, or `where`
    can't be written; UsageError where a glob is none.
    """
    try:
        catalogue = Reader.of(reader.files, reader.path)
    except FileNotFoundError:
        raise CatalogueError(
            f"catalogue {reader.path}: a newer one has taken its place", hint="apply to that one"
        ) from None
    with closing(catalogue), catalogue.reading(), closing(Earlier(where)) as earlier:
        catalogue.connection.execute("PRAGMA query_only = 0")  # which keeps from temporary tables as well
        with transaction(catalogue.connection, "DEFERRED"):
            catalogue.revision  # noqa: B018  (the first look fixes the moment that all others see)
            catalogue.changed()
            shelf = Shelf(where)
            try:
                return _fill(shelf, catalogue, rules, earlier, progress, stop)
            finally:
                shelf.drop()


def _fill(
    shelf: Shelf,
    catalogue: Reader,
    rules: Sequence[Rule],
    earlier: Earlier,
    progress: Callable[[int, int], None] | None,
    stop: Callable[[], bool] | None,
) -> Applied | None:
    whole = catalogue.rollup("").objects
    revision, as_of, complete = catalogue.revision, moment(catalogue), catalogue.coverage("").complete
    cover = Cover(catalogue.files.store, catalogue.files.container)
    kept = earlier.kept(rules, cover, catalogue.path.name, revision)
    engine = Engine(catalogue, rules, kept or Kept())
    rollups = Rollups(shelf, [rule.verdict for rule in rules])
    done = 0
    next_one = "SELECT id FROM objects WHERE id >= ? ORDER BY id LIMIT 1"
    span = -1
    while row := catalogue.connection.execute(next_one, (span + 1 << BITS,)).fetchone():
        if stop is not None and stop():
            return None
        span = row[0] >> BITS
        codes, count = engine.codes(span, rollups.sums, None if kept is None else earlier.codes(span))
        shelf.codes(span, codes)
        rollups.relieve()
        done += count
        if progress is not None:
            progress(done, max(whole, done))
    shelf.folders(rollups.of_folders(_folders(catalogue)))
    not_decided, perhaps = undecided(rollups)
    applied = Applied(
        cover=cover,
        rules=rollups.of_rules(),
        undecided=not_decided,
        perhaps=perhaps,
        as_of=as_of,
        complete=complete,
        digest=rules_digest(rules, cover),
        generation=catalogue.path.name,
        revision=revision,
    )
    shelf.put(applied, rules, catalogue.files.directory)
    return applied


def _folders(catalogue: Reader) -> Iterator[tuple[int, int, bytes]]:
    """The folders, the highest number first; what goes wrong is told as the catalogue's."""
    with catalogue.reading():
        yield from catalogue.connection.execute("SELECT id, parent, name FROM folders ORDER BY id DESC")


class Earlier:
    """What was applied before, where that is of use; a damaged file is of none."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self._connection: sqlite3.Connection | None = None
        with suppress(FileNotFoundError, CatalogueDamaged):
            self._connection = open_shelf(where)

    def kept(self, rules: Sequence[Rule], cover: Cover, generation: str, revision: int) -> Kept | None:
        """What of it holds for these rules over that catalogue; None where nothing does."""
        if self._connection is None:
            return None
        try:
            with plainly(self._where):
                told = applied_in(self._connection)
                were = [row[0] for row in self._connection.execute("SELECT digest FROM rules ORDER BY number")]
        except (CatalogueDamaged, ValueError, OverflowError):
            return None
        if (told.cover, told.generation, told.revision) != (cover, generation, revision):
            return None
        now = digests(rules, cover)
        first = _alike(were, now)
        last = _alike(were[first:][::-1], now[first:][::-1])
        return Kept(first, last, len(now) - last, len(were) - last)

    def codes(self, span: int) -> array[int] | None:
        """The codes of one span, None where they can't be had."""
        assert self._connection is not None
        try:
            with plainly(self._where):
                return codes_in(self._connection, span)
        except CatalogueDamaged:
            return None

    def close(self) -> None:
        """Give the file back."""
        if self._connection is not None:
            self._connection.close()


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    """How many are the same from the beginning."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False))))
