"""New data objects, and closing them (facts §2.6)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from icehouse.sim.dnanexus.call import Answer, Call, property_map, tag_list
from icehouse.sim.dnanexus.content import read
from icehouse.sim.dnanexus.errors import invalid_input, invalid_state
from icehouse.sim.dnanexus.folders import missing_folder
from icehouse.sim.dnanexus.model import DataObject, Placement

_OWN: Final = {
    "applet": (
        "title",
        "summary",
        "description",
        "developerNotes",
        "dxapi",
        "access",
        "inputSpec",
        "outputSpec",
        "runSpec",
        "ignoreReuse",
    ),
    "workflow": ("title", "summary", "description", "outputFolder", "stages", "inputs", "outputs"),
}


def links_in(details: Any) -> list[str]:
    """The ids that details link to, by `$dnanexus_link`."""

    def seek(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            link = value.get("$dnanexus_link")
            if isinstance(link, str):
                yield link
            elif isinstance(link, dict) and isinstance(link.get("id"), str):
                yield link["id"]
            for inner in value.values():
                yield from seek(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from seek(inner)

    return list(dict.fromkeys(seek(details)))


def new_object(call: Call) -> Answer:
    """`file/new`, `record/new`, `applet/new`, `workflow/new`: open, but for applets and what asks to be closed."""
    kind = call.operation.partition("/")[0]
    user = call.caller
    project = call.project("UPLOAD", call.text("project"))
    world, told = call.world, call.input
    folder = call.folder(default="/")
    shelf = world.shelves[project.id]
    if folder not in shelf.folders:
        if not call.truth("parents"):
            raise missing_folder(call, folder, project)
        world.keep_folders(project.id, shelf.add_folder(folder), [])
    details = told.get("details", {})
    if not isinstance(details, dict | list):
        raise invalid_input('expected key "details" of input to be a mapping or an array')
    extra = {word: told[word] for word in _OWN.get(kind, ()) if word in told}
    if kind == "workflow":
        extra = {"stages": [], "inputs": None, "outputs": None, "editVersion": 0, **extra}
    types, tags = tag_list(told.get("types", []), "types"), tag_list(told.get("tags", []))
    properties = dict(property_map(told.get("properties", {})))
    name = world.fresh_id(kind)
    thing = DataObject(
        name,
        kind,
        call.now_ms // 1000 * 1000,
        {"user": user.id},
        state="closed" if kind == "applet" or call.truth("close") else "open",
        types=types,
        details=details,
        hidden=call.truth("hidden"),
        links=links_in([details, extra.get("runSpec")]),
        media=call.text("media", ""),
        extra=extra,
    )
    if kind == "file" and "drive" in told:
        _point_elsewhere(call, thing)
    place = Placement(project.id, name, folder, call.text("name", name), call.now_ms, tags=tags, properties=properties)
    world.keep_object(thing)
    world.keep_place(place)
    call.notes["made"] = name
    return {"id": name}


def _point_elsewhere(call: Call, thing: DataObject) -> None:
    """Make a symlink: closed at once, with the MD5 and the place that the caller names (facts §2.8)."""
    path = call.mapping("symlinkPath")
    thing.extra |= {"drive": call.text("drive"), "md5": call.text("md5sum", ""), "symlinkPath": path}
    thing.state = "closed"
    thing.media = thing.media or "application/octet-stream"
    size = call.input.get("size", 0)
    thing.size = size if isinstance(size, int) else 0


def close_object(call: Call) -> Answer:
    """Close: a file is `closing` for a while, all else is closed at once; what is closed already stays so."""
    thing, projects = call.thing("UPLOAD")
    world = call.world
    if thing.state != "open":
        return {"id": thing.id}
    if thing.kind == "file":
        _seal(call, thing)
        thing.state = "closing"
        world.closing[thing.id] = time.monotonic() + world.switches.closing_seconds
    else:
        thing.state = "closed"
    world.keep_object(thing)
    for project in projects:
        place = call.place(project, thing.id)
        place.modified = call.now_ms
        world.keep_place(place)
    return {"id": thing.id}


def _seal(call: Call, thing: DataObject) -> None:
    """Check the parts of a file, and add them up."""
    if not thing.parts and thing.seed:  # planted open by a fixture
        return
    if not thing.parts:
        raise invalid_state(f"{thing.id} has no parts")
    ordered = [part for _, part in sorted(thing.parts.items(), key=lambda item: int(item[0]))]
    if any(part["state"] != "complete" for part in ordered):
        raise invalid_state(f"{thing.id} has parts that are not complete")
    least = call.world.switches.smallest_part
    if any(part["size"] < least for part in ordered[:-1]):
        raise invalid_state(f"{thing.id} has parts smaller than {least} bytes that are not the last")
    thing.size = sum(part["size"] for part in ordered)
    if not thing.media:
        thing.media = _sniffed(next(read(call.world.blobs, thing, 0, min(512, thing.size)), b""))


def _sniffed(head: bytes) -> str:
    if head.startswith(b"\x1f\x8b"):
        return "application/gzip"
    if b"\0" in head:
        return "application/octet-stream"
    try:
        head.decode()
    except UnicodeDecodeError as problem:
        if problem.start < len(head) - 4:
            return "application/octet-stream"
    return "text/plain" if head else "inode/x-empty"
