"""The restore dialog: a fresh look, what each tier costs and takes, days and filters; then a plan, and Cancel in focus.

What is approved is the plan whose id is on screen, frozen from what was just seen; nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input

from icehouse.core.marks import Mark
from icehouse.core.plans import Plan
from icehouse.core.restores import RestoreWish, Tier
from icehouse.core.states import State
from icehouse.present import restores as words
from icehouse.present.cells import Cells, Tone
from icehouse.tui.actions.quoting import command, marked
from icehouse.tui.feeds import Feeds, Turn
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList

from .dialog import Choice, Dialog, Paragraph, Words, field

if TYPE_CHECKING:
    from icehouse.services.house import House
    from icehouse.services.restore import Survey, TierOffer

SPEED_UP = {False: "speed up: no", True: "speed up: YES"}
"""Whether what is restoring already is asked for again in a faster tier, which costs."""

PAUSE = 0.4
"""Seconds after the last key before prices and plan are made anew."""


class Tiers(VirtualList):
    """The tiers; the row under the cursor is the one chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", show=False),
        Binding("up,k", "step(-1)", show=False),
        Binding("enter,space", "app.focus_next", show=False),
    ]

    def action_step(self, by: int) -> None:
        """Another tier, or out of the list at its ends."""
        if 0 <= self.cursor + by < self.source.count:
            self.action_move(by)
        elif by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()


class RestoreDialog(Dialog[str]):
    """The id of the job that was approved, None where none was."""

    def __init__(self, house: House, marks: Sequence[Mark], feeds: Feeds) -> None:
        super().__init__()
        self._house, self._marks, self._feeds = house, tuple(marks), feeds
        self._survey: Survey | None = None
        self._offers: list[TierOffer] = []
        self._days_for = {False: True, True: True}
        """Whether a number of days is needed: without, and with speeding up."""
        self._plan: Plan | None = None
        self._tier = Tier.BULK
        self._pause: Timer | None = None
        self._filters: tuple[str, str] = ("", "")
        self._approving = False
        self._faster = False

    def compose(self) -> ComposeResult:
        """Title, tiers, fields, what is left out, the plan, its command, and the choices."""
        with Vertical(classes="frame"):
            yield Words("Restore", Tone.STRONG, id="title")
            yield Words(id="chosen")
            yield Paragraph("", height=2, tone=Tone.FAINT, ours=False, id="whom")
            yield Tiers(words.TIER, soft=True, height=4, id="tiers")
            yield Words()
            with Horizontal(classes="row"):
                yield Words("keep for  [", width=11)
                yield field(id="days", width=5, kind="integer")
                yield Words("] ", width=2)
                yield Words("days: 1 to 365", Tone.FAINT, id="copies")
            with Horizontal(classes="row"):
                yield Words("only      [", width=11)
                yield field(id="only", width=24)
                yield Words("]  not  [", width=9)
                yield field(id="not", width=24)
                yield Words("]", width=1)
            yield Words()
            yield Words("", id="left-out")
            yield Words("", Tone.FAINT, id="plan")
            yield Words()
            yield Paragraph("", height=3, tone=Tone.FAINT, ours=False, id="command")
            with Horizontal(classes="choices"):
                yield Choice(SPEED_UP[False], id="faster", can=False)
                yield Choice("Cancel", id="cancel")
                yield Choice("Restore", id="go", can=False)

    def on_mount(self) -> None:
        """Look at once; Cancel has the focus."""
        self.query_one("#cancel").focus()
        self.call_after_refresh(self._tell_chosen)
        self._look()

    def on_resize(self) -> None:
        """Name what is chosen in the room there is now."""
        self.call_after_refresh(self._tell_chosen)

    def _tell_chosen(self) -> None:
        shown = self.query_one("#chosen", Words)
        addresses = [str(mark) for mark in self._marks]
        shown.put(words.chosen(addresses, shown.content_size.width), ours=False)

    def on_unmount(self) -> None:
        """Nobody waits for a look any more."""
        for group in ("restore", "restore-plan"):
            self._feeds.drop(group)

    # Looking

    def _look(self) -> None:
        """Survey what is chosen, as it is now, under the filters in the fields."""
        self._filters = (self.query_one("#only", Input).value, self.query_one("#not", Input).value)
        include, exclude = words.globs(self._filters[0]), words.globs(self._filters[1])
        self._survey, self._plan, self._offers = None, None, []
        self.query_one("#go", Choice).allow(False)
        self.query_one(Tiers).nothing = "prices follow when everything was looked at"
        self._show_tiers()
        self.query_one("#title", Words).put("Restore: looking at what is there now …", Tone.STRONG)

        def work(turn: Turn) -> tuple[Survey, dict[bool, bool]]:
            from icehouse.services.restore import needs_days, survey

            def progress(seen: object) -> None:
                turn.tell(lambda: self._looked(seen))

            found = survey(
                self._house, self._marks, include=include, exclude=exclude, progress=progress, stop=turn.stopped
            )
            return found, {faster: needs_days(self._house, found, speed_up=faster) for faster in (False, True)}

        self._feeds.read("restore", work, self._found, self._failed)

    def _looked(self, seen: object) -> None:
        numbers = [int(getattr(seen, name)) for name in ("objects", "described", "to_describe")]
        self.query_one("#title", Words).put(words.looking(*numbers), Tone.STRONG)

    @property
    def _needs_days(self) -> bool:
        return self._days_for[self._faster]

    def _found(self, result: tuple[Survey, dict[bool, bool]]) -> None:
        found, self._days_for = result
        self._survey = found
        self.query_one("#whom", Paragraph).put(words.as_whom(found.identity))
        self._price(at_once=True)
        if self._needs_days and not self._days() and self.focused is self.query_one("#cancel"):
            self.query_one("#days").focus()

    def _failed(self, line: str) -> None:
        self.query_one("#title", Words).put("Restore: not possible now", Tone.STRONG)
        self.query_one("#plan", Words).put(line, Tone.DANGER, ours=False)
        self.query_one("#go", Choice).allow(False)

    # Pricing and freezing

    def _days(self) -> int | None:
        text = self.query_one("#days", Input).value.strip()
        return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= 365 else None

    def _price(self, *, at_once: bool = False) -> None:
        """Offers and the plan for what the fields say, a moment after the last key."""
        self._plan = None
        self.query_one("#go", Choice).allow(False)
        if self._pause is not None:
            self._pause.stop()
        if at_once:
            self._make()
        else:
            self._pause = self.set_timer(PAUSE, self._make)

    def _make(self) -> None:
        found, days, tier, faster = self._survey, self._days(), self._tier, self._faster
        if found is None:
            return
        complete = days is not None or not self._needs_days

        def work(_: Turn) -> tuple[list[TierOffer], Plan | None]:
            from icehouse.services.restore import freeze, offers

            made = offers(self._house, found, days, speed_up=faster)
            plan = freeze(self._house, found, RestoreWish(tier, days or 0, faster)) if complete else None
            return made, plan

        def done(result: tuple[list[TierOffer], Plan | None]) -> None:
            self._offers, self._plan = result
            self._show_tiers()
            self._show_words()

        self._feeds.read("restore-plan", work, done, self._failed)

    def _offer(self) -> TierOffer | None:
        return next((offer for offer in self._offers if offer.tier is self._tier), None)

    def _show_tiers(self) -> None:
        known = self._days() is not None or not self._needs_days

        def cells(row: object) -> Cells:
            offer = next(o for o in self._offers if o.tier is row)
            return words.tier_cells(
                offer.tier, offer.requests, offer.window, offer.cost, offer.why_not,
                chosen=offer.tier is self._tier, days_known=known,
            )  # fmt: skip

        self.query_one(Tiers).show(Rows([offer.tier for offer in self._offers], lambda row: row, cells), on=self._tier)

    def _show_words(self) -> None:
        found, offer, days = self._survey, self._offer(), self._days()
        if found is None or offer is None:
            return
        total = offer.bytes
        self.query_one("#title", Words).put(words.title(offer.requests, total, found.cold), Tone.STRONG)
        cold_at = words.falls_cold(found.seen_at, offer.window, days) if days else None
        line = words.copies_line(offer.cost, days, cold_at, found.seen_at)
        if not self._needs_days:
            line = "days (not needed: nothing becomes a temporary copy)"
        self.query_one("#copies", Words).put(line, Tone.PLAIN if days else Tone.FAINT)
        extended = self._plan.totals()["extend"] if self._plan else 0
        out = words.left_out(found.counts, offer.impossible, extended=extended, speed_up=self._faster)
        worry = offer.impossible or found.counts.get(State.UNKNOWN) or found.counts.get(State.MISSING)
        self.query_one("#left-out", Words).put(out, Tone.DANGER if worry else Tone.PLAIN)
        label = f"prices {self._house.config.prices.label}"
        plan = self._plan
        if plan is None:
            self.query_one("#plan", Words).put(f"{label} · no plan yet: say for how many days", Tone.FAINT)
        elif nothing := words.nothing_to_do(plan):
            self.query_one("#plan", Words).put(nothing, Tone.STRONG)
        else:
            self.query_one("#plan", Words).put(f"{label} · plan {plan.id}", Tone.PLAIN)
        twin = words.twin_words(
            marked(self._marks), self._tier, days, words.globs(self._filters[0]), words.globs(self._filters[1]),
            faster=self._faster,
        )  # fmt: skip
        self.query_one("#command", Paragraph).put(
            command(*twin) + ("" if days or not self._needs_days else " --days N")
        )
        followed = found.counts.get(State.RESTORING, 0)
        self.query_one("#faster", Choice).allow(followed > 0)
        self.query_one("#go", Choice).allow(plan is not None and not words.nothing_to_do(plan))

    # Keys

    def on_virtual_list_moved(self, event: VirtualList.Moved) -> None:
        """Another tier was chosen."""
        event.stop()
        here = event.control.current
        if here is not None and isinstance(here.row, Tier) and here.row is not self._tier:
            self._tier = here.row
            self._show_tiers()
            self._price(at_once=True)

    @on(Input.Changed, "#days")
    def _days_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._price()

    def entered(self, field: Input) -> None:
        """Take up the fields, and go on to Cancel."""
        filters = (self.query_one("#only", Input).value, self.query_one("#not", Input).value)
        if filters != self._filters:
            self._look()
        self.query_one("#cancel").focus()

    @on(Input.Blurred)
    def _left_field(self, event: Input.Blurred) -> None:
        if event.input.id in ("only", "not"):
            filters = (self.query_one("#only", Input).value, self.query_one("#not", Input).value)
            if filters != self._filters:
                self._look()

    @on(Choice.Pressed, "#faster")
    def _speed_up(self) -> None:
        self._faster = not self._faster
        self.query_one("#faster", Choice).say(SPEED_UP[self._faster])
        self._price(at_once=True)

    @on(Choice.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Choice.Pressed, "#go")
    def _approved(self) -> None:
        plan = self._plan
        if plan is None or self._approving:
            return
        self._approving = True
        self.query_one("#go", Choice).allow(False)
        self.query_one("#plan", Words).put(f"plan {plan.id}: writing the approval …", Tone.STRONG)

        def work(_: Turn) -> str:
            from icehouse.services.restore import approve

            return approve(self._house, plan, how="in the console")

        def failed(line: str) -> None:
            self._approving = False
            self._failed(line)

        def done(job: str) -> None:
            self.dismiss(job)

        self._feeds.read("approve", work, done, failed)
