"""What works on every screen."""

from __future__ import annotations

from . import Action
from .quoting import command

ACTIONS = (
    Action("browse", ("1",), "browse", "Browse: stores, their containers, folders", twin=lambda now: command("ls")),
    Action("scope", ("2",), "scope", "Scope: what must be backed up, and what is open",
           twin=lambda _: command("scope", "list")),
    Action("cold", ("3",), "cold", "Cold: what is on its way, warm for now, where"),
    Action("deliveries", ("4",), "deliveries", "Deliveries: what has expired, and who fetched it",
           twin=lambda _: command("deliveries")),
    Action("jobs", ("5",), "jobs", "Jobs: what is carried out, what came of it",
           twin=lambda _: command("jobs")),
    Action("audit", ("6",), "audit", "Audit: every decision and every call", twin=lambda _: command("audit", "list")),
    Action("details", ("i",), "details", "Show or hide all that is known about the row", rank=80),
    Action("twin", ("y",), "command", "Show the command line that does the same", rank=85),
    Action("help", ("question_mark", "f1"), "help", "Every key of this screen", rank=90),
    Action("palette", ("colon", "ctrl+p"), "palette", "Find an action by name"),
    Action("write", ("w",), "write", "Switch between read-only and write", rank=95),
    Action("back", ("q",), "back", "One step back; leaves at the top"),
    Action("out", ("h", "left", "backspace"), "out", "One step back; stays at the top"),
    Action("escape", ("escape",), "never mind", "End a range, a filter or a message"),
    Action("refresh", ("R", "ctrl+r"), "refresh", "Ask again for what is on screen"),
    Action("redraw", ("ctrl+l",), "redraw", "Paint the whole screen anew"),
    Action("quit", ("ctrl+q", "ctrl+c"), "leave", "Leave; jobs go on"),
)  # fmt: skip
