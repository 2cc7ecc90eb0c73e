"""Folders of a project: list, make, move, rename and remove (facts §2.5)."""

from __future__ import annotations

from typing import Any, Final

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.describing import Look, Wish
from icehouse.sim.dnanexus.errors import ApiError, invalid_state
from icehouse.sim.dnanexus.filters import one_of
from icehouse.sim.dnanexus.model import Project

MOST_LISTED: Final = 400_000
"""Objects that one listFolder tells (facts §7)."""


def missing_folder(call: Call, folder: str, project: Project) -> ApiError:
    """The 404 of a folder, in today's words or those of 2018 (a switch)."""
    if call.world.switches.folder_missing_words == "2018":
        return ApiError("ResourceNotFound", f"The specified folder could not be found in {project.id}")
    return ApiError("ResourceNotFound", f'Folder "{folder}" does not exist in project "{project.id}"')


def list_folder(call: Call) -> Answer:
    """The folders directly in a folder, by full path, and the objects in it."""
    project = call.project()
    folder = call.folder(default="/")
    only = one_of(call, "only", ("all", "folders", "objects"), "all")
    hidden = call.truth("includeHidden")
    shelf = call.world.shelves[project.id]
    if folder not in shelf.folders:
        raise missing_folder(call, folder, project)
    answer: dict[str, Any] = {}
    if only != "objects":
        below: list[Any] = shelf.subfolders(folder)
        if call.truth("hasSubfolderFlags"):
            below = [[name, bool(shelf.subfolders(name))] for name in below]
        answer["folders"] = below
    if only != "folders":
        describe = call.input.get("describe", False)
        wish = Wish(describe) if describe not in (None, False) else None
        objects: list[dict[str, Any]] = []
        for place in shelf.walk(folder, recurse=False):
            if len(objects) == MOST_LISTED:
                raise invalid_state(f"{folder} has more than {MOST_LISTED} objects")
            look = Look(call.world, place, call.now, call.user)
            if look.thing.hidden and not hidden:
                continue
            objects.append({"id": place.id} if wish is None else {"id": place.id, "describe": wish.tell(look)})
        answer["objects"] = objects
    return answer
