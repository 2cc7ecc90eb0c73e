"""How a world comes to be: the cast, the fixtures, and what clients changed in earlier runs over the same folder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from icehouse.sim.clock import SimClock
from icehouse.sim.content import Blobs
from icehouse.sim.dnanexus import cast, fixtures
from icehouse.sim.dnanexus.model import DataObject, Org, Placement, Project, User
from icehouse.sim.dnanexus.planting import Planter
from icehouse.sim.dnanexus.switches import Switches
from icehouse.sim.dnanexus.world import Settings, World
from icehouse.sim.journal import Journal
from icehouse.sim.log import RequestLog


def open_world(settings: Settings) -> World:
    """Plant and replay; time stands still while a stand-in is stopped.  Raises ValueError for an unknown fixture."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(settings.folder / "journal.jsonl")
    log = RequestLog(settings.folder / "requests.jsonl")
    records = list(journal.read())
    clocks = [record for record in records if record["kind"] == "clock"]
    started = clocks[0]["started"] if clocks else settings.start
    clock = SimClock(settings.start, settings.speed or 1.0)
    if clocks:
        last = clocks[-1]
        here = max(last["simulated"], log.last_simulated)
        clock = SimClock(here, settings.speed or last["speed"], frozen=last["frozen"])
    world = World(settings, clock, started, journal, log, Blobs(settings.folder / "blobs"))
    ground = Planter(world)
    cast.enter(ground)
    if len(set(settings.fixtures)) != len(settings.fixtures):
        raise ValueError("a fixture is planted once")
    for name in settings.fixtures:
        ground.begin(name)
        fixtures.plant(name, ground)
    _replay(world, records)
    world.planted()
    world.keep_clock()
    return world


def _replay(world: World, records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        world.counter = max(world.counter, record.get("counter", 0))
        of: dict[str, Any] = record.get("of", {})
        if of.get("project", "") not in ("", *world.projects):
            continue  # of a fixture that is not planted this time
        match record["kind"]:
            case "user":
                world.keep_user(User.from_json(of))
            case "org":
                world.keep_org(Org.from_json(of))
            case "project":
                world.keep_project(Project.from_json(of))
            case "project_gone" if of["id"] in world.projects:
                world.forget_project(of["id"])
            case "folders":
                world.keep_folders(of["project"], of["add"], of["remove"])
            case "object":
                world.keep_object(DataObject.from_json(of))
            case "place":
                world.keep_place(Placement.from_json(of))
            case "place_gone":
                world.forget_place(of["project"], of["id"])
            case "nonce":
                world.keep_nonce(of["key"], of["answer"])
            case "switches":
                world.switches = Switches().changed(record["switches"])
