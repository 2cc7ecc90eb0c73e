"""What the keys of Browse do; each asks a service, none decides anything itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from icehouse.core.filters import HINT
from icehouse.core.refs import FolderRef
from icehouse.core.rows import ContainerRow, FolderRow, SortBy, StoreRow
from icehouse.core.text import safe
from icehouse.present.sizes import count, money, plural
from icehouse.tui.feeds import Turn
from icehouse.tui.listing import SORTS, following
from icehouse.tui.narrowing import NAMES_HINT

from .choosing import do_archive, do_clear, do_mark, do_range, do_restore, inside, mark_rows, start_scan
from .place import Place
from .ruling import do_keep, do_skip, do_why

if TYPE_CHECKING:
    from icehouse.services.sweep import SweepCost, SweepProgress, SweepReport

    from .browse import Browse


def do_open(room: Browse) -> None:
    """Open the row."""
    row = room.list.current.row if room.list.current else None
    if isinstance(row, StoreRow):
        room.go(Place(row.name))
    elif isinstance(row, ContainerRow):
        room.go(Place(row.store, row.name))
    elif isinstance(row, FolderRow):
        room.go(Place(row.ref.store, row.ref.container, row.ref.prefix))


def do_refresh(room: Browse) -> None:
    """Ask the store what is here now, whatever the catalogue says."""
    here = room.list.current
    room.go(room.at, on=here.identity if here else None, live=bool(room.at.container))


def do_all(room: Browse) -> None:
    """Mark this folder as such, or every row that the filter lets through."""
    if room.listing is not None and room.listing.filtered:
        mark_rows(room, 0, room.list.source.count - 1)
        return
    folder = room.at.folder
    if folder is None:
        return
    covering = room.console.marked.covering(folder)
    if covering is not None and not room.console.marked.is_marked(folder):
        room.console.say(inside(room, covering))
        return
    if room.console.marked.toggle(folder, None):
        room.console.say(f"marked all of {room.console.known.folder(folder)}, as a folder")
    else:
        room.console.say(f"no longer marked: {room.console.known.folder(folder)}")
    room.list.repaint()
    room.console.marks_changed()


def do_filter(room: Browse) -> None:
    """Ask for a filter."""
    from icehouse.tui.dialogs.line import LineDialog

    def narrowed(text: str | None) -> None:
        if text is not None:
            room.narrow(text)

    hint = HINT if room.at.container else NAMES_HINT
    room.console.push_screen(LineDialog(room.filtered, "/", hint), narrowed)


def do_sort(room: Browse) -> None:
    """Order by the next column."""
    if room.listing is None:
        return
    by, descending = following(room.listing.order[0])
    room.listing.sort(by, descending)
    room.reordered()
    _say_order(room)


def do_reverse(room: Browse) -> None:
    """Turn the order around."""
    if room.listing is None:
        return
    by, descending = room.listing.order
    room.listing.sort(by if by in dict(SORTS) else "name", not descending)
    room.reordered()
    _say_order(room)


_WAYS: Mapping[SortBy, tuple[str, str]] = {
    "size": ("smallest first", "largest first"),
    "objects": ("fewest first", "most first"),
    "changed": ("oldest first", "latest first"),
}
"""What ascending and descending mean by each order; by others they are called so."""


def _say_order(room: Browse) -> None:
    """Name the order that is in force, and whether there is room for its column."""
    if room.listing is None:
        return
    by, descending = room.listing.order
    way = _WAYS.get(by, ("ascending", "descending"))[descending]
    hidden = "" if room.list.shows(by) or by == "state" else " (no room for its column)"
    room.console.say(f"by {by}{hidden}, {way}; , turns it around")


def do_scan(room: Browse) -> None:
    """Scan the bucket that is open, or the one under the cursor."""
    start_scan(room, room.at.store, _bucket(room))


def _bucket(room: Browse) -> str:
    """The bucket that is open, or the one under the cursor."""
    row = room.list.current.row if room.list.current else None
    return room.at.container or (row.name if isinstance(row, ContainerRow) else "")


def do_search(room: Browse) -> None:
    """Search the whole bucket."""
    from .search import Search

    search = room.console.rooms["search"]
    assert isinstance(search, Search)
    search.ask(room.at.store, _bucket(room))


def do_changes(room: Browse) -> None:
    """Show what scans found other than before, in the folder that is open or the bucket under the cursor."""
    from .changes import Changes

    changes = room.console.rooms["changes"]
    assert isinstance(changes, Changes)
    changes.ask(room.at.folder or FolderRef(room.at.store, _bucket(room), ""))


def do_sweep(room: Browse) -> None:
    """Tell what a sweep would cost, and sweep when that is confirmed."""
    row = room.list.current.row if room.list.current else None
    folder = row.ref if isinstance(row, FolderRow) else room.at.folder
    if folder is None:
        return
    room.console.say("counting what is not known …")

    def work(_: Turn) -> SweepCost:
        from icehouse.services.sweep import cost_of_sweep

        return cost_of_sweep(room.console.house, folder)

    room.console.feeds.read("sweep", work, lambda cost: _confirm_sweep(room, folder, cost))


def _confirm_sweep(room: Browse, folder: FolderRef, cost: SweepCost) -> None:
    from icehouse.tui.dialogs.confirm import Confirm

    where = room.console.known.folder(folder)
    if not cost.objects:
        room.console.say(f"{where}: every state is known, and was told lately: there is nothing to sweep")
        return
    again = f" Of {count(cost.again)} the state is known, and old." if cost.again else ""
    question = Confirm(
        f"Ask for {plural(cost.objects, 'object')} under {where}",
        [
            f"{plural(cost.requests, 'HEAD request')}, {money(cost.usd)} at list price.{again}",
            "It only looks. Leaving this folder stops it; what was learned stays, and H goes on from there.",
        ],
        "Sweep",
    )

    def answered(yes: bool | None) -> None:
        if yes:
            _sweep(room, folder)

    room.console.push_screen(question, answered)


def _sweep(room: Browse, folder: FolderRef) -> None:
    def told(progress: SweepProgress) -> None:
        done, of, usd = count(progress.done), count(progress.of), money(progress.usd)
        room.console.say(f"sweeping: {done} of {of} objects asked, {usd}")

    def work(turn: Turn) -> SweepReport:
        from icehouse.services.sweep import sweep

        return sweep(room.console.house, folder, stop=turn.stopped, progress=lambda p: turn.tell(lambda: told(p)))

    def done(report: SweepReport) -> None:
        problem = f"; stopped: {safe(report.error)}" if report.error else ""
        unsettled = report.denied + report.failed
        left = f", {count(unsettled)} not told" if unsettled else ""
        room.console.say(
            f"swept: {count(report.settled)} of {count(report.of)} settled{left}, {money(report.usd)}{problem}",
            danger=bool(report.error),
        )
        room.renew()

    room.console.feeds.read("sweep", work, done)


VERBS: Mapping[str, Callable[[Browse], None]] = {
    "open": do_open,
    "refresh": do_refresh,
    "mark": do_mark,
    "range": do_range,
    "all": do_all,
    "clear": do_clear,
    "filter": do_filter,
    "sort": do_sort,
    "reverse": do_reverse,
    "search": do_search,
    "scan": do_scan,
    "changes": do_changes,
    "sweep": do_sweep,
    "restore": do_restore,
    "archive": do_archive,
    "keep": do_keep,
    "skip": do_skip,
    "why": do_why,
}
"""By the id of their action."""
