"""Deliveries: the checklist of what was handed out, what has expired, and who is known to have fetched it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.events import Resize

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, ObjectLine, Totals
from icehouse.core.text import safe
from icehouse.present import deliveries as words
from icehouse.present import delivery_sources as basis
from icehouse.present import evidence as proof
from icehouse.present.cells import Cell, Cells, Tone, fitted
from icehouse.present.delivery_names import names_told
from icehouse.present.delivery_order import identity
from icehouse.present.sizes import count
from icehouse.tui.actions import Situation
from icehouse.tui.actions.deliveries import delivery_of
from icehouse.tui.checklist import Checklist, Read, TickWriter
from icehouse.tui.checklist_watch import Watch
from icehouse.tui.feeds import Turn
from icehouse.tui.sources import Line, Rows
from icehouse.tui.widgets.status_line import StatusLine
from icehouse.tui.widgets.virtual_list import GUTTER

from .deliveries_verbs import VERBS
from .delivery_levels import Opened, object_identity
from .room import Room

if TYPE_CHECKING:
    from icehouse.services.deliveries import DeliveriesProgress


A_MOMENT = 0.05


class Deliveries(Room):
    """The deliveries of every source and store, the objects of one, or the evidence on one object."""

    room: ClassVar[str] = "deliveries"
    title: ClassVar[str] = "Deliveries"
    columns = words.columns(0)

    def __init__(self) -> None:
        super().__init__()
        self.checklist = Checklist()
        self.opened: Opened | None = None
        self.trouble = ""
        self.scanning: DeliveriesProgress | None = None
        self._writer: TickWriter | None = None
        self._watch_thread: Watch | None = None

    def verb(self, action_id: str) -> Callable[[], None] | None:
        """What that action does here."""
        found = VERBS.get(action_id)
        return partial(found, self) if found else None

    # Words

    @property
    def level(self) -> str:
        """How far down one is: "", ``objects`` or ``evidence``."""
        if self.opened is None:
            return ""
        return "objects" if self.opened.line is None else "evidence"

    def place(self) -> list[str]:
        """How many have expired, or which delivery and object is open."""
        if self.opened is not None:
            parts = [self.title, safe(self.opened.row.delivery.name)]
            line = self.opened.line
            return [*parts, safe(proof.name_within(line, self.opened.row.delivery))] if line else [*parts]
        rows = self.checklist.rows
        dot = "-" if self.console.ascii_only else "·"
        return [f"{self.title} {dot} {words.title_words(rows)}"] if rows else [self.title]

    def standing(self) -> tuple[str, Tone]:
        """What is going on, what went wrong, else how old all this is; and what is left out of the list."""
        narrowed = self._narrowed()
        if self.trouble:
            return self.trouble, Tone.DANGER
        here = self.console.house.clock.now()
        if self.scanning is not None:
            at = self.scanning
            return f"{narrowed}{basis.scanning_words(at.source, at.doing, at.done, at.of)}", Tone.WAY
        listed = self.checklist
        wrong = basis.source_trouble(listed.sources, listed.standings) or basis.mail_trouble(listed.mails)
        if wrong:
            return f"{narrowed}{wrong}", Tone.DANGER
        if not listed.read or not listed.sources:
            return narrowed, Tone.FAINT
        return f"{narrowed}{basis.as_of_words(listed.standings, listed.sources, here)}", Tone.FAINT

    def _narrowed(self) -> str:
        opened = self.opened
        unfetched = "not fetched" if opened and opened.only_unfetched and self.level == "objects" else ""
        only = unfetched if opened else self.checklist.only
        filtered = "" if self.level == "evidence" else safe((opened or self.checklist).filtered)
        return "".join(f"{what} {said} · " for what, said in (("only", only), ("filter", filtered)) if said)

    def sums(self) -> tuple[Sequence[Cell], Sequence[Cell]]:
        """The ticked, whatever is on screen."""
        listed, width = self.checklist, self.app.screen_stack[0].size.width
        return words.totals_line(listed.totals, listed.hidden, width, ascii=self.console.ascii_only)

    def position(self) -> str:
        """Among the deliveries; the line above those that are listed apart is none of them."""
        source = self.list.source
        if self.level == "evidence" or not source.count:
            return ""
        if self.opened is not None or not isinstance(source, Rows):
            return super().position()
        section = next((i for i, row in enumerate(source.all) if isinstance(row, words.Section)), source.count)
        number = source.count - int(section < source.count)
        at = self.list.cursor + 1 - int(self.list.cursor >= section)
        return f"{count(at)} of {count(number)}"

    def now(self, row: DeliveryRow) -> Instant:
        """The time by which that delivery is judged, its store's."""
        return self.checklist.now(row, row.seen_at or self.console.house.clock.now())

    @property
    def here(self) -> DeliveryRow | None:
        """The delivery that is open, or under the cursor."""
        if self.opened is not None:
            return self.opened.row
        current = self.list.current
        return delivery_of(current.row) if current else None

    def situation(self) -> Situation:
        """The delivery, and how far down one is."""
        opened, listed = self.opened, self.checklist
        return replace(
            super().situation(), marks=(), delivery=self.here, level=self.level, edits=listed.by_hand,
            strokes=len(listed.strokes), filtered=opened.filtered if opened else listed.filtered or listed.only,
            scanning=self.scanning is not None,
        )  # fmt: skip

    def details(self) -> list[tuple[str, Cell]]:
        """All that is known of the row."""
        found, current, ascii = self.here, self.list.current, self.console.ascii_only
        if found is None or current is None:
            return []
        if self.opened is None:
            return words.delivery_details(found, self.now(found), ascii=ascii, titles=self.console.known.names)
        if isinstance(current.row, ObjectLine):
            return proof.object_details(current.row, found.delivery, self.now(found), ascii=ascii)
        return proof.evidence_details(current.row)  # type: ignore[arg-type]

    # Reading

    def entered(self) -> None:
        """Show what is known, and read it anew for as long as somebody looks."""
        if not self.checklist.read:
            self.list.nothing = "reading …"
        self._show()
        self.console.feeds.read("deliveries", self.watch_thread.run, lambda _: None, self._failed)

    def left(self) -> None:
        """Nobody looks any more."""
        self.console.feeds.drop("deliveries")

    def closing(self) -> None:
        """Ticks that are on their way are written."""
        if self._writer is not None:
            self._writer.finish()

    @property
    def watch_thread(self) -> Watch:
        """Who reads."""
        if self._watch_thread is None:
            self._watch_thread = Watch(self.console.house, self.writer, self._take, self._scanned, self._failed)
        return self._watch_thread

    def poke(self) -> None:
        """Read again: something was changed here."""
        self.watch_thread.poked = True

    @property
    def writer(self) -> TickWriter:
        """Who writes the ticks."""
        if self._writer is None:
            self._writer = TickWriter(self.console.house, self._not_written)
        return self._writer

    def _not_written(self, number: int, line: str) -> None:
        """A tick could not be written: what is on the disk counts.  Called in the writer's thread."""

        def told() -> None:
            self.checklist.unmark(number)
            self.console.say(line, danger=True)
            self.poke()

        self.console.call_later(told)

    def _scanned(self, progress: DeliveriesProgress | None) -> None:
        before, self.scanning = self.scanning, progress
        if before is not None and progress is None:
            self.console.say("the scan of the deliveries has ended")
        elif before is None and progress is not None:
            self.hush()
        if not self.checklist.rows:
            self.show_rows()
        self.console.tell()

    def _failed(self, line: str) -> None:
        if line != self.trouble:
            self.trouble = line
            if not self.checklist.read:
                self.list.nothing = line
                self._show()
            self.console.tell()

    def _take(self, found: Read) -> None:
        self.trouble = ""
        self.checklist.take(found)
        if self.opened is not None:
            self._take_below(self.opened)
        top = self.opened is None and self.list.cursor == 0 and self.list.range_from is None
        self.show_rows()
        if top:
            self.list.go(0)  # who stands on top finds there what has come on top
        self.sum_up()

    def _take_below(self, opened: Opened) -> None:
        """The delivery that is open may be another one now."""
        row = self.checklist.of(opened.row.delivery.id)
        if row is None:
            self.opened = None
            self.console.say("this delivery is not there any more")
        elif row != opened.row:
            again = row.delivery != opened.row.delivery
            opened.row = row
            if again:
                self.read_objects(opened)

    def sum_up(self) -> None:
        """Sum the ticked up anew, in a thread."""

        def done(found: Totals) -> None:
            self.checklist.totals = found
            self.console.tell()

        def work(turn: Turn) -> Totals:
            turn.wait(A_MOMENT)  # what the key did is painted first, and a later key's sums make these needless
            return self.checklist.totals if turn.stopped() else self.checklist.sum_up()

        self.console.feeds.read("ticked", work, done)

    def ticked(self, rows: Sequence[DeliveryRow], ticked: bool | None) -> None:
        """Have these ticked (or as the rules say): at once on screen, soon on the disk."""
        if not rows:
            return
        self.watch_thread.rest()
        number = self.writer.write(rows, ticked)
        self._repaint(self.checklist.mark(rows, ticked, number))

    def take_back(self) -> int:
        """Take the last change of ticks back, exactly; of how many deliveries on screen."""
        self.watch_thread.rest()
        as_now = self.checklist.put_back(self.writer.take_back(self.checklist.strokes[-1][0]))
        self._repaint(as_now)
        return len(as_now)

    def _repaint(self, as_now: Sequence[DeliveryRow]) -> None:
        source = self.list.source
        if self.opened is None and isinstance(source, Rows):
            for row in as_now:
                at = source.position_of(row.delivery.id)
                if at is not None:
                    source.all[at] = row
        self.list.repaint()
        self.sum_up()
        self.console.tell()

    # Showing

    def on_resize(self, event: Resize) -> None:
        """Other columns fit."""
        self._show()

    def show_rows(self, on: Hashable | None = None) -> None:
        """Bring the list up to date."""
        if self.console.room is self:
            self._show(on)
        else:
            self.console.tell()

    def _show(self, on: Hashable | None = None) -> None:
        if self.opened is not None:
            self._show_below(self.opened, on)
            return
        listed = self.checklist
        width = max(0, self.list.content_size.width - GUTTER)
        ascii, with_words, here = self.console.ascii_only, width >= words.SIGNS_BELOW, self.console.house.clock.now()
        rows, columns = listed.shown(), words.columns(width)
        told = names_told(listed.rows, stores=words.STORE not in dict(fitted(columns, width, gap=1)), ascii=ascii)

        def cells(row: words.ListRow) -> Cells:
            now = self.now(row) if isinstance(row, DeliveryRow) else here
            return words.list_cells(row, now, ascii=ascii, words=with_words, told=told)

        if listed.read:
            config = str(self.console.house.paths.config)
            said = basis.nothing_words(listed.sources, config, scanning=self.scanning is not None)
            self.list.nothing = "nothing passes the filter" if listed.rows else said
        self.list.sorted_by = (listed.by, listed.descending)
        self.show(Rows(rows, identity, cells), columns, on=on)
        if rows and isinstance(rows[0], words.Section):
            self.list.go(max(1, self.list.cursor))

    def _show_below(self, opened: Opened, on: Hashable | None) -> None:
        delivery, now, ascii = opened.row.delivery, self.now(opened.row), self.console.ascii_only
        if opened.line is not None:
            self.list.sorted_by = None
            lines = proof.evidence_rows(opened.line, delivery)
            evident = Rows(lines, proof.evidence_identity, lambda row: proof.evidence_cells(row, now, ascii=ascii))
            self.show(evident, proof.EVIDENCE, on=on)
            return
        self.list.sorted_by = (opened.by, opened.descending)
        rows = opened.shown()
        objects = Rows(rows, object_identity, lambda line: proof.object_cells(line, delivery, now, ascii=ascii))
        self.show(objects, proof.OBJECTS, on=on)

    def open(self, row: DeliveryRow) -> None:
        """Show a delivery's objects."""
        self.list.end_range()
        self.opened = Opened(row, row.delivery.id)
        self.list.nothing = "reading …"
        self._show()
        self.list.go(0)
        self.read_objects(self.opened)

    def read_objects(self, opened: Opened) -> None:
        """Read the objects of the delivery that is open, in a thread."""

        def work(_: Turn) -> list[ObjectLine]:
            from icehouse.services import deliveries

            return list(deliveries.objects(self.console.house, opened.row.delivery.id))

        def done(found: list[ObjectLine]) -> None:
            if self.opened is not opened:
                return
            opened.lines = found
            self.list.nothing = "nothing passes the filter" if found else "no object lies in it"
            if opened.line is not None:
                which = object_identity(opened.line)
                opened.line = next((line for line in found if object_identity(line) == which), None)
            self.show_rows()

        def failed(line: str) -> None:
            self.list.nothing = line
            self.console.say(line, danger=True)
            self.show_rows()

        self.console.feeds.read("objects", work, done, failed)

    def back(self) -> bool:
        """From the evidence to the objects, from those to the deliveries."""
        opened = self.opened
        if opened is None:
            return False
        if opened.line is not None:
            on = object_identity(opened.line)
            opened.line = None
        else:
            on, self.opened = opened.came_from, None
            self.console.feeds.drop("objects")
        self._show(on)
        return True

    def never_mind(self) -> bool:
        """End the filter, and what is left out."""
        opened, listed = self.opened, self.checklist
        if opened is not None:
            had = self.level == "objects" and bool(opened.filtered or opened.only_unfetched)
            if had:
                opened.filtered, opened.only_unfetched = "", False
        else:
            had = bool(listed.filtered or listed.only)
            listed.narrow("")
            listed.only = ""
        if had:
            self.hush()
            self._show()
        return had

    def hush(self) -> None:
        """What was said last makes room for what is shown now."""
        self.app.screen_stack[0].query_one(StatusLine).hush()

    def sign(self, line: Line) -> str:
        """The box has a column of its own."""
        return ""
