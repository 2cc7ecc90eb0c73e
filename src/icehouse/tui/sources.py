"""What a list shows: rows by position, wherever they come from; a list never holds them all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from icehouse.present.cells import Cells

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a list: who it is, what it stands for, and its cells."""

    identity: Hashable
    row: object
    cells: Cells


class Source(Protocol):
    """Rows by position.  `rows` is called from the screen's thread and answers within a few milliseconds."""

    @property
    def count(self) -> int:
        """How many rows there are now."""
        ...

    def rows(self, start: int, n: int) -> Sequence[Line]:
        """At most `n` rows from `start` on."""
        ...

    def position_of(self, identity: Hashable) -> int | None:
        """Where that row stands now, None where it is not among them."""
        ...


class Rows(Generic[R]):
    """A source over rows that are in memory: stores, buckets, jobs, a live listing."""

    def __init__(self, rows: Sequence[R], name: Callable[[R], Hashable], cells: Callable[[R], Cells]) -> None:
        self.all: list[R] = list(rows)
        self._name = name
        self._cells = cells
        self._positions: dict[Hashable, int] | None = None

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.all)

    def rows(self, start: int, n: int) -> Sequence[Line]:
        """A slice of them with their cells."""
        return [Line(self._name(row), row, self._cells(row)) for row in self.all[start : start + n]]

    def position_of(self, identity: Hashable) -> int | None:
        """Where that row stands."""
        if self._positions is None:
            self._positions = {self._name(row): i for i, row in enumerate(self.all)}
        return self._positions.get(identity)


NO_ROWS: Source = Rows[object]((), lambda row: None, lambda row: ())
"""A source of nothing."""
