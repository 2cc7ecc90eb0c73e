"""One API call as the methods see it, and readers of its input that refuse as the service does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from icehouse.sim.dnanexus.errors import ApiError, invalid_input, not_found
from icehouse.sim.dnanexus.model import DataObject, Placement, Project, User, folder_path, rank
from icehouse.sim.dnanexus.world import World


@dataclass(slots=True)
class Call:
    """A method called on a subject (`project-…`, `file-…`, or empty) with its input, by somebody or nobody."""

    world: World
    operation: str
    subject: str
    input: dict[str, Any]
    user: User | None
    now: float
    headers: Mapping[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    """What the request log shall tell of it besides."""

    @property
    def caller(self) -> User:
        """Who calls; 401 when nobody is logged in."""
        if self.user is None:
            raise ApiError("InvalidAuthentication", "You need to be logged in to use this method")
        return self.user

    def need_login(self) -> None:
        """401 when nobody is logged in."""
        assert self.caller

    @property
    def now_ms(self) -> int:
        """The instant of the call in ms."""
        return int(self.now * 1000)

    def project(self, need: str = "VIEW", name: object = None) -> Project:
        """The project called upon, or named, for a caller with that level."""
        return self.world.project_for(self.user, self.subject if name is None else name, need)

    def place(self, project: Project, name: str) -> Placement:
        """Where an object lies in a project; 404 when it does not."""
        found = self.world.shelves[project.id].get(name)
        if found is None:
            raise ApiError("ResourceNotFound", f'"{name}" could not be found in {project.id}')
        return found

    def thing(self, need: str = "VIEW") -> tuple[DataObject, list[Project]]:
        """The data object called upon, and the projects in which the caller has that level with it.

        404 when the caller sees it nowhere, 401 when only at too low a level.
        """
        world = self.world
        thing = world.thing(self.subject)
        if thing is None:
            raise not_found(self.subject)
        seen = [world.projects[name] for name in world.holders(thing.id)]
        seen = [project for project in seen if world.level(self.user, project) != "NONE"]
        if not seen:
            raise not_found(self.subject)
        held = [project for project in seen if rank(world.level(self.user, project)) >= rank(need)]
        if not held:
            raise ApiError("PermissionDenied", f"{need} permission required in {seen[0].id} to perform this action")
        return thing, held

    # Input

    def text(self, name: str, default: str | None = None) -> str:
        """A string of the input; 422 when it is none, or absent without a default."""
        value = self.input.get(name, default)
        if not isinstance(value, str):
            raise invalid_input(f'expected key "{name}" of input to be a string')
        return value

    def truth(self, name: str, default: bool = False) -> bool:
        """A boolean of the input."""
        value = self.input.get(name, default)
        if not isinstance(value, bool):
            raise invalid_input(f'expected key "{name}" of input to be a boolean')
        return value

    def names(self, name: str, most: int | None = None) -> list[str]:
        """An array of strings of the input, empty when absent; 422 when it has more than `most`."""
        value = self.input.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise invalid_input(f'expected key "{name}" of input to be an array of strings')
        if most is not None and len(value) > most:
            raise invalid_input(f'expected key "{name}" of input to have at most {most} elements')
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """An object of the input, empty when absent."""
        value = self.input.get(name, {})
        if not isinstance(value, dict):
            raise invalid_input(f'expected key "{name}" of input to be a mapping')
        return value

    def folder(self, name: str = "folder", default: str | None = None) -> str:
        """A folder of the input, as the service keeps it; double slashes collapse (facts §2.5)."""
        try:
            return folder_path(self.text(name, default))
        except ValueError as problem:
            raise invalid_input(f'expected key "{name}" of input to be a full folder path') from problem

    def limit(self, most: int = 1000) -> int:
        """The page size asked for; see the switch `long_limits` for what is above the most."""
        value = self.input.get("limit", most)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise invalid_input('expected key "limit" of input to be a positive integer')
        if value > most and self.world.switches.long_limits == "refuse":
            raise invalid_input(f'expected key "limit" of input to be at most {most}')
        return min(value, most)


Answer = dict[str, Any]
Method = Callable[[Call], Answer | Awaitable[Answer]]


def tag_list(value: object, name: str = "tags") -> list[str]:
    """Tags or types of some input: strings that are not empty, each once."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise invalid_input(f'expected key "{name}" of input to be an array of nonempty strings')
    return list(dict.fromkeys(value))


def property_map(value: object, *, nulls: bool = False) -> dict[str, Any]:
    """Properties of some input: keys not empty, values strings, or null to take one away where that goes."""
    if not isinstance(value, dict):
        raise invalid_input('expected key "properties" of input to be a mapping')
    for key, word in value.items():
        if not key:
            raise invalid_input("property keys must be nonempty")
        if not isinstance(word, str) and not (nulls and word is None):
            raise invalid_input(f'expected the value of property "{key}" to be a string')
    return value
