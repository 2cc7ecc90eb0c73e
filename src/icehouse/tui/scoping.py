"""The scopes as the console knows them: which is worked on, what it decides, and changes that are not saved yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from icehouse.core.errors import IcehouseError, UsageError
from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.scopes import Cover, Scope, Verdict, VerdictSums
from icehouse.core.text import safe
from icehouse.present.sizes import percent, plural

from .feeds import Turn
from .verdicts import Overlay

if TYPE_CHECKING:
    from icehouse.core.scope_rows import (
        Changes,
        CoverLine,
        Difference,
        Explanation,
        OpenFolder,
        RuleLine,
        ScopeLine,
        ScopeStanding,
    )
    from icehouse.services.browse import FolderView
    from icehouse.services.scope_drafts import Draft
    from icehouse.services.scope_verdicts import Verdicts
    from icehouse.services.scopes import Opened

    from .app import Console

LARGEST = 5
"""Open folders that are named under what is undecided."""


class Scoping:
    """The scopes, the one that is open, and its draft.  For the screen's thread; what takes time goes to the feeds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._house = console.house
        self.folder = console.house.paths.scopes
        self.lines: list[ScopeLine] = []
        self.changes: list[Changes] = []
        self.loaded = False
        self.fresh_open = False
        """Whether a scope was opened by itself, as it is the only one."""
        self.trouble = ""
        self.asking = ""
        self.standing: ScopeStanding | None = None
        self.covered: tuple[CoverLine, ...] = ()
        self.folders: tuple[OpenFolder, ...] = ()
        self._rules: tuple[RuleLine, ...] = ()
        self.turn = 0
        """Grows whenever something was counted: verdicts may be others than before."""
        self._draft: Draft | None = None
        self._seen: tuple[object, ...] = ()

    # What is open

    @property
    def name(self) -> str:
        """The name of the scope that is open, raw; "" where none is."""
        return self.scope.name if self.scope is not None else ""

    @property
    def called(self) -> str:
        """Its name, and whether it is not saved; raw."""
        return f"{self.name} (not saved)" if self.edits else self.name

    @property
    def path(self) -> Path | None:
        """Its file."""
        return self._draft.path if self._draft is not None else None

    @property
    def scope(self) -> Scope | None:
        """The scope as it is in hand, with what is not saved."""
        return self._draft.opened.scope if self._draft is not None else None

    @property
    def edits(self) -> int:
        """How many changes are not saved."""
        return self._draft.edits if self._draft is not None else 0

    @property
    def rules(self) -> tuple[RuleLine, ...]:
        """The rules, without numbers for as long as nothing is counted."""
        return self.standing.rules if self.standing is not None else self._rules

    def covers(self, store: str, container: str) -> bool:
        """Whether the scope that is open covers that container."""
        return self.scope is not None and Cover(store, container) in self.scope.covers

    def outside(self, marks: Sequence[Mark]) -> list[Mark]:
        """Those marks that the scope does not cover."""
        return [mark for mark in marks if not self.covers(mark.target.store, mark.target.container)]

    def news(self) -> str:
        """What is not saved, or what nobody has decided about since the last review; "" where there is neither."""
        if self.edits:
            return f"scope {safe(self.name)}: {plural(self.edits, 'change')} not saved · 2 shows"
        if not self.changes:
            return ""
        from icehouse.present.scopes import changes_line

        return changes_line(self.changes)

    # Reading

    def load(self) -> None:
        """Read the scopes; the first that can be read is opened where none is."""

        def then() -> None:
            good = [line for line in self.lines if not line.error]
            if self._draft is None and good:
                self.fresh_open = len(self.lines) == 1
                self.open(good[0].path)
            elif self._draft is not None and not self.edits:
                self.open(self._draft.path)

        self._read_lines(then)

    def _read_lines(self, then: Callable[[], None] | None = None) -> None:
        """Read what the files say, and what is undecided since they were reviewed."""
        house = self._house

        def work(_: Turn) -> tuple[list[ScopeLine], list[Changes]]:
            from icehouse.services.scope_reviews import all_changes
            from icehouse.services.scopes import scopes

            return scopes(house), all_changes(house)

        def done(found: tuple[list[ScopeLine], list[Changes]]) -> None:
            self.lines, self.changes = found
            self.loaded = True
            if then is not None:
                then()
            self._tell()

        self._console.feeds.read("scopes", work, done, self._failed)

    def open(self, path: Path) -> None:
        """Work on the scope in that file, where it was left; what is not saved of another one is kept for later."""
        house = self._house

        def work(_: Turn) -> Draft:
            from icehouse.services.scope_drafts import Draft
            from icehouse.services.scopes import open_path

            return Draft.resumed(house, open_path(path))

        def done(draft: Draft) -> None:
            same = self._draft is not None and self._draft.opened.text == draft.opened.text and self.path == path
            if not same:
                self._draft = draft
                self.standing, self.folders = None, ()
            self.count()

        self._console.feeds.read("scope-open", work, done, self._failed)

    def count(self) -> None:
        """Count what is in hand: at once what stands already, then what has to be applied."""
        draft = self._draft
        if draft is None:
            return
        from icehouse.core.scope_rows import RuleLine

        house, opened = self._house, draft.opened
        self._seen = self._scans()
        self.trouble, self.asking = "", "counting …"
        self._rules = tuple(RuleLine(number, rule) for number, rule in enumerate(opened.scope.rules, 1))
        self._tell()

        def work(turn: Turn) -> tuple[ScopeStanding, list[OpenFolder]]:
            from icehouse.services import scope_verdicts as services

            def progress(cover: Cover, done: int, of: int) -> None:
                words = f"counting {safe(cover.container)}, {percent(done, of)} …"
                turn.tell(lambda: self._asks(words))

            rules, covers = services.rule_lines(opened), services.cover_lines(house, opened)
            turn.tell(lambda: self._uncounted(rules, covers), always=True)
            known = services.standing(house, opened)
            if known is None or not known.fresh:
                known = services.apply(house, opened, progress=progress, stop=turn.stopped)
            return known, services.open_folders(house, opened, most=LARGEST)

        def done(found: tuple[ScopeStanding, list[OpenFolder]]) -> None:
            self.asking, self.standing, self.folders = "", found[0], tuple(found[1])
            self.turn += 1
            self._tell()
            if not self.edits:
                self._read_lines()

        self._console.feeds.read("scope-count", work, done, self._failed)

    def look_again(self) -> None:
        """A scan has moved on: count again where one that is covered has ended."""
        if self._draft is not None and self._scans() != self._seen:
            self.count()

    def _scans(self) -> tuple[object, ...]:
        """The scans that have ended, of what the scope covers."""
        ended = (each for each in self._console.news.scans if each.complete and not each.running)
        return tuple((e.store, e.container, e.updated) for e in ended if self.covers(e.store, e.container))

    def _uncounted(self, rules: tuple[RuleLine, ...], covers: tuple[CoverLine, ...]) -> None:
        self._rules, self.covered = rules, covers
        if self.standing is None:
            self._tell()

    def _asks(self, words: str) -> None:
        self.asking = words
        self._console.tell()

    def _failed(self, line: str) -> None:
        self.trouble, self.asking, self.loaded = line, "", True
        self._tell()

    def _tell(self) -> None:
        for room in self._console.rooms.values():
            room.scoped()
        self._console.tell()

    # For threads

    def judges(self) -> Callable[[], list[Verdicts]]:
        """What opens the verdicts of every container, in a thread; each is to be closed there."""
        house, opened = self._house, self._opened()

        def work() -> list[Verdicts]:
            from icehouse.services.scope_verdicts import verdicts

            found = [verdicts(house, opened, cover) for cover in opened.scope.covers]
            return [each for each in found if each is not None]

        return work

    def opener(self, cover: Cover) -> Callable[[FolderView | None], Overlay]:
        """What opens the verdicts beside a list of that container, in a thread.  UsageError where there are none."""
        house, opened, names = self._house, self._opened(), self._console.known.names

        def work(view: FolderView | None) -> Overlay:
            from icehouse.services.scope_verdicts import verdicts

            found = verdicts(house, opened, cover)
            if found is None:
                raise UsageError(f"{cover}: not counted yet")
            numbered = view is not None and found.numbers_hold(view.reader)
            return Overlay(found, opened.scope.rules, numbered=numbered, names=dict(names))

        return work

    def beside(self, folder: FolderRef, view: FolderView | None, done: Callable[[Overlay | None], None]) -> None:
        """Hand `done` the verdicts for a list of that folder, None where no scope tells."""
        if not self.covers(folder.store, folder.container):
            done(None)
            return
        work = self.opener(Cover(folder.store, folder.container))
        self._console.feeds.read("verdicts", lambda _: work(view), done, lambda _: done(None))

    def explainer(self, ref: Ref) -> Callable[[], Explanation]:
        """What explains one object, in a thread: it asks the store what a backup of it consists of."""
        house, opened = self._house, self._opened()

        def work() -> Explanation:
            from icehouse.services.scope_explain import explain

            return explain(house, opened, ref)

        return work

    def sums_of(self, folder: FolderRef) -> VerdictSums | None:
        """Everything below a folder by verdict, None where that is not known."""
        from icehouse.services.scope_explain import folder_sums

        try:
            return folder_sums(self._house, self._opened(), folder)
        except IcehouseError:
            return None

    def comparer(self, other: Path | None) -> Callable[[Callable[[], bool]], Difference]:
        """What compares the scope with another, or with its saved state (None), in a thread."""
        house, opened = self._house, self._opened()

        def work(stop: Callable[[], bool]) -> Difference:
            from icehouse.services.scope_diff import diff
            from icehouse.services.scopes import open_path

            if other is None:
                return diff(house, open_path(opened.path), opened, stop=stop)
            return diff(house, opened, open_path(other), stop=stop)

        return work

    def _opened(self) -> Opened:
        if self._draft is None:
            raise UsageError("no scope is open")
        return self._draft.opened

    # Changing

    def mark(self, marks: Sequence[Mark], verdict: Verdict, reason: str) -> str:
        """Make the first rule of these; what to say about it."""
        made = self._in_hand().mark(marks, verdict, reason)
        self._changed()
        which = "rule 1" if made == 1 else f"rules 1 to {made}"
        said = f"{verdict.value} {plural(len(marks), 'mark')}"
        return f"{which}: {said}; not saved: 2 shows what it changes, W there saves"

    def move(self, number: int, by: int) -> None:
        """Ask a rule earlier or later."""
        self._in_hand().move(number, number + by)
        self._changed()

    def drop(self, number: int) -> None:
        """Take a rule out."""
        self._in_hand().remove(number)
        self._changed()

    def undo(self) -> None:
        """Take back the last change."""
        self._in_hand().undo()
        self._changed()

    def save(self) -> str:
        """Write the file; where it was written."""
        draft = self._in_hand()
        draft.save()
        self._changed()
        return f"saved to {safe(str(draft.path))}"

    def create(self, name: str, covers: Sequence[Cover], presets: Sequence[str]) -> None:
        """Write a new scope beside the config, and open it."""
        house = self._house

        def work(_: Turn) -> Opened:
            from icehouse.services.scopes import make

            return make(house, name, covers, presets)

        def done(opened: Opened) -> None:
            self._console.say(f"made {safe(str(opened.path))}")
            self._draft = None
            self.standing, self.folders = None, ()
            self.open(opened.path)
            self.load()

        self._console.feeds.read("scope-make", work, done)

    def review(self) -> None:
        """Remember that what is undecided now was looked at."""
        house, opened = self._house, self._opened()

        def work(_: Turn) -> None:
            from icehouse.services.scope_reviews import review

            review(house, opened)

        def done(_: None) -> None:
            self._console.say(f"reviewed: what is undecided in {safe(opened.name)} now is no news any more")
            self.load()

        self._console.feeds.read("scope-review", work, done)

    def _in_hand(self) -> Draft:
        if self._draft is None:
            raise UsageError("no scope is open")
        return self._draft

    def _changed(self) -> None:
        self.standing = None
        self.count()
