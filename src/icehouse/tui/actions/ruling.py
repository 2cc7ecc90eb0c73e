"""What can be done with a scope in every list of objects and folders."""

from __future__ import annotations

from dataclasses import replace

from icehouse.core.rows import FolderRow, ObjectRow

from . import Action, Situation
from .quoting import command, marked


def called(now: Situation) -> str:
    """The scope that is open, for a command line."""
    return now.scope or "NAME"


def _judged(now: Situation) -> str | None:
    if not now.scope:
        return "no scope is open; 2 shows them"
    if not isinstance(now.row, FolderRow | ObjectRow):
        return "stand on an object or a folder"
    return None if now.covered else f"scope {now.scope} does not cover this {now.word}"


def _decidable(now: Situation) -> str | None:
    if not now.scope:
        return "no scope yet; 2 and then n makes one"
    if not now.chosen:
        return "mark something, or stand on a folder or object"
    return None if now.covered or now.marks else f"scope {now.scope} does not cover this {now.word}"


def _mark_twin(verdict: str, now: Situation) -> str:
    ids = now.manner is not None and now.manner.ids
    return command("scope", "mark", called(now), *marked(now.chosen, ids=ids), f"--{verdict}", "--reason", "WHY")


_WHY = Action("why", ("e",), "why", "Explain: which rule decides, what a backup of it is", 45, enabled=_judged,
              twin=lambda now: command("scope", "explain", now.here, "--scope", called(now)))  # fmt: skip

_KEEP = Action("keep", ("plus",), "keep", "Make a rule that keeps what is marked, or the row", 42,
               enabled=_decidable, twin=lambda now: _mark_twin("keep", now))  # fmt: skip

_SKIP = Action("skip", ("minus",), "skip", "Make a rule that skips what is marked, or the row", 43,
               enabled=_decidable, twin=lambda now: _mark_twin("skip", now))  # fmt: skip


def _where_covered(action: Action) -> Action:
    return replace(action, offered=lambda now: now.covered and bool(now.container))


IN_LISTS = tuple(_where_covered(action) for action in (_KEEP, _SKIP, _WHY))
"""What lists of objects and folders add for scopes."""
