"""Methods of single data objects that hold for every class (facts §2.6)."""

from __future__ import annotations

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import not_found


def list_projects(call: Call) -> Answer:
    """The projects that hold the object, with the caller's level; `{}` where the caller sees none."""
    world = call.world
    if world.thing(call.subject) is None:
        raise not_found(call.subject)
    held = {name: world.level(call.user, world.projects[name]) for name in world.holders(call.subject)}
    return {name: level for name, level in held.items() if level != "NONE"}
