"""Search: names found anywhere in a bucket, as its catalogue has them; Browse stays where it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from icehouse.core.clock import Instant
from icehouse.core.refs import FolderRef
from icehouse.core.rows import Coverage, FolderRow, ObjectRow, Row
from icehouse.core.text import safe
from icehouse.present import search as words
from icehouse.present.browse import details
from icehouse.present.cells import Cell, Cells, Tone
from icehouse.tui.actions import Situation
from icehouse.tui.feeds import Turn
from icehouse.tui.sources import NO_ROWS, Line, Rows

from . import choosing, ruling
from .browse import Browse
from .place import Place
from .room import Room

MOST = 10_000
"""Hits that are taken; more are for a narrower search."""

PAGE = 1000


class Search(Room):
    """The hits of one search; read page by page while they are shown."""

    room: ClassVar[str] = "search"
    title: ClassVar[str] = "Search"
    columns = words.HIT

    def __init__(self) -> None:
        super().__init__()
        self.store = self.container = self.text = ""
        self.coverage: Coverage | None = None
        self.reading = False
        self.cut = False
        """Whether more was found than is shown."""
        self._seen_scan: tuple[object, ...] = ()

    # Words

    def place(self) -> list[str]:
        """The bucket, and what is searched for."""
        called = self.console.known.called(self.store, self.container)
        return [safe(self.store), safe(called), f"find {safe(self.text)}"]

    def standing(self) -> tuple[str, Tone]:
        """How much was found, in how old a catalogue."""
        if self.reading and not self.list.source.count:
            return "searching …", Tone.FAINT
        scan = self.console.news.scan_of(self.store, self.container)
        return words.search_line(
            self.list.source.count, self.coverage, scan, self._now(), reading=self.reading, cut=self.cut
        )

    def situation(self) -> Situation:
        """The bucket, the hit and the text."""
        scan = self.console.news.scan_of(self.store, self.container)
        return replace(
            super().situation(), store=self.store, container=self.container, searched=self.text,
            scanned=self.coverage is not None, scanning=scan is not None and scan.running,
            scope=self.console.scoping.name, edits=self.console.scoping.edits,
            covered=self.console.scoping.covers(self.store, self.container),
        )  # fmt: skip

    def details(self) -> list[tuple[str, Cell]]:
        """All that is known about the hit."""
        here = self.list.current
        manner = self.console.known.manner(self.store)
        return details(here.row, self._now(), ascii=self.console.ascii_only, manner=manner) if here else []

    def sign(self, line: Line) -> str:
        """The mark of a hit."""
        return self.console.marked.sign(line.identity)

    def _now(self) -> Instant:
        return self.console.house.clock.now()

    # Searching

    def ask(self, store: str, container: str) -> None:
        """Ask what to search that bucket for, and show what is found."""
        from icehouse.tui.dialogs.line import LineDialog

        def typed(text: str | None) -> None:
            if text:
                self.store, self.container, self.text = store, container, text
                self.console.show_room(self.room)
                self.read()

        same = (store, container) == (self.store, self.container)
        self.console.push_screen(LineDialog(self.text if same else "", "find", "text  folder/text  folder/"), typed)

    def read(self, *, again: bool = False) -> None:
        """Search; `again` keeps the cursor on its hit."""
        self.reading, self.cut, self.list.nothing = True, False, ""
        scan = self.console.news.scan_of(self.store, self.container)
        self._seen_scan = (scan.complete, scan.running) if scan else ()
        if not again:
            self.coverage = None
            self.list.end_range()
            self.show(NO_ROWS)
            self.list.go(0)
        house, store, container, text = self.console.house, self.store, self.container, self.text

        def work(turn: Turn) -> tuple[list[Row], Coverage | None, bool]:
            from icehouse.services import browse

            coverage = browse.coverage(house, FolderRef(store, container, ""))
            hits: list[Row] = []
            following: str | None = None
            while not turn.stopped():
                page = browse.search(house, store, container, text, following, limit=min(PAGE, MOST - len(hits)))
                hits.extend(page.rows)
                following = page.following
                if following is None or len(hits) >= MOST:
                    break
                if not again:
                    so_far = tuple(hits)
                    turn.tell(lambda rows=so_far: self._found(rows, coverage))  # type: ignore[misc]
            return hits, coverage, following is not None

        def done(result: tuple[list[Row], Coverage | None, bool]) -> None:
            hits, coverage, more = result
            self.reading, self.cut = False, more
            self.list.nothing = words.NEVER_SCANNED if coverage is None else "no name here holds that"
            self._found(hits, coverage)

        def failed(line: str) -> None:
            self.reading = False
            self.console.say(line, danger=True)
            self.console.tell()

        self.console.feeds.read("search", work, done, failed)

    def _found(self, hits: Sequence[Row], coverage: Coverage | None) -> None:
        self.coverage = coverage

        def cells(row: Row) -> Cells:
            return words.hit_cells(row, self._now(), ascii=self.console.ascii_only)

        self.show(Rows(hits, lambda row: row.ref, cells))
        if self.console.marked.all():
            self.console.marks_changed()

    def changed(self) -> None:
        """A scan of this bucket has begun or ended: what it found belongs to the hits."""
        scan = self.console.news.scan_of(self.store, self.container)
        seen = (scan.complete, scan.running) if scan else ()
        if self.text and seen != self._seen_scan and not self.reading:
            self.read(again=True)

    def left(self) -> None:
        """Nobody waits for hits any more."""
        self.console.feeds.drop("search")
        self.reading = False
        if self.console.marked.all():
            self.call_after_refresh(self.console.marks_changed)

    def never_mind(self) -> bool:
        """Back to where one was."""
        self.console.show_room("browse")
        return True

    # Verbs

    def verb(self, action_id: str) -> Callable[[], None] | None:
        """What that action does here; choosing is as in Browse."""
        shared = {"mark": choosing.do_mark, "range": choosing.do_range, "clear": choosing.do_clear,
                  "restore": choosing.do_restore, "archive": choosing.do_archive,
                  "keep": ruling.do_keep, "skip": ruling.do_skip, "why": ruling.do_why}.get(action_id)  # fmt: skip
        return super().verb(action_id) if shared is None else lambda: shared(self)

    def do_open(self) -> None:
        """Open the folder that holds the hit, with the cursor on it."""
        row = self.list.current.row if self.list.current else None
        browse = self.console.rooms["browse"]
        if not isinstance(row, FolderRow | ObjectRow) or not isinstance(browse, Browse):
            return
        ref = row.ref
        if isinstance(ref, FolderRef):
            above = Place(ref.store, ref.container, ref.prefix).above
            folder = above[0] if above else Place(ref.store, ref.container)
        else:
            folder = Place(ref.store, ref.container, ref.key[: ref.key.rfind("/") + 1])
        self.console.show_room("browse")
        browse.go(folder, on=ref)

    def do_all(self) -> None:
        """Mark every hit, each by itself."""
        if self.reading or self.cut:
            self.console.say("not all hits are here: narrow the search first", danger=True)
        elif self.list.source.count:
            choosing.mark_rows(self, 0, self.list.source.count - 1)

    def do_search(self) -> None:
        """Search for something else."""
        self.ask(self.store, self.container)

    def do_scan(self) -> None:
        """Scan this bucket."""
        choosing.start_scan(self, self.store, self.container)

    def do_refresh(self) -> None:
        """Search again."""
        self.read(again=True)
