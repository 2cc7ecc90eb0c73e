"""What every list of objects and folders lets one choose, and do with what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from icehouse.core.marks import Mark
from icehouse.core.refs import Address, FolderRef
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
    marked = room.console.marked
    covering = marked.covering(target)
    if covering is not None and not marked.is_marked(target):
        room.console.say(inside(room, covering))
        room.list.action_move(1)
        return
    marked.toggle(target, here.row)
    room.list.repaint()
    room.list.action_move(1)
    room.console.marks_changed()


def inside(room: Room, folder: FolderRef) -> str:
    """That nothing needs to be marked inside that folder, as it is marked."""
    return f"inside {room.console.known.folder(folder)} already, which is marked"


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
    found = [target for row in rows if (target := target_of(row)) is not None]
    targets = [target for target in found if room.console.marked.covering(target) is None]
    room.console.marked.add(targets, rows)
    within = len(found) - len(targets)
    already = f"; {count(within)} inside a marked folder already" if within else ""
    room.console.say(f"{plural(len(targets), 'row')} marked{already}")
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

    chosen, console = room.situation().chosen, room.console
    dialog = RestoreDialog(console.house, console.feeds, chosen, console.known)
    console.push_screen(dialog, lambda job: _approved(room, job, chosen))


def do_archive(room: Room) -> None:
    """Look at what is chosen, foretell what archiving would do, and offer that."""
    from icehouse.tui.dialogs.archive import ArchiveDialog

    chosen, console = room.situation().chosen, room.console
    dialog = ArchiveDialog(console.house, console.feeds, chosen, console.known)
    console.push_screen(dialog, lambda job: _approved(room, job, chosen))


def _approved(room: Room, job: str | None, chosen: Sequence[Mark]) -> None:
    if not job:
        return
    number = room.console.marked.discard(chosen)
    unmarked = f"; {plural(number, 'mark')} taken away" if number else ""
    room.console.say(f"approved: job {job} (5 shows it){unmarked}")
    room.console.poke()
    if number:
        room.list.repaint()
        room.console.marks_changed()


def start_scan(room: Room, store: str, container: str) -> None:
    """Start a scan of a bucket, as a process of its own."""
    address = Address(store, container, "")

    def work(_: Turn) -> int:
        from icehouse.services import scan

        return scan.start_scan(room.console.house, address)

    room.console.feeds.read("start-scan", work, lambda pid: room.console.say(f"scan started (process {pid})"))
