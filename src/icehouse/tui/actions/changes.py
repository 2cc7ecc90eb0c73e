"""What can be done among the changes that scans found."""

from __future__ import annotations

from icehouse.core.changes import Change
from icehouse.core.refs import FolderRef, folder_address

from . import Action, Situation
from .browse import ACTIONS as BROWSE
from .quoting import command


def _change(now: Situation) -> str | None:
    return None if isinstance(now.row, Change) else "stand on a change: a heading has nothing inside"


def _there(now: Situation) -> str:
    """The folder that holds the change; the list itself on a heading."""
    if not isinstance(now.row, Change):
        return _twin(now)
    ref = now.row.ref
    return command("ls", folder_address(FolderRef(ref.store, ref.container, ref.key[: ref.key.rfind("/") + 1])))


def _twin(now: Situation) -> str:
    return command("changes", now.place, *(["--kind", now.kind] if now.kind else []))


_AS_IN_BROWSE = {action.id: action for action in BROWSE}

ACTIONS = (
    Action("open", ("enter", "l", "right"), "go there", "Open the folder that holds it, or held it", 20,
           enabled=_change, twin=_there),
    Action("only", ("o",), "only one kind", "Only what is gone, then what changed, … then all", 30, twin=_twin),
    _AS_IN_BROWSE["scan"],
)  # fmt: skip
