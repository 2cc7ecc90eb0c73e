"""What fixtures build a world with: users, orgs, projects and what lies in them; times in seconds since 1970."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from icehouse.sim.dnanexus.executables import App
from icehouse.sim.dnanexus.ids import mint
from icehouse.sim.dnanexus.job import Job
from icehouse.sim.dnanexus.model import LIVE, STATES, DataObject, Org, Placement, Project, User, folder_path
from icehouse.sim.dnanexus.plot import Block, Plot, Sprout
from icehouse.sim.dnanexus.world import World

DAY = 86_400.0


class Planter:
    """Plants things into a world before it answers anybody; the same calls give the same identifiers.

    Paths are given with folder and name: `/runs/2024/x.fastq.gz`; the folders above come by themselves.  A name that
    has slashes of its own is given as `name` beside the folder.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0
        self._fixture = ""
        self.started = world.started
        """The instant at which the clock first started: count ages from here."""
        self.owner = "user-owner"
        """Who makes what nobody is named for."""

    def _id(self, kind: str, *words: str) -> str:
        self._count += 1
        return mint(kind, self._world.settings.seed, self._fixture, *words, str(self._count))

    def begin(self, fixture: str) -> None:
        """Plant a fixture from here on; its identifiers do not depend on what else is planted."""
        self._fixture, self._count = fixture, 0

    def job_id(self, *words: str) -> str:
        """The identifier of a job, to be named as `job` of files that it made."""
        return mint("job", self._world.settings.seed, *words)

    def add_job(
        self,
        project: Project,
        own: str,
        name: str,
        applet: DataObject,
        *,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any] | None = None,
        age_days: float,
        launched_by: str = "",
        **fields: Any,
    ) -> Job:
        """A job under an id of `job_id`, started `age_days` before the clock; `inputs` and `outputs` hold links."""
        job = Job(
            own,
            project.id,
            name,
            applet.id,
            self._name(applet),
            launched_by or self.owner,
            int(self.started - age_days * DAY) * 1000,
            inputs=dict(inputs),
            outputs=dict(outputs or {}),
            **fields,
        )
        self._world.add_job(job)
        return job

    def _name(self, thing: DataObject) -> str:
        place = self._world.shelves[self._world.holders(thing.id)[0]].get(thing.id)
        assert place is not None
        return place.name

    def add_user(
        self, handle: str, first: str, last: str, *, bill_to: str = "", email: str = "", token: str = ""
    ) -> User:
        """Somebody; pays for themselves unless `bill_to` names an org."""
        name = f"user-{handle}"
        user = User(
            name, handle, first, last, token or f"token-of-{handle}", bill_to or name, email or f"{handle}@example.org"
        )
        self._world.keep_user(user)
        return user

    def add_org(
        self, handle: str, name: str, *, admins: Iterable[str] = (), members: Iterable[str] = (), licensed: bool = True
    ) -> Org:
        """A billing account; admins and members by user id."""
        rights = {"allowBillableActivities": True, "appAccess": True, "projectAccess": "CONTRIBUTE"}
        held: dict[str, dict[str, Any]] = {user: {"level": "MEMBER", **rights} for user in members}
        held |= {user: {"level": "ADMIN", **rights, "projectAccess": "ADMINISTER"} for user in admins}
        org = Org(f"org-{handle}", name, held, licensed)
        self._world.keep_org(org)
        return org

    def add_project(
        self,
        name: str,
        *,
        bill_to: str,
        members: Mapping[str, str],
        region: str = "aws:us-east-1",
        age_days: float = 400.0,
        tags: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
        folders: Iterable[str] = (),
        created_by: str = "",
        summary: str = "",
        description: str = "",
        **flags: bool,
    ) -> Project:
        """A project; `members` gives levels by user or org id, or `PUBLIC`; flags by the API's names."""
        created = int(self.started - age_days * DAY) * 1000
        project = Project(
            self._id("project", name),
            name,
            bill_to,
            region,
            created,
            created,
            created_by or self.owner,
            dict(members),
            list(tags),
            dict(properties or {}),
            dict(flags),
            {"summary": summary, "description": description},
        )
        self._world.keep_project(project)
        for folder in folders:
            self.add_folder(project, folder)
        return project

    def add_folder(self, project: Project, folder: str) -> None:
        """A folder and those above it."""
        self._world.shelves[project.id].add_folder(folder_path(folder))

    def add_file(
        self,
        project: Project,
        path: str,
        size: int,
        *,
        name: str | None = None,
        state: str = LIVE,
        age_days: float | None = None,
        modified_days: float | None = None,
        seed: str = "",
        part_size: int = 0,
        media: str = "application/octet-stream",
        text: str = "",
        object_state: str = "closed",
        **common: Any,
    ) -> DataObject:
        """A file of synthetic bytes, or of `text`; `state` is its archival state here; the rest as in `add_object`.

        Two files of one `seed`, size and part size have the same bytes.  `unarchiving` files come live within hours.
        """
        extra = common.pop("extra", {})
        return self._add(
            project,
            path,
            "file",
            name=name,
            state=state,
            age_days=age_days,
            modified_days=modified_days,
            fields={"size": len(text.encode()) if text else size, "seed": seed, "part_size": part_size, "text": text}
            | {"media": media, "state": object_state, "extra": extra},
            **common,
        )

    def add_object(
        self, project: Project, path: str, kind: str, *, extra: Mapping[str, Any] | None = None, **common: Any
    ) -> DataObject:
        """A record, applet, workflow or database; `extra` are the fields that describe has for its class alone."""
        return self._add(project, path, kind, fields={"extra": dict(extra or {})}, **common)

    def _add(
        self,
        project: Project,
        path: str,
        kind: str,
        *,
        fields: dict[str, Any],
        name: str | None = None,
        state: str = LIVE,
        age_days: float | None = None,
        modified_days: float | None = None,
        tags: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
        types: Sequence[str] = (),
        details: Any = None,
        hidden: bool = False,
        links: Sequence[str] = (),
        created_by: str = "",
        job: str = "",
        executable: str = "",
        flagged: bool = False,
    ) -> DataObject:
        assert state in STATES, state
        folder, _, last = path.rpartition("/") if name is None else (path, "", name)
        unique = self._id(kind, project.id, path, name or "")
        creator = {"user": created_by or self.owner}
        if job:
            creator |= {"job": job, "executable": executable}
        # Ages that nobody names differ from object to object, by a little.
        age = age_days if age_days is not None else 30.0 + (self._count % 997) / 7
        created = int(self.started - age * DAY) * 1000
        fields["seed"] = fields.get("seed") or unique
        thing = DataObject(
            unique,
            kind,
            created,
            creator,
            types=list(types),
            details={} if details is None else details,
            hidden=hidden,
            links=list(links),
            flagged=flagged,
            **fields,
        )
        self._world.keep_object(thing)
        if fields.get("state") == "closing":
            self._world.closing[unique] = math.inf  # it stays so, for tests to meet it
        modified = created if modified_days is None else int((self.started - modified_days * DAY) * 1000)
        self.place(
            thing, project, folder or "/", last, state=state, tags=tags, properties=properties, modified=modified
        )
        return thing

    def place(
        self,
        thing: DataObject,
        project: Project,
        folder: str,
        name: str,
        *,
        state: str = LIVE,
        tags: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
        modified: int | None = None,
        due: float | None = None,
    ) -> Placement:
        """Lay an object into one more project, as clone does; `state` is this copy's, `due` when it changes."""
        if due is None and state == "unarchiving":
            due = self.started + 600.0 + (self._count % 97) * 130.0
        folder = folder_path(folder)
        self._world.shelves[project.id].add_folder(folder)
        place = Placement(
            project.id,
            thing.id,
            folder,
            name,
            thing.created if modified is None else modified,
            state,
            due,
            list(tags),
            dict(properties or {}),
        )
        self._world.keep_place(place)
        return place

    def label(self, project: Project, thing: DataObject, properties: Mapping[str, str]) -> None:
        """More properties for an object in a project, where it was not known yet what they would say."""
        place = self._world.shelves[project.id].get(thing.id)
        assert place is not None
        place.properties |= properties
        self._world.keep_place(place)

    def add_app(self, name: str, version: str, *, bill_to: str, age_days: float = 900.0, **fields: Any) -> App:
        """A published app; `fields` by the API's names."""
        created = int(self.started - age_days * DAY) * 1000
        app = App(mint("app", name, version), name, version, bill_to, created, self.owner, fields)
        self._world.apps[app.id] = app
        return app

    def gone(self, kind: str, *words: str) -> str:
        """The identifier of what was there once."""
        return mint(kind, self._world.settings.seed, self._fixture, "gone", *words)

    def add_synthetic(
        self,
        project: Project,
        blocks: Sequence[Block | tuple[str, int]],
        grow: Callable[[int], Sprout],
        *,
        newest_days: float = 1.0,
        step_ms: int = 10_007,
        owner: str = "",
    ) -> Plot:
        """Files that cost no memory: `grow(n)` tells the nth, `blocks` how many lie in which folder, newest first."""
        plot = Plot(
            project.id,
            self._id("plot", project.id),
            [Block(folder_path(folder), count) for folder, count in blocks],
            grow,
            newest=int((self.started - newest_days * DAY) * 1000),
            step=step_ms,
            owner=owner or self.owner,
        )
        self._world.add_plot(plot)
        return plot
