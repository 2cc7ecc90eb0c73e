"""What this login may do, found out by looking only."""

from __future__ import annotations

from collections.abc import Iterator

from icehouse.core.errors import IcehouseError, LoginExpired, StoreError
from icehouse.core.text import safe
from icehouse.stores.base import Ability, Verdict

from .client import Client
from .identity import identity
from .previews import MAY_ARCHIVE, obstacles, sees_all
from .projects import Project, Projects
from .rules import RATES, RESTORE_RULES, cold_word

_MAY_WRITE = ("UPLOAD", *MAY_ARCHIVE)
_MAY_LOOK = ("VIEW", *_MAY_WRITE)


def check(client: Client, projects: Projects, container: str | None) -> Iterator[Ability]:
    """Lines on the server and the login, then on the project; ends early where the server or the login is not there."""
    try:
        yield Ability("server", "yes", str(client.server))
        client.ask_date()
        yield Ability("reachable", "yes")
    except IcehouseError as error:
        # Without a token nothing is sent, so whether the server is there is not known.
        yield Ability("login" if isinstance(error, LoginExpired) else "reachable", "no", _words(error))
        return
    try:
        who = identity(client)
        yield Ability("login", "yes", f"{who.principal}{f', billed to {who.account}' if who.account else ''}")
    except IcehouseError as error:
        yield Ability("login", "no" if isinstance(error, LoginExpired) else "unknown", _words(error))
        if isinstance(error, LoginExpired):
            return
    yield _ask(client, "list projects", "system/findProjects", level="VIEW", explicitPermission=True, limit=1)
    if container is not None:
        yield from _check_project(client, projects, container)


def _check_project(client: Client, projects: Projects, container: str) -> Iterator[Ability]:
    try:
        project = projects.now(container)
    except StoreError as error:
        yield Ability("see the project", _verdict(error), _words(error))
        return
    yield Ability("see the project", "yes" if project.level in _MAY_LOOK else "no", _described(project))
    yield _ask(client, "list folders", f"{container}/listFolder", folder="/", only="folders")
    scope = {"project": container, "folder": "/", "recurse": True}
    yield _ask(client, "find files", "system/findDataObjects", scope=scope, limit=1, **{"class": "file"})
    try:
        against = obstacles(client, projects, container)
        yield Ability("archive", "no" if against else "yes", "; ".join(against))
        words = "every project of the account is seen" if (sees := sees_all(client, projects, container)) else ""
        yield Ability("see all copies", "yes" if sees else "unknown", words or "copies may lie in projects not seen")
    except StoreError as error:
        yield Ability("archive", "unknown", _words(error))
    yield _rates(project)
    yield from _delivering(project)
    yield Ability("archive licence", "not testable", "only a request would tell")


def _described(project: Project) -> str:
    told = f"{project.name}, {project.level}, billed to {project.bill_to}, in {project.region}"
    return safe(told)


def _rates(project: Project) -> Ability:
    rule = RESTORE_RULES.get(cold_word(project.cloud))
    if rule is None:
        return Ability("unarchive", "unknown", f"no rates are known for {safe(project.region or 'this region')}")
    rates = ", ".join(RATES[tier] for tier in sorted(rule.windows, key=lambda tier: tier.speed))
    may = project.level in MAY_ARCHIVE
    return Ability("unarchive", "yes" if may else "no", f"rates: {rates}" if may else "needs CONTRIBUTE")


def _delivering(project: Project) -> Iterator[Ability]:
    """Whether a folder can be handed out: links to files, and the note that tells of it."""
    if project.download_restricted:
        yield Ability("make links", "no", "downloads are restricted in this project")
    else:
        may = project.level in _MAY_LOOK and project.download_restricted is not None
        yield Ability("make links", "yes" if may else "unknown")
    may = project.level in _MAY_WRITE
    yield Ability("write notes", "yes" if may else "no", "" if may else "needs UPLOAD")


def _ask(client: Client, name: str, route: str, **members: object) -> Ability:
    try:
        client.read(route, client.store, **members)
    except StoreError as error:
        return Ability(name, _verdict(error), _words(error))
    return Ability(name, "yes")


def _verdict(error: StoreError) -> Verdict:
    """No answer is no verdict."""
    return "unknown" if error.passing else "no"


def _words(error: IcehouseError) -> str:
    told = error.words if isinstance(error, StoreError) and error.words else error.line
    return f"{told}; {error.hint}" if error.hint else str(told)
