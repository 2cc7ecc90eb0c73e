"""What describe tells of a data object: default fields and those to be asked for (facts §2.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from icehouse.sim.dnanexus.content import parts_of
from icehouse.sim.dnanexus.errors import invalid_input
from icehouse.sim.dnanexus.executables import run_spec, told_stages
from icehouse.sim.dnanexus.model import ARCHIVED, DataObject, Placement, User
from icehouse.sim.dnanexus.world import World

ABSENT: Final = object()
"""A field that this object does not have."""


@dataclass(slots=True)
class Look:
    """One object in one project at an instant."""

    world: World
    place: Placement
    now: float
    user: User | None = None
    _thing: DataObject | None = None

    @property
    def thing(self) -> DataObject:
        """What is the same in every project; fetched when first asked for."""
        if self._thing is None:
            self._thing = self.world.thing(self.place.id)
            assert self._thing is not None
        return self._thing


Field = Callable[[Look], Any]


def _created_by(look: Look) -> Any:
    return look.thing.created_by


def _size(look: Look) -> Any:
    thing = look.thing
    if thing.kind != "file" or look.world.object_state(thing) != "closed":
        return ABSENT
    return thing.size


def _media(look: Look) -> Any:
    thing = look.thing
    if thing.kind != "file":
        return ABSENT
    return thing.media if look.world.object_state(thing) == "closed" else ""


def _parts(look: Look) -> Any:
    thing = look.thing
    if thing.kind != "file" or ("drive" in thing.extra and not thing.parts):
        return ABSENT
    if not look.world.switches.parts_of_archived and look.place.standing(look.now) == ARCHIVED:
        return ABSENT
    return parts_of(thing)


def _run_spec(look: Look) -> Any:
    return run_spec(look.world, look.place, look.thing) if look.thing.kind == "applet" else ABSENT


def _stages(look: Look) -> Any:
    return told_stages(look.world, look.thing, look.user) if look.thing.kind == "workflow" else ABSENT


def _file_only(word: Field) -> Field:
    return lambda look: word(look) if look.place.id.startswith("file-") else ABSENT


_FIELDS: Final[Mapping[str, Field]] = {
    "id": lambda look: look.place.id,
    "project": lambda look: look.place.project,
    "class": lambda look: look.thing.kind,
    "sponsored": lambda look: False,
    "name": lambda look: look.place.name,
    "types": lambda look: look.thing.types,
    "state": lambda look: look.world.object_state(look.thing),
    "hidden": lambda look: look.thing.hidden,
    "links": lambda look: look.thing.links,
    "folder": lambda look: look.place.folder,
    "tags": lambda look: look.place.tags,
    "created": lambda look: look.thing.created,
    "modified": lambda look: look.place.modified,
    "createdBy": _created_by,
    "media": _media,
    "archivalState": _file_only(lambda look: look.place.standing(look.now)),
    "cloudAccount": _file_only(lambda look: "cloudaccount-dnanexus"),
    "size": _size,
    "runSpec": _run_spec,
    "stages": _stages,
    "properties": lambda look: look.place.properties,
    "details": lambda look: look.thing.details,
    "parts": _parts,
    "sponsoredUntil": lambda look: ABSENT,
}
_ASKED_FOR: Final = {"properties", "details", "parts", "sponsoredUntil"}
_DEFAULT: Final = tuple((name, call) for name, call in _FIELDS.items() if name not in _ASKED_FOR)


class Wish:
    """Which fields a `describe` input asks for; understood once, applied to many objects."""

    def __init__(self, told: object) -> None:
        """`told` is true, or maps `fields`, `defaultFields`, or the older `properties`, `details`, `parts`."""
        if told is None or told is True:
            told = {}
        if not isinstance(told, dict):
            raise invalid_input('expected key "describe" of input to be a boolean or a mapping')
        fields = told.get("fields")
        if fields is not None and not isinstance(fields, dict):
            raise invalid_input('expected key "fields" of input to be a mapping')
        named = [name for name, wanted in (fields or {}).items() if wanted]
        named += [name for name, wanted in told.items() if wanted is True and name != "defaultFields"]
        self.default = bool(told.get("defaultFields", fields is None))
        self.named = dict.fromkeys(named)
        if not self.default:
            self.named = {"id": None, **self.named}
        calls = {**(dict(_DEFAULT) if self.default else {})}
        calls |= {name: _FIELDS[name] for name in self.named if name in _FIELDS}
        self._calls = tuple(calls.items())
        self._extras = [name for name in self.named if name not in _FIELDS]

    def tell(self, look: Look) -> dict[str, Any]:
        """The answer of describe for one object."""
        told = {name: value for name, call in self._calls if (value := call(look)) is not ABSENT}
        if self._extras or self.default:
            extra = look.thing.extra
            if self.default and look.thing.kind != "file":
                told |= {name: value for name, value in extra.items() if name not in _FIELDS}
            elif self.default:  # dxpy knows a symlink by these, and asks for the default fields and the parts alone
                told |= {name: extra[name] for name in ("drive", "md5") if name in extra}
            told |= {name: extra[name] for name in self._extras if name in extra}
        return told
