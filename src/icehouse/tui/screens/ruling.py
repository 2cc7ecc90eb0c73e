"""What every list of objects and folders lets one do with a scope: keep, skip, and ask why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icehouse.core.errors import IcehouseError
from icehouse.core.refs import FolderRef
from icehouse.core.rows import FolderRow, ObjectRow
from icehouse.core.scopes import Verdict
from icehouse.core.text import safe
from icehouse.present.cells import Cell, Tone
from icehouse.present.sizes import at_least, count, plural, size
from icehouse.present.verdicts import sums_lines
from icehouse.tui.actions.registry import find

if TYPE_CHECKING:
    from icehouse.core.scope_rows import Explanation

    from .room import Room


def do_keep(room: Room) -> None:
    """Ask why what is chosen must be kept, and make that a rule of the scope."""
    _rule(room, Verdict.KEEP)


def do_skip(room: Room) -> None:
    """Ask why what is chosen need not be kept, and make that a rule of the scope."""
    _rule(room, Verdict.SKIP)


def _rule(room: Room, verdict: Verdict) -> None:
    from icehouse.tui.dialogs.ruling import RulingDialog

    console, now = room.console, room.situation()
    scoping, chosen = console.scoping, now.chosen
    outside = scoping.outside(chosen)
    if outside:
        console.say(f"scope {safe(scoping.name)} does not cover {safe(str(outside[0]))}", danger=True)
        return
    totals = console.marked.totals
    much = ""
    if now.marks and totals.objects:
        more = totals.unsized > 0
        much = (
            f" · {at_least(count(totals.objects), growing=more)} objects, {at_least(size(totals.bytes), growing=more)}"
        )
    what = plural(len(chosen), "mark") if now.marks else "what is under the cursor"
    twin = find(room.room, verdict.value).twin(now)
    dialog = RulingDialog(
        f"{verdict.value.capitalize()} {what}{much}",
        [console.known.address(mark) for mark in chosen],
        f"A new first rule of scope {safe(scoping.name)}, so that it decides before all others.  Not saved yet:"
        " 2 shows what it changes, W there saves, z undoes.",
        twin,
        verdict.value.capitalize(),
    )

    def given(reason: str | None) -> None:
        if not reason:
            return
        try:
            said = scoping.mark(chosen, verdict, reason)
        except IcehouseError as error:
            console.say(str(error), danger=True)
            return
        number = console.marked.discard(chosen)
        console.say(said)
        if number:
            room.list.repaint()
            console.marks_changed()

    console.push_screen(dialog, given)


def do_why(room: Room) -> None:
    """Tell which rule decides, the ones after it, and what a backup would consist of."""
    from icehouse.present.why import why_lines
    from icehouse.tui.dialogs.telling import TellingDialog

    console = room.console
    row = room.list.current.row if room.list.current else None
    if isinstance(row, FolderRow):
        _why_folder(room, row.ref)
        return
    if not isinstance(row, ObjectRow):
        return
    ref = row.ref
    dialog = TellingDialog(f"Why, in scope {safe(console.scoping.name)}", [("", Cell("asking …", Tone.FAINT))])
    console.push_screen(dialog, lambda _: console.feeds.drop("why"))
    work = console.scoping.explainer(ref)

    def done(found: Explanation) -> None:
        dialog.put(why_lines(found, console.known.names))

    def failed(line: str) -> None:
        dialog.put([("", Cell(line, Tone.DANGER, ours=False))])

    console.feeds.read("why", lambda _: work(), done, failed)


def _why_folder(room: Room, folder: FolderRef) -> None:
    """A folder has no verdict of its own: tell what is below it."""
    from icehouse.tui.dialogs.telling import TellingDialog

    console = room.console
    sums = console.scoping.sums_of(folder)
    lines = [("folder", Cell(console.known.folder(folder), ours=False))]
    lines += sums_lines(sums) if sums is not None else [("verdict", Cell("not counted yet", Tone.FAINT))]
    lines.append(("", Cell("")))
    lines.append(("", Cell("A folder is what its objects are; e on one of them tells the rule.", Tone.FAINT)))
    console.push_screen(TellingDialog(f"Why, in scope {safe(console.scoping.name)}", lines))
