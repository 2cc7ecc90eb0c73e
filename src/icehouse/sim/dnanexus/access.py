"""Who may do what in a project: invite, decrease, leave, join, and giving a project to another account (facts §2.5)."""

from __future__ import annotations

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import denied, invalid_input, invalid_state, not_found
from icehouse.sim.dnanexus.filters import one_of
from icehouse.sim.dnanexus.identity import bill_to
from icehouse.sim.dnanexus.model import LEVELS, PUBLIC, Project, rank
from icehouse.sim.dnanexus.projects import touch


def _entity(call: Call, told: str) -> str:
    """A user or org by id, a user by e-mail, or PUBLIC; 404 for nobody."""
    world = call.world
    if told == PUBLIC or told in world.users or told in world.orgs:
        return told
    for user in world.users.values():
        if told in {user.email, user.handle}:
            return user.id
    raise not_found(told)


def invite(call: Call) -> Answer:
    """Give somebody a level; nobody's level sinks by it."""
    project = call.project("ADMINISTER")
    level = one_of(call, "level", LEVELS[1:], "VIEW")
    entity = _entity(call, call.text("invitee"))
    project.members[entity] = max(project.members.get(entity, "NONE"), level, key=rank)
    touch(call, project)
    return {"id": project.id, "state": "accepted"}


def decrease_permissions(call: Call) -> Answer:
    """Lower levels, or with null take them away; nobody's level rises by it."""
    project = call.project("ADMINISTER")
    members = dict(project.members)
    for told, level in call.input.items():
        entity = _entity(call, told)
        if level is not None and level not in LEVELS:
            raise invalid_input(f"{level!r} is not a permission level")
        if level is None or level == "NONE":
            members.pop(entity, None)
        elif entity in members:
            members[entity] = min(members[entity], level, key=rank)
    _keep_members(call, project, members)
    return {"id": project.id}


def _keep_members(call: Call, project: Project, members: dict[str, str]) -> None:
    if "ADMINISTER" not in members.values():
        raise invalid_state(f"{project.id} must have somebody who may ADMINISTER it")
    project.members = members
    touch(call, project)


def leave(call: Call) -> Answer:
    """Give up one's own level."""
    project = call.project()
    members = {name: level for name, level in project.members.items() if name != call.caller.id}
    _keep_members(call, project, members)
    return {"id": project.id}


def join(call: Call) -> Answer:
    """Take a level in a project that one's org pays for, as an admin of that org."""
    user = call.caller
    project = call.world.projects.get(call.subject)
    org = call.world.orgs.get(project.bill_to) if project else None
    if project is None or org is None or user.id not in org.members:
        raise not_found(call.subject)
    if not org.is_admin(user.id):
        raise denied(f"Must be an admin of {org.id} to join {project.id}")
    level = one_of(call, "level", LEVELS[1:], "VIEW")
    project.members[user.id] = max(project.members.get(user.id, "NONE"), level, key=rank)
    touch(call, project)
    return {"id": project.id, "level": project.members[user.id]}


def transfer(call: Call) -> Answer:
    """Offer the project to somebody else's account."""
    project = call.project("ADMINISTER")
    project.pending_transfer = _entity(call, call.text("invitee"))
    project.members[project.pending_transfer] = "ADMINISTER"
    touch(call, project)
    return {"id": project.id, "state": "pending"}


def accept_transfer(call: Call) -> Answer:
    """Take an offered project over, onto an account that one may bill."""
    project = call.project("ADMINISTER")
    user = call.caller
    if project.pending_transfer != user.id:
        raise denied(f"{project.id} is not offered to {user.id}")
    project.bill_to = bill_to(call, call.text("billTo", user.bill_to))
    project.pending_transfer = None
    touch(call, project)
    return {"id": project.id}
