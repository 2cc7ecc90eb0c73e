"""What describe tells of executables besides what was written into them; and apps, which lie in no project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from icehouse.sim.dnanexus.model import DataObject, Placement, User

if TYPE_CHECKING:
    from icehouse.sim.dnanexus.world import World


@dataclass(slots=True)
class App:
    """A published app: one version of it, open to everybody; `created` in ms."""

    id: str
    name: str
    version: str
    bill_to: str
    created: int
    created_by: str
    fields: dict[str, Any] = field(default_factory=dict)
    """title, summary, inputSpec, outputSpec, runSpec … by the API's names."""

    @property
    def names(self) -> set[str]:
        """All that it may be called by: its id, its name, its name and version."""
        return {self.id, f"app-{self.name}", f"app-{self.name}/{self.version}"}


def run_spec(world: World, place: Placement, thing: DataObject) -> dict[str, Any]:
    """An applet's run specification without its code, which `get` alone tells; bundles also by region."""
    spec: dict[str, Any] = {"systemRequirements": {}, "executionPolicy": {}, "bundledDepends": [], "execDepends": []}
    spec |= {name: value for name, value in thing.extra.get("runSpec", {}).items() if name != "code"}
    region = world.projects[place.project].region
    return {
        "bundledDependsByRegion": {region: spec["bundledDepends"]},
        "systemRequirementsByRegion": {region: spec["systemRequirements"]},
        **spec,
    }


def told_stages(world: World, thing: DataObject, user: User | None) -> list[dict[str, Any]]:
    """A workflow's stages, each with whether the caller can reach what it runs."""
    stages: list[dict[str, Any]] = thing.extra.get("stages", [])
    return [{**stage, "accessible": _reached(world, stage.get("executable"), user)} for stage in stages]


def _reached(world: World, executable: object, user: User | None) -> bool:
    if not isinstance(executable, str):
        return False
    if executable.startswith("app-"):
        return any(executable in app.names for app in world.apps.values())
    return any(world.level(user, world.projects[held]) != "NONE" for held in world.holders(executable))
