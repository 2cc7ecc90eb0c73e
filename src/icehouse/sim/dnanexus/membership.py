"""Changing who belongs to an org, for its admins (facts §2.1)."""

from __future__ import annotations

from typing import Any

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import denied, invalid_input, invalid_state, not_found
from icehouse.sim.dnanexus.model import LEVELS, Org

_RIGHTS = ("allowBillableActivities", "appAccess", "projectAccess")


def _run_by(call: Call) -> Org:
    user = call.caller
    org = call.world.orgs.get(call.subject)
    if org is None or user.id not in org.members:
        raise not_found(call.subject)
    if not org.is_admin(user.id):
        raise denied(f"Must be an admin of {org.id}")
    return org


def _rights(told: dict[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    level = told.get("level", held.get("level", "MEMBER"))
    if level not in {"ADMIN", "MEMBER"} or told.get("projectAccess", "NONE") not in LEVELS:
        raise invalid_input('expected key "level" of input to be ADMIN or MEMBER, and "projectAccess" to be a level')
    return {**held, **{name: told[name] for name in _RIGHTS if name in told}, "level": level}


def _keep(call: Call, org: Org, members: dict[str, dict[str, Any]]) -> Answer:
    if not any(held.get("level") == "ADMIN" for held in members.values()):
        raise invalid_state(f"{org.id} must have an admin")
    org.members = members
    call.world.keep_org(org)
    return {"id": org.id}


def invite(call: Call) -> Answer:
    """Take a user in; they belong to the org at once."""
    org = _run_by(call)
    name = call.text("invitee")
    if name not in call.world.users:
        raise not_found(name)
    start = {"allowBillableActivities": False, "appAccess": True, "projectAccess": "CONTRIBUTE"}
    return {**_keep(call, org, {**org.members, name: _rights(call.input, start)}), "state": "accepted"}


def remove_member(call: Call) -> Answer:
    """Let a member go."""
    org = _run_by(call)
    name = call.text("user")
    if name not in org.members:
        raise not_found(name)
    return _keep(call, org, {member: held for member, held in org.members.items() if member != name})


def set_member_access(call: Call) -> Answer:
    """Set level and rights of members, by user id."""
    org = _run_by(call)
    members = dict(org.members)
    for name, told in call.input.items():
        if name not in members or not isinstance(told, dict):
            raise not_found(name)
        members[name] = _rights(told, members[name])
    return _keep(call, org, members)


def update_org(call: Call) -> Answer:
    """Rename the org."""
    org = _run_by(call)
    org.name = call.text("name", org.name)
    return _keep(call, org, org.members)
