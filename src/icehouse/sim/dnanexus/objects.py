"""Methods of single data objects that hold for every class (facts §2.6)."""

from __future__ import annotations

from icehouse.sim.dnanexus.call import Answer, Call, property_map, tag_list
from icehouse.sim.dnanexus.errors import invalid_input, invalid_state, not_found
from icehouse.sim.dnanexus.making import links_in
from icehouse.sim.dnanexus.model import DataObject, Placement


def list_projects(call: Call) -> Answer:
    """The projects that hold the object, with the caller's level; `{}` where the caller sees none."""
    world = call.world
    if world.thing(call.subject) is None:
        raise not_found(call.subject)
    held = {name: world.level(call.user, world.projects[name]) for name in world.holders(call.subject)}
    return {name: level for name, level in held.items() if level != "NONE"}


def change_copy(call: Call) -> Answer:
    """`rename`, `addTags`, `removeTags`, `setProperties`: of one project's copy, which `project` names."""
    place = _copy(call)
    match call.operation.rpartition("/")[2]:
        case "rename":
            name = call.text("name")
            if not name:
                raise invalid_input('expected key "name" of input to be a nonempty string')
            place.name = name
        case "addTags":
            place.tags = list(dict.fromkeys([*place.tags, *tag_list(call.input.get("tags"))]))
        case "removeTags":
            gone = set(tag_list(call.input.get("tags")))
            place.tags = [tag for tag in place.tags if tag not in gone]
        case _:
            merged = {**place.properties, **property_map(call.input.get("properties"), nulls=True)}
            place.properties = {key: value for key, value in merged.items() if value is not None}
    place.modified = call.now_ms
    call.world.keep_place(place)
    return {"id": place.id}


def _copy(call: Call) -> Placement:
    project = call.project("CONTRIBUTE", call.text("project"))
    return call.place(project, call.subject)


def change_object(call: Call) -> Answer:
    """`addTypes`, `removeTypes`, `setDetails`, of the object everywhere while it is open; `setVisibility` always."""
    thing, projects = call.thing("CONTRIBUTE")
    how = call.operation.rpartition("/")[2]
    if how != "setVisibility" and call.world.object_state(thing) != "open":
        raise invalid_state(f"{thing.id} is not in the open state")
    match how:
        case "addTypes":
            thing.types = list(dict.fromkeys([*thing.types, *tag_list(call.input.get("types"), "types")]))
        case "removeTypes":
            gone = set(tag_list(call.input.get("types"), "types"))
            thing.types = [word for word in thing.types if word not in gone]
        case "setVisibility":
            thing.hidden = call.truth("hidden")
        case _:
            # The whole input is the details.
            thing.details, thing.links = dict(call.input), links_in(call.input)
    _keep(call, thing, [call.place(project, thing.id) for project in projects])
    return {"id": thing.id}


def _keep(call: Call, thing: DataObject, places: list[Placement]) -> None:
    call.world.keep_object(thing)
    for place in places:
        place.modified = call.now_ms
        call.world.keep_place(place)


def get_details(call: Call) -> Answer:
    """The details of an object, as they are."""
    thing, _ = call.thing()
    details: Answer = thing.details
    return details
