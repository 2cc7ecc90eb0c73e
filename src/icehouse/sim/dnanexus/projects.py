"""Projects: find, describe, make, change and destroy (facts §2.2, §2.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from icehouse.sim.dnanexus import archiving
from icehouse.sim.dnanexus.call import Answer, Call, property_map, tag_list
from icehouse.sim.dnanexus.errors import ApiError, denied, invalid_input
from icehouse.sim.dnanexus.filters import name_test, one_of, properties_test, span_test, words_test
from icehouse.sim.dnanexus.identity import bill_to
from icehouse.sim.dnanexus.model import LEVELS, PUBLIC, Project, rank
from icehouse.sim.dnanexus.usage import usage

FLAGS: Final = (
    "protected",
    "restricted",
    "downloadRestricted",
    "previewViewerRestricted",
    "externalUploadRestricted",
    "containsPHI",
    "databaseUIViewOnly",
    "databaseResultsRestricted",
    "httpsAppIsolatedBrowsing",
    "displayDataProtectionNotice",
)
REGIONS: Final = ("aws:us-east-1", "aws:eu-central-1", "aws:eu-west-2", "aws:ap-southeast-2", "azure:westus")
_ASKED_FOR: Final = {
    "properties",
    "permissions",
    "folders",
    "objects",
    "fileUploadParameters",
    "appCaches",
    "destroyProtected",
}

Teller = Callable[[Call, Project], Any]


def _upload_parameters(call: Call, project: Project) -> dict[str, Any]:
    return {
        "minimumPartSize": call.world.switches.smallest_part,
        "maximumPartSize": 5_368_709_120,
        "maximumNumParts": 10_000,
        "maximumFileSize": 5_497_558_138_880,
        "emptyLastPartAllowed": True,
    }


def _usage(word: str) -> Teller:
    def tell(call: Call, project: Project) -> float:
        counted = usage(call.world, project.id, call.now)
        if word == "dataUsage":
            return counted.data_gib(include_archived=call.world.switches.data_usage_includes_archived)
        return counted.archived_gib if word == "archivedDataUsage" else counted.month_dollars

    return tell


def _permissions(call: Call, project: Project) -> Any:
    held = call.world.level(call.user, project)
    return dict(project.members) if rank(held) >= rank(call.world.switches.permissions_visible_to) else None


def _bill_to(call: Call, project: Project) -> Any:
    """Who pays; null for who has too low a level, and in a project that was planted to tell nobody."""
    held = call.world.level(call.user, project)
    told = rank(held) >= rank(call.world.switches.accounts_told_to) and not project.flags.get("accountHidden", False)
    return project.bill_to if told else None


def _flag(name: str) -> Teller:
    return lambda call, project: project.flags.get(name, False)


_TELLERS: Final[Mapping[str, Teller]] = {
    "id": lambda call, project: project.id,
    "name": lambda call, project: project.name,
    "class": lambda call, project: "project",
    "created": lambda call, project: project.created,
    "modified": lambda call, project: project.modified,
    "billTo": _bill_to,
    "cloudAccount": lambda call, project: "cloudaccount-dnanexus",
    "level": lambda call, project: call.world.level(call.user, project),
    "dataUsage": _usage("dataUsage"),
    "archivedDataUsage": _usage("archivedDataUsage"),
    "sponsoredDataUsage": lambda call, project: 0,
    "remoteDataUsage": lambda call, project: 0,
    "region": lambda call, project: project.region,
    "summary": lambda call, project: project.words.get("summary", ""),
    "description": lambda call, project: project.words.get("description", ""),
    **{name: _flag(name) for name in FLAGS},
    "currency": lambda call, project: {
        "code": "USD",
        "symbol": "$",
        "symbolPosition": "left",
        "decimalSymbol": ".",
        "groupingSymbol": ",",
    },
    "createdBy": lambda call, project: {"user": project.created_by},
    "version": lambda call, project: project.version,
    "storageCost": _usage("storageCost"),
    "pendingTransfer": lambda call, project: project.pending_transfer,
    "tags": lambda call, project: project.tags,
    "defaultInstanceType": lambda call, project: "mem1_ssd1_v2_x4",
    "totalSponsoredEgressBytes": lambda call, project: 0,
    "consumedSponsoredEgressBytes": lambda call, project: 0,
    "provider": lambda call, project: {"name": "AWS" if project.cloud == "aws" else "Azure"},
    "atSpendingLimit": lambda call, project: False,
    "allowedExecutables": lambda call, project: project.words.get("allowedExecutables"),
    "properties": lambda call, project: project.properties,
    "permissions": _permissions,
    "folders": lambda call, project: sorted(call.world.shelves[project.id].folders),
    "objects": lambda call, project: call.world.shelves[project.id].inside("/", recurse=True),
    "fileUploadParameters": _upload_parameters,
    "appCaches": lambda call, project: {},
    "destroyProtected": _flag("destroyProtected"),
}
_DEFAULT: Final = tuple(name for name in _TELLERS if name not in _ASKED_FOR)


def tell_project(call: Call, project: Project, told: object) -> dict[str, Any]:
    """What describe tells: defaults, or the `fields` asked for; dx also asks by `{"folders": true}` (facts §6.3)."""
    if told is None or told is True:
        told = {}
    if not isinstance(told, dict):
        raise invalid_input('expected key "describe" of input to be a boolean or a mapping')
    fields = told.get("fields")
    if fields is not None and not isinstance(fields, dict):
        raise invalid_input('expected key "fields" of input to be a mapping')
    names = ["id", *(name for name, wanted in (fields or {}).items() if wanted)]
    if told.get("defaultFields", fields is None):
        names += _DEFAULT
    names += [name for name in _ASKED_FOR if told.get(name) is True]
    return {
        name: value
        for name in dict.fromkeys(names)
        if name in _TELLERS and ((value := _TELLERS[name](call, project)) is not None or name not in _ASKED_FOR)
    }


def describe_project(call: Call) -> Answer:
    """`project-…/describe`."""
    return tell_project(call, call.project(), call.input)


def describe_projects(call: Call) -> Answer:
    """`system/describeProjects`: like describeDataObjects, for projects."""
    objects = call.input.get("projects", call.input.get("objects"))
    if not isinstance(objects, list) or len(objects) > 1000:
        raise invalid_input('expected key "projects" of input to be an array of at most 1000 elements')
    results: list[dict[str, Any]] = []
    for item in objects:
        entry = {"id": item} if isinstance(item, str) else item
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise invalid_input('expected the elements of "projects" to be ids or mappings with an "id"')
        try:
            project = call.world.project_for(call.user, entry["id"])
            results.append({"describe": tell_project(call, project, entry.get("describe")), "statusCode": 200})
        except ApiError as problem:
            results.append({"error": problem.as_json(), "statusCode": problem.status})
    return {"results": results}


def find_projects(call: Call) -> Answer:
    """A page of projects by id; `level` defaults to CONTRIBUTE, so shared ones hide from who does not say VIEW."""
    call.need_login()
    told, world, limit = call.input, call.world, call.limit()
    least = rank(one_of(call, "level", LEVELS, "CONTRIBUTE"))
    tests: list[Callable[[Project], bool]] = []
    if "name" in told:
        named = name_test(told["name"])
        tests.append(lambda project: named(project.name))
    if "id" in told:
        ids = [told["id"]] if isinstance(told["id"], str) else call.names("id", 1000)
        tests.append(lambda project: project.id in ids)
    if "billTo" in told:
        tests.append(lambda project: project.bill_to == told["billTo"])
    if "region" in told:
        regions = [told["region"]] if isinstance(told["region"], str) else told["region"]
        tests.append(lambda project: project.region in regions)
    if (tags := told.get("tags", told.get("tag"))) is not None:
        tagged = words_test(tags, "tags")
        tests.append(lambda project: tagged(project.tags))
    if "properties" in told:
        owned = properties_test(told["properties"])
        tests.append(lambda project: owned(project.properties))
    if "created" in told:
        made = span_test(told["created"], "created", call.now_ms)
        tests.append(lambda project: made(project.created))
    for flag in ("containsPHI", "externalUploadRestricted"):
        if flag in told:
            wanted = call.truth(flag)
            tests.append(lambda project, flag=flag, wanted=wanted: project.flags.get(flag, False) is wanted)  # type: ignore[misc]
    starting = call.mapping("starting").get("id", "") if told.get("starting") else ""
    results: list[dict[str, Any]] = []
    for project in sorted(world.projects.values(), key=lambda project: project.id):
        if project.id < starting:
            continue
        grants = list(world.grants(call.user, project))
        explicit = [member for member, level in grants if member != PUBLIC and rank(level) > 0]
        public = PUBLIC in project.members
        if not explicit and (not public or not told.get("public")):
            continue
        if ("public" in told and told["public"] is not public) or (told.get("explicitPermission") and not explicit):
            continue
        level = world.level(call.user, project)
        if rank(level) < max(1, least) or not all(test(project) for test in tests):
            continue
        if len(results) == limit:
            return {"results": results, "next": {"id": project.id}}
        entry: dict[str, Any] = {
            "id": project.id,
            "level": level,
            "permissionSources": [member for member, _ in grants],
            "public": public,
        }
        if told.get("describe"):
            entry["describe"] = tell_project(call, project, told["describe"])
        results.append(entry)
    return {"results": results, "next": None}


def new_project(call: Call) -> Answer:
    """`project/new`; it has no nonce, so a retry after a lost answer makes a second project (facts §1.5)."""
    user, world = call.caller, call.world
    name = call.text("name")
    if not name:
        raise invalid_input('expected key "name" of input to be a nonempty string')
    region = call.text("region", user.default_region)
    if region not in REGIONS:
        raise invalid_input(f"region {region} is not one of the permitted regions")
    account = bill_to(call, call.text("billTo", user.bill_to))
    if call.truth("containsPHI"):
        raise denied(f"PHI features must be enabled for {account}")
    project = Project(
        world.fresh_id("project"),
        name,
        account,
        region,
        call.now_ms // 1000 * 1000,
        call.now_ms,
        user.id,
        {user.id: "ADMINISTER"},
        tag_list(call.input.get("tags", [])),
        dict(property_map(call.input.get("properties", {}))),
        {flag: call.truth(flag) for flag in FLAGS if flag in call.input},
        {word: call.text(word) for word in ("summary", "description") if word in call.input},
    )
    world.keep_project(project)
    call.notes["made"] = project.id
    return {"id": project.id}


def update_project(call: Call) -> Answer:
    """Change names and flags; with `version` only where that is still the project's (facts §2.5)."""
    project = call.project("ADMINISTER")
    told = call.input
    if "region" in told:
        raise invalid_input("the region of a project cannot be changed")
    if "version" in told and told["version"] != project.version:
        raise ApiError("InvalidState", f"the version of {project.id} is {project.version}")
    flags: dict[str, bool] = {flag: call.truth(flag) for flag in (*FLAGS, "destroyProtected") if flag in told}
    merged = project.flags | flags
    if flags.get("downloadRestricted"):
        merged["previewViewerRestricted"] = flags.get("previewViewerRestricted", True)
    if flags.get("downloadRestricted") is False and merged.get("previewViewerRestricted"):
        raise invalid_input("previewViewerRestricted must be false before downloadRestricted can be turned off")
    account = project.bill_to
    if "billTo" in told:
        try:
            account = bill_to(call, call.text("billTo"))
        except ApiError as problem:
            raise invalid_input(f"{told['billTo']} cannot be billed") from problem
    name = call.text("name", project.name)
    words: dict[str, Any] = {
        word: told[word] for word in ("summary", "description", "allowedExecutables") if word in told
    }
    project.name, project.flags, project.bill_to = name, merged, account
    project.words.update(words)
    touch(call, project)
    return {"id": project.id}


def touch(call: Call, project: Project) -> None:
    """Note a change of a project: its version rises."""
    project.version += 1
    project.modified = call.now_ms
    call.world.keep_project(project)


def destroy_project(call: Call) -> Answer:
    """Remove a project with all that lies in it, unless destroyProtected."""
    project = call.project("ADMINISTER")
    if project.flags.get("destroyProtected"):
        raise denied(f"{project.id} is protected from being destroyed")
    world = call.world
    for name in world.shelves[project.id].inside("/", recurse=True):
        archiving.take_out(world, project, name, call.now)
    world.forget_project(project.id)
    return {"id": project.id}


def tag_project(call: Call) -> Answer:
    """`addTags`, `removeTags` and `setProperties` of a project."""
    project = call.project("CONTRIBUTE")
    match call.operation.rpartition("/")[2]:
        case "addTags":
            project.tags = list(dict.fromkeys([*project.tags, *tag_list(call.input.get("tags"))]))
        case "removeTags":
            gone = set(tag_list(call.input.get("tags")))
            project.tags = [tag for tag in project.tags if tag not in gone]
        case _:
            wished = property_map(call.input.get("properties"), nulls=True)
            merged = {**project.properties, **wished}
            project.properties = {key: value for key, value in merged.items() if value is not None}
    touch(call, project)
    return {"id": project.id}
