"""What the keys of Deliveries do; each asks a service, none decides anything itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from icehouse.core.deliveries import DeliveryRow, ObjectLine
from icehouse.core.errors import IcehouseError
from icehouse.core.evidence import Unparsed
from icehouse.core.refs import Address
from icehouse.core.text import safe
from icehouse.present import delivery_order
from icehouse.present import delivery_sources as basis
from icehouse.present import delivery_ticks as ticks
from icehouse.present.cells import Cell, fitted
from icehouse.present.deliveries import refusals_words
from icehouse.present.sizes import count, plural
from icehouse.tui.actions.deliveries import delivery_of
from icehouse.tui.feeds import Turn
from icehouse.tui.widgets.virtual_list import GUTTER

from .place import Place

if TYPE_CHECKING:
    from .deliveries import Deliveries


def do_open(room: Deliveries) -> None:
    """A delivery's objects, or the evidence on one of them."""
    row = room.list.current.row if room.list.current else None
    if isinstance(row, DeliveryRow):
        room.open(row)
    elif isinstance(row, ObjectLine) and room.opened is not None:
        room.opened.line = row
        room.show_rows()
        room.list.go(1)


def do_evidence(room: Deliveries) -> None:
    """What is known of who fetched the delivery; of an object as `do_open`."""
    from icehouse.tui.dialogs.telling import TellingDialog

    row = room.here
    if room.opened is not None or row is None:
        do_open(room)
        return
    listed, console = room.checklist, room.console
    standings = basis.standings_of(row, listed.sources, listed.standings)

    def lines(objects: Sequence[ObjectLine] | None) -> list[tuple[str, Cell]]:
        here, ascii = console.house.clock.now(), console.ascii_only
        return basis.told_lines(row, objects, standings, room.now(row), here, ascii=ascii)

    def work(_: Turn) -> list[ObjectLine]:
        from icehouse.services import deliveries

        return deliveries.objects(console.house, row.delivery.id)

    dialog = TellingDialog(f"Evidence on {safe(row.delivery.name)}", lines(None))
    console.push_screen(dialog, lambda _: console.feeds.drop("told"))
    console.feeds.read("told", work, lambda found: dialog.put(lines(found)))


# Ticks


def do_tick(room: Deliveries) -> None:
    """Tick or untick the row, or the range."""
    if room.list.range_from is not None:
        do_range(room)
        return
    row = room.here
    if row is None or room.opened is not None:
        return
    room.ticked([row], not row.ticked)
    room.list.action_move(1)


def do_range(room: Deliveries) -> None:
    """Begin a range, or tick the one that was begun."""
    if room.list.range_from is None:
        room.list.begin_range()
        room.console.say("range: move, then space or v ticks it; esc forgets it")
        return
    first, last = room.list.span()
    room.list.end_range()
    _tick_rows(room, _rows(room, first, last - first + 1))


def do_all(room: Deliveries) -> None:
    """Say of all that is shown how much is ticked, and what is left and why: the rules tick by themselves."""
    rows = _rows(room, 0, room.list.source.count)
    room.console.say(ticks.standing_words(rows, room.console.size.width - 3))


def do_undo(room: Deliveries) -> None:
    """Take the last change of ticks back: what stood before stands again, decisions by hand included."""
    number = room.take_back()
    told = f"{plural(number, 'delivery', 'deliveries')} as before"
    room.console.say(told if number else "nothing to take back: changed elsewhere since")


def _rows(room: Deliveries, start: int, number: int) -> list[DeliveryRow]:
    shown = room.list.source
    rows = shown.all[start : start + number] if hasattr(shown, "all") else []
    return [row for each in rows if (row := delivery_of(each)) is not None]


def _tick_rows(room: Deliveries, rows: Sequence[DeliveryRow]) -> None:
    """Tick those that may be, several only after a question; where each of them is, untick them."""
    left = [row for row in rows if ticks.is_left(row)]
    refused = [row for row in rows if not row.ticking.allowed]
    if left and len(rows) > 1:
        _ask_ticks(room, left, len(refused))
        return
    gone = [] if left else [row for row in rows if row.ticked]
    room.ticked(left or gone, bool(left))
    told = f"{plural(len(left or gone), 'delivery', 'deliveries')} {'ticked' if left else 'unticked'}; z takes it back"
    if not left and not gone:
        told = "none of these can be ticked"
    room.console.say(f"{told}; {count(len(refused))} can't be: {refusals_words(refused)}" if refused else told)


def _ask_ticks(room: Deliveries, left: Sequence[DeliveryRow], never: int) -> None:
    """Ask, as neither rules nor a hand ticked any of these; what changes meanwhile is left."""
    from icehouse.tui.dialogs.ticking import TickQuestion

    evident = [row for row in left if ticks.evident(row)]

    def answered(which: str | None) -> None:
        if which is None:
            room.console.say("nothing was ticked")
            return
        asked = {row.delivery.id: _shown(row) for row in (evident if which == "evident" else left)}
        as_now = [row for row in room.checklist.rows if asked.get(row.delivery.id) == _shown(row)]
        room.ticked(as_now, True)
        told = f"{plural(len(as_now), 'delivery', 'deliveries')} ticked; z takes it back"
        gone = len(asked) - len(as_now)
        room.console.say(f"{told}; {count(gone)} changed meanwhile" if gone else told)

    title, lines = ticks.question(left, never)
    room.console.push_screen(TickQuestion(title, lines, len(left), len(evident)), answered)


def _shown(row: DeliveryRow) -> object:
    """What somebody who is asked about a row decides by."""
    return row.delivery.fingerprint, row.delivery.indicators, row.ticking, row.ticked, row.by_hand


def do_rules(room: Deliveries) -> None:
    """Ask, then forget what was ticked and unticked by hand."""
    from icehouse.tui.dialogs.confirm import Confirm

    rows = [row for row in room.checklist.rows if row.by_hand or row.lapsed]

    def answered(yes: bool | None) -> None:
        if yes:
            asked = {row.delivery.id for row in rows}
            room.ticked([row for row in room.checklist.rows if row.delivery.id in asked], None)
            room.console.say(f"{plural(len(rows), 'delivery', 'deliveries')} as the rules say; z takes it back")

    lines = [
        f"{plural(len(rows), 'delivery was', 'deliveries were')} ticked or unticked by hand: "
        f"{ticks.by_hand_words(rows)}.",
        "They go back to what the evidence says.",
    ]
    room.console.push_screen(Confirm("As the rules say", lines, "Forget ticks by hand"), answered)


# What is shown


def do_problems(room: Deliveries) -> None:
    """Only what somebody has to look at, or all; of objects, only those that nobody is known to have."""
    if room.opened is None:
        _only(room, "problems")
        return
    room.opened.only_unfetched = not room.opened.only_unfetched
    room.hush()
    room.show_rows()


def do_expired(room: Deliveries) -> None:
    """Only what has expired, or all."""
    _only(room, "expired")


def _only(room: Deliveries, what: str) -> None:
    room.checklist.only = "" if room.checklist.only == what else what
    room.hush()
    room.show_rows()


def do_filter(room: Deliveries) -> None:
    """Ask for a filter."""
    from icehouse.tui.dialogs.line import LineDialog

    opened = room.opened

    def narrowed(text: str | None) -> None:
        if text is None:
            return
        try:
            if opened is not None:
                opened.filtered = text.strip()
            else:
                room.checklist.narrow(text)
        except IcehouseError as error:
            room.console.say(str(error), danger=True)
            return
        room.hush()
        room.show_rows()

    before = opened.filtered if opened else room.checklist.filtered
    hint = "text  !text" if opened else delivery_order.HINT
    room.console.push_screen(LineDialog(before, "/", hint), narrowed)


def do_sort(room: Deliveries) -> None:
    """Order by the next column that is on screen; the name always is."""
    order, shown = room.opened or room.checklist, room.list
    fits = {shown.columns[i].id for i, _ in fitted(shown.columns, shown.content_size.width - GUTTER, gap=1)}
    order.sort(order.next_sort())
    while order.by not in fits and order.by != "name":
        order.sort(order.next_sort())
    room.show_rows()
    by = delivery_order.CALLED.get(order.by, order.by)
    room.console.say(f"by {by}{', largest first' if order.descending else ''}; , turns it around")


def do_reverse(room: Deliveries) -> None:
    """Turn the order around."""
    order = room.opened or room.checklist
    order.sort(order.by, not order.descending)
    room.show_rows()
    by = delivery_order.CALLED.get(order.by, order.by)
    room.console.say(f"by {by}, {'from the end' if order.descending else 'from the beginning'}")


def do_refresh(room: Deliveries) -> None:
    """Read again."""
    room.poke()
    if room.opened is not None:
        room.read_objects(room.opened)


# Beyond the list


def do_scan(room: Deliveries) -> None:
    """Start a scan of all sources, as a process of its own."""

    def work(_: Turn) -> int:
        from icehouse.services import deliveries

        return deliveries.start_scan(room.console.house)

    room.console.feeds.read("start-scan", work, lambda pid: room.console.say(f"scan started (process {pid})"))


def do_sources(room: Deliveries) -> None:
    """Tell how sources, records and mails stand."""
    from icehouse.tui.dialogs.telling import TellingDialog

    listed, here, house = room.checklist, room.console.house.clock.now(), room.console.house
    told = (listed.sources, listed.standings)
    dialog = TellingDialog("What the checklist rests on", basis.source_lines(*told, (), listed.mails, here))

    def work(_: Turn) -> list[tuple[str, Unparsed]]:
        from icehouse.services import deliveries

        found = [standing.source for standing in listed.standings if standing.unparsed]
        return [(source, sample) for source in found for sample in deliveries.samples(house, source)]

    def done(samples: Sequence[tuple[str, Unparsed]]) -> None:
        dialog.put(basis.source_lines(*told, samples, listed.mails, here))

    room.console.push_screen(dialog, lambda _: room.console.feeds.drop("samples"))
    room.console.feeds.read("samples", work, done)


def do_export(room: Deliveries) -> None:
    """Ask for a file, and write what is shown to it."""
    from icehouse.tui.dialogs.line import LineDialog

    rows = _rows(room, 0, room.list.source.count)

    def named(text: str | None) -> None:
        if not text or not text.strip():
            return
        path = Path(text.strip()).expanduser()
        form: Literal["csv", "jsonl"] = "jsonl" if path.suffix.lower() in (".jsonl", ".json") else "csv"

        def work(_: Turn) -> int:
            from icehouse.services import deliveries

            return deliveries.export(room.console.house, path, form, rows)

        def done(number: int) -> None:
            room.console.say(f"{plural(number, 'delivery', 'deliveries')} in {safe(str(path))}")

        room.console.feeds.read("export", work, done)

    hint = f"{plural(len(rows), 'delivery', 'deliveries')} as .csv or .jsonl"
    room.console.push_screen(LineDialog("deliveries.csv", "write to", hint), named)


def do_hold(room: Deliveries) -> None:
    """Ask why, and hold the delivery."""
    _ask_why(room, "hold it, because", lifting=False)


def do_unhold(room: Deliveries) -> None:
    """Ask why, and take away what holds the delivery itself."""
    _ask_why(room, "lift the hold, because", lifting=True)


def _ask_why(room: Deliveries, sign: str, *, lifting: bool) -> None:
    from icehouse.tui.dialogs.line import LineDialog

    row = room.here
    if row is None:
        return
    folder, house = row.delivery.folder, room.console.house

    def given(reason: str | None) -> None:
        if not reason or not reason.strip():
            return

        def work(_: Turn) -> str:
            from icehouse.services import holds

            if lifting:
                holds.unhold(house, Address(folder.store, folder.container, folder.prefix), reason=reason)
                return "is not held any more by a hold of its own"
            made = holds.hold(house, folder, reason=reason)
            return f"is held: hold {made.id[:8]}"

        def done(said: str) -> None:
            room.poke()
            room.console.say(f"{safe(row.delivery.name)} {said}")

        room.console.feeds.read("hold", work, done)

    room.console.push_screen(LineDialog("", sign, "it stays in the audit"), given)


def do_place(room: Deliveries) -> None:
    """The delivery's folder in Browse."""
    from .browse import Browse

    row, browse = room.here, room.console.rooms["browse"]
    assert isinstance(browse, Browse)
    if row is None:
        return
    folder = row.delivery.folder
    above = Place(folder.store, folder.container, folder.prefix).above
    room.console.show_room("browse")
    browse.go(above[0] if above else Place(folder.store, folder.container), on=folder)


VERBS: Mapping[str, Callable[[Deliveries], None]] = {
    "open": do_open,
    "evidence": do_evidence,
    "tick": do_tick,
    "range": do_range,
    "all": do_all,
    "undo": do_undo,
    "rules": do_rules,
    "problems": do_problems,
    "expired": do_expired,
    "filter": do_filter,
    "sort": do_sort,
    "reverse": do_reverse,
    "refresh": do_refresh,
    "scan": do_scan,
    "sources": do_sources,
    "export": do_export,
    "hold": do_hold,
    "unhold": do_unhold,
    "place": do_place,
}
"""By the id of their action."""
