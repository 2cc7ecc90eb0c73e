"""Changing what lies where in a project: make, rename, move and remove folders and objects (facts §2.5, §7)."""

from __future__ import annotations

from typing import Final

from icehouse.sim.dnanexus import archiving
from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import ApiError, invalid_input, invalid_state
from icehouse.sim.dnanexus.folders import missing_folder
from icehouse.sim.dnanexus.model import Project, parent_folder, within

MOST_MOVED: Final = 100_000


def new_folder(call: Call) -> Answer:
    """Make a folder; with `parents` also those above, and nothing wrong where it is there already."""
    project = call.project("UPLOAD")
    folder = call.folder()
    shelf = call.world.shelves[project.id]
    parents = call.truth("parents")
    if folder in shelf.folders:
        if not parents:
            raise invalid_state(f'Folder "{folder}" already exists in {project.id}')
        return {"id": project.id}
    if not parents and parent_folder(folder) not in shelf.folders:
        raise missing_folder(call, parent_folder(folder), project)
    call.world.keep_folders(project.id, shelf.add_folder(folder), [])
    return {"id": project.id}


def rename_folder(call: Call) -> Answer:
    """Give a folder another `name`, or another place by `newpath`."""
    project = call.project("CONTRIBUTE")
    folder = call.folder()
    if "newpath" in call.input:
        target = call.folder("newpath")
    else:
        name = call.text("name")
        if not name or "/" in name:
            raise invalid_input('expected key "name" of input to be a folder name')
        target = call.folder("newpath", f"{parent_folder(folder).rstrip('/')}/{name}")
    _carry(call, project, folder, target)
    return {"id": project.id}


def _carry(call: Call, project: Project, folder: str, target: str) -> None:
    """Bring a folder with all that is in it to another path."""
    shelf = call.world.shelves[project.id]
    if folder not in shelf.folders:
        raise missing_folder(call, folder, project)
    if parent_folder(target) not in shelf.folders:
        raise missing_folder(call, parent_folder(target), project)
    if folder == "/" or within(target, folder):
        raise invalid_input(f'Folder "{folder}" cannot be moved to "{target}"')
    if target in shelf.folders:
        raise invalid_state(f'Folder "{target}" already exists in {project.id}')
    inside = [name for name in shelf.folders if within(name, folder)]
    places = list(shelf.walk(folder))
    call.world.keep_folders(project.id, [target + name[len(folder) :] for name in inside], inside)
    for place in places:
        place.folder = target + place.folder[len(folder) :]
        call.world.keep_place(place)


def move(call: Call) -> Answer:
    """Bring objects and folders of the project into another of its folders."""
    project = call.project("CONTRIBUTE")
    objects, folders = call.names("objects", MOST_MOVED), call.names("folders", MOST_MOVED)
    destination = call.folder("destination")
    shelf = call.world.shelves[project.id]
    if destination not in shelf.folders:
        raise missing_folder(call, destination, project)
    places = [call.place(project, name) for name in objects]
    for folder in folders:
        call.input["folder"] = folder
        clean = call.folder()
        target = f"{destination.rstrip('/')}/{clean.rpartition('/')[2]}"
        if target != clean:
            _carry(call, project, clean, target)
    for place in places:
        place.folder, place.modified = destination, call.now_ms
        call.world.keep_place(place)
    return {"id": project.id}


def _removing_level(project: Project) -> str:
    return "ADMINISTER" if project.flags.get("protected") else "CONTRIBUTE"


def _removable(call: Call) -> Project:
    """CONTRIBUTE may delete, unless the project is protected (facts §2.5)."""
    return call.project(_removing_level(call.project()))


def remove_objects(call: Call) -> Answer:
    """Take objects out of the project; ids that are not there are 404 unless `force`."""
    project = _removable(call)
    names = call.names("objects", call.world.switches.removal_batch)
    shelf = call.world.shelves[project.id]
    missing = [name for name in names if shelf.get(name) is None]
    if missing and not call.truth("force"):
        raise ApiError("ResourceNotFound", f"The objects {', '.join(missing[:10])} do not exist in {project.id}")
    take_out(call, project, [name for name in dict.fromkeys(names) if name not in set(missing)])
    return {"id": project.id}


def remove_folder(call: Call) -> Answer:
    """Remove a folder, with `recurse` also what is in it; with `partial` as much as one request may."""
    project = _removable(call)
    folder = call.folder()
    shelf = call.world.shelves[project.id]
    if folder not in shelf.folders:
        if call.truth("force"):
            return {"id": project.id, "completed": True}
        raise missing_folder(call, folder, project)
    most = call.world.switches.removal_batch
    names: list[str] = []
    for place in shelf.walk(folder):
        names.append(place.id)
        if len(names) > most:
            break
    below = [name for name in shelf.folders if within(name, folder)]
    if (names or len(below) > 1) and not call.truth("recurse"):
        raise invalid_state(f'Folder "{folder}" is not empty')
    if len(names) > most and not call.truth("partial"):
        raise invalid_state(f'Folder "{folder}" has more than {most} objects; remove it in parts')
    take_out(call, project, names[:most])
    if len(names) > most:
        return {"id": project.id, "completed": False}
    call.world.keep_folders(project.id, [], [name for name in below if name != "/"])
    return {"id": project.id, "completed": True}


def take_out(call: Call, project: Project, names: list[str]) -> None:
    """Take objects out, and the hidden ones that only they linked to."""
    world = call.world
    linked: set[str] = set()
    for name in names:
        thing = world.thing(name)
        linked.update(thing.links if thing else ())
        archiving.take_out(world, project, name, call.now)
    shelf = world.shelves[project.id]
    orphans = {name for name in linked if shelf.get(name) and (thing := world.thing(name)) and thing.hidden}
    if not orphans:
        return
    for place in shelf.placed.values():
        thing = world.objects[place.id]
        orphans.difference_update(thing.links)
    for name in orphans:
        archiving.take_out(world, project, name, call.now)
