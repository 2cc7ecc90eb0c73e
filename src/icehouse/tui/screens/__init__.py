"""The screens: each a list with its own source, actions and words; they decide nothing that services decide."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .room import Room

_MADE = {
    "browse": "Browse", "search": "Search", "changes": "Changes", "scope": "ScopeRoom", "cold": "Cold",
    "deliveries": "Deliveries", "jobs": "Jobs", "audit": "Audit",
}  # fmt: skip


def furnish(name: str) -> Room:
    """The screen of that name, made now; what it is made of is imported with it."""
    made: Room = getattr(import_module(f".{name}", __package__), _MADE[name])()
    return made
