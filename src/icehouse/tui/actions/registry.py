"""Every action by screen, and what is made from them: bindings and the lines of help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from textual.binding import Binding

from . import Action, Situation, everywhere, ruling

_NAMES = ("browse", "search", "changes", "scope", "cold", "deliveries", "jobs", "audit")
_RULING = ("browse", "search")


class _Rooms(Mapping[str, tuple[Action, ...]]):
    """The actions of each screen; what they know of its rows is imported when they are first asked for."""

    def __getitem__(self, room: str) -> tuple[Action, ...]:
        if room not in _NAMES:
            raise KeyError(room)
        return _own(room)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


ROOMS: Mapping[str, tuple[Action, ...]] = _Rooms()
"""By the name of a screen what can be done there alone."""


@cache
def _own(room: str) -> tuple[Action, ...]:
    own: tuple[Action, ...] = import_module(f".{room}", __package__).ACTIONS
    return (*own, *ruling.IN_LISTS) if room in _RULING else own


MOVING = (
    ("j k ↓ ↑", "one row down, up"),
    ("pgdn pgup", "one page down, up"),
    ("^d ^u", "half a page down, up"),
    ("g G", "first row, last row"),
)
"""The list's own keys, for help."""


def of_room(room: str) -> tuple[Action, ...]:
    """The actions that a screen knows, its own first."""
    return (*ROOMS[room], *everywhere.ACTIONS)


def find(room: str, action_id: str) -> Action:
    """The action of that id as it is on that screen.  KeyError where it has none."""
    for action in of_room(room):
        if action.id == action_id:
            return action
    raise KeyError(action_id)


def bindings(actions: tuple[Action, ...]) -> list[Binding]:
    """Key bindings that call `act` on the app; which action may run is asked when the key is pressed."""
    return [Binding(",".join(action.keys), f"app.act({action.id!r})", action.label, show=False) for action in actions]


def key_line(room: str, now: Situation) -> list[tuple[str, str, bool]]:
    """(key, label, can be done now) for the line at the bottom, in the order of their rank."""
    from . import key_name

    ranked = sorted(
        (action for action in of_room(room) if action.rank and action.offered(now)), key=lambda action: action.rank
    )
    return [(key_name(action.keys[0]), action.label, action.why_not(now) is None) for action in ranked]
