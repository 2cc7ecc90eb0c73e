"""Who calls, users and orgs (facts §2.1)."""

from __future__ import annotations

from typing import Any, Final

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import denied, invalid_input, not_found
from icehouse.sim.dnanexus.model import Org

REGIONS: Final = ("aws:us-east-1", "azure:westus")
"""Where everybody may run what costs."""

_FLAGS: Final = (
    "archivalManagement",
    "dataDeletion",
    "dataSearch",
    "projectMemberDemotion",
    "cloudIntegrationManagement",
    "treManagement",
)


def whoami(call: Call) -> Answer:
    """The caller's id."""
    return {"id": call.caller.id}


def describe_user(call: Call) -> Answer:
    """Anybody's names; billTo and e-mail only of oneself."""
    found = call.world.users.get(call.subject)
    if found is None:
        raise not_found(call.subject)
    told: dict[str, Any] = {
        "id": found.id,
        "class": "user",
        "handle": found.handle,
        "first": found.first,
        "last": found.last,
        "middle": "",
    }
    if call.user is not None and call.user.id == found.id:
        told |= {
            "billTo": found.bill_to,
            "email": found.email,
            "defaultRegion": found.default_region,
            "pendingProjectTransfers": [],
            "appsInstalled": {},
            "permittedRegions": list(REGIONS),
        }
    return _only(told, call)


def update_user(call: Call) -> Answer:
    """Set one's own names or billTo."""
    user = call.caller
    if user.id != call.subject:
        raise denied("a user can be changed by themselves alone")
    if "billTo" in call.input:
        user.bill_to = bill_to(call, call.text("billTo"))
    user.first, user.last = call.text("first", user.first), call.text("last", user.last)
    call.world.keep_user(user)
    return {"id": user.id}


def bill_to(call: Call, account: str) -> str:
    """An account that the caller may bill; an org that is unknown or not theirs is ResourceNotFound (facts §2.5)."""
    user = call.caller
    if account == user.id:
        return account
    org = call.world.orgs.get(account)
    held = org.members.get(user.id) if org else None
    if held is None:
        raise not_found(account)
    if held.get("level") != "ADMIN" and not held.get("allowBillableActivities"):
        raise denied(f"billable activities in {account} are not allowed to {user.id}")
    return account


def describe_org(call: Call) -> Answer:
    """An org as its members see it, with the caller's level; 404 for everybody else."""
    org, held = _org(call)
    told: dict[str, Any] = {
        "id": org.id,
        "class": "org",
        "handle": org.id.removeprefix("org-"),
        "name": org.name,
        "level": held["level"],
        "allowBillableActivities": held.get("allowBillableActivities", False),
        "appAccess": held.get("appAccess", False),
        "projectAccess": held.get("projectAccess", "NONE"),
        **{flag: held.get(flag, False) for flag in _FLAGS},
        "permittedRegions": list(REGIONS),
        "policies": {"memberListVisibility": "MEMBER", "restrictProjectTransfer": "ADMIN"},
    }
    if org.is_admin(call.caller.id):
        told |= {"admins": [name for name in org.members if org.is_admin(name)], "members": sorted(org.members)}
    return _only(told, call)


def find_members(call: Call) -> Answer:
    """The members of an org, for its members: id, level and rights."""
    org, _ = _org(call)
    level = call.input.get("level")
    results = [
        {"id": name, **held} for name, held in sorted(org.members.items()) if level is None or held["level"] == level
    ]
    return {"results": results, "next": None}


def find_org_projects(call: Call) -> Answer:
    """The projects billed to an org, for its admins."""
    org, held = _org(call)
    if held["level"] != "ADMIN":
        raise denied(f"Must be an admin of {org.id} to list its projects")
    world = call.world
    results = [
        {"id": project.id, "level": world.level(call.user, project), "public": False}
        for project in world.projects.values()
        if project.bill_to == org.id
    ]
    return {"results": results, "next": None}


def find_orgs(call: Call) -> Answer:
    """The orgs that the caller belongs to, of a level or above."""
    user = call.caller
    level = call.text("level", "MEMBER")
    if level not in {"MEMBER", "ADMIN"}:
        raise invalid_input('expected key "level" of input to be MEMBER or ADMIN')
    results = []
    for org in sorted(call.world.orgs.values(), key=lambda org: org.id):
        held = org.members.get(user.id)
        if held is not None and (level == "MEMBER" or held["level"] == "ADMIN"):
            entry: dict[str, Any] = {"id": org.id, "level": held["level"]}
            if call.input.get("describe"):
                entry["describe"] = {"id": org.id, "class": "org", "name": org.name, "level": held["level"]}
            results.append(entry)
    return {"results": results, "next": None}


def _org(call: Call) -> tuple[Org, dict[str, Any]]:
    user = call.caller
    org = call.world.orgs.get(call.subject)
    held = org.members.get(user.id) if org else None
    if org is None or held is None:
        raise not_found(call.subject)
    return org, held


def _only(told: dict[str, Any], call: Call) -> dict[str, Any]:
    """The fields asked for, where the input names some; `id` always."""
    fields = call.mapping("fields")
    if not fields or call.truth("defaultFields"):
        return told
    return {name: value for name, value in told.items() if name == "id" or fields.get(name)}
