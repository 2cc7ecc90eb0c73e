"""Scope: the rules of a backup scope with what each decides, and the way down into what they say, folder by folder."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from icehouse.core.clock import Instant
from icehouse.core.refs import FolderRef
from icehouse.core.rows import FolderRow, ObjectRow
from icehouse.core.scope_rows import CoverLine, RuleLine, ScopeLine
from icehouse.core.text import safe
from icehouse.present import scopes as words
from icehouse.present.browse import coverage_line
from icehouse.present.cells import Cell, Cells, Tone
from icehouse.present.rules import conditions
from icehouse.present.sizes import money, plural, size
from icehouse.present.times import since
from icehouse.present.verdicts import sums_lines
from icehouse.present.why import MORE
from icehouse.tui.actions import Situation
from icehouse.tui.scoping import Scoping
from icehouse.tui.sources import NO_ROWS, Line, Rows

from .room import Room
from .scope_verbs import VERBS
from .scope_walks import Compared, Tree, Walk


@dataclass(frozen=True, slots=True)
class Came:
    """Where one came from, and the row that led on."""

    level: Walk | str
    on: Hashable | None


class ScopeRoom(Room):
    """The list of scopes, the one that is open, or what one of its rows leads to."""

    room: ClassVar[str] = "scope"
    title: ClassVar[str] = "Scope"
    columns = words.SCOPES

    def __init__(self) -> None:
        super().__init__()
        self.level: Walk | str = "scopes"
        """``scopes``, ``rules``, or the walk that is under way."""
        self.came: list[Came] = []
        self._turn = 0

    @property
    def scoping(self) -> Scoping:
        """The scopes, and the one that is being worked on."""
        return self.console.scoping

    def now(self) -> Instant:
        """The host's time."""
        return self.console.house.clock.now()

    def verb(self, action_id: str) -> Callable[[], None] | None:
        """What that action does here."""
        found = VERBS.get(action_id)
        return partial(found, self) if found else None

    # Words

    def place(self) -> list[str]:
        """The scope, and how far down in it one is."""
        if self.level == "scopes" or not self.scoping.name:
            return ["Scope"]
        parts = ["Scope", safe(self.scoping.name)]
        return [*parts, *self.level.place()] if isinstance(self.level, Walk) else parts

    def standing(self) -> tuple[str, Tone]:
        """What is undecided, whether that is saved, and what went wrong."""
        scoping = self.scoping
        if scoping.trouble:
            return scoping.trouble, Tone.DANGER
        if self.level == "scopes" or not scoping.name:
            return scoping.asking or "a scope says what must be backed up, what need not, and why", Tone.FAINT
        if isinstance(self.level, Walk) and (told := self.level.standing()):
            return told
        edits = f"{plural(scoping.edits, 'change')} not saved: W saves, z undoes · " if scoping.edits else ""
        if scoping.standing is None:
            return edits + (scoping.asking or "not counted yet"), Tone.WAY if edits else Tone.FAINT
        open_ = words.undecided_words(scoping.standing)
        tone = Tone.WAY if edits else Tone.DANGER if scoping.standing.undecided.objects else Tone.FAINT
        return f"{edits}{open_}{f' · {scoping.asking}' if scoping.asking else ''}", tone

    def situation(self) -> Situation:
        """The scope, the row, and where in a container one is."""
        scoping, level = self.scoping, self.level
        folder = level.folder if isinstance(level, Tree) else None
        told = replace(
            super().situation(), scope="" if level == "scopes" else scoping.name, edits=scoping.edits,
            rules=len(scoping.rules), covered=level != "scopes",
        )  # fmt: skip
        if folder is not None:
            told = replace(
                told, store=folder.store, container=folder.container, prefix=folder.prefix, scanned=True
            )  # fmt: skip
        row = told.row
        if isinstance(row, FolderRow | ObjectRow) and not told.container:
            told = replace(told, store=row.ref.store, container=row.ref.container)
        return told

    def position(self) -> str:
        """Sections are no positions."""
        return "" if self.level == "rules" or isinstance(self.level, Compared) else super().position()

    def details(self) -> list[tuple[str, Cell]]:
        """All about the row."""
        here = self.list.current
        if here is None:
            return []
        if isinstance(self.level, Walk):
            return self.level.details(here)
        row = here.row
        if isinstance(row, ScopeLine):
            return self._scope_details(row)
        if isinstance(row, words.Ruled | words.Problem):
            return self._rule_details(row.line)
        if isinstance(row, words.Covered):
            return self._cover_details(row.line)
        if isinstance(row, words.Open):
            where = words.folder_words(row.open.folder, self.console.known.names)
            return [("folder", Cell(where, ours=False)), ("", Cell("no rule decides anything in it"))]
        if isinstance(row, words.Undecided | words.Perhaps):
            return [(label, Cell(said)) for label, said in words.ABOUT_UNDECIDED]
        return []

    def _cover_details(self, line: CoverLine) -> list[tuple[str, Cell]]:
        """What is covered, how old and whole its catalogue is, what is not told there, and the verdicts."""
        folder = FolderRef(line.cover.store, line.cover.container, "")
        lines = [
            ("covers", Cell(words.folder_words(folder, self.console.known.names), Tone.STRONG, ours=False)),
            (MORE, Cell(safe(str(line.cover)), Tone.FAINT, ours=False)),
            ("", Cell(coverage_line(line.coverage, None, self.now()))),
        ]
        if line.untold:
            told = f"{', '.join(line.untold)}: a rule that asks this decides nothing here"
            lines.append(("not told", Cell(safe(told), Tone.WAY, ours=False)))
        return [*lines, ("", Cell("")), *sums_lines(line.sums)]

    def _scope_details(self, row: ScopeLine) -> list[tuple[str, Cell]]:
        lines: list[tuple[str, Cell]] = [
            ("scope", Cell(safe(row.name), Tone.STRONG, ours=False)),
            ("file", Cell(safe(str(row.path)), ours=False)),
        ]
        if row.error:
            lines.append(("wrong", Cell(safe(row.error), Tone.DANGER, ours=False)))
        names = self.console.known.names
        for number, cover in enumerate(row.covers):
            folder = FolderRef(cover.store, cover.container, "")
            lines.append((MORE if number else "covers", Cell(words.folder_words(folder, names), ours=False)))
        if row.saved:
            lines.append(("saved", Cell(since(row.saved, self.now()))))
        return lines

    def _rule_details(self, line: RuleLine) -> list[tuple[str, Cell]]:
        rule = line.rule
        lines: list[tuple[str, Cell]] = [
            ("rule", Cell(f"{line.number} · {rule.verdict.value}", Tone.STRONG)),
            ("because", Cell(safe(rule.reason), ours=False)),
        ]
        if rule.preset:
            lines.append(("preset", Cell(safe(rule.preset), ours=False)))
        for number, said in enumerate(conditions(rule, self.console.known.names) or ["everything"]):
            lines.append((MORE if number else "takes", Cell(said, ours=False)))
        if rule.objects:
            lines.append(("by hand", Cell(plural(len(rule.objects), "object"))))
        if self.scoping.standing is not None:
            lines.append(("decides", Cell(f"{plural(line.sums.objects, 'object')}, {size(line.sums.bytes)}")))
        if line.cost is not None and self.scoping.scope is not None:
            lines.append(("a copy", Cell(f"{money(line.cost)} a month in {safe(self.scoping.scope.copy_class)}")))
        if line.problem:
            lines.append(("problem", Cell(safe(line.problem), Tone.DANGER, ours=False)))
        if rule.origin.file:
            included = " (included: edited there)" if rule.origin.included else ""
            lines.append(
                ("written", Cell(safe(f"{rule.origin.file}, rule {rule.origin.number}{included}"), ours=False))
            )
        return lines

    def sign(self, line: Line) -> str:
        """The mark of a row."""
        return self.console.marked.sign(line.identity)

    # Going

    def entered(self) -> None:
        """Read the scopes; the only one is opened at once."""
        if isinstance(self.level, Walk):
            self.level.show()
            return
        self.list.nothing = "" if self.scoping.loaded else "reading …"
        self._show()
        self.scoping.load()

    def scoped(self) -> None:
        """The scopes were read, one was opened or counted: bring the list up to date."""
        scoping = self.scoping
        if self.level == "scopes" and scoping.name and not self.came and scoping.fresh_open:
            scoping.fresh_open = False
            self.level = "rules"
        if isinstance(self.level, Walk):
            if self._turn != scoping.turn and self.console.room is self:
                self.level.renew()
        elif self.console.room is self:
            self._show()
        self._turn = scoping.turn
        self.console.tell()

    def go(self, level: Walk | str, *, on: Hashable | None = None) -> None:
        """Go on to `level`; q comes back to the row that led there."""
        here = self.list.current
        self.came.append(Came(self.level, here.identity if here else None))
        self._to(level, on)

    def back(self) -> bool:
        """To where one came from; from the rules to the list of scopes, where there are several."""
        if self.came:
            came = self.came.pop()
            self._to(came.level, came.on)
            return True
        if self.level == "rules" and len(self.scoping.lines) > 1:
            self._to("scopes", self.scoping.path)
            return True
        return False

    def never_mind(self) -> bool:
        """End the filter of a tree."""
        return isinstance(self.level, Tree) and self.level.unfilter()

    def _to(self, level: Walk | str, on: Hashable | None) -> None:
        if isinstance(self.level, Walk):
            self.level.leave()
        self.level = level
        self.list.end_range()
        self.list.sorted_by = None
        self.list.nothing = ""
        if isinstance(level, Walk):
            level.show(on)
        else:
            self._show(on)
        self.console.tell()

    def _show(self, on: Hashable | None = None) -> None:
        scoping = self.scoping
        if self.level == "scopes":
            self.list.nothing = NO_SCOPE.format(folder=safe(str(scoping.folder))) if scoping.loaded else "reading …"
            now = self.now()
            cells: Callable[[ScopeLine], Cells] = lambda line: words.scope_line_cells(line, now)  # noqa: E731
            self.show(Rows(scoping.lines, lambda line: line.path, cells), words.SCOPES, on=on)
            return
        if scoping.scope is None:
            self.list.nothing = "reading …"
            self.show(NO_ROWS, words.SCOPE)
            return
        rows = words.scope_rows(scoping.rules, scoping.covered, scoping.standing, scoping.folders)
        self.show(Rows(rows, words.identity, self._cells), words.SCOPE, on=on)

    def _cells(self, row: words.ScopeRow) -> Sequence[Cell]:
        return words.scope_cells(row, self.now(), names=self.console.known.names)


NO_SCOPE = (
    "No backup scope yet.  A scope is a file of rules that say what must be backed up,\n"
    "what need not, and why; what no rule decides is shown until somebody does.\n \n"
    "n makes one from presets.  It is kept in {folder}"
)
"""What the list says where there is no scope."""
