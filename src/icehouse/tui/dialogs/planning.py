"""The dialogs that end in a plan: what is approved is the plan whose id is on screen, and nothing is sent from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from icehouse.core.marks import Mark
from icehouse.core.plans import Identity, Plan
from icehouse.present import restores as words
from icehouse.present.cells import Tone
from icehouse.tui.actions.quoting import marked
from icehouse.tui.feeds import Feeds, Turn
from icehouse.tui.known import Known
from icehouse.tui.widgets.virtual_list import VirtualList

from .dialog import Choice, Dialog, Paragraph, Words, field

if TYPE_CHECKING:
    from icehouse.services.house import House
    from icehouse.services.look import Looking


NOT_AS_TYPED = "not as typed: enter applies"
"""What stands in the plan's place while a filter differs from what was looked under."""


SMALL, MORE_LINES = 24, 6
"""Lines of a screen that such a dialog fills, and how many more the command may take on a larger one."""


class PlanDialog(Dialog[str]):
    """The id of the job that was approved, None where none was.

    A subclass shows `#plan`, a line, and the choices `#cancel` and `#go`; `groups` are its reads, dropped at its end.
    """

    groups: ClassVar[Sequence[str]]

    def __init__(self, house: House, feeds: Feeds) -> None:
        super().__init__()
        self._house, self._feeds = house, feeds
        self._plan: Plan | None = None
        self._approving = False

    @property
    def how(self) -> str:
        """How the approval came about, for the audit."""
        return "in the console"

    @property
    def retry_of(self) -> str:
        """The job whose failures the plan takes up, "" for none."""
        return ""

    @property
    def stale(self) -> bool:
        """Whether the dialog says something else than the plan was made of."""
        return False

    def on_unmount(self) -> None:
        """Nobody waits for a look any more."""
        for group in self.groups:
            self._feeds.drop(group)

    def failed(self, line: str) -> None:
        """Say why there is no plan, in one line."""
        self._approving = False
        self.query_one("#plan", Words).put(line, Tone.DANGER, ours=False)
        self.query_one("#go", Choice).allow(False)

    def telling(self, turn: Turn, show: Callable[[str], None]) -> Callable[[Looking], None]:
        """A progress of services that has `show` say in the screen's thread how far a look has come."""

        def progress(seen: Looking) -> None:
            line = words.looking(seen.objects, seen.described, seen.to_describe)
            turn.tell(lambda: show(line))

        return progress

    @on(Choice.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Choice.Pressed, "#go")
    def _approved(self) -> None:
        plan = self._plan
        if plan is None or self._approving or self.stale:
            return
        self._approving = True
        self.query_one("#go", Choice).allow(False)
        self.query_one("#plan", Words).put(f"plan {plan.id}: writing the approval …", Tone.STRONG)

        def work(_: Turn) -> str:
            from icehouse.services.approve import approve

            return approve(self._house, plan, how=self.how, retry_of=self.retry_of)

        def done(job: str) -> None:
            self.dismiss(job)

        self._feeds.read("approve", work, done, self.failed)


class ChosenDialog(PlanDialog):
    """A dialog about what was chosen in a list, under filters of its own; what they leave is looked at afresh."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "twin", show=False)]
    first: ClassVar[str] = "cancel"
    """What has the focus while it looks."""

    def __init__(self, house: House, feeds: Feeds, marks: Sequence[Mark], known: Known) -> None:
        super().__init__(house, feeds)
        self._marks, self._known = tuple(marks), known
        self.globs: tuple[tuple[str, ...], tuple[str, ...]] = (), ()
        """The globs that were last looked under: to include, and to exclude."""

    def about(self, title: str, *, snug: bool = False) -> ComposeResult:
        """What it does, to what, as whom."""
        yield Words(title, Tone.STRONG, id="title")
        yield Words(id="chosen")
        yield Paragraph("", height=2, tone=Tone.FAINT, ours=False, snug=snug, id="whom")

    def filters(self) -> ComposeResult:
        """The row with the two filters."""
        with Horizontal(classes="row"):
            yield Words("only      [", width=11)
            yield field(id="only", width=20)
            yield Words("]  not  [", width=9)
            yield field(id="not", width=20)
            yield Words("]", width=3)
            yield Words("globs: *.bam", Tone.FAINT)

    def command_line(self, lines: int) -> ComposeResult:
        """The command that does the same, in so many lines on a small screen and more on a larger one."""
        self._lines = lines
        yield Paragraph("", height=lines, tone=Tone.FAINT, ours=False, snug=True, beyond="y shows it", id="command")

    def action_twin(self) -> None:
        """Show the whole command, to be copied."""
        from .twin import TwinDialog

        if line := self.query_one("#command", Paragraph).text:
            self.app.push_screen(TwinDialog([("the same", line)]))

    def on_mount(self) -> None:
        """Look at once."""
        self.query_one(f"#{self.first}").focus()
        self.call_after_refresh(self._tell_chosen)
        self.look()

    def on_resize(self) -> None:
        """Name what is chosen, and the command, in the room there is now."""
        self.query_one("#command", Paragraph).allow(self._lines + max(0, min(MORE_LINES, self.size.height - SMALL)))
        self.call_after_refresh(self._tell_chosen)

    def _tell_chosen(self) -> None:
        shown = self.query_one("#chosen", Words)
        addresses = [self._known.address(mark) for mark in self._marks]
        shown.put(words.chosen(addresses, shown.content_size.width), ours=False)

    def look(self) -> None:
        """Look at what is chosen, as it is now, under the filters in the fields.  For subclasses."""
        raise NotImplementedError

    def show_known(self) -> None:
        """Show what is known, as far as it is about what is typed.  For subclasses."""
        raise NotImplementedError

    @property
    def stale(self) -> bool:
        """Whether the fields say something else than was looked under: nothing known is final then."""
        return self._typed() != self.globs

    def take_filters(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Take up the filters in the fields: globs to include, and to exclude."""
        self.globs = self._typed()
        return self.globs

    @property
    def addresses(self) -> list[str]:
        """What is chosen, as the command line takes it."""
        stores = {mark.target.store for mark in self._marks}
        return marked(self._marks, ids=all(self._known.manner(store).ids for store in stores))

    def tell_title(self, text: str) -> None:
        """Say what it does, or how far it is."""
        self.query_one("#title", Words).put(text, Tone.STRONG)

    def tell_whom(self, identity: Identity) -> None:
        """Say as whom it would be done; and once more to what, as the room for that may not have been known before."""
        self.query_one("#whom", Paragraph).put(words.as_whom(identity))
        self._tell_chosen()

    def _typed(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return words.globs(self.query_one("#only", Input).value), words.globs(self.query_one("#not", Input).value)

    def entered(self, field: Input) -> None:
        """Take up the fields, and go on to Cancel."""
        if self.stale:
            self.look()
        self.query_one("#cancel").focus()

    @on(Input.Changed, "#only")
    @on(Input.Changed, "#not")
    def _filter_typed(self, event: Input.Changed) -> None:
        event.stop()
        self.show_known()

    @on(Input.Blurred)
    def _left_field(self, event: Input.Blurred) -> None:
        if event.input.id in ("only", "not") and self.stale:
            self.look()


class Among(VirtualList):
    """A list among other things: at its ends the cursor goes on to what is before or after it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", show=False),
        Binding("up,k", "step(-1)", show=False),
        Binding("enter,space", "app.focus_next", show=False),
    ]

    def action_step(self, by: int) -> None:
        """Another row, or out of the list at its ends."""
        if 0 <= self.cursor + by < self.source.count:
            self.action_move(by)
        elif by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()
