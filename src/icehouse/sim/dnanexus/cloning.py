"""`clone`: the same objects in one more project, by id, without copying a byte (facts §0.5, §2.5, §2.7)."""

from __future__ import annotations

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import denied, invalid_input, invalid_state
from icehouse.sim.dnanexus.folders import missing_folder
from icehouse.sim.dnanexus.model import ARCHIVAL, ARCHIVED, LIVE, UNARCHIVING, Placement, Project, folder_path, within

Copying = dict[str, tuple[Placement, str]]
"""What is to be copied, by id: where it lies, and the folder it goes to."""


def clone(call: Call) -> Answer:
    """Lay objects and folders into another project of the region; answers the ids that were there already."""
    source = call.project()
    target = call.project("UPLOAD", call.text("project"))
    if target.id == source.id:
        raise invalid_input("the source and the target of a clone must be different projects")
    if source.flags.get("restricted"):
        raise denied(f"{source.id} is restricted: its contents cannot be cloned")
    if source.region != target.region:
        raise invalid_input(f"{source.id} and {target.id} must be in the same region")
    world = call.world
    destination = call.folder("destination", "/")
    folders = world.shelves[target.id].folders
    added = set[str]()
    if destination not in folders:
        if not call.truth("parents"):
            raise missing_folder(call, destination, target)
        added.add(destination)
    chosen: Copying = {name: (call.place(source, name), destination) for name in call.names("objects")}
    for folder in call.names("folders"):
        added |= _take_folder(call, source, folder, destination, folders, chosen)
    _take_linked(call, source, chosen)
    present = world.shelves[target.id]
    exists = [name for name in chosen if present.get(name) is not None]
    copies = [pair for name, pair in chosen.items() if name not in set(exists)]
    for place, _ in copies:
        _check(call, place, source, target)
    new: list[str] = []
    for folder in sorted(added):
        new += present.add_folder(folder)
    world.keep_folders(target.id, new, [])
    for place, folder in copies:
        _lay(call, place, target, folder, same_account=source.bill_to == target.bill_to)
    call.notes["made"] = len(copies)
    return {"id": source.id, "project": target.id, "exists": exists}


def _take_folder(
    call: Call, source: Project, folder: str, destination: str, taken: set[str], chosen: Copying
) -> set[str]:
    """Add what lies in a folder; returns the folders it needs in the target."""
    try:
        clean = folder_path(folder)
    except ValueError as problem:
        raise invalid_input('expected "folders" to be full folder paths') from problem
    shelf = call.world.shelves[source.id]
    if clean not in shelf.folders:
        raise missing_folder(call, clean, source)
    base = destination if clean == "/" else f"{destination.rstrip('/')}/{clean.rpartition('/')[2]}"
    if clean != "/" and base in taken:
        raise invalid_state("If cloned, a folder would conflict with the route of an existing folder")
    cut = 0 if clean == "/" else len(clean)

    def moved(name: str) -> str:
        return folder_path(base + "/" + name[cut:])

    for place in shelf.walk(clean):
        chosen.setdefault(place.id, (place, moved(place.folder)))
    return {moved(name) for name in shelf.folders if within(name, clean)}


def _take_linked(call: Call, source: Project, chosen: Copying) -> None:
    """Hidden objects go along with those that link to them."""
    shelf, waiting = call.world.shelves[source.id], list(chosen)
    while waiting:
        name = waiting.pop()
        thing = call.world.thing(name)
        for link in thing.links if thing else ():
            linked = call.world.thing(link)
            place = shelf.get(link)
            if link not in chosen and place is not None and linked is not None and linked.hidden:
                chosen[link] = (place, chosen[name][1])
                waiting.append(link)


def _check(call: Call, place: Placement, source: Project, target: Project) -> None:
    """Refuse what cannot be cloned as things stand: not closed, or on its way between archival states."""
    world = call.world
    thing = world.thing(place.id)
    if thing is None or world.object_state(thing) != "closed":
        raise invalid_state(f"{place.id} is not in the closed state")
    state = place.standing(call.now)
    moving = state == ARCHIVAL and place.due is not None
    if state == UNARCHIVING or moving:
        raise invalid_state(f"{place.id} cannot be cloned as its archival state is {state}")
    if state == ARCHIVED and (world.switches.archived_clone == "never" or source.bill_to != target.bill_to):
        raise invalid_state(f"{place.id} cannot be cloned as its archival state is {state}")


def _lay(call: Call, place: Placement, target: Project, folder: str, *, same_account: bool) -> None:
    world = call.world
    state = place.standing(call.now)
    if world.switches.clone_state == "live" or not same_account:
        state = LIVE
    made = Placement(
        target.id, place.id, folder, place.name, call.now_ms, state, None, list(place.tags), dict(place.properties)
    )
    world.keep_place(made)
