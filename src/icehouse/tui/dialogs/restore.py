"""The restore dialog: a fresh look, what each tier costs and takes, days and filters; then a plan, and Cancel in focus.

What is approved is the plan whose id is on screen, frozen from what was just seen; nothing is sent from here.  Days and
tier are taken while it still looks; enter is not, as there is nothing to be seen yet that it could mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input

from icehouse.core.marks import Mark
from icehouse.core.orders import OrderAct
from icehouse.core.plans import Plan
from icehouse.core.restores import RestoreWish, Tier, Way
from icehouse.core.states import State
from icehouse.present import restores as words
from icehouse.present.cells import Cells, Tone
from icehouse.present.orders import way, way_choice
from icehouse.present.quotes import PRICED, QUOTE, called_off, quote_cells
from icehouse.tui.actions.quoting import command
from icehouse.tui.feeds import Feeds, Turn
from icehouse.tui.known import Known
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList

from .dialog import Choice, Paragraph, Words, field
from .planning import NOT_AS_TYPED, Among, ChosenDialog

if TYPE_CHECKING:
    from icehouse.services.house import House
    from icehouse.services.restore import Survey, TierOffer

SPEED_UP = {False: "speed up: no", True: "speed up: YES"}
"""Whether what is restoring already is asked for again in a faster tier, which costs."""

STILL = "still looking: nothing can be approved before its plan is shown"
"""What enter is told while nothing is known yet."""

FOLLOWS = "prices and plan follow …"
"""What stands in the plan's place from a change of days, tier or way until they are made anew."""

PAUSE = 0.4
"""Seconds after the last key before prices and plan are made anew."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A survey with what the dialog needs beside it.

    `days_for` tells whether a number of days is needed, without and with speeding up; `free` objects and bytes whose
    archiving is only called off; `quoted` whether the store prices by its own dry run, `hastens` whether what restores
    already can be asked for again, `hands` whether it can be handed over to the store's own engine.
    """

    found: Survey
    days_for: dict[bool, bool]
    free: tuple[int, int]
    quoted: bool
    hastens: bool
    hands: bool


class RestoreDialog(ChosenDialog):
    """Bring back what is chosen."""

    AUTO_FOCUS = ""  # Textual's would be the list of tiers, for the first keys alone
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "way", show=False),
        Binding("enter", "enter_ahead", show=False),
        *(Binding(digit, f"digit('{digit}')", show=False) for digit in "0123456789"),
    ]
    groups: ClassVar[Sequence[str]] = ("restore", "restore-plan")
    first = "days"

    def __init__(self, house: House, feeds: Feeds, marks: Sequence[Mark], known: Known) -> None:
        super().__init__(house, feeds, marks, known)
        self._seen: Seen | None = None
        self._looking = True
        self._mounted = False
        self._ahead = ""
        """Digits that were typed before there was a field for them."""
        self._entered_ahead = False
        self._offers: list[TierOffer] = []
        self._offered_for: tuple[object, ...] = ()
        """What the offers are about, as far as it can change: a store's own dry run is not asked twice for it."""
        self._tier = Tier.BULK
        self._pause: Timer | None = None
        self._faster = False
        self._via: Way | None = None
        """The way that was asked for, None for the usual one."""

    def compose(self) -> ComposeResult:
        """Title, tiers, fields, what is left out, the plan, its command, and the choices."""
        with Vertical(classes="frame"):
            yield from self.about("Restore")
            yield Among(words.TIER, soft=True, height=4, id="tiers")
            yield Words()
            with Horizontal(classes="row", id="keeping"):
                yield Words("keep for  [", width=11)
                yield field(id="days", width=5, kind="integer")
                yield Words("] ", width=2)
                yield Words("days: 1 to 365", Tone.FAINT, id="copies")
            yield Words(id="free")
            yield from self.filters()
            yield Words("", id="way")
            yield Paragraph("", height=2, snug=True, id="left-out")
            yield Words("", Tone.FAINT, id="plan")
            yield Words()
            yield from self.command_line(3)
            with Horizontal(classes="choices"):
                yield Choice(SPEED_UP[False], id="faster", can=False)
                yield Choice("Cancel", id="cancel")
                yield Choice("Restore", id="go", can=False)

    def on_mount(self) -> None:
        """Take up what was typed before there was a field for it."""
        days = self.query_one("#days", Input)
        days.insert_text_at_cursor(self._ahead)
        self._mounted = True
        if self._entered_ahead:
            self.call_later(self.entered, days)

    # Looking

    def look(self) -> None:
        """Survey what is chosen, as it is now, under the filters in the fields."""
        include, exclude = self.take_filters()
        self._seen, self._plan, self._offers, self._offered_for = None, None, [], ()
        self._looking = True
        self._nothing_final("")
        self.tell_title("Restore: looking at what is there now …")

        def work(turn: Turn) -> Seen:
            from icehouse.services.orders import lack
            from icehouse.services.restore import free, needs_days, survey

            progress = self.telling(turn, self.tell_title)
            found = survey(
                self._house, self._marks, include=include, exclude=exclude, progress=progress, stop=turn.stopped
            )
            told = self._house.store(found.store).features
            days = {faster: needs_days(self._house, found, speed_up=faster) for faster in (False, True)}
            hastens = any(rule.hastens for rule in told.restore_rules.values())
            hands = told.orders and not lack(self._house, found.store, OrderAct.RESTORE)
            return Seen(found, days, free(found, told.restore_rules), told.previews, hastens, hands)

        self._feeds.read("restore", work, self._found, self.failed)

    @property
    def _needs_days(self) -> bool:
        return self._seen is not None and self._seen.days_for[self._faster]

    def _found(self, seen: Seen) -> None:
        self._seen, self._looking = seen, False
        self.tell_whom(seen.found.identity)
        self._ask_for_days(seen)
        self.query_one("#free").display = bool(seen.free[0])
        self.query_one("#faster").display = seen.hastens
        self.query_one("#free", Words).put(called_off(*seen.free), Tone.WAY)
        self._price(at_once=True)

    def _ask_for_days(self, seen: Seen) -> None:
        """Have the cursor in the field for days where they are missing still, and not where none are needed."""
        days, cancel = self.query_one("#days", Input), self.query_one("#cancel")
        if self._needs_days and not self._days() and self.focused is cancel:
            days.focus()
        elif not self._needs_days and self.focused is days:
            cancel.focus()
        keeping = not seen.quoted or any(seen.days_for.values())
        if not keeping:
            with self.prevent(Input.Changed):
                days.clear()
        self.query_one("#keeping").display = keeping

    def failed(self, line: str) -> None:
        """Say why there is no plan."""
        self.tell_title("Restore: not possible now")
        if self._looking:
            self._looking = False
            self._show_tiers()
            self.query_one("#cancel").focus()
        super().failed(line)

    def entered(self, field: Input) -> None:
        """Take up the fields, and go on to Cancel; while it still looks, stay and say so."""
        if not self._looking:
            super().entered(field)
            return
        if self.stale:
            self.look()
        self.query_one("#plan", Words).put(STILL, Tone.STRONG)

    # Pricing and freezing

    def _days(self) -> int | None:
        text = self.query_one("#days", Input).value.strip()
        return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= 365 else None

    def _price(self, *, at_once: bool = False) -> None:
        """Offers and the plan for what the fields say, a moment after the last key."""
        self._plan = None
        self.query_one("#go", Choice).allow(False)
        self.show_known()
        if self._pause is not None:
            self._pause.stop()
        if at_once:
            self._make()
        else:
            self._pause = self.set_timer(PAUSE, self._make)

    def _make(self) -> None:
        seen, days, tier, faster = self._seen, self._days(), self._tier, self._faster
        if seen is None:
            return
        found, made, made_for, asked = seen.found, self._offers, self._offered_for, self._via
        complete = days is not None or not self._needs_days

        def work(_: Turn) -> tuple[list[TierOffer], tuple[object, ...], Plan | None]:
            from icehouse.services.restore import freeze, offers, usual_way

            wish = RestoreWish(tier, days or 0, faster)
            via = (asked or usual_way(self._house, found, wish)) if seen.hands else Way.DIRECT
            offered_for = (id(seen), days, faster, via)
            told = made if offered_for == made_for else offers(self._house, found, days, speed_up=faster, via=via)
            wish = replace(wish, via=Way.DIRECT if tier is Tier.EXPEDITED else via)
            return told, offered_for, freeze(self._house, found, wish) if complete else None

        def done(result: tuple[list[TierOffer], tuple[object, ...], Plan | None]) -> None:
            self._offers, self._offered_for, self._plan = result
            self.show_known()

        self._feeds.read("restore-plan", work, done, self.failed)

    def show_known(self) -> None:
        """Tiers and words; only where the filters are as they were looked under."""
        if self._seen is None:
            return
        if self.stale:
            self.tell_title("Restore: what is typed is not applied yet")
            self._nothing_final(NOT_AS_TYPED)
            return
        self._show_tiers()
        self._show_words()

    def _nothing_final(self, why: str) -> None:
        """Take away all that a plan could be told by, and say why."""
        self.query_one("#go", Choice).allow(False)
        self.query_one("#left-out", Paragraph).put("")
        self.query_one("#way", Words).put("")
        self.query_one("#copies", Words).put("days: 1 to 365", Tone.FAINT)
        self.query_one("#command", Paragraph).put("")
        self.query_one("#plan", Words).put(why, Tone.STRONG)
        self._show_tiers()

    @property
    def _priced(self) -> Sequence[TierOffer]:
        """The offers, as far as they are about what the fields say."""
        fits = self._offered_for[1:3] == (self._days(), self._faster) and not self.stale
        return self._offers if fits else ()

    def _offer(self) -> TierOffer | None:
        return next((offer for offer in self._priced if offer.tier is self._tier), None)

    def _show_tiers(self) -> None:
        known, seen = self._days() is not None or not self._needs_days, self._seen
        offers = self._priced

        def cells(tier: Tier) -> Cells:
            offer = next((each for each in offers if each.tier is tier), None)
            if offer is None:
                return words.tier_cells(
                    tier, 0, None, None, "its price follows", chosen=tier is self._tier, days_known=known
                )
            if seen is not None and seen.quoted:
                requests, size = offer.requests - seen.free[0], offer.bytes - seen.free[1]
                why_not = offer.why_not or ("not offered for these" if offer.impossible else "")
                return quote_cells(
                    offer.tier, requests, size, offer.window, offer.cost, why_not, chosen=offer.tier is self._tier
                )
            return words.tier_cells(
                offer.tier, offer.requests, offer.window, offer.cost, offer.why_not,
                chosen=offer.tier is self._tier, days_known=known,
            )  # fmt: skip

        rows = Rows(list(Tier) if self._looking or seen is not None else [], lambda tier: tier, cells)
        columns = QUOTE if seen is not None and seen.quoted and offers else words.TIER
        self.query_one(Among).show(rows, columns, on=self._tier)

    def _show_words(self) -> None:
        seen, offer, days, plan = self._seen, self._offer(), self._days(), self._plan
        self._show_command()
        if seen is None or offer is None:
            self.query_one("#plan", Words).put(FOLLOWS, Tone.FAINT)
            self.query_one("#copies", Words).put("days: 1 to 365" if days is None else "days", Tone.FAINT)
            return
        found = seen.found
        free = seen.free
        self.tell_title(words.title(offer.requests - free[0], offer.bytes - free[1], found.cold, free))
        cold_at = words.falls_cold(found.seen_at, offer.window, days) if days else None
        line = words.copies_line(offer.cost, days, cold_at, found.seen_at)
        if not self._needs_days:
            line = "days (not needed: nothing becomes a temporary copy)"
        self.query_one("#copies", Words).put(line, Tone.PLAIN if days else Tone.FAINT)
        extended = plan.totals()["extend"] if plan else 0
        out = words.left_out(found.counts, offer.impossible, extended=extended, speed_up=self._faster)
        worry = offer.impossible or found.counts.get(State.UNKNOWN) or found.counts.get(State.MISSING)
        shown = self.query_one("#left-out", Paragraph)
        shown.tone = Tone.DANGER if worry else Tone.PLAIN
        shown.put(out)
        if seen.hands:
            other = "" if self._tier is Tier.EXPEDITED or not offer.requests else way_choice(offer.orders)
            fee = offer.cost.orders if offer.cost is not None else 0.0
            self.query_one("#way", Words).put(f"by        {way(offer.orders, fee)}{other}")
        self._show_plan(PRICED if seen.quoted else f"prices {self._house.config.prices.label}")
        followed = found.counts.get(State.RESTORING, 0)
        self.query_one("#faster", Choice).allow(followed > 0 and seen.hastens)
        if plan is not None and not words.nothing_to_do(plan):
            self.query_one("#plan").call_after_refresh(self._offer_plan, plan)  # by itself: after it painted its id

    def _show_command(self) -> None:
        days, via = self._days(), self._via if self._tier is not Tier.EXPEDITED else None
        twin = words.twin_words(self.addresses, self._tier, days, *self.globs, faster=self._faster, via=via)
        self.query_one("#command", Paragraph).put(
            command(*twin) + ("" if days or not self._needs_days else " --days N")
        )

    def _offer_plan(self, plan: Plan) -> None:
        """Let a plan be approved that was shown by now; not where it is not wanted any more."""
        self.query_one("#go", Choice).allow(plan is self._plan and not self._approving and not self.stale)

    def _show_plan(self, label: str) -> None:
        plan, shown = self._plan, self.query_one("#plan", Words)
        if plan is None and (self._days() is not None or not self._needs_days):
            shown.put(FOLLOWS, Tone.FAINT)
        elif plan is None:
            shown.put(f"{label} · no plan yet: say for how many days", Tone.FAINT)
        elif nothing := words.nothing_to_do(plan):
            shown.put(nothing, Tone.STRONG)
        else:
            shown.put(f"{label} · plan {plan.id}", Tone.PLAIN)

    # Keys

    def on_virtual_list_moved(self, event: VirtualList.Moved) -> None:
        """Another tier was chosen."""
        event.stop()
        here = event.control.current
        if here is not None and isinstance(here.row, Tier) and here.row is not self._tier:
            self._tier = here.row
            self._show_tiers()
            self._price(at_once=True)

    def action_digit(self, digit: str) -> None:
        """A digit that was typed outside of any field is one of the days."""
        if not self._mounted:
            self._ahead += digit
        elif self.query_one("#keeping").display:
            days = self.query_one("#days", Input)
            days.focus()
            days.insert_text_at_cursor(digit)

    def action_enter_ahead(self) -> None:
        """Enter came before anything had the focus."""
        if self._mounted:
            self.entered(self.query_one("#days", Input))
        self._entered_ahead = True

    def action_way(self) -> None:
        """Hand it over, or send it directly, whichever it is not now; also while prices are made anew."""
        offer = next((each for each in self._offers if each.tier is self._tier), None)
        if self._seen is None or not self._seen.hands or offer is None or self._tier is Tier.EXPEDITED:
            return
        self._via = Way.DIRECT if offer.orders else Way.BATCH
        self._price(at_once=True)

    @on(Input.Changed, "#days")
    def _days_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._price()

    @on(Choice.Pressed, "#faster")
    def _speed_up(self) -> None:
        self._faster = not self._faster
        self.query_one("#faster", Choice).say(SPEED_UP[self._faster])
        self._price(at_once=True)
