"""Which method answers which route: `POST /<id>/<method>`, `/system/<method>`, `/<class>/new` (facts §1.3)."""

from __future__ import annotations

from typing import Final

from icehouse.sim.dnanexus import (
    access,
    apps,
    cloning,
    cold,
    contents,
    executions,
    finding,
    folders,
    identity,
    making,
    membership,
    objects,
    projects,
    system,
    transfer,
)
from icehouse.sim.dnanexus.call import Method
from icehouse.sim.dnanexus.errors import ApiError
from icehouse.sim.dnanexus.model import CLASSES

_SYSTEM: Final[dict[str, Method]] = {
    "whoami": identity.whoami,
    "findOrgs": identity.find_orgs,
    "findProjects": projects.find_projects,
    "findDataObjects": finding.find_data_objects,
    "describeDataObjects": finding.describe_data_objects,
    "describeProjects": projects.describe_projects,
    "describeExecutions": executions.describe_executions,
    "resolveDataObjects": finding.resolve_data_objects,
    "greet": system.greet,
    "headers": system.headers,
    "comeBackLater": system.come_back_later,
    "findApps": apps.find_apps,
    "findGlobalWorkflows": system.nothing_found,
    "findExecutions": executions.find_executions,
    "findJobs": executions.find_jobs,
    "findAnalyses": system.nothing_found,
}
_PROJECT: Final[dict[str, Method]] = {
    "new": projects.new_project,
    "describe": projects.describe_project,
    "update": projects.update_project,
    "destroy": projects.destroy_project,
    "addTags": projects.tag_project,
    "removeTags": projects.tag_project,
    "setProperties": projects.tag_project,
    "listFolder": folders.list_folder,
    "newFolder": contents.new_folder,
    "renameFolder": contents.rename_folder,
    "move": contents.move,
    "removeFolder": contents.remove_folder,
    "removeObjects": contents.remove_objects,
    "clone": cloning.clone,
    "invite": access.invite,
    "decreasePermissions": access.decrease_permissions,
    "leave": access.leave,
    "join": access.join,
    "transfer": access.transfer,
    "acceptTransfer": access.accept_transfer,
    "archive": cold.archive_files,
    "unarchive": cold.unarchive_files,
}
_USER: Final[dict[str, Method]] = {"describe": identity.describe_user, "update": identity.update_user}
_ORG: Final[dict[str, Method]] = {
    "describe": identity.describe_org,
    "findMembers": identity.find_members,
    "findProjects": identity.find_org_projects,
    "invite": membership.invite,
    "removeMember": membership.remove_member,
    "setMemberAccess": membership.set_member_access,
    "update": membership.update_org,
}
_OBJECT: Final[dict[str, Method]] = {
    "describe": finding.describe_data_object,
    "listProjects": objects.list_projects,
    "rename": objects.change_copy,
    "addTags": objects.change_copy,
    "removeTags": objects.change_copy,
    "setProperties": objects.change_copy,
    "addTypes": objects.change_object,
    "removeTypes": objects.change_object,
    "setDetails": objects.change_object,
    "setVisibility": objects.change_object,
    "getDetails": objects.get_details,
    "close": making.close_object,
}
_FILE: Final[dict[str, Method]] = {"upload": transfer.upload_part, "download": transfer.download}

TABLE: Final[dict[str, dict[str, Method]]] = {
    "system": _SYSTEM,
    "project": _PROJECT,
    "user": _USER,
    "org": _ORG,
    "app": {"describe": apps.describe_app},
    "job": {"describe": executions.describe_job},
    **{kind: dict(_OBJECT) for kind in CLASSES},
}
TABLE["file"] |= _FILE
for _kind in ("file", "record", "applet", "workflow"):
    TABLE[_kind]["new"] = making.new_object
TABLE["applet"]["get"] = finding.get_applet


def find_method(path: str) -> tuple[str, str, Method]:
    """The operation (`project/archive`), its subject (an id, or empty), and what answers; 404 for none."""
    pieces = path.strip("/").split("/")
    if pieces[0].startswith("app-") and len(pieces) == 3:  # app-NAME/VERSION
        pieces = ["/".join(pieces[:2]), pieces[2]]
    if len(pieces) == 2:
        kind, dash, _ = pieces[0].partition("-")
        method = TABLE.get(kind, {}).get(pieces[1])
        if method is not None and (kind == "system" or bool(dash) is (pieces[1] != "new")):
            return f"{kind}/{pieces[1]}", pieces[0] if dash else "", method
    raise ApiError("ResourceNotFound", f"The route {path} does not exist in this stand-in")
