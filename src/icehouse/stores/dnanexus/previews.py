"""What the platform can tell before anything is archived or brought back: obstacles, other copies, cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from icehouse.core.archives import Pointer, Pointers, Quote
from icehouse.core.entries import Described, Entry
from icehouse.core.errors import Conflict, Denied, Invalid, LoginExpired, NotFound, StoreError, Unavailable
from icehouse.core.refs import Ref, ref_address
from icehouse.core.restores import Tier
from icehouse.core.states import State
from icehouse.core.text import safe

from . import describing
from .archiving import RateRefused, unarchive
from .client import Client
from .errors import NoAnswer, garbled
from .paths import is_project_id, kind_of
from .projects import Project, Projects
from .rules import CLOUDS
from .sending import in_batches
from .trail import Trail

MAY_ARCHIVE = ("CONTRIBUTE", "ADMINISTER")
"""Levels that archiving needs one of."""

_GB = 10**9
_MILLIDOLLARS = 1000
_AT_ONCE = 200
"""Files whose copies are looked up before what those are is asked for together."""


def obstacles(client: Client, projects: Projects, container: str) -> Sequence[str]:
    """What keeps everything in a project from being archived.  NotFound, Denied."""
    project = projects.now(container)
    found = []
    if project.level not in MAY_ARCHIVE:
        found.append(f"your level in this project is {safe(project.level or 'not told')}: archiving needs CONTRIBUTE")
    forbidding = sorted(project.tags & frozenset(client.options.never_archive_tags))
    if forbidding:
        found.append(f"the project is tagged {safe(forbidding[0])}")
    if project.region and not project.cloud:
        clouds = " and ".join(cloud.upper() if cloud == "aws" else cloud.title() for cloud in CLOUDS)
        found.append(f"DNAnexus archives on {clouds} alone: this project is in {safe(project.region)}")
    return found


def sees_all(client: Client, projects: Projects, container: str) -> bool:
    """Whether every project that the same account pays for is one of those that this user sees.

    Only an admin of an org is told all of its projects; for anybody else, and for an account of a single user, a copy
    may lie where it is not seen.
    """
    account = projects.of(container).bill_to
    if not account.startswith("org-") or "/" in account:
        return False
    try:
        if client.read(f"{account}/describe", client.store).members.get("level") != "ADMIN":
            return False
        paid = _ids(client, f"{account}/findProjects")
        return container in paid and paid <= _ids(client, "system/findProjects", level="VIEW", billTo=account)
    except (Denied, NotFound, Invalid):
        return False


def _ids(client: Client, route: str, **filters: object) -> set[str]:
    """The ids of all projects that a search finds."""
    found: set[str] = set()
    start: dict[str, object] = {}
    trail = Trail(f"{client.store}: the list of projects")
    while True:
        answer = client.read(route, client.store, limit=1000, **filters, **start)
        for row in answer.rows():
            if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
                raise garbled(client.store, "a project without an id")
            found.add(row["id"])
        if "next" not in answer.members:
            raise garbled(client.store, "whether the list of projects goes on is not told")
        following = answer.members["next"]
        if following is None:
            return found
        start = {"starting": trail.go(following)}


def pointers(client: Client, projects: Projects, refs: Sequence[Ref]) -> Iterator[Pointers]:
    """The other projects of each file, one call a file, and what the file is there, 1,000 pairs a call.

    A login that ended, or a server that does not answer, is not asked about the rest.
    """
    holders = _Holders(client)
    waiting = iter(refs)
    with ThreadPoolExecutor(client.options.parallel, thread_name_prefix="dx-copies") as pool:
        while some := list(islice(waiting, _AT_ONCE)):
            looked = list(zip(some, pool.map(holders.of, some), strict=True))
            yield from _with_states(client, projects, looked)


class _Holders:
    """Asks which projects hold a file; once the server is gone, it is not asked any more."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._silent = 0
        self._gone: StoreError | None = None

    def of(self, ref: Ref) -> list[str] | StoreError:
        """The other projects that hold an object of any class, as far as they are seen."""
        what = ref_address(ref)
        if not kind_of(ref.version):
            return NotFound(f"{what}: not the id of an object")
        if self._gone is not None:
            return self._gone
        try:
            told = self._client.read(f"{ref.version}/listProjects", what).members
        except StoreError as error:
            self._silent += isinstance(error, Unavailable)
            if isinstance(error, LoginExpired | NoAnswer) or self._silent >= self._client.options.parallel:
                self._gone = error
            return error
        self._silent = 0
        return sorted(project for project in told if project != ref.container and is_project_id(project))


def _with_states(
    client: Client, projects: Projects, looked: Sequence[tuple[Ref, list[str] | StoreError]]
) -> Iterator[Pointers]:
    pairs = [
        Ref(ref.store, other, ref.key, ref.version)
        for ref, others in looked
        if isinstance(others, list)
        for other in others
    ]
    described = {(each.ref.container, each.ref.version): each for each in describing.describe(client, projects, pairs)}
    known: dict[str, Project | StoreError] = {}
    for ref, others in looked:
        if isinstance(others, StoreError):
            yield Pointers(ref, error=others)
            continue
        for container in [ref.container, *others]:
            if container not in known:
                known[container] = _known(projects, container)
        yield _pointers(ref, [described[other, ref.version] for other in others], known)


def _pointers(ref: Ref, seen: Sequence[Described], known: Mapping[str, Project | StoreError]) -> Pointers:
    """The copies of one file.  One that was not told whole, by its project too, may be held: then none is known."""
    own = known[ref.container]
    found: list[Pointer] = []
    for each in seen:
        other = known[each.ref.container]
        if isinstance(other, NotFound):
            gone = f"{ref_address(ref)}: a project that holds it went while it was looked at"
            return Pointers(ref, error=Unavailable(gone, words=other.words))
        if isinstance(other, StoreError):
            return Pointers(ref, error=other)
        if each.entry is not None:
            found.append(_pointer(each.entry, own if isinstance(own, Project) else None, other))
        elif not isinstance(each.error, NotFound):
            return Pointers(ref, error=each.error or garbled(ref_address(ref), "nothing was told of a copy"))
    return Pointers(ref, tuple(found))


def _pointer(entry: Entry, own: Project | None, other: Project) -> Pointer:
    """One other copy; whether the same account pays for it stays open where it is not told."""
    same = own.bill_to == other.bill_to if own and own.bill_to and other.bill_to else None
    return Pointer(entry.ref, other.name, same, entry.standing, entry.tags | other.tags, other.bill_to)


def _known(projects: Projects, container: str) -> Project | StoreError:
    try:
        return projects.of(container)
    except StoreError as error:
        return error


def quote(client: Client, projects: Projects, refs: Sequence[Ref], tier: Tier) -> Quote:
    """The platform's own dry run, summed up over the projects.  Invalid where the rate is not offered."""
    by_container, without = in_batches(refs)
    for missing in without:
        raise missing.error
    objects, gigabytes, millidollars, priced = 0, 0.0, 0.0, True
    for container, some in by_container.items():
        for begin in range(0, len(some), describing.MOST):
            told = _dry_run(client, projects, projects.of(container), some[begin : begin + describing.MOST], tier)
            files, size, cost = (_number(told.get(name)) for name in ("files", "size", "cost"))
            objects += int(files or 0)
            gigabytes += size or 0.0
            millidollars += cost or 0.0
            priced = priced and cost is not None
    return Quote(objects, round(gigabytes * _GB), millidollars / _MILLIDOLLARS if priced else None)


def _dry_run(
    client: Client, projects: Projects, project: Project, refs: Sequence[Ref], tier: Tier
) -> Mapping[str, object]:
    """One dry run; where it is refused as things stand, once more for the files that are cold now."""
    files = list(dict.fromkeys(str(ref.version) for ref in refs))
    try:
        return unarchive(client, project, tier, files, dry_run=True).members
    except RateRefused:
        raise
    except (Conflict, Invalid) as refused:
        described = describing.describe(client, projects, refs)
        cold = {str(each.ref.version) for each in described if each.entry and _is_cold(each.entry.standing.state)}
        fitting = [file for file in files if file in cold]
        if len(fitting) == len(files):
            raise refused from None
        if not fitting:
            return {"files": 0, "size": 0, "cost": 0}
        return unarchive(client, project, tier, fitting, dry_run=True).members


def _is_cold(state: State) -> bool:
    return state in (State.ARCHIVED, State.ARCHIVING)


def _number(told: object) -> float | None:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None
