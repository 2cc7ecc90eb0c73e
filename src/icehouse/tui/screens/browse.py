"""Browse: stores, their buckets, and folders; what is there, where its bytes stand, and what is marked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from icehouse.core.clock import Instant
from icehouse.core.errors import IcehouseError
from icehouse.core.refs import FolderRef
from icehouse.core.rows import FolderRow, Row, StoreRow
from icehouse.core.text import safe
from icehouse.present import browse as words
from icehouse.present.cells import Cell, Column, Tone
from icehouse.present.sizes import count
from icehouse.present.verdicts import VERDICT
from icehouse.tui.actions import Situation
from icehouse.tui.feeds import Turn
from icehouse.tui.known import learn, manner_of
from icehouse.tui.listing import Catalogued, Listing, Live
from icehouse.tui.sources import NO_ROWS, Line, Source
from icehouse.tui.verdicts import Overlay

from .browse_verbs import VERBS
from .levels import Levels
from .place import Place

LIVE_MOST = 50_000
"""Rows taken from a live listing; the rest of a larger folder is for the catalogue."""


class Browse(Levels):
    """The list of whatever is open, from the catalogue where there is one, else as the store lists it."""

    room: ClassVar[str] = "browse"

    def __init__(self) -> None:
        super().__init__()
        self.listing: Listing | None = None
        self._begun = False
        self._opened: Instant | None = None
        self._as_it_is = False

    def verb(self, action_id: str) -> Callable[[], None] | None:
        """What that action does here."""
        found = VERBS.get(action_id)
        return partial(found, self) if found else None

    # Words

    def place(self) -> list[str]:
        """Store, container and path; each folder its own part."""
        if not self.at.store:
            return [self.title]
        called = self.console.known.called(self.at.store, self.at.container)
        parts = [self.at.store, *([called] if self.at.container else []), *self.at.prefix.split("/")[:-1]]
        shown = [safe(part) for part in parts]
        return [*shown[:-1], shown[-1] + "/"] if self.at.prefix else [str(part) for part in shown]

    def standing(self) -> tuple[str, Tone]:
        """Age and completeness of the numbers, or what is being done, or what went wrong."""
        if self.trouble:
            return self.trouble, Tone.DANGER
        if not self.at.container:
            filtered = f"filter {safe(self.sought)}" if self.sought else ""
            return self._asking or filtered or self.console.scoping.news(), Tone.FAINT
        scan = self.console.news.scan_of(self.at.store, self.at.container)
        now = self.now()
        listing = self.listing
        filtered = f" · filter {safe(listing.filtered)}" if listing and listing.filtered else ""
        if listing is not None and listing.overlay is not None:
            filtered = f" · scope {safe(self.console.scoping.called)}{filtered}"
        if isinstance(listing, Catalogued):
            if listing.view.error is not None:
                return str(listing.view.error), Tone.DANGER
            building = " · sorting" if listing.view.building else ""
            return words.coverage_line(listing.view.coverage, scan, now) + building + filtered, Tone.FAINT
        if self._asking:
            return self._asking + filtered, Tone.FAINT
        if scan is not None and scan.running:
            return words.coverage_line(None, scan, now) + filtered, Tone.WAY
        if isinstance(listing, Live) and listing.aside:
            return f"its catalogue was damaged or older, and is set aside; S scans again{filtered}", Tone.WAY
        if listing is not None and not listing.whole:
            return f"the first {count(listing.held)} as listed now; S scans for all{filtered}", Tone.FAINT
        return "as listed now; S scans for sums and states below" + filtered, Tone.FAINT

    def situation(self) -> Situation:
        """Where one is, on what, and what the catalogue knows of it."""
        scan = self.console.news.scan_of(self.at.store, self.at.container)
        return replace(
            super().situation(), store=self.at.store, container=self.at.container, prefix=self.at.prefix,
            scanned=isinstance(self.listing, Catalogued), scanning=scan is not None and scan.running,
            filtered=self.filtered, scope=self.console.scoping.name,
            edits=self.console.scoping.edits, covered=self.console.scoping.covers(self.at.store, self.at.container),
        )  # fmt: skip

    def sign(self, line: Line) -> str:
        """The mark of a row."""
        return self.console.marked.sign(line.identity)

    def details(self) -> list[tuple[str, Cell]]:
        """All that is known about the row."""
        here = self.list.current
        manner = self.console.known.manner(self.at.store)
        return words.details(here.row, self.now(), ascii=self.console.ascii_only, manner=manner) if here else []

    # Going

    def entered(self) -> None:
        """Show the stores at once; their sums come from the catalogue."""
        if self._begun or self.at.store:
            return
        self._begun = True
        rows = [StoreRow(name, store.kind) for name, store in self.console.house.config.stores.items()]
        self.list.nothing = self._no_store()
        self._show_stores(rows)
        self.call_after_refresh(self._after_first_paint)

    def _after_first_paint(self) -> None:
        names = list(self.console.house.config.stores)
        if self.at == Place():
            self.go(Place(names[0]) if len(names) == 1 else Place())

    def go(self, place: Place, *, on: Hashable | None = None, live: bool = False) -> None:
        """Open `place`, with the cursor on `on`; `live` asks the store even where there is a catalogue."""
        self._leave_listing()
        self.sought = self.sought if place == self.at else ""
        self.at, self.trouble, self._asking, self._seen_scan = place, "", "listing …", ()
        self._opened, self._as_it_is = self.now(), live
        self.list.end_range()
        self.list.sorted_by = None
        self.list.nothing = ""
        learn(self.console, place.store)
        if place.folder is not None:
            self._open_folder(place.folder, on, live=live)
        elif place.store:
            self._open_store(place.store, on)
        else:
            self._asking, self.list.nothing = "", self._no_store()
            self._read_stores(on)
        self.console.tell()

    def back(self) -> bool:
        """To what holds this, the cursor on where one came from."""
        above = self.at.above
        if above is None:
            return False
        self.go(above[0], on=above[1])
        return True

    @property
    def filtered(self) -> str:
        """The filter in force, "" for none."""
        return self.sought if not self.at.container else self.listing.filtered if self.listing else ""

    def never_mind(self) -> bool:
        """End the filter."""
        if not self.filtered:
            return False
        self.narrow("")
        return True

    def _leave_listing(self) -> None:
        for group in ("listing", "renew", "sweep", "verdicts"):
            self.console.feeds.drop(group)
        if self.listing is not None:
            self._judge(self.listing, None)
            self.listing.close()
        self.listing = None

    def show(self, source: Source, columns: Sequence[Column] | None = None, *, on: Hashable | None = None) -> None:
        """Show these rows; which marks are hidden depends on them."""
        super().show(source, columns, on=on)
        if self.console.marked.all():
            self.console.marks_changed()

    # Folders

    def _open_folder(self, folder: FolderRef, on: Hashable | None, *, live: bool) -> None:
        house = self.console.house
        self.show(NO_ROWS, words.FOLDER)
        wanted_on: list[Hashable | None] = [on]

        def work(turn: Turn) -> str:
            from icehouse.services import browse

            def changed() -> None:
                turn.tell(self.reordered, always=True)

            view = None if live else browse.open_folder(house, folder, changed)
            if view is not None and view.coverage.complete:
                turn.tell(lambda: show_view(Catalogued(view, self.now, ascii=self.console.ascii_only)), always=True)
                return ""
            if view is not None:
                view.close()
            source.ordered = manner_of(house, folder.store).ordered
            source.aside = not live and browse.set_aside(house, folder) is not None
            taken: list[Row] = []
            number = 0
            for page in browse.live(house, folder):
                taken.extend(page)
                number += len(page)
                if turn.stopped():
                    break
                more = number >= LIVE_MOST
                sent = len(taken)
                turn.tell(lambda rows=taken, n=sent: show_rows(rows[:n], n), always=number == len(page) or more)  # type: ignore[misc]
                if more:
                    return "cut"
            turn.tell(lambda: show_rows(taken, len(taken)), always=True)
            return "whole"

        rows_shown = 0
        source = Live(self.now, ascii=self.console.ascii_only)

        def show_view(listing: Catalogued) -> None:
            self.listing = listing
            self._put(listing, wanted_on[0])
            self.scoped()

        def show_rows(rows: Sequence[Row], n: int) -> None:
            nonlocal rows_shown
            source.add(rows[rows_shown:n])
            rows_shown = n
            self.listing = source
            self._asking = f"listing … {count(source.held)} so far"
            self._put(source, wanted_on[0])
            if wanted_on[0] is not None and source.position_of(wanted_on[0]) is not None:
                wanted_on[0] = None

        def done(end: str) -> None:
            self._asking = ""
            source.whole = end == "whole"
            self.list.nothing = "empty"
            if self.listing is None and end:
                self.listing = source
            if self.listing is source:
                self.scoped()
            self.list.repaint()
            self.console.tell()

        self.console.feeds.read("listing", work, done, self._failed)

    def _put(self, listing: Listing, on: Hashable | None) -> None:
        """Show a folder's listing; the cursor goes to `on` the first time it is there, and then stays with its row."""
        by, descending = listing.order
        self.list.sorted_by = (by, descending)
        self.list.nothing = "nothing passes the filter" if listing.filtered else "empty"
        here = self.list.current
        scan = self.console.news.scan_of(self.at.store, self.at.container)
        listing.growing = scan is not None and scan.running
        columns = words.FOLDER if listing.overlay is None else (VERDICT, *words.FOLDER)
        self.show(listing, columns, on=on if here is None or self.list.cursor == 0 else None)

    def scoped(self) -> None:
        """Put the verdicts of the scope that covers this beside the rows."""
        listing, folder = self.listing, self.at.folder
        if listing is None or folder is None or (listing.overlay is not None and self.console.scoping.asking):
            return  # what is shown stays until other verdicts are there
        view = listing.view if isinstance(listing, Catalogued) else None

        def done(overlay: Overlay | None) -> None:
            if self.listing is listing:
                self._judge(listing, overlay)
                self._put(listing, None)
            elif overlay is not None:
                overlay.close()

        self.console.scoping.beside(folder, view, done)

    def _judge(self, listing: Listing, overlay: Overlay | None) -> None:
        if listing.overlay is not None:
            listing.overlay.close()
        listing.overlay = overlay

    def reordered(self) -> None:
        """A large folder's new order is there."""
        if self.listing is not None:
            self._put(self.listing, None)

    def changed(self) -> None:
        """A scan has moved on: fill the numbers in place, or take up the finished catalogue."""
        if not self.at.container:
            if self._begun or self.at.store:
                self._scans_moved()
            return
        scan = self.console.news.scan_of(self.at.store, self.at.container)
        seen = (scan.objects, scan.running, scan.complete, scan.updated) if scan else ()
        if seen == self._seen_scan:
            return
        self._seen_scan = seen
        ended = scan is not None and scan.complete and not scan.running and self._later(scan.updated)
        if ended and isinstance(self.listing, Live) and not self._as_it_is:
            here = self.list.current
            self.go(self.at, on=here.identity if here else None)
        else:
            self.renew()
            if ended:
                self.scoped()

    def _later(self, instant: Instant) -> bool:
        """Whether that was after what is open was opened."""
        return self._opened is not None and instant >= self._opened

    def renew(self) -> None:
        """Bring the sums in view up to date from the catalogue."""
        listing = self.listing
        if listing is None or self.console.feeds.running("renew"):
            return
        top, room = self.list.top, self.list.room
        shown = [line.row for line in listing.rows(top, room) if isinstance(line.row, FolderRow)]

        def work(turn: Turn) -> list[FolderRow]:
            from icehouse.services.browse import rollup

            if isinstance(listing, Catalogued):
                listing.view.refresh()
                return []
            return [replace(row, rollup=rollup(self.console.house, row.ref)) for row in shown if not turn.stopped()]

        def done(rows: list[FolderRow]) -> None:
            self.console.feeds.drop("renew")
            if self.listing is listing:
                if isinstance(listing, Live):
                    listing.renew(rows)
                self._put(listing, None)

        self.console.feeds.read("renew", work, done, lambda line: self.console.feeds.drop("renew"))

    def narrow(self, text: str) -> None:
        """Filter what is listed."""
        try:
            if not self.at.container:
                self.seek(text)
            elif self.listing is not None:
                self.listing.filter(text)
                self._put(self.listing, None)
        except IcehouseError as error:
            self.console.say(str(error), danger=True)
