"""Projects: what the platform says of them, all that are seen, and the few facts that calls need again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from icehouse.core.entries import ContainerEntry
from icehouse.core.errors import Denied, Invalid, NotFound
from icehouse.core.text import safe

from .client import Client, from_milliseconds
from .errors import garbled
from .paths import is_project_id
from .rules import cloud_of
from .trail import Trail

_PAGE = 1000
_FRESH = 60.0
"""Seconds for which what a project said of itself is good enough to be used again."""

_NARROW = dict.fromkeys(("id", "name", "level", "billTo", "region", "tags", "downloadRestricted"), True)
_WIDE = {
    **_NARROW,
    **dict.fromkeys(
        (
            "created",
            "storageCost",
            "dataUsage",
            "archivedDataUsage",
            "sponsoredDataUsage",
            "protected",
            "restricted",
            "containsPHI",
        ),
        True,
    ),
}
_FLAGS = {
    "protected": "protected",
    "restricted": "restricted",
    "downloadRestricted": "download restricted",
    "containsPHI": "contains PHI",
}


_MAY_LOOK = frozenset({"VIEW", "UPLOAD", "CONTRIBUTE", "ADMINISTER"})


@dataclass(frozen=True, slots=True)
class Project:
    """What calls need to know of a project."""

    id: str
    name: str
    level: str
    bill_to: str
    region: str
    tags: frozenset[str]
    restricted: bool | None = None
    download_restricted: bool | None = None

    @property
    def cloud(self) -> str:
        """``aws`` or ``azure``, "" where it is not known or not one that archives."""
        return cloud_of(self.region)

    @property
    def copyable(self) -> bool | None:
        """Whether one may copy out of it; None where it is not told."""
        if self.restricted or self.level == "NONE":
            return False
        return True if self.level in _MAY_LOOK and self.restricted is False else None


class Projects:
    """Projects as they were told within the last minute; safe for threads."""

    def __init__(self, client: Client) -> None:
        """Ask by `client`."""
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Project]] = {}

    def of(self, container: str) -> Project:
        """What is known of a project, asked for where it is not.  NotFound, Denied."""
        with self._lock:
            known = self._known.get(container)
        if known is not None and time.monotonic() - known[0] < _FRESH:
            return known[1]
        return self.now(container)

    def now(self, container: str) -> Project:
        """What a project says of itself, asked for now.  NotFound, Denied."""
        what = f"{self._client.store}:{container}"
        if not is_project_id(container):
            raise NotFound(f"{what}: not the id of a project")
        told = self._client.read(f"{container}/describe", what, fields=_NARROW).members
        project = _project(told, what)
        if project.id != container:
            raise garbled(what, "another project was told")
        if not isinstance(told.get("tags"), list):  # one of them may forbid archiving
            raise garbled(what, "its tags are not told")
        with self._lock:
            self._known[container] = (time.monotonic(), project)
        return project


def containers(client: Client) -> Iterator[ContainerEntry]:
    """All projects that this user was given access to, by whatever level; public ones of others are left out."""
    wish = {"level": "VIEW", "explicitPermission": True, "describe": {"fields": _WIDE}}
    accounts: frozenset[str] | None = None
    for number, row in enumerate(_all(client, "system/findProjects", "projects", wish)):
        if number == 0:
            accounts = _accounts(client)
        yield _container(client, row, accounts)


def _accounts(client: Client) -> frozenset[str] | None:
    """This user and the orgs that this user belongs to; None where these credentials may not know."""
    try:
        user = client.read("system/whoami", client.store).members
        orgs = list(_all(client, "system/findOrgs", "orgs", {"level": "MEMBER"}))
    except (Denied, NotFound, Invalid):
        return None
    ids = [account.get("id") for account in (user, *orgs)]
    if not all(isinstance(id_, str) for id_ in ids):
        raise garbled(client.store, "an account without an id")
    return frozenset(map(str, ids))


def _all(client: Client, route: str, what: str, wish: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
    """The rows of a search, page by page.  Unavailable where it leads nowhere."""
    start: dict[str, object] = {}
    trail = Trail(f"{client.store}: the list of {what}")
    while True:
        answer = client.read(route, client.store, limit=_PAGE, **wish, **start)
        for row in answer.rows():
            if not isinstance(row, Mapping):
                raise garbled(client.store, f"the list of {what} holds something else")
            yield row
        if "next" not in answer.members:
            raise garbled(client.store, f"whether the list of {what} goes on is not told")
        following = answer.members["next"]
        if following is None:
            return
        start = {"starting": trail.go(following)}


def _container(client: Client, row: Mapping[str, Any], accounts: frozenset[str] | None) -> ContainerEntry:
    told = row.get("describe")
    if not isinstance(told, Mapping):
        raise garbled(client.store, "a project without a description")
    project = _project({**told, "id": row.get("id"), "level": row.get("level") or told.get("level")}, client.store)
    return ContainerEntry(
        client.store,
        project.id,
        from_milliseconds(told.get("created")),
        project.name,
        tuple(_facts(project, told)),
        shared=project.bill_to not in accounts if project.bill_to and accounts is not None else None,
        copyable=project.copyable,
    )


def _project(told: Mapping[str, Any], what: str) -> Project:
    if not isinstance(told.get("id"), str) or not is_project_id(told["id"]):
        raise garbled(what, "a project without an id")
    name, level, bill_to, region = (str(told.get(name) or "") for name in ("name", "level", "billTo", "region"))
    tags = told.get("tags")
    held = frozenset(map(str, tags)) if isinstance(tags, list) else frozenset()
    restricted, downloads = told.get("restricted"), told.get("downloadRestricted")
    return Project(
        told["id"],
        name,
        level,
        bill_to,
        region,
        held,
        restricted if isinstance(restricted, bool) else None,
        downloads if isinstance(downloads, bool) else None,
    )


def _facts(project: Project, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What details show; sizes and money are the platform's numbers, neither added nor subtracted."""
    yield "level", safe(project.level)
    yield "billed to", safe(project.bill_to)
    yield "region", safe(project.region)
    if project.tags:
        yield "tags", safe(", ".join(sorted(project.tags)))
    yield "storage cost, as the platform says", _amount(told.get("storageCost"), "${:,.2f} a month")
    yield "data, as the platform says", _amount(told.get("dataUsage"), "{:,.1f} GiB")
    yield "archived data, as the platform says", _amount(told.get("archivedDataUsage"), "{:,.1f} GiB")
    if told.get("sponsoredDataUsage"):
        yield "sponsored data, as the platform says", _amount(told["sponsoredDataUsage"], "{:,.1f} GiB")
    flags = [word for name, word in _FLAGS.items() if told.get(name)]
    if flags:
        yield "flags", ", ".join(flags)


def _amount(told: object, form: str) -> str:
    known = isinstance(told, int | float) and not isinstance(told, bool)
    return form.format(told) if known else "not told"
