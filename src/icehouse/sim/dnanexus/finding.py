"""findDataObjects, describeDataObjects and resolveDataObjects, with pages of at most 1,000 (facts §2.3, §2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.describing import Look, Wish
from icehouse.sim.dnanexus.errors import ApiError, invalid_input, not_found
from icehouse.sim.dnanexus.filters import archival_wish, object_tests, one_of, span_of
from icehouse.sim.dnanexus.model import LEVELS, Project, folder_path, rank
from icehouse.sim.dnanexus.shelf import Key


def find_data_objects(call: Call) -> Answer:
    """A page of objects, newest-modified first within a project, ties by id; an absent folder is an empty page."""
    call.need_login()
    limit = call.limit()
    describe = call.input.get("describe", False)
    wish = Wish(describe) if describe not in (None, False) else None
    tests = object_tests(call)
    found = _candidates(call)
    if "sortBy" in call.input:
        return _sorted_page(call, [look for look in found if all(test(look) for test in tests)], wish, limit)
    results: list[dict[str, Any]] = []
    for look in found:
        if not all(test(look) for test in tests):
            continue
        if len(results) == limit:
            return {"results": results, "next": _mark(look)}
        results.append(_result(look, wish))
    return {"results": results, "next": None}


def _mark(look: Look) -> dict[str, Any]:
    return {"project": look.place.project, "id": look.place.id, "modified": look.place.modified}


def _result(look: Look, wish: Wish | None) -> dict[str, Any]:
    result: dict[str, Any] = {"project": look.place.project, "id": look.place.id}
    if wish is not None:
        result["describe"] = wish.tell(look)
    return result


def _sorted_page(call: Call, found: list[Look], wish: Wish | None, limit: int) -> Answer:
    """A page in the order of `sortBy`: [{field: name | created | modified, ordering: ascending | descending}]."""
    orders = call.input["sortBy"]
    if not isinstance(orders, list) or not all(isinstance(order, dict) for order in orders):
        raise invalid_input('expected key "sortBy" of input to be an array of mappings')
    for order in reversed(orders):
        ways = {
            "name": lambda look: look.place.name,
            "created": lambda look: look.thing.created,
            "modified": lambda look: look.place.modified,
        }
        if order.get("field") not in ways or order.get("ordering", "ascending") not in {"ascending", "descending"}:
            raise invalid_input('expected "sortBy" to name name, created or modified, ascending or descending')
        found.sort(key=ways[order["field"]], reverse=order.get("ordering") == "descending")
    starting = call.input.get("starting") or {}
    first = starting.get("position", 0) if isinstance(starting, dict) else 0
    page = found[first : first + limit]
    more = first + limit < len(found)
    last = {**_mark(found[first + limit]), "position": first + limit} if more else None
    return {"results": [_result(look, wish) for look in page], "next": last}


def _candidates(call: Call) -> Iterator[Look]:
    projects, folder, recurse = _scope(call)
    start = _start(call)
    state = archival_wish(call)
    ids = call.input.get("id")
    if ids is not None:
        yield from _by_id(call, [ids] if isinstance(ids, str) else call.names("id", 1000), projects, folder, recurse)
        return
    world, now = call.world, call.now
    created = span_of(call.input["created"], "created", call.now_ms) if "created" in call.input else (None, None)
    for project in projects:
        at: Key | None = None
        if start is not None:
            if project.id < start[0]:
                continue
            if project.id == start[0]:
                at = start[1]
        shelf = world.shelves[project.id]
        for place in shelf.walk(folder, recurse=recurse, start=at, state=state, created=created):
            yield Look(world, place, now, call.user)


def _by_id(call: Call, ids: list[str], projects: list[Project], folder: str, recurse: bool) -> Iterator[Look]:
    """The named objects where they lie in scope; those that are not there are left out silently."""
    world, start = call.world, _start(call)
    inside = {project.id for project in projects}
    found = []
    for name in dict.fromkeys(ids):
        for project in world.holders(name):
            place = world.shelves[project].get(name) if project in inside else None
            if place is None:
                continue
            low = place.folder == folder or (recurse and (folder == "/" or place.folder.startswith(folder + "/")))
            key = (project, (-place.modified, name))
            if low and (start is None or key >= start):
                found.append((key, place))
    for _, place in sorted(found, key=lambda pair: pair[0]):
        yield Look(world, place, call.now, call.user)


def _start(call: Call) -> tuple[str, Key] | None:
    told = call.input.get("starting")
    if told is None or "sortBy" in call.input:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("project"), str) or not isinstance(told.get("id"), str):
        raise invalid_input('expected key "starting" of input to be what "next" was')
    modified = told.get("modified")
    if not isinstance(modified, int):
        shelf = call.world.shelves.get(told["project"])
        place = shelf.get(told["id"]) if shelf else None
        modified = place.modified if place else 0
    return told["project"], (-modified, told["id"])


def _scope(call: Call) -> tuple[list[Project], str, bool]:
    scope = call.mapping("scope")
    level = one_of(call, "level", LEVELS, "VIEW")
    world, user = call.world, call.user
    regions = call.input.get("region")
    try:
        folder = folder_path(scope.get("folder", "/"))
    except ValueError as problem:
        raise invalid_input('expected key "folder" of "scope" to be a full folder path') from problem
    recurse = scope.get("recurse", True)
    if not isinstance(recurse, bool):
        raise invalid_input('expected key "recurse" of "scope" to be a boolean')
    if "project" in scope:
        projects = [world.project_for(user, scope["project"])]
    elif "folder" in scope:
        raise invalid_input('"folder" in "scope" needs a "project"')
    else:
        projects = sorted(world.projects.values(), key=lambda project: project.id)
    least = max(1, rank(level))
    projects = [project for project in projects if rank(world.level(user, project)) >= least]
    if regions is not None:
        named = [regions] if isinstance(regions, str) else regions
        projects = [project for project in projects if project.region in named]
    return projects, folder, recurse


def look_up(call: Call, name: str, hint: object = None) -> Look:
    """An object as the caller sees it: in the project hinted at, or in another that holds it (facts §2.6)."""
    world = call.world
    shelf = world.shelves.get(hint) if isinstance(hint, str) else None
    if shelf is not None and world.level(call.user, world.projects[shelf.project]) != "NONE":
        place = shelf.get(name)
        if place is not None:
            return Look(world, place, call.now, call.user)
    for project in world.holders(name):
        if world.level(call.user, world.projects[project]) != "NONE":
            place = world.shelves[project].get(name)
            assert place is not None
            return Look(world, place, call.now, call.user)
    raise not_found(name)


def describe_data_object(call: Call) -> Answer:
    """`file-…/describe` and its like; `project` is a hint only, so compare the `project` of the answer."""
    return Wish(call.input).tell(look_up(call, call.subject, call.input.get("project")))


def get_applet(call: Call) -> Answer:
    """`applet-…/get`: as describe, with the code in the run specification."""
    look = look_up(call, call.subject, call.input.get("project"))
    told = Wish(True).tell(look)
    return {**told, "runSpec": {**look.thing.extra.get("runSpec", {}), **told["runSpec"]}}


def describe_data_objects(call: Call) -> Answer:
    """Up to 1,000 descriptions in the order asked, each with a statusCode, or an error in its place."""
    objects = call.input.get("objects")
    if not isinstance(objects, list) or len(objects) > 1000:
        raise invalid_input('expected key "objects" of input to be an array of at most 1000 elements')
    options = call.mapping("classDescribeOptions")
    wishes: dict[str, Wish] = {}
    results: list[dict[str, Any]] = []
    for item in objects:
        entry = {"id": item} if isinstance(item, str) else item
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise invalid_input('expected the elements of "objects" to be ids or mappings with an "id"')
        told = entry.get("describe")
        if told is None:
            told = options.get(entry["id"].partition("-")[0], options.get("*", True))
        kind = repr(told)
        if kind not in wishes:
            wishes[kind] = Wish(told)
        try:
            look = look_up(call, entry["id"], entry.get("project"))
            results.append({"describe": wishes[kind].tell(look), "statusCode": 200})
        except ApiError as problem:
            results.append({"error": problem.as_json(), "statusCode": problem.status})
    return {"results": results}


def resolve_data_objects(call: Call) -> Answer:
    """For each {name, folder?, project?} the objects of that very name in that folder; an unknown project is 404."""
    objects = call.input.get("objects")
    if not isinstance(objects, list) or len(objects) > 1000:
        raise invalid_input('expected key "objects" of input to be an array of at most 1000 elements')
    world = call.world
    results = []
    for item in objects:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise invalid_input('expected the elements of "objects" to be mappings with a "name"')
        project = call.project(name=item.get("project", call.input.get("project")))
        try:
            folder = folder_path(item.get("folder", call.input.get("folder", "/")))
        except ValueError as problem:
            raise invalid_input('expected "folder" to be a full folder path') from problem
        places = world.shelves[project.id].walk(folder, recurse=False)
        named = [place for place in places if place.name == item["name"]]
        looks = [Look(world, place, call.now, call.user) for place in named]
        results.append([{"project": project.id, "id": look.place.id} for look in looks if not look.thing.hidden])
    return {"results": results}
