"""Everything the stand-in knows, what fixtures build it with, and how changes are kept over a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icehouse.sim.clock import SimClock
from icehouse.sim.content import Blobs
from icehouse.sim.dnanexus.errors import denied, not_found
from icehouse.sim.dnanexus.executables import App
from icehouse.sim.dnanexus.ids import HEAD, mint
from icehouse.sim.dnanexus.job import Job
from icehouse.sim.dnanexus.model import LEVELS, PUBLIC, DataObject, Org, Placement, Project, User, rank
from icehouse.sim.dnanexus.plot import Plot
from icehouse.sim.dnanexus.shelf import Shelf
from icehouse.sim.dnanexus.switches import Switches
from icehouse.sim.faults import Faults
from icehouse.sim.journal import Journal
from icehouse.sim.log import RequestLog
from icehouse.sim.switches import RateLimit

_PLOT_HEAD = len("file-") + HEAD


@dataclass(slots=True)
class Settings:
    """How a stand-in is started; `start` in seconds since 1970, `speed` in simulated seconds a second."""

    folder: Path
    fixtures: tuple[str, ...] = ()
    seed: str = "icehouse"
    start: float = 0.0
    speed: float | None = None


class World:
    """The state of one stand-in; every change goes through a `keep_` or `forget_` call, which journals it."""

    def __init__(
        self, settings: Settings, clock: SimClock, started: float, journal: Journal, log: RequestLog, blobs: Blobs
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.started = started
        self.journal = journal
        self.log = log
        self.blobs = blobs
        self.switches = Switches()
        self.faults = Faults(("object", "project", "user"))
        self.request_rate = RateLimit()
        self.users: dict[str, User] = {}
        self.orgs: dict[str, Org] = {}
        self.tokens: dict[str, User] = {}
        self.projects: dict[str, Project] = {}
        self.shelves: dict[str, Shelf] = {}
        self.objects: dict[str, DataObject] = {}
        self.copies: dict[str, dict[str, None]] = {}
        """The projects that hold an object; objects of a plot only once they were changed."""
        self.jobs: dict[str, Job] = {}
        """Planted ones, for clients start none."""
        self.jobs_in: dict[str, list[Job]] = {}
        """By the project that they ran in."""
        self.apps: dict[str, App] = {}
        """By id; planted ones, for clients publish none."""
        self.nonces: dict[str, dict[str, Any]] = {}
        self.closing: dict[str, float] = {}
        """When files that are closing will be closed, in monotonic seconds."""
        self.expired: set[str] = set()
        """Users whose tokens have expired, by the admin route."""
        self.origin = ""
        """The URL of the server, for the URLs it hands out."""
        self.counter = 0
        self._plots: dict[str, Plot] = {}
        self._records: list[dict[str, Any]] = []
        self._planting = True

    # Time

    def now(self) -> float:
        """Simulated seconds since 1970."""
        return self.clock.now()

    def now_ms(self) -> int:
        """Simulated milliseconds since 1970."""
        return int(self.clock.now() * 1000)

    @property
    def speed_words(self) -> str:
        """What the x-icehouse-standin header says."""
        speed = 0 if self.clock.frozen else self.clock.speed
        return f"dnanexus; speed={speed:g}"

    # Looking

    def thing(self, name: str) -> DataObject | None:
        """The object of an id, or None; one of a plot is made anew at each call."""
        found = self.objects.get(name)
        if found is None and (plot := self._plots.get(name[:_PLOT_HEAD])):
            number = plot.number(name)
            if number is not None and number not in self.shelves[plot.project].replaced:
                return plot.thing(number)
        return found

    def object_state(self, thing: DataObject) -> str:
        """open, closing or closed, by wall time."""
        if thing.state == "closing" and time.monotonic() >= self.closing.get(thing.id, 0.0):
            thing.state = "closed"
            self.closing.pop(thing.id, None)
        return thing.state

    def holders(self, name: str) -> list[str]:
        """The projects that hold an object."""
        held = self.copies.get(name)
        if held is not None:
            return list(held)
        plot = self._plots.get(name[:_PLOT_HEAD])
        return [plot.project] if plot and self.shelves[plot.project].get(name) else []

    def level(self, user: User | None, project: Project) -> str:
        """The highest level that somebody has in a project, by themselves, an org or the public."""
        return LEVELS[max((rank(level) for _, level in self.grants(user, project)), default=0)]

    def grants(self, user: User | None, project: Project) -> Iterator[tuple[str, str]]:
        """Where somebody's level comes from: the member and the level it gives."""
        for member, level in project.members.items():
            if member == PUBLIC or (user is not None and member == user.id):
                yield member, level
            elif user is not None and member in self.orgs:
                held = self.orgs[member].members.get(user.id)
                if held is not None:
                    most = "ADMINISTER" if held.get("level") == "ADMIN" else held.get("projectAccess", "CONTRIBUTE")
                    yield member, min(level, most, key=rank)

    def project_for(self, user: User | None, name: object, need: str = "VIEW") -> Project:
        """The project, for somebody who needs a level in it; 404 for who may not see it, 401 for too low a level."""
        project = self.projects.get(name) if isinstance(name, str) else None
        held = self.level(user, project) if project else "NONE"
        if project is None or held == "NONE":
            raise not_found(str(name))
        if rank(held) < rank(need):
            raise denied(f"{need} permission required in {project.id} to perform this action")
        return project

    # Changing

    def fresh_id(self, kind: str) -> str:
        """An identifier that was never given before."""
        self.counter += 1
        return mint(kind, self.settings.seed, "fresh", str(self.counter))

    def keep_user(self, user: User) -> None:
        """Keep a user, new or changed."""
        self.users[user.id] = user
        self.tokens[user.token] = user
        self._record("user", user.as_json())

    def keep_org(self, org: Org) -> None:
        """Keep an org, new or changed."""
        self.orgs[org.id] = org
        self._record("org", org.as_json())

    def keep_project(self, project: Project) -> None:
        """Keep a project, new or changed."""
        self.projects[project.id] = project
        self.shelves.setdefault(project.id, Shelf(project.id))
        self._record("project", project.as_json())

    def forget_project(self, name: str) -> None:
        """Drop an empty project."""
        del self.projects[name]
        del self.shelves[name]
        self._record("project_gone", {"id": name})

    def keep_folders(self, project: str, add: list[str], remove: list[str]) -> None:
        """Add and take away folders, which must fit to each other."""
        shelf = self.shelves[project]
        shelf.folders.difference_update(remove)
        shelf.folders.update(add)
        shelf.version += 1
        if add or remove:
            self._record("folders", {"project": project, "add": add, "remove": remove})

    def keep_object(self, thing: DataObject) -> None:
        """Keep an object, new or changed."""
        self.objects[thing.id] = thing
        self.copies.setdefault(thing.id, dict.fromkeys(self.holders(thing.id)))
        self._record("object", thing.as_json())

    def keep_place(self, place: Placement) -> None:
        """Keep where an object lies, new or changed."""
        thing = self.objects.get(place.id) or self.thing(place.id)
        assert thing is not None, place
        if place.id not in self.objects:
            self.keep_object(thing)
        self.shelves[place.project].put(place)
        self.copies[place.id][place.project] = None
        self._record("place", place.as_json())

    def forget_place(self, project: str, name: str) -> None:
        """Take an object out of a project; with the last placement the object goes."""
        if name not in self.copies and (thing := self.thing(name)):
            self.keep_object(thing)
        self.shelves[project].drop(name)
        held = self.copies.get(name, {})
        held.pop(project, None)
        if not held:
            self.objects.pop(name, None)
            self.copies.pop(name, None)
        self._record("place_gone", {"project": project, "id": name})

    def keep_nonce(self, key: str, answer: dict[str, Any]) -> None:
        """Keep the answer that a nonce's first use got."""
        self.nonces[key] = answer
        self._record("nonce", {"key": key, "answer": answer})

    def keep_clock(self) -> None:
        """Record the clock, so that a restart goes on from here."""
        clock = self.clock
        self.journal.write("clock", started=self.started, simulated=clock.now(), speed=clock.speed, frozen=clock.frozen)

    def add_job(self, job: Job) -> None:
        """Know a job from now on."""
        self.jobs[job.id] = job
        self.jobs_in.setdefault(job.project, []).append(job)

    def add_plot(self, plot: Plot) -> None:
        """Lay out a project's synthetic files."""
        self._plots[plot.series.prefix] = plot
        shelf = self.shelves[plot.project]
        if shelf.plot is not None:
            raise ValueError(f"{plot.project} has its synthetic files already")
        shelf.plot = plot
        for folder in plot.folders():
            shelf.add_folder(folder)

    def _record(self, kind: str, fields: dict[str, Any]) -> None:
        if not self._planting:
            self._records.append({"kind": kind, "counter": self.counter, "of": fields})

    def planted(self) -> None:
        """From now on changes are kept in the journal."""
        self._planting = False

    def flush(self) -> None:
        """Write what a request changed, at once."""
        records, self._records = self._records, []
        self.journal.write_all(records)

    def close(self) -> None:
        """Record the clock and close the files."""
        self.flush()
        self.keep_clock()
        self.journal.close()
        self.log.close()
