"""What every list of objects and folders lets one choose, and do with what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icehouse.core.refs import Address
from icehouse.core.text import safe
from icehouse.present.sizes import count, plural
from icehouse.tui.feeds import Turn
from icehouse.tui.marked import MOST_BY_HAND, target_of

if TYPE_CHECKING:
    from .room import Room


def do_mark(room: Room) -> None:
    """Mark the row, or the range."""
    if room.list.range_from is not None:
        do_range(room)
        return
    here = room.list.current
    target = target_of(here.row) if here else None
    if here is None or target is None:
        return
    covering = room.console.marked.covering(target)
    if room.console.marked.toggle(target, here.row) and covering is not None:
        room.console.say(f"was already marked with {safe(covering.prefix or covering.container)}")
    room.list.repaint()
    room.list.action_move(1)
    room.console.marks_changed()


def do_range(room: Room) -> None:
    """Begin a range, or mark the one that was begun."""
    if room.list.range_from is None:
        room.list.begin_range()
        room.console.say("range: move, then space or v marks it; esc forgets it")
        return
    first, last = room.list.span()
    room.list.end_range()
    mark_rows(room, first, last)


def mark_rows(room: Room, first: int, last: int) -> None:
    """Mark the rows at these positions by their identities."""
    number = last - first + 1
    if number > MOST_BY_HAND:
        room.console.say(f"{count(number)} rows: mark the folder instead, or narrow the filter", danger=True)
        return
    rows = [line.row for line in room.list.source.rows(first, number)]
    targets = [target for row in rows if (target := target_of(row)) is not None]
    room.console.marked.add(targets, rows)
    room.console.say(f"{plural(len(targets), 'row')} marked")
    room.list.repaint()
    room.console.marks_changed()


def do_clear(room: Room) -> None:
    """Take every mark away."""
    number = len(room.console.marked.all())
    room.console.marked.clear()
    room.console.say(f"{plural(number, 'mark')} taken away")
    room.list.repaint()
    room.console.marks_changed()


def do_restore(room: Room) -> None:
    """Look at what is chosen, and offer to bring it back."""
    from icehouse.tui.dialogs.restore import RestoreDialog

    chosen = room.situation().chosen
    room.console.push_screen(
        RestoreDialog(room.console.house, chosen, room.console.feeds), lambda job: _restored(room, job)
    )


def _restored(room: Room, job: str | None) -> None:
    if job:
        room.console.say(f"approved: job {job} carries it out, with or without this console (5 shows it)")
        room.console.poke()


def start_scan(room: Room, store: str, container: str) -> None:
    """Start a scan of a bucket, as a process of its own."""
    address = Address(store, container, "")

    def work(_: Turn) -> int:
        from icehouse.services import scan

        return scan.start_scan(room.console.house, address)

    room.console.feeds.read("start-scan", work, lambda pid: room.console.say(f"scan started (process {pid})"))
