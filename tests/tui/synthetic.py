"""A console of one list over computed rows, for counting bytes without any store."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence

from textual.app import ComposeResult

import icehouse.tui  # noqa: F401  (its import is what is under test)
from icehouse.present.cells import Cell, Column, Tone
from icehouse.tui.calm import Calm
from icehouse.tui.sources import Line
from icehouse.tui.widgets.virtual_list import VirtualList

COLUMNS = (
    Column("name", "name", 0),
    Column("objects", "objects", 10, "right"),
    Column("size", "size", 9, "right"),
    Column("live", "live", 5, "right"),
    Column("cold", "cold", 5, "right"),
    Column("way", "way", 4, "right"),
    Column("changed", "changed", 8, "right"),
)


class Computed:
    """A million rows that are made when asked for; it remembers the most that was ever asked at once."""

    count = 1_000_000
    most = 0

    def rows(self, start: int, n: int) -> Sequence[Line]:
        self.most = max(self.most, n)
        return [self._line(i) for i in range(start, min(self.count, start + n))]

    def _line(self, i: int) -> Line:
        cells = (
            Cell(f"plate_{i:07d}/", ours=False), Cell(f"{i:,}"), Cell(f"{i % 900}.5 GiB"), Cell(f"{i % 97}%"),
            Cell(f"{i % 91}%", Tone.COLD), Cell("·"), Cell("2021-04"),
        )  # fmt: skip
        return Line(i, i, cells)

    def position_of(self, identity: Hashable) -> int | None:
        return identity if isinstance(identity, int) and 0 <= identity < self.count else None


class Synthetic(Calm[None]):
    CSS = "Screen { layout: vertical; }"

    def on_mount(self) -> None:
        rows = self.query_one(VirtualList)
        rows.show(Computed())
        rows.focus()

    def compose(self) -> ComposeResult:
        yield VirtualList(COLUMNS)


if __name__ == "__main__":
    Synthetic().run(mouse=False)
    sys.exit(0)
