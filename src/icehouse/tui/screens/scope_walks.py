"""The ways down from a scope: containers, a folder by verdict, what one rule decided, a comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from icehouse.core.errors import IcehouseError
from icehouse.core.refs import FolderRef
from icehouse.core.rows import FolderRow, ObjectRow, Row
from icehouse.core.scope_rows import Difference, RuleLine
from icehouse.core.scopes import Cover, Verdict
from icehouse.core.text import safe
from icehouse.present import browse, differences, scopes, verdicts
from icehouse.present.cells import Cell, Tone
from icehouse.present.sizes import count, plural
from icehouse.tui.feeds import Turn
from icehouse.tui.sources import NO_ROWS, Line, Rows
from icehouse.tui.verdicts import Overlay

if TYPE_CHECKING:
    from icehouse.services.browse import FolderView

    from .scope import ScopeRoom

MOST = 10_000
"""Objects that are listed of what a rule decided, or of what is undecided right in one folder."""

PAGE = 1000


class Walk:
    """One step down from the rules; it shows itself in the room's list."""

    def __init__(self, room: ScopeRoom) -> None:
        self.room = room

    def place(self) -> list[str]:
        """Where that is, below the scope."""
        return []

    def standing(self) -> tuple[str, Tone] | None:
        """What there is to say about it, None for what there is about the scope."""
        return None

    def show(self, on: Hashable | None = None) -> None:
        """Fill the list."""
        raise NotImplementedError

    def renew(self) -> None:
        """The scope was counted anew."""
        here = self.room.list.current
        self.show(here.identity if here else None)

    def leave(self) -> None:
        """Something else is shown."""

    def details(self, here: Line) -> list[tuple[str, Cell]]:
        """All about a row."""
        row, console = here.row, self.room.console
        if not isinstance(row, FolderRow | ObjectRow):
            return []
        manner = console.known.manner(row.ref.store)
        return browse.details(row, self.room.now(), ascii=console.ascii_only, manner=manner)


class Containers(Walk):
    """The containers in which something is undecided."""

    def place(self) -> list[str]:
        """What these are."""
        return ["undecided"]

    def show(self, on: Hashable | None = None) -> None:
        """Those with something undecided, as the scope lists them."""
        told = self.room.scoping.standing
        rows = [scopes.Covered(line, only=True) for line in told.covers if line.sums.undecided.objects] if told else []
        self.room.list.nothing = "nothing is undecided"
        self.room.show(Rows(rows, scopes.identity, self.room._cells), scopes.SCOPE, on=on)


class Decided(Walk):
    """What one rule decided, object by object."""

    def __init__(self, room: ScopeRoom, line: RuleLine) -> None:
        super().__init__(room)
        self.line = line
        self._whole = False

    def place(self) -> list[str]:
        """The rule's number."""
        return [f"rule {self.line.number}"]

    def standing(self) -> tuple[str, Tone]:
        """How many are shown of how many."""
        shown, all_ = self.room.list.source.count, self.line.sums.objects
        cut = "" if shown >= all_ else f"the first {count(shown)} of "
        what = {Verdict.KEEP: "kept", Verdict.SKIP: "skipped"}[self.line.rule.verdict]
        return f"{cut}{plural(all_, 'object')} {what}: {safe(self.line.rule.reason)}", Tone.FAINT

    def show(self, on: Hashable | None = None) -> None:
        """Read them page by page."""
        room, number, scoping = self.room, self.line.number - 1, self.room.scoping
        room.show(NO_ROWS, verdicts.DECIDED)
        room.list.nothing = "reading …"
        judges = scoping.judges()

        def work(turn: Turn) -> list[ObjectRow]:
            found: list[ObjectRow] = []
            for judge in judges():
                after = 0
                while not turn.stopped() and len(found) < MOST:
                    page = judge.objects(None, rule=number, after=after, limit=min(PAGE, MOST - len(found)))
                    found.extend(page)
                    if len(page) < PAGE:
                        break
                    after = page[-1].number
                    so_far = tuple(found)
                    turn.tell(lambda rows=so_far: self._put(rows, on))  # type: ignore[misc]
                judge.close()
            return found

        room.console.feeds.read("scope-walk", work, lambda rows: self._put(rows, on))

    def _put(self, rows: Sequence[ObjectRow], on: Hashable | None) -> None:
        now, verdict = self.room.now(), self.line.rule.verdict
        self.room.list.nothing = "this rule decides nothing"
        self.room.show(
            Rows(rows, lambda row: row.ref, lambda row: verdicts.decided_cells(row, verdict, now)),
            verdicts.DECIDED,
            on=on,
        )

    def renew(self) -> None:
        """The rule's number may be another's now; what was read stays."""

    def leave(self) -> None:
        """Nobody waits any more."""
        self.room.console.feeds.drop("scope-walk")


class Compared(Walk):
    """What differs between two scopes."""

    def __init__(self, room: ScopeRoom, found: Difference) -> None:
        super().__init__(room)
        self.found = found

    def place(self) -> list[str]:
        """What this is."""
        return ["compared"]

    def standing(self) -> tuple[str, Tone]:
        """The whole of it."""
        return differences.difference_line(self.found), Tone.FAINT

    def show(self, on: Hashable | None = None) -> None:
        """Totals, then folders."""
        names = self.room.console.known.names
        rows = differences.difference_rows(self.found)
        source = Rows(rows, differences.identity, lambda row: differences.difference_cells(row, names))
        self.room.show(source, differences.DIFFERENCE, on=on)

    def renew(self) -> None:
        """What was compared stays what it was."""


class Tree(Walk):
    """One folder with the verdict of everything in it; `only` shows what is not decided, and nothing else."""

    def __init__(self, room: ScopeRoom, folder: FolderRef, *, only: bool) -> None:
        super().__init__(room)
        self.folder, self.only = folder, only
        self._view: FolderView | None = None
        self._overlay: Overlay | None = None
        self._trouble = ""
        self._cut = False

    @property
    def cover(self) -> Cover:
        """The container."""
        return Cover(self.folder.store, self.folder.container)

    def place(self) -> list[str]:
        """The container by what people call it, and the folders."""
        called = self.room.console.known.called(self.folder.store, self.folder.container)
        parts = [f"{self.folder.store}:{called}", *self.folder.prefix.split("/")[:-1]]
        shown: list[str] = [safe(part) for part in parts]
        return [*shown[:-1], shown[-1] + "/"]

    def standing(self) -> tuple[str, Tone] | None:
        """What is open below here."""
        if self._trouble:
            return self._trouble, Tone.DANGER
        found = self._overlay.folder(self.folder.prefix) if self._overlay else None
        if found is None:
            return "reading …", Tone.FAINT
        edits = "not saved · " if self.room.scoping.edits else ""
        shown = "only what is undecided (o: all) · " if self.only else ""
        cut = f"the first {count(MOST)} objects · " if self._cut else ""
        filtered = f" · filter {safe(self._view.filtered_by)}" if self._view and self._view.filtered_by else ""
        told = f"{edits}{shown}{cut}{plural(found.undecided.objects, 'object')} undecided here{filtered}"
        return told, Tone.DANGER if found.undecided.objects else Tone.FAINT

    def details(self, here: Line) -> list[tuple[str, Cell]]:
        """All about the row, its verdict first."""
        row = here.row
        lines = super().details(here)
        if self._overlay is None or not isinstance(row, FolderRow | ObjectRow):
            return lines
        said = self._overlay.said([row])[0]
        if isinstance(row, FolderRow):
            found = self._overlay.folder(row.ref.prefix)
            return [*(verdicts.sums_lines(found) if found else []), ("", Cell("")), *lines]
        if isinstance(said.found, Verdict):
            by = f", by rule {said.rule}: {said.words}" if said.rule is not None else ": no rule decides"
            tone = verdicts.tone(said.found.value)
            lines.insert(0, ("verdict", Cell(f"{said.found.value}{by}", tone, ours=False)))
        return lines

    def show(self, on: Hashable | None = None) -> None:
        """Open the folder in the catalogue, and its verdicts."""
        room, console, folder = self.room, self.room.console, self.folder
        room.show(NO_ROWS, verdicts.TREE)
        room.list.nothing = "reading …"
        open_overlay = room.scoping.opener(self.cover)

        def work(turn: Turn) -> tuple[FolderView, Overlay, list[Row] | None]:
            from icehouse.services import browse as services

            view = services.open_folder(console.house, folder, lambda: turn.tell(self.reordered, always=True))
            if view is None:
                raise NotScanned(f"{folder.store}:{folder.container}: never scanned; S scans it")
            overlay = open_overlay(view)
            rows = _undecided(view, overlay, turn) if self.only else None
            return view, overlay, rows

        def done(found: tuple[FolderView, Overlay, list[Row] | None]) -> None:
            self._drop()
            self._view, self._overlay, rows = found
            self._trouble = ""
            self._put(rows, on)

        def failed(line: str) -> None:
            self._trouble = line
            room.list.nothing = "can't be shown"
            room.list.repaint()
            console.tell()

        console.feeds.read("scope-walk", work, done, failed)

    def _put(self, rows: list[Row] | None, on: Hashable | None) -> None:
        view, overlay, room = self._view, self._overlay, self.room
        if view is None or overlay is None:
            return
        room.list.nothing = "nothing is undecided here" if self.only else "empty"
        if rows is None:
            room.list.sorted_by = view.sorted_by
            room.show(Judged(view, overlay), verdicts.TREE, on=on)
            return
        self._cut = sum(isinstance(row, ObjectRow) for row in rows) >= MOST
        names = Counter(row.name for row in rows if isinstance(row, ObjectRow))

        def cells(row: Row) -> Sequence[Cell]:
            return verdicts.tree_cells(row, overlay.said([row])[0], alike=names[row.name] > 1)

        room.list.sorted_by = None
        room.show(Rows(rows, lambda row: row.ref, cells), verdicts.TREE, on=on)

    def reordered(self) -> None:
        """A large folder's new order is there."""
        if self.room.level is self and not self.only:
            self._put(None, None)

    def turn_only(self) -> None:
        """Only what is undecided, or everything."""
        self.only = not self.only
        here = self.room.list.current
        self.show(here.identity if here else None)

    def narrow(self, text: str) -> None:
        """Filter what is listed.  UsageError for a wrong word."""
        if self._view is not None:
            self._view.filter(text)
            self.only = False
            self._put(None, None)

    def unfilter(self) -> bool:
        """End the filter; whether there was one."""
        if self._view is None or not self._view.filtered_by:
            return False
        self.narrow("")
        return True

    @property
    def filtered(self) -> str:
        """The filter in force."""
        return self._view.filtered_by if self._view is not None else ""

    def sort(self) -> None:
        """Order by the next of name, size and objects."""
        if self._view is None or self.only:
            return
        by = {"name": "size", "size": "objects"}.get(self._view.sorted_by[0], "name")
        self._view.sort(by, by != "name")  # type: ignore[arg-type]
        self._put(None, None)

    def leave(self) -> None:
        """Give the files back."""
        self.room.console.feeds.drop("scope-walk")
        self.room.list.show(NO_ROWS)
        self._drop()

    def _drop(self) -> None:
        if self._view is not None:
            self._view.close()
        if self._overlay is not None:
            self._overlay.close()
        self._view = self._overlay = None


class Judged:
    """A folder of the catalogue as a source, with its verdicts; what is in view is looked up."""

    def __init__(self, view: FolderView, overlay: Overlay) -> None:
        self._view, self._overlay = view, overlay

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._view.count

    def rows(self, start: int, n: int) -> Sequence[Line]:
        """Rows by position."""
        found = self._view.rows(start, n)
        near = found
        if any(isinstance(row, ObjectRow) and row.ref.version for row in found):
            near = self._view.rows(max(0, start - 1), n + 2)
        names = Counter(row.name for row in near if isinstance(row, ObjectRow))
        told = zip(found, self._overlay.said(found), strict=True)
        return [Line(row.ref, row, verdicts.tree_cells(row, said, alike=names[row.name] > 1)) for row, said in told]

    def position_of(self, identity: Hashable) -> int | None:
        """Where that object or folder stands."""
        from icehouse.core.refs import Ref

        return self._view.position_of(identity) if isinstance(identity, Ref | FolderRef) else None


class NotScanned(IcehouseError):
    """There is no catalogue to walk through."""


def _undecided(view: FolderView, overlay: Overlay, turn: Turn) -> list[Row]:
    """The folders with something undecided below them, and the objects right here that no rule decides."""
    kept: list[Row] = []
    objects = 0
    start = 0
    while start < view.count and not turn.stopped() and objects < MOST:
        page = view.rows(start, PAGE)
        if not page:
            break
        for row, said in zip(page, overlay.said(page), strict=True):
            if said.open:
                kept.append(row)
                objects += isinstance(row, ObjectRow)
        start += len(page)
        overlay.forget_objects()
    return kept
