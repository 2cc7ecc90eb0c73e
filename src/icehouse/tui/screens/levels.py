"""The two lists above the folders: the stores, and the buckets or projects of one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import ClassVar, TypeVar

from icehouse.core.clock import Instant
from icehouse.core.refs import FolderRef
from icehouse.core.rows import ContainerRow, StoreRow
from icehouse.present import browse as words
from icehouse.present.cells import Cells
from icehouse.settings.config import EXAMPLE
from icehouse.tui.feeds import Turn
from icehouse.tui.narrowing import naming
from icehouse.tui.sources import Rows

from .place import Place
from .room import Room

Named = TypeVar("Named", StoreRow, ContainerRow)


class Levels(Room):
    """What Browse shows as long as no folder is open."""

    title: ClassVar[str] = "Stores"
    columns = words.STORE

    def __init__(self) -> None:
        super().__init__()
        self.at = Place()
        self.trouble = ""
        """Why what is open could not be listed, "" where it could."""
        self._asking = ""
        self._seen_scan: tuple[object, ...] = ()
        self.sought = ""
        """The filter of these two lists."""
        self._whole: Sequence[StoreRow | ContainerRow] = ()
        """Their rows, whatever the filter."""

    def now(self) -> Instant:
        """The host's time."""
        return self.console.house.clock.now()

    def _failed(self, line: str) -> None:
        self.trouble, self._asking = line, ""
        self.list.nothing = "could not be listed"
        self.list.repaint()
        self.console.tell()

    def _no_store(self) -> str:
        return words.no_store(str(self.console.house.config.source), EXAMPLE)

    def seek(self, text: str) -> None:
        """Show only what is called so.  UsageError for a wrong word."""
        naming(text)
        self.sought = text.strip()
        if self.at.store:
            self._show_containers(self._containers(), None)
        else:
            self._show_stores([row for row in self._whole if isinstance(row, StoreRow)])

    def _passing(self, rows: Sequence[Named]) -> Sequence[Named]:
        self._whole = rows
        if not self.sought:
            return rows
        test = naming(self.sought)
        titles = {row.name: row.title if isinstance(row, ContainerRow) else "" for row in rows}
        passing = [row for row in rows if test(titles[row.name] or row.name, row.name)]
        if rows and not passing:
            self.list.nothing = "nothing passes the filter"
        return passing

    # Stores

    def _show_stores(self, rows: Sequence[StoreRow], on: Hashable | None = None) -> None:
        self.show(Rows(self._passing(rows), name_of, words.store_cells), words.STORE, on=on)

    def _read_stores(self, on: Hashable | None) -> None:
        def work(_: Turn) -> list[StoreRow]:
            from icehouse.services.browse import stores

            return stores(self.console.house)

        self.console.feeds.read("listing", work, lambda rows: self._show_stores(rows, on), self._failed)

    # Buckets or projects

    def _open_store(self, store: str, on: Hashable | None) -> None:
        self._show_containers([], None)
        landed: Hashable | None = None

        def work(turn: Turn) -> list[ContainerRow]:
            from icehouse.services.browse import containers

            known = containers(self.console.house, store, ask=False)
            turn.tell(lambda: first(known), always=True)
            return containers(self.console.house, store)

        def first(known: list[ContainerRow]) -> None:
            nonlocal landed
            self._show_containers(known, on)
            landed = self._here()

        def done(rows: list[ContainerRow]) -> None:
            self._asking = ""
            self.list.nothing = f"no {self.console.known.manner(store).container} that these credentials see"
            self._show_containers(rows, on if self._here() == landed else None)

        self.console.feeds.read("listing", work, done, self._failed)

    def _show_containers(self, rows: Sequence[ContainerRow], on: Hashable | None) -> None:
        now = self.now()
        self.console.known.take(rows)
        alike = Counter(row.title for row in rows if row.title)

        def cells(row: ContainerRow) -> Cells:
            scan = self.console.news.scan_of(row.store, row.name)
            growing = scan is not None and scan.running
            return words.container_cells(row, now, growing=growing, alike=alike[row.title] > 1)

        ordered = sorted(rows, key=lambda row: (words.called(row).casefold(), row.name)) if alike else rows
        columns = words.container_columns(self.console.known.manner(self.at.store))
        self.show(Rows(self._passing(ordered), name_of, cells), columns, on=on)

    def _here(self) -> Hashable | None:
        """Who the row under the cursor is."""
        return self.list.current.identity if self.list.current else None

    def _containers(self) -> list[ContainerRow]:
        """The rows of the list, where they are containers."""
        return [row for row in self._whole if isinstance(row, ContainerRow)]

    def learned(self, store: str) -> None:
        """The store's own word for what it holds goes over the list."""
        if store == self.at.store and not self.at.container:
            self._show_containers(self._containers(), None)

    def _scans_moved(self) -> None:
        """Take up new sums of buckets or stores."""
        seen = tuple((s.store, s.container, s.updated, s.complete, s.running) for s in self.console.news.scans)
        if seen == self._seen_scan or self._asking:
            return
        self._seen_scan = seen
        place = self.at

        def work(_: Turn) -> Sequence[StoreRow | ContainerRow]:
            from icehouse.services.browse import containers, stores

            house = self.console.house
            return containers(house, place.store, ask=False) if place.store else stores(house)

        def done(rows: Sequence[StoreRow | ContainerRow]) -> None:
            if self.at != place or self._asking:
                return
            if place.store:
                fresh = {row.name: row for row in rows if isinstance(row, ContainerRow)}
                old = {row.name: row for row in self._containers()}
                self._show_containers(
                    [_renewed(fresh.get(name), old.get(name)) for name in sorted({*fresh, *old})], None
                )
            else:
                self._show_stores([row for row in rows if isinstance(row, StoreRow)])

        self.console.feeds.read("renew", work, done)


def _renewed(fresh: ContainerRow | None, old: ContainerRow | None) -> ContainerRow:
    """A container with new sums, and what only the store itself told of it before."""
    if fresh is None or old is None:
        found = fresh or old
        assert found is not None
        return found
    title, created = fresh.title or old.title, fresh.created or old.created
    return replace(fresh, title=title, created=created, facts=fresh.facts or old.facts)


def name_of(row: object) -> Hashable:
    """Who a store or container is."""
    if isinstance(row, ContainerRow):
        return FolderRef(row.store, row.name, "")
    return row.name if isinstance(row, StoreRow) else None
