"""What can be done among the hits of a search."""

from __future__ import annotations

from dataclasses import replace

from . import Action, Situation, browse
from .quoting import command


def _hit(now: Situation) -> str | None:
    return None if now.row is not None else "nothing is under the cursor"


_AS_IN_BROWSE = {action.id: action for action in browse.ACTIONS}

ACTIONS = (
    Action("open", ("enter", "l", "right"), "go there", "Open the folder that holds the hit", 20, enabled=_hit,
           twin=lambda now: command("ls", now.here)),
    *(_AS_IN_BROWSE[name] for name in ("mark", "range")),
    replace(_AS_IN_BROWSE["all"], words="Mark all hits"),
    _AS_IN_BROWSE["clear"],
    replace(_AS_IN_BROWSE["search"], rank=30),
    *(_AS_IN_BROWSE[name] for name in ("restore", "archive", "scan")),
)  # fmt: skip
