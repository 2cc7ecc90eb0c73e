"""Changes: what the scans of a folder found other than before, the newest first; Browse stays where it was."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from icehouse.core.changes import KINDS, Change, ChangeKind
from icehouse.core.clock import Instant
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.text import safe
from icehouse.present import changes as words
from icehouse.present.cells import Cell, Tone
from icehouse.tui.actions import Situation
from icehouse.tui.feeds import Turn
from icehouse.tui.sources import NO_ROWS, Line

from . import choosing
from .browse import Browse
from .place import Place
from .room import Room

if TYPE_CHECKING:
    from icehouse.services.changes import ChangeList, Heading


class Found:
    """The list as a source; a million changes cost what is in view."""

    def __init__(self, found: ChangeList, now: Callable[[], Instant], *, ascii: bool) -> None:
        self.all = found
        self._now = now
        self._ascii = ascii

    @property
    def count(self) -> int:
        """How many rows there are, the headings among them."""
        return self.all.count

    def rows(self, start: int, n: int) -> Sequence[Line]:
        """Rows by position."""
        return [self._line(row) for row in self.all.rows(start, n)]

    def position_of(self, identity: Hashable) -> int | None:
        """Where that change or heading stands."""
        if not isinstance(identity, tuple):
            return None
        comparison, number = identity
        return self.all.position_of(comparison, number)

    def _line(self, row: Heading | Change) -> Line:
        if isinstance(row, Change):
            cells = words.change_cells(row, self._now(), below=self.all.folder.prefix, ascii=self._ascii)
            return Line((row.comparison, row.number), row, cells)
        cells = words.heading_cells(row.comparison, row.sums, self._now(), filtered=bool(self.all.kinds))
        return Line((row.comparison.number, 0), row, cells)


class Changes(Room):
    """The changes below one folder, of every kind or of one."""

    room: ClassVar[str] = "changes"
    title: ClassVar[str] = "Changes"
    columns = words.CHANGE

    def __init__(self) -> None:
        super().__init__()
        self.folder: FolderRef | None = None
        self.kind: ChangeKind | None = None
        self.reading = False
        self._found: ChangeList | None = None
        self._there: list[ChangeKind] = []
        """The kinds that there are, whichever is shown."""
        self._seen_scan: tuple[object, ...] = ()

    # Words

    def place(self) -> list[str]:
        """The folder, and that it is about its changes."""
        if self.folder is None:
            return [self.title]
        called = self.console.known.called(self.folder.store, self.folder.container)
        parts = [self.folder.store, called, *self.folder.prefix.split("/")[:-1]]
        return [*(safe(part) for part in parts), "changes"]

    def standing(self) -> tuple[str, Tone]:
        """How many scans found something here."""
        if self.reading and self._found is None:
            return "reading …", Tone.FAINT
        if self._found is None:
            return words.NEVER_SCANNED + " · S scans", Tone.WAY
        changed = sum(bool(heading.objects) for heading in self._found.headings)
        return words.standing_line(changed, self._found.known, self.kind), Tone.FAINT

    def situation(self) -> Situation:
        """The folder, the change and the kind."""
        folder = self.folder or FolderRef("", "", "")
        scan = self.console.news.scan_of(folder.store, folder.container)
        return replace(
            super().situation(), store=folder.store, container=folder.container, prefix=folder.prefix,
            kind=self.kind.value if self.kind else "", scanning=scan is not None and scan.running,
        )  # fmt: skip

    def details(self) -> list[tuple[str, Cell]]:
        """All that is known about the change."""
        here = self.list.current
        if here is None:
            return []
        row, now = here.row, self._now()
        if isinstance(row, Change):
            headings = self._found.headings if self._found else []
            of = next((each.comparison for each in headings if each.comparison.number == row.comparison), None)
            return words.change_details(row, of, now)
        heading = cast("Heading", row)
        return words.heading_details(heading.comparison, heading.sums, now)

    def _now(self) -> Instant:
        return self.console.house.clock.now()

    # Reading

    def ask(self, folder: FolderRef) -> None:
        """Show what changed below that folder."""
        if folder != self.folder:
            self.kind = None
        self.folder = folder
        self._drop()
        self.show(NO_ROWS)
        self.list.go(0)
        self.console.show_room(self.room)
        self.read()

    def read(self) -> None:
        """Read what is on record now; the cursor stays on its change."""
        folder, kind = self.folder, self.kind
        if folder is None:
            return
        self.reading, self.list.nothing = True, "reading …"
        self._seen_scan = self._scan()
        house = self.console.house

        def work(_: Turn) -> ChangeList | None:
            from icehouse.services.changes import open_changes

            return open_changes(house, folder, kinds=[kind] if kind else [])

        def done(found: ChangeList | None) -> None:
            self.reading = False
            before, self._found = self._found, found
            if kind is None:
                told = {each for heading in found.headings for each in heading.sums} if found else set()
                self._there = [each for each in KINDS if each in told]
            self.list.nothing = words.NEVER_SCANNED if found is None else words.NEVER_COMPARED
            source = NO_ROWS if found is None else Found(found, self._now, ascii=self.console.ascii_only)
            self.show(source)
            if before is not None:
                before.close()

        def failed(line: str) -> None:
            self.reading = False
            self.list.nothing = "could not be read"
            self.console.say(line, danger=True)
            self.console.tell()

        self.console.feeds.read("changes", work, done, failed)

    def changed(self) -> None:
        """A scan of this container has ended: what it found belongs to the list."""
        if self.folder is None or self.console.room is not self or self.reading:
            return
        if self._scan() != self._seen_scan:
            self.read()

    def left(self) -> None:
        """Nobody looks any more."""
        self.console.feeds.drop("changes")
        self._drop()

    def never_mind(self) -> bool:
        """All kinds again, else back to where one was."""
        if self.kind is not None:
            self.kind = None
            self.read()
        else:
            self.console.show_room("browse")
        return True

    def _drop(self) -> None:
        self.reading = False
        if self._found is not None:
            self.show(NO_ROWS)
            self._found.close()
            self._found = None

    def _scan(self) -> tuple[object, ...]:
        assert self.folder is not None
        scan = self.console.news.scan_of(self.folder.store, self.folder.container)
        return (scan.complete, scan.running, scan.started) if scan else ()

    # Verbs

    def do_open(self) -> None:
        """Open the folder that holds it, with the cursor on it where it is there."""
        row = self.list.current.row if self.list.current else None
        browse = self.console.rooms["browse"]
        if not isinstance(row, Change) or not isinstance(browse, Browse):
            return
        ref = row.ref
        on = Ref(ref.store, ref.container, ref.key, row.after.version if row.after else ref.version)
        self.console.show_room("browse")
        browse.go(Place(ref.store, ref.container, ref.key[: ref.key.rfind("/") + 1]), on=on)

    def do_only(self) -> None:
        """The next kind that there is, and all again behind the last one."""
        if not self._there:
            self.console.say("nothing changed here, so there is nothing to choose from")
            return
        behind = self._there if self.kind is None else self._there[self._there.index(self.kind) + 1 :]
        self.kind = next(iter(behind), None)
        self.read()

    def do_scan(self) -> None:
        """Scan the container anew."""
        if self.folder is not None:
            choosing.start_scan(self, self.folder.store, self.folder.container)

    def do_refresh(self) -> None:
        """Read again."""
        self.read()
