"""The archive dialog: what would truly go cold, first by a sample of the copies, then by all of them; then a plan.

Looking copies up costs a call each, so it is asked for.  Only when all were looked at is there a plan to approve.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from icehouse.core.archives import ArchiveWish
from icehouse.core.marks import Mark
from icehouse.core.plans import Plan
from icehouse.core.states import State
from icehouse.present import archives as words
from icehouse.present.cells import Cells, Tone
from icehouse.present.restores import nothing_to_do
from icehouse.tui.actions.quoting import command
from icehouse.tui.feeds import Feeds, Turn
from icehouse.tui.known import Known
from icehouse.tui.sources import Rows

from .dialog import Choice, Paragraph, Words
from .planning import NOT_AS_TYPED, Among, ChosenDialog

if TYPE_CHECKING:
    from icehouse.services.archive import ArchiveSurvey, CopyLook, Preview
    from icehouse.services.house import House

SAMPLE = 100
"""Copies looked up without being asked: the quick answer."""

ALL_COPIES = {False: "all copies: no", True: "all copies: YES"}
"""Whether the copies in the account's other projects are archived as well."""

AROUND = 11
"""Lines of the dialog beside the preview's rows and the paragraphs."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A survey with the first answer about its copies; `each` is how many seconds a look at one took."""

    found: ArchiveSurvey
    copies: CopyLook
    each: float


class ArchiveDialog(ChosenDialog):
    """Send to the cold what is chosen, knowing what that will do."""

    groups: ClassVar[Sequence[str]] = ("archive", "archive-copies", "archive-plan")

    def __init__(self, house: House, feeds: Feeds, marks: Sequence[Mark], known: Known) -> None:
        super().__init__(house, feeds, marks, known)
        self._found: ArchiveSurvey | None = None
        self._copies: CopyLook | None = None
        self._preview: Preview | None = None
        self._each = 0.0
        self._wanted = self._left = 0
        """How many objects' copies the plan needs looked up, and how many of them were not."""
        self._all_copies = False

    def compose(self) -> ComposeResult:
        """Title, the preview, how far copies are known, filters, the plan, its command, and the choices."""
        with Vertical(classes="frame"):
            yield from self.about("Archive", snug=True)
            yield Among(words.GROUPS, soft=True, height=6, id="groups")
            yield Words(id="more")
            yield Words(id="copies")
            yield Paragraph("", height=2, ours=False, snug=True, id="all-copies")
            yield from self.filters()
            yield Words("", Tone.FAINT, id="plan")
            yield from self.command_line(2)
            with Horizontal(classes="choices"):
                yield Choice(ALL_COPIES[False], id="all", can=False)
                yield Choice("look up all", id="look", can=False)
                yield Choice("Cancel", id="cancel")
                yield Choice("Archive", id="go", can=False)

    # Looking

    def look(self) -> None:
        """Survey what is chosen, and look up a sample of its copies."""
        include, exclude = self.take_filters()
        self._feeds.drop("archive-copies")
        self._found = self._copies = self._preview = self._plan = None
        for choice in ("all", "look", "go"):
            self.query_one(f"#{choice}", Choice).allow(False)
        self.query_one(Among).nothing = "what will go cold follows when everything was looked at"
        self._show()
        self.tell_title("Archive: looking at what is there now …")

        def work(turn: Turn) -> Sampled:
            from icehouse.services.archive import sample, survey

            progress = self.telling(turn, self.tell_title)
            found = survey(
                self._house, self._marks, include=include, exclude=exclude, progress=progress, stop=turn.stopped
            )
            turn.tell(lambda: self._surveyed(found), always=True)
            begun = time.monotonic()
            copies = sample(self._house, found, SAMPLE, stop=turn.stopped)
            return Sampled(found, copies, (time.monotonic() - begun) / max(1, copies.looked))

        self._feeds.read("archive", work, self._sampled, self.failed)

    def _surveyed(self, found: ArchiveSurvey) -> None:
        self._tell_amount(found)
        self.tell_whom(found.identity)
        calls = words.calls(min(SAMPLE, found.lookup_calls))
        self.query_one("#copies", Words).put(f"looking up a sample of the copies elsewhere: {calls} …", Tone.FAINT)

    def _tell_amount(self, found: ArchiveSurvey) -> None:
        title = words.title(len(found.candidates), sum(entry.size for entry in found.candidates))
        self.tell_title("Archive: what is typed is not applied yet" if self.stale else title)

    def _sampled(self, told: Sampled) -> None:
        self._found, self._copies, self._each = told.found, told.copies, told.each
        self.query_one("#all", Choice).allow(True)
        self._foretell()

    @on(Choice.Pressed, "#look")
    def _look_up(self) -> None:
        """Look up every copy; pressed again, stop that."""
        found, copies, all_copies = self._found, self._copies, self._all_copies
        if found is None or copies is None:
            return
        if self._feeds.running("archive-copies"):
            self._feeds.drop("archive-copies")
            self._foretell()
            return
        self.query_one("#look", Choice).say("stop looking up")
        self._looked_up(self._wanted - self._left, self._wanted)

        def work(turn: Turn) -> CopyLook:
            from icehouse.services.archive import look_up

            def progress(so_far: CopyLook) -> None:
                turn.tell(lambda: self._know(so_far))

            return look_up(
                self._house, found, earlier=copies, all_copies=all_copies, progress=progress, stop=turn.stopped
            )

        def done(more: CopyLook) -> None:
            self._feeds.drop("archive-copies")
            self._copies = more
            self.query_one("#cancel").focus()
            self._foretell()

        def failed(line: str) -> None:
            self._feeds.drop("archive-copies")
            self._foretell()
            self.failed(line)

        self._feeds.read("archive-copies", work, done, failed)

    def _know(self, so_far: CopyLook) -> None:
        """Keep what is known by now, which a stop or a failure does not take away."""
        self._copies = so_far
        self._looked_up(so_far.looked, so_far.of)

    def _looked_up(self, done: int, of: int) -> None:
        shown = self.query_one("#copies", Words)
        shown.put(words.looking_up(done, of, shown.content_size.width), Tone.WAY)

    def failed(self, line: str) -> None:
        """Say why there is no plan."""
        if self._found is None:
            self.tell_title("Archive: not possible now")
            self.query_one("#copies", Words).put("")
            self.query_one(Among).nothing = ""
            self.query_one(Among).repaint()
        super().failed(line)

    # Foretelling and freezing

    def _foretell(self) -> None:
        """What archiving would do, and the plan where that is known of everything."""
        found, copies, all_copies = self._found, self._copies, self._all_copies
        if found is None or copies is None:
            return
        self._plan = None
        self.query_one("#go", Choice).allow(False)

        def work(_: Turn) -> tuple[Preview, Plan | None, int, int]:
            from icehouse.services.archive import freeze, preview

            archival = [each for each in found.already if each.standing.state is State.ARCHIVING]
            wanted = [*found.candidates, *archival] if all_copies else found.candidates
            left = sum(each.ref not in copies.pointers for each in wanted)
            told = preview(self._house, found, copies, all_copies=all_copies)
            plan = None if left else freeze(self._house, found, copies, ArchiveWish(all_copies))
            return told, plan, len(wanted), left

        def done(result: tuple[Preview, Plan | None, int, int]) -> None:
            self._preview, self._plan, self._wanted, self._left = result
            self._show()

        self._feeds.read("archive-plan", work, done, self.failed)

    def show_known(self) -> None:
        """All that is known; only where the filters are as they were looked under."""
        if self._found is not None:
            self._tell_amount(self._found)
            self._show()

    def _show(self) -> None:
        """Everything that is known by now."""
        told, rows = None if self.stale else self._preview, []
        if told is not None:
            rows = words.lines(
                cold=(told.cold.objects, told.cold.bytes), at_most=(told.at_most.objects, told.at_most.bytes),
                stays=(told.stays.objects, told.stays.bytes), where=told.where,
                blocked=[(each.reason, each.objects, each.bytes) for each in told.blocked],
                already=(told.already.objects, told.already.bytes), looked=bool(told.looked or not told.of),
            )  # fmt: skip
        about = told is not None and told.sampled

        def cells(line: words.Line) -> Cells:
            return words.line_cells(line, ascii=bool(getattr(self.app, "ascii_only", False)), about=about)

        if told is not None:
            self._show_copies(told)
        self._show_plan()
        groups = self.query_one(Among)
        groups.show(Rows(rows, words.identity, cells))
        self._fit()

    def on_resize(self) -> None:
        """Give the preview the lines that there are now."""
        super().on_resize()
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        groups = self.query_one(Among)
        number = groups.source.count
        others = sum(each.taken for each in self.query(Paragraph))
        room = max(4, self.size.height - AROUND - others)
        groups.styles.height = 1 + min(max(1, number), room)
        groups.styles.margin = (int(number < room), 0, 0, 0)
        self.query_one("#more", Words).put(words.more_lines(number - room), Tone.FAINT)

    def _show_copies(self, told: Preview) -> None:
        running, left, wanted = self._feeds.running("archive-copies"), self._left, self._wanted
        if not running:
            line = words.copies_line(wanted - left, wanted, complete=not left, seconds_each=self._each)
            self.query_one("#copies", Words).put(line, Tone.WAY if left else Tone.PLAIN)
        look = self.query_one("#look", Choice)
        look.display = left > 0
        look.allow(left > 0)
        look.say("stop looking up" if running else words.look_label(left))
        warning = self.query_one("#all-copies", Paragraph)
        warning.tone = Tone.DANGER if self._all_copies else Tone.FAINT
        warning.put(words.all_copies_words(told.where, on=self._all_copies))

    def _show_plan(self) -> None:
        plan, shown = self._plan, self.query_one("#plan", Words)
        if self.stale:
            shown.put(NOT_AS_TYPED, Tone.STRONG)
            self.query_one("#command", Paragraph).put("")
            self.query_one("#go", Choice).allow(False)
            return
        nothing = nothing_to_do(plan) if plan is not None else ""
        if plan is None:
            why = "no plan yet: that needs every copy looked up" if self._preview is not None else ""
            shown.put(why, Tone.FAINT)
        elif nothing:
            shown.put(nothing, Tone.STRONG)
        else:
            shown.put(words.plan_line(plan, plan.frozen_at))
        twin = words.twin_words(self.addresses, *self.globs, all_copies=self._all_copies)
        self.query_one("#command", Paragraph).put(command(*twin))
        self.query_one("#go", Choice).allow(plan is not None and not nothing)

    @on(Choice.Pressed, "#all")
    def _every_copy(self) -> None:
        self._all_copies = not self._all_copies
        self._feeds.drop("archive-copies")
        self.query_one("#all", Choice).say(ALL_COPIES[self._all_copies])
        self._foretell()
