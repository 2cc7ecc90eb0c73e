"""A store in memory that streams: several ranges of its keys at a time, each page from another place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from icehouse.catalogue.base import to_micros
from icehouse.core.columns import ObjectColumns, StreamPage
from icehouse.core.entries import Entry
from icehouse.core.refs import FolderRef
from icehouse.stores.base import Pace
from tests.unit.catalogue.fakes import MemoryStore


def columns_of(entries: Sequence[Entry]) -> ObjectColumns:
    """The same objects, column by column."""
    kinds = list(dict.fromkeys(each.standing for each in entries))
    return ObjectColumns(
        [each.ref.key for each in entries],
        [each.size for each in entries],
        [to_micros(each.modified) for each in entries],
        [each.etag for each in entries],
        [kinds.index(each.standing) for each in entries],
        kinds,
        [each.ref.version or "" for each in entries] if any(each.ref.version for each in entries) else None,
    )


class StreamingStore(MemoryStore):
    """Streams its entries from `ranges` places in turn, the last place first; `fail_after` as in a walk."""

    def __init__(self, entries: Sequence[Entry] = (), *, page: int = 3, ranges: int = 4) -> None:
        super().__init__(entries, page=page)
        self.features = replace(self.features, streams=True)
        self.ranges = ranges
        self.streams: list[str | None] = []

    def stream(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, pace: Pace | None = None
    ) -> Iterator[StreamPage]:
        self.streams.append(frontier)
        below = [each for each in self.entries if folder.holds(each.ref)]
        step = -(-len(below) // self.ranges) or 1
        open_ranges = [[at, min(at + step, len(below))] for at in range(0, len(below), step)]
        if frontier is not None:
            open_ranges = json.loads(frontier)["ranges"]
        number = 0
        while True:
            if self.fail_after is not None and number >= self.fail_after:
                if self.failure is not None:
                    raise self.failure
                return
            self.on_page(number)
            taken: list[Entry] = []
            if open_ranges:
                at, end = open_ranges.pop()
                taken = below[at : min(at + self.page, end)]
                if at + self.page < end:
                    open_ranges.insert(0, [at + self.page, end])
            whole = not open_ranges
            yield StreamPage(columns_of(taken), None if whole else json.dumps({"ranges": open_ranges}), requests=2)
            if whole:
                return
            number += 1
