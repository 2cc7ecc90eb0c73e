"""Sums by folder and rule as they grow, and how they are carried up to the root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from icehouse.core.scopes import Sums, Verdict

from .codes import BITS, FIRST, NONE, PERHAPS, SPAN
from .engine import ONE
from .shelf import FolderValues, Shelf

_HELD = 100_000
"""Sums held in memory, some 20 MB; beyond that they are put on disk."""

_OF_VERDICT = {Verdict.KEEP: 0, Verdict.SKIP: 2, Verdict.UNDECIDED: 4}
_EMPTY = [0] * 6


class Rollups:
    """The sums of one container in the making."""

    def __init__(self, shelf: Shelf, verdicts: Sequence[Verdict]) -> None:
        """Take what each rule says; sums that become too many are put aside beside what is on the `shelf`."""
        self.sums: defaultdict[int, int] = defaultdict(int)
        self._shelf = shelf
        self._verdicts = verdicts
        self._by_code: defaultdict[int, int] = defaultdict(int)
        with shelf.working() as connection:
            connection.execute(
                "CREATE TEMP TABLE own (folder INTEGER, at INTEGER, objects INTEGER NOT NULL, bytes INTEGER NOT NULL, "
                "PRIMARY KEY (folder, at)) WITHOUT ROWID"
            )

    def relieve(self) -> None:
        """Put sums on disk where they have become many."""
        if len(self.sums) >= _HELD:
            self._put_aside()

    def of_code(self, code: int) -> Sums:
        """All objects of that code, once all is put aside by `of_folders`."""
        return _sums(self._by_code.get(code, 0))

    def of_rules(self) -> tuple[Sums, ...]:
        """What each rule decided, likewise."""
        return tuple(self.of_code(number) for number in range(len(self._verdicts)))

    def of_folders(self, folders: Iterable[tuple[int, int, bytes]]) -> Iterator[FolderValues]:
        """Each folder with everything below it.

        `folders` are their numbers, their parents' and their names, the highest first, which is above its parent's.
        """
        self._put_aside()
        own = self._own()
        at, values = next(own, (0, _EMPTY))
        waiting: dict[int, list[int]] = {}
        for number, parent, name in folders:
            whole = waiting.pop(number, None) or [0] * 6
            if at == number:
                whole = [a + b for a, b in zip(whole, values, strict=True)]
                at, values = next(own, (0, _EMPTY))
            above = waiting.get(parent)
            waiting[parent] = whole if above is None else [a + b for a, b in zip(above, whole, strict=True)]
            yield number, parent, name, whole

    def _own(self) -> Iterator[tuple[int, list[int]]]:
        """Folders with what is right in them, by verdict, the highest number first."""
        last, values = 0, [0] * 6
        with self._shelf.working() as connection:
            for folder, at, objects, size in connection.execute("SELECT * FROM temp.own ORDER BY folder DESC"):
                if folder != last:
                    if last:
                        yield last, values
                    last, values = folder, [0] * 6
                values[at] += objects
                values[at + 1] += size
        if last:
            yield last, values

    def _put_aside(self) -> None:
        by_verdict: defaultdict[tuple[int, int], int] = defaultdict(int)
        for key, value in self.sums.items():
            code = key & SPAN - 1
            self._by_code[code] += value
            verdict = self._verdicts[code] if code < FIRST else Verdict.UNDECIDED
            by_verdict[key >> BITS, _OF_VERDICT[verdict]] += value
        self.sums.clear()
        with self._shelf.working() as connection:
            connection.executemany(
                "INSERT INTO temp.own VALUES (?, ?, ?, ?) ON CONFLICT (folder, at) "
                "DO UPDATE SET objects = objects + excluded.objects, bytes = bytes + excluded.bytes",
                ((*key, value // ONE, value % ONE) for key, value in sorted(by_verdict.items())),
            )


def undecided(rollups: Rollups) -> tuple[Sums, Sums]:
    """What no rule decided, and of that what one may match."""
    perhaps = rollups.of_code(PERHAPS)
    return rollups.of_code(NONE) + perhaps, perhaps


def _sums(value: int) -> Sums:
    return Sums(value // ONE, value % ONE)
