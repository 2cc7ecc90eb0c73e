"""What can be done in Scope."""

from __future__ import annotations

from dataclasses import replace

from icehouse.core.refs import folder_address
from icehouse.core.rows import FolderRow, ObjectRow
from icehouse.core.scope_rows import FolderChange
from icehouse.present.scopes import Covered, Open, Problem, Ruled, ScopeRow, Undecided

from . import Action, Situation, browse
from .quoting import command
from .ruling import IN_LISTS, called


def _scope(now: Situation) -> str | None:
    return None if now.scope else "open a scope first; n makes one"


def ruled(now: Situation) -> int | None:
    """The number of the rule under the cursor, from 1; None where it is on none."""
    return now.row.line.number if isinstance(now.row, Ruled | Problem) else None


def _rule(now: Situation) -> str | None:
    if not isinstance(now.row, Ruled | Problem):
        return "stand on a rule"
    if now.row.line.rule.origin.included:
        return f"this rule is in {now.row.line.rule.origin.file}; edit it there"
    return None


def _moves(by: int, now: Situation) -> str | None:
    why = _rule(now)
    if why is not None:
        return why
    at = (ruled(now) or 1) + by
    return None if 1 <= at <= now.rules else f"this is the {'first' if by < 0 else 'last'} rule"


def _opens(now: Situation) -> str | None:
    if now.row is None:
        return "nothing is under the cursor"
    if isinstance(now.row, Undecided) and (now.row.sums is None or not now.row.sums.objects):
        return "nothing is undecided"
    return None


def _in_tree(now: Situation) -> str | None:
    return None if now.scanned else "walk into a container first"


def _edited(now: Situation) -> str | None:
    return None if now.edits else "nothing was changed"


def _markable(now: Situation) -> str | None:
    return None if isinstance(now.row, FolderRow | ObjectRow) else "stand on an object or a folder"


def _marks(now: Situation) -> str | None:
    return None if now.marks else "nothing is marked"


def _address(now: Situation) -> str:
    if isinstance(now.row, Open):
        return folder_address(now.row.open.folder)
    return folder_address(now.row.folder) if isinstance(now.row, FolderChange) else now.here


def _scan(now: Situation) -> str | None:
    return None if isinstance(now.row, Covered) or now.container else "stand on a container"


def _scanned(now: Situation) -> str:
    return f"{now.row.line.cover}/" if isinstance(now.row, Covered) else now.place


def _open_twin(now: Situation) -> str:
    return command("ls", now.here) if now.container else command("scope", "show", called(now))


def _move_twin(by: int, now: Situation) -> str:
    number = ruled(now) or 1
    return command("scope", "move", called(now), str(number), str(number + by))


def _in_a_container(now: Situation) -> bool:
    return bool(now.container)


def _changed(now: Situation) -> bool:
    return now.edits > 0


def _at_rules(now: Situation) -> bool:
    return isinstance(now.row, ScopeRow)


_AS_IN_BROWSE = {action.id: action for action in browse.ACTIONS}

ACTIONS = (
    Action("open", ("enter", "l", "right"), "open", "Open the scope, what a rule decides, what is open", 10,
           enabled=_opens, twin=_open_twin),
    Action("up", ("K",), "up", "Ask the rule earlier", 20, enabled=lambda now: _moves(-1, now), offered=_at_rules,
           twin=lambda now: _move_twin(-1, now)),
    Action("down", ("J",), "down", "Ask the rule later", 21, enabled=lambda now: _moves(1, now), offered=_at_rules,
           twin=lambda now: _move_twin(1, now)),
    Action("drop", ("d",), "drop", "Take the rule out", 25, enabled=_rule, offered=_at_rules,
           twin=lambda now: command("scope", "remove", called(now), str(ruled(now) or 1))),
    Action("undo", ("z",), "undo", "Take back the last change", 16, enabled=_edited, offered=_changed,
           twin=lambda now: command("scope", "undo", called(now))),
    Action("save", ("W",), "save", "Write the changes to the scope's file", 15, enabled=_edited, offered=_changed),
    Action("compare", ("c",), "compare", "Compare with the saved state, or another scope", 50, enabled=_scope,
           twin=lambda now: command("scope", "diff", called(now))),
    Action("new", ("n",), "new", "Make a scope from presets", 55,
           twin=lambda _: command("scope", "new", "NAME", "STORE:BUCKET")),
    *IN_LISTS,
    replace(_AS_IN_BROWSE["mark"], rank=12, enabled=_markable, offered=_in_a_container),
    replace(_AS_IN_BROWSE["range"], enabled=_markable),
    replace(_AS_IN_BROWSE["all"], words="Mark the whole folder", enabled=_in_tree),
    replace(_AS_IN_BROWSE["clear"], enabled=_marks),
    Action("only", ("o",), "only open", "Only what is undecided, or everything", 14, enabled=_in_tree,
           offered=lambda now: now.scanned),
    Action("review", ("V",), "reviewed", "Remember that what is undecided now was looked at", 60, enabled=_scope,
           twin=lambda now: command("scope", "reviewed", called(now))),
    Action("scan", ("S",), "scan", "Read the container into the catalogue", 65, enabled=_scan,
           twin=lambda now: command("scan", _scanned(now))),
    Action("browse-here", ("B",), "to Browse", "Open this place in Browse", enabled=_in_tree,
           twin=lambda now: command("ls", _address(now))),
)  # fmt: skip
