"""What the keys of Scope do; edits change a draft in memory, and nothing but `save` writes a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from icehouse.core.errors import IcehouseError
from icehouse.core.filters import HINT
from icehouse.core.refs import FolderRef
from icehouse.core.rows import FolderRow, ObjectRow
from icehouse.core.scope_rows import Difference, FolderChange, ScopeLine
from icehouse.core.scopes import Cover
from icehouse.core.text import safe
from icehouse.present import scopes as words
from icehouse.tui.dialogs.new_scope import NewScope
from icehouse.tui.feeds import Turn
from icehouse.tui.widgets.status_line import StatusLine

from .choosing import do_clear, do_mark, do_range, start_scan
from .place import Place
from .ruling import do_keep, do_skip, do_why
from .scope_walks import Compared, Containers, Decided, Tree, Walk

if TYPE_CHECKING:
    from .scope import ScopeRoom


def do_open(room: ScopeRoom) -> None:
    """Open the row: a scope, what a rule decided, what is undecided, a container, a folder, or what differs there."""
    here = room.list.current
    row = here.row if here else None
    match row:
        case ScopeLine() if row.error:
            room.console.say(row.error, danger=True)
        case ScopeLine():
            room.scoping.open(row.path)
            room._to("rules", None)
        case words.Ruled() | words.Problem():
            room.go(Decided(room, row.line))
        case words.Undecided() | words.Perhaps():
            _into_undecided(room)
        case words.Open():
            room.go(Tree(room, row.open.folder, only=True))
        case words.Covered():
            folder = FolderRef(row.line.cover.store, row.line.cover.container, "")
            room.go(Tree(room, folder, only=isinstance(room.level, Containers)))
        case FolderRow():
            room.go(Tree(room, row.ref, only=isinstance(room.level, Tree) and room.level.only))
        case ObjectRow() if isinstance(room.level, Decided):
            above = row.ref.key[: row.ref.key.rfind("/") + 1]
            room.go(Tree(room, FolderRef(row.ref.store, row.ref.container, above), only=False), on=row.ref)
        case ObjectRow():
            do_why(room)
        case FolderChange():
            room.go(Tree(room, row.folder, only=False))


def _into_undecided(room: ScopeRoom) -> None:
    told = room.scoping.standing
    open_ = [line.cover for line in told.covers if line.sums.undecided.objects] if told else []
    if len(open_) == 1:
        room.go(Tree(room, FolderRef(open_[0].store, open_[0].container, ""), only=True))
    elif open_:
        room.go(Containers(room))


def do_up(room: ScopeRoom) -> None:
    """Ask the rule earlier."""
    _move(room, -1)


def do_down(room: ScopeRoom) -> None:
    """Ask the rule later."""
    _move(room, 1)


def _number(room: ScopeRoom) -> int | None:
    row = room.list.current.row if room.list.current else None
    return row.line.number if isinstance(row, words.Ruled | words.Problem) else None


def _move(room: ScopeRoom, by: int) -> None:
    number = _number(room)
    if number is not None:
        _edit(room, lambda: room.scoping.move(number, by))


def do_drop(room: ScopeRoom) -> None:
    """Take the rule out; undo brings it back."""
    number = _number(room)
    if number is not None:
        _edit(room, lambda: room.scoping.drop(number))


def do_undo(room: ScopeRoom) -> None:
    """Take back the last change."""
    _edit(room, room.scoping.undo)


def do_save(room: ScopeRoom) -> None:
    """Write the file, and say where."""
    _edit(room, room.scoping.save)


def _edit(room: ScopeRoom, change: Callable[[], str | None]) -> None:
    """Change the draft; the line above the marks tells that it is not saved, and what it leaves undecided."""
    try:
        said = change()
    except IcehouseError as error:
        room.console.say(str(error), danger=True)
        return
    if said:
        room.console.say(said)
    else:
        room.console.query_one(StatusLine).hush()


def do_only(room: ScopeRoom) -> None:
    """Only what is undecided, or everything."""
    if isinstance(room.level, Tree):
        room.level.turn_only()


def do_all(room: ScopeRoom) -> None:
    """Mark the folder that is open."""
    if not isinstance(room.level, Tree):
        return
    marked, folder = room.console.marked, room.level.folder
    on = marked.toggle(folder, None)
    where = room.console.known.folder(folder)
    room.console.say(f"marked all of {where}, as a folder" if on else f"no longer marked: {where}")
    room.list.repaint()
    room.console.marks_changed()


def do_compare(room: ScopeRoom) -> None:
    """Ask with what, where there is a choice; then compare."""
    from icehouse.tui.dialogs.picking import PickDialog

    scoping = room.scoping
    others = [line for line in scoping.lines if line.path != scoping.path and not line.error]
    choices: list[tuple[Path | None, str]] = [(None, "its saved state")] if scoping.edits else []
    choices += [(line.path, safe(f"scope {line.name}")) for line in others]
    if not choices:
        room.console.say("nothing was changed, and there is no other scope to compare with")
        return

    def picked(choice: tuple[Path | None] | None) -> None:
        if choice is not None:
            _compare(room, choice[0])

    if len(choices) == 1:
        _compare(room, choices[0][0])
    else:
        room.console.push_screen(PickDialog(f"Compare {safe(scoping.name)} with", choices), picked)


def _compare(room: ScopeRoom, other: Path | None) -> None:
    work = room.scoping.comparer(other)
    room.console.say("comparing …")

    def done(found: Difference) -> None:
        room.console.query_one(StatusLine).hush()
        room.go(Compared(room, found))

    room.console.feeds.read("scope-compare", lambda turn: work(turn.stopped), done)


def do_new(room: ScopeRoom) -> None:
    """Ask for name, containers and presets; make the file and open it."""
    from icehouse.tui.dialogs.new_scope import NewScopeDialog

    console = room.console

    def work(_: Turn) -> list[tuple[Cover, str]]:
        from icehouse.services.browse import sums

        return [(Cover(each.store, each.container), f"{each.store}:{each.title or each.container}")
                for each in sums(console.house)]  # fmt: skip

    def ask(covers: list[tuple[Cover, str]]) -> None:
        if not covers:
            console.say("nothing was scanned yet: a scope covers what was; S in Browse scans", danger=True)
            return
        told = [(cover, safe(called)) for cover, called in covers]
        console.push_screen(NewScopeDialog(told, {cover for cover, _ in covers}), made)

    def made(wish: NewScope | None) -> None:
        if wish is not None:
            room.scoping.create(wish.name, wish.covers, wish.presets)
            room.came.clear()
            room._to("rules", None)

    console.feeds.read("scope-covers", work, ask)


def do_review(room: ScopeRoom) -> None:
    """Remember that what is undecided now was looked at."""
    room.scoping.review()


def do_scan(room: ScopeRoom) -> None:
    """Scan the container under the cursor, or the one that is open."""
    row = room.list.current.row if room.list.current else None
    if isinstance(row, words.Covered):
        start_scan(room, row.line.cover.store, row.line.cover.container)
    elif isinstance(room.level, Tree):
        start_scan(room, room.level.folder.store, room.level.folder.container)


def do_browse_here(room: ScopeRoom) -> None:
    """The same folder in Browse."""
    from .browse import Browse

    browse = room.console.rooms["browse"]
    if isinstance(room.level, Tree) and isinstance(browse, Browse):
        here, folder = room.list.current, room.level.folder
        room.console.show_room("browse")
        browse.go(Place(folder.store, folder.container, folder.prefix), on=here.identity if here else None)


def do_filter(room: ScopeRoom) -> None:
    """Ask for a filter of the folder."""
    from icehouse.tui.dialogs.line import LineDialog

    tree = room.level
    if not isinstance(tree, Tree):
        return

    def narrowed(text: str | None) -> None:
        if text is not None and room.level is tree:
            try:
                tree.narrow(text)
            except IcehouseError as error:
                room.console.say(str(error), danger=True)

    room.console.push_screen(LineDialog(tree.filtered, "/", HINT), narrowed)


def do_sort(room: ScopeRoom) -> None:
    """Order the folder by the next column."""
    if isinstance(room.level, Tree):
        room.level.sort()


def do_refresh(room: ScopeRoom) -> None:
    """Read the files again, and count again what changed."""
    if isinstance(room.level, Walk):
        room.level.renew()
    room.scoping.load()


VERBS: Mapping[str, Callable[[ScopeRoom], None]] = {
    "open": do_open,
    "up": do_up,
    "down": do_down,
    "drop": do_drop,
    "undo": do_undo,
    "save": do_save,
    "compare": do_compare,
    "new": do_new,
    "why": do_why,
    "keep": do_keep,
    "skip": do_skip,
    "mark": do_mark,
    "range": do_range,
    "all": do_all,
    "clear": do_clear,
    "only": do_only,
    "filter": do_filter,
    "sort": do_sort,
    "review": do_review,
    "scan": do_scan,
    "browse-here": do_browse_here,
    "refresh": do_refresh,
}
"""By the id of their action."""
