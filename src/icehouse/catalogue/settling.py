"""The visible catalogue of a container, open to be told what describes found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from icehouse.core.clock import Instant
from icehouse.core.refs import Ref
from icehouse.core.states import Standing, State

from .base import CatalogueDamaged, plainly, to_micros
from .due import Due, count_due, due_objects
from .files import Files
from .restate import About, Restated, restate
from .schema import changing, open_checked
from .standings import Standings
from .tree import prefix_of


@dataclass(frozen=True, slots=True)
class Question:
    """An object to be described: its row in the file, its identity, its standing so far, and what it is told by."""

    row: int
    ref: Ref
    standing: Standing
    about: About


class Settling:
    """One generation, written to in batches beside a scan that may be writing too."""

    def __init__(self, files: Files, path: Path, connection: sqlite3.Connection) -> None:
        self._files = files
        self._path = path
        self._connection = connection
        self._standings = Standings(connection)

    @classmethod
    def open(cls, files: Files) -> Settling | None:
        """The visible generation, or None where nothing was scanned (or it was damaged, and is set aside now)."""
        path = files.visible()
        if path is None:
            return None
        try:
            connection = open_checked(path)
        except FileNotFoundError:
            return None
        except CatalogueDamaged:
            files.set_aside(path)
            return None
        with plainly(path):
            return cls(files, path, connection)

    @property
    def replaced(self) -> bool:
        """Whether a rescan has taken this file's place: open again and go on there."""
        return self._files.visible() != self._path

    def count(self, prefix: str, due: Due) -> tuple[int, int]:
        """How many objects under `prefix` are due, and how many of them were told of before."""
        with plainly(self._path):
            return count_due(self._connection, self._standings, prefix, due)

    def questions(self, prefix: str, due: Due, *, limit: int) -> Iterator[list[Question]]:
        """Those objects, each once, in lists of up to `limit`; answers may be written between two lists."""
        with plainly(self._path):
            for batch in due_objects(self._connection, self._standings, prefix, due, limit=limit):
                prefixes = {each: prefix_of(self._connection, each) for each in {row.folder for row in batch}}
                yield [
                    Question(
                        row.id,
                        Ref(self._files.store, self._files.container, prefixes[row.folder] + row.name, row.version),
                        self._standings.standing(row.about[2]),
                        row.about,
                    )
                    for row in batch
                ]

    def settle(self, answers: Sequence[tuple[Question, Standing]], at: Instant) -> None:
        """Write what describes told, in one transaction; not of what a rescan has changed since it was asked about."""
        moment = to_micros(at)
        self._write([Restated(each.row, standing, moment, about=each.about) for each, standing in answers])

    def explain(self, refusals: Sequence[tuple[Question, str]]) -> None:
        """Write why objects are as unknown as before; of what was known it says nothing new."""
        unknown = [(each, reason) for each, reason in refusals if each.standing.state is State.UNKNOWN]
        self._write([Restated(each.row, each.standing, None, reason, each.about) for each, reason in unknown])

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _write(self, changes: Sequence[Restated]) -> None:
        if changes:
            with plainly(self._path), changing(self._connection):
                restate(self._connection, self._standings, changes)
