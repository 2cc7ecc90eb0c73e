"""What the keys that work everywhere do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .actions import registry
from .widgets.details import Details
from .widgets.status_line import StatusLine

if TYPE_CHECKING:
    from .app import Console


def details(console: Console) -> None:
    """Show or hide the details panel."""
    console.toggle_class("-details")
    console.call_after_refresh(console.tell)


def help_(console: Console) -> None:
    """Every key of this screen."""
    from .dialogs.help import HelpDialog

    console.push_screen(HelpDialog(console.room.room, console.room.situation()))


def palette(console: Console) -> None:
    """Find an action by its name, and do it."""
    from .dialogs.palette import PaletteDialog

    def chosen(action_id: str | None) -> None:
        if action_id:
            console.action_act(action_id)

    console.push_screen(PaletteDialog(console.room.room, console.room.situation()), chosen)


def write(console: Console) -> None:
    """Switch to write, which is asked, or back to read-only, which is not."""
    if console.write:
        console.write = False
        console.say("read-only again")
        console.tell()
        return
    from .dialogs.confirm import Confirm

    def answered(yes: bool | None) -> None:
        console.write = bool(yes)
        if yes:
            console.say("write: restores, archiving, jobs, and holds to lift; w goes back")
        console.tell()

    lines = [
        "In write mode restores and archiving can be approved, jobs cancelled and",
        "retried. Each still shows its cost and asks before anything is sent.",
        "Holds can be lifted, too. To hold needs no write: it only protects.",
    ]
    console.push_screen(Confirm("Switch to write", lines, "Write"), answered)


def twin(console: Console) -> None:
    """Show and copy the command line that does what is in hand."""
    from .dialogs.twin import TwinDialog

    now = console.room.situation()
    lines = [
        (a.label, a.twin(now)) for a in registry.of_room(console.room.room) if a.why_not(now) is None or a.dangerous
    ]
    found = [(label, line) for label, line in lines if line]
    if found:
        console.push_screen(TwinDialog(found))
    else:
        console.say("nothing here has a command line of its own")


def back(console: Console) -> None:
    """One step back; at the top, leave."""
    if not _stepped_back(console):
        console.leave()


def out(console: Console) -> None:
    """One step back by a key that moves: one too many stays at the top."""
    if not _stepped_back(console):
        console.say("this is the top; q leaves")


def _stepped_back(console: Console) -> bool:
    """Out of the details, up a folder, to Browse; False at the top."""
    if console.has_class("-details") and console.has_class("-narrow"):
        details(console)
    elif console.room.back():
        pass
    elif console.room.room != "browse":
        console.show_room("browse")
    else:
        return False
    return True


def escape(console: Console) -> None:
    """End what covers the list, a range, the details, a filter or a message, whichever is there first."""
    room = console.room
    if console.has_class("-details") and console.has_class("-narrow"):
        details(console)
    elif room.list.range_from is not None:
        room.list.end_range()
        console.say("range forgotten")
    elif console.has_class("-details"):
        details(console)
    elif not room.never_mind():
        console.query_one(StatusLine).hush()


def scroll(console: Console, rows: int) -> None:
    """Scroll the details."""
    console.query_one(Details).scroll_by(rows)


VERBS: Mapping[str, Callable[[Console], None]] = {
    "browse": lambda console: console.show_room("browse"),
    "scope": lambda console: console.show_room("scope"),
    "cold": lambda console: console.show_room("cold"),
    "deliveries": lambda console: console.show_room("deliveries"),
    "jobs": lambda console: console.show_room("jobs"),
    "audit": lambda console: console.show_room("audit"),
    "details": details,
    "twin": twin,
    "help": help_,
    "palette": palette,
    "write": write,
    "back": back,
    "out": out,
    "escape": escape,
    "redraw": lambda console: console.redraw(),
    "quit": lambda console: console.leave(),
}
"""By the id of their action."""
