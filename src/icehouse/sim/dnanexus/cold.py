"""`archive` and `unarchive` of a project, with all their refusals (facts §2.7)."""

from __future__ import annotations

import math
from typing import Any

from icehouse.sim.dnanexus import archiving
from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import ApiError, denied, invalid_input, invalid_state
from icehouse.sim.dnanexus.filters import one_of
from icehouse.sim.dnanexus.model import ARCHIVAL, ARCHIVED, LIVE, UNARCHIVING, DataObject, Placement, Project

Found = list[tuple[Placement, DataObject]]


def archive_files(call: Call) -> Answer:
    """Tag files for archiving; answers how many, no size and no cost."""
    project = call.project("CONTRIBUTE")
    all_copies = call.truth("allCopies")
    _need_licence(call, project)
    if all_copies:
        _need_account_admin(call, project)
    found, named = _chosen(call, project)
    if not named:
        _refuse_open_folder(call, found)
    tagged = []
    for place, thing in found:
        reason = _unfit(call, place, thing, all_copies=all_copies)
        if reason is None:
            tagged.append(place)
        elif named and reason != "skip":
            raise invalid_state(reason)
    for place in tagged:
        archiving.archive(call.world, place, call.now, all_copies=all_copies)
    call.notes["count"] = len(tagged)
    return {"id": project.id, "count": len(tagged)}


def _unfit(call: Call, place: Placement, thing: DataObject, *, all_copies: bool) -> str | None:
    """Why a file cannot be archived, or None; `skip` where it is passed over."""
    if call.world.object_state(thing) != "closed":
        return f"Cannot archive file {place.id} as it is in a non-closed state"
    if "drive" in thing.extra and call.world.switches.symlink_archive != "allow":
        return "skip" if call.world.switches.symlink_archive == "skip" else f"Cannot archive the symlink {place.id}"
    state = place.standing(call.now)
    if state == ARCHIVAL and place.due is None and all_copies and call.world.switches.archival_all_copies:
        return None
    if state != LIVE:
        return f"Cannot archive file {place.id} as its archival state is {state}"
    return None


def _refuse_open_folder(call: Call, found: Found) -> None:
    """One file that is not closed fails the whole folder (facts §0.4), in the words of issue #940."""
    if not call.world.switches.open_file_blocks_folder:
        return
    unclosed = [place.id for place, thing in found if call.world.object_state(thing) != "closed"]
    if unclosed:
        folder = call.input.get("folder")
        raise invalid_state(
            f'Cannot archive folder "{folder}" as some files are in a non-closed state ({",".join(unclosed)})'
        )


def unarchive_files(call: Call) -> Answer:
    """Request files back, or with `dryRun` only tell how many, how much in GB, and the cost in millidollars."""
    project = call.project("CONTRIBUTE")
    rate = one_of(call, "rate", ("Standard", "Bulk", "Expedited"), "Standard")
    if rate not in archiving.RATES[project.cloud]:
        raise invalid_input(
            f'rate "{rate}" is not supported in region {project.region}; '
            f"it must be one of {', '.join(archiving.RATES[project.cloud])}"
        )
    dry_run = call.truth("dryRun")
    _need_licence(call, project)
    found, named = _chosen(call, project)
    world = call.world
    wanted: Found = []
    coming = 0
    for place, thing in found:
        state = place.standing(call.now)
        coming += state == UNARCHIVING
        if state in {ARCHIVAL, ARCHIVED}:
            wanted.append((place, thing))
        elif named and (state == UNARCHIVING or world.switches.unarchive_live == "refuse"):
            raise invalid_state(f"Cannot unarchive file {place.id} as its archival state is {state}")
    if world.switches.unarchive_twice_errors and not dry_run:
        shelf = world.shelves[project.id]
        if any(place.standing(call.now) == UNARCHIVING for place in shelf.placed.values()):
            raise invalid_state(f"{project.id} has an unarchival request in progress")
    # A file that is archival comes back at once and free; only archived ones are retrieved.
    retrieved = sum(thing.size for place, thing in wanted if place.standing(call.now) == ARCHIVED)
    answer = {
        "id": project.id,
        "files": len(wanted),
        "size": _size_gb(call, sum(thing.size for _, thing in wanted)),
        "cost": round(retrieved / archiving.GB * archiving.MILLIDOLLARS[rate], 3),
    }
    if not dry_run:
        for place, _ in wanted:
            archiving.unarchive(world, place, rate, call.now)
    call.notes |= {"count": len(wanted), "dry_run": dry_run}
    return answer


def _size_gb(call: Call, size: int) -> float:
    exact = size / archiving.GB
    match call.world.switches.dry_run_size:
        case "ceil":
            return math.ceil(exact)
        case "floor":
            return math.floor(exact)
    return exact


def _need_licence(call: Call, project: Project) -> None:
    org = call.world.orgs.get(project.bill_to)
    if (org is not None and not org.licensed) or not call.world.switches.licensed(project.bill_to):
        raise denied(
            f"A license is required to use the archive service; contact support to enable it for {project.bill_to}"
        )


def _need_account_admin(call: Call, project: Project) -> None:
    org = call.world.orgs.get(project.bill_to)
    if (org is None and project.bill_to != call.caller.id) or (org is not None and not org.is_admin(call.caller.id)):
        raise denied(f"Must be an admin of {project.bill_to} to archive all copies")


def _chosen(call: Call, project: Project) -> tuple[Found, bool]:
    """The files meant, and whether they were named one by one."""
    told: dict[str, Any] = call.input
    world, shelf = call.world, call.world.shelves[project.id]
    if "files" in told and "folder" in told:
        raise invalid_input('only one of "files" and "folder" can be provided')
    if "files" in told:
        found: Found = []
        for name in dict.fromkeys(call.names("files", 1000)):
            place, thing = shelf.get(name), world.thing(name)
            if place is None or thing is None or thing.kind != "file":
                raise invalid_input(f"{name} is not a file in {project.id}")
            found.append((place, thing))
        return found, True
    if "folder" not in told:
        raise invalid_input('one of "files" and "folder" must be provided')
    folder = call.folder()
    if folder not in shelf.folders:
        raise ApiError("ResourceNotFound", f'Folder "{folder}" does not exist in project "{project.id}"')
    places = shelf.walk(folder, recurse=call.truth("recurse", True))
    pairs = ((place, world.thing(place.id)) for place in places if place.id.startswith("file-"))
    return [(place, thing) for place, thing in pairs if thing is not None], False
