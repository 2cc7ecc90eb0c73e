"""findDataObjects, findProjects and their filters, pages and order (facts §2.2-§2.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import Lab, names, refused


@pytest.fixture
def full(dx: DxStandIn, lab: Lab, place: str) -> str:
    """A project with five files in three folders, each a minute newer than the one before."""
    wishes: dict[str, dict[str, Any]] = {
        "/a.txt": {"tags": ["x"]},
        "/f/b.txt": {"tags": ["x", "y"], "properties": {"k": "1"}},
        "/f/B*.log": {"properties": {"k": "2"}, "types": ["T"]},
        "/f/deep/c.log": {"hidden": True},
        "/g/a.txt": {},
    }
    for number, (path, told) in enumerate(wishes.items()):
        dx.step(seconds=60)
        lab.file(place, path, b"%d" % number, **told)
    return place


def found(lab: Lab, project: str, **told: Any) -> list[str]:
    """The names found in a project, in order."""
    scope = {"project": project, **told.pop("scope", {})}
    return names(lab.dx.find("owner", scope=scope, describe={"fields": {"name": True}}, **told))


def test_newest_comes_first_and_pages_neither_lose_nor_repeat(lab: Lab, full: str) -> None:
    assert found(lab, full) == ["a.txt", "B*.log", "b.txt", "a.txt"]
    for limit in (1, 2, 3):
        assert found(lab, full, limit=limit, visibility="either") == ["a.txt", "c.log", "B*.log", "b.txt", "a.txt"]


def test_a_page_goes_on_where_it_was_though_its_first_object_went(lab: Lab, full: str) -> None:
    first = lab.call("system/findDataObjects", scope={"project": full}, limit=2)
    lab.call(f"{full}/removeObjects", objects=[first["next"]["id"]])
    rest = lab.call("system/findDataObjects", scope={"project": full}, limit=2, starting=first["next"])
    assert len(rest["results"]) == 1


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"name": "a.txt"}, ["a.txt", "a.txt"]),
        ({"name": {"glob": "*.txt"}}, ["a.txt", "b.txt", "a.txt"]),
        ({"name": {"glob": "B\\**"}}, ["B*.log"]),
        ({"name": {"glob": "?.[lt]*"}, "visibility": "hidden"}, ["c.log"]),
        ({"name": {"regexp": "^b", "flags": "i"}}, ["B*.log", "b.txt"]),
        ({"tags": {"$and": ["x", "y"]}}, ["b.txt"]),
        ({"tags": {"$or": ["y", {"$and": ["x"]}]}}, ["b.txt", "a.txt"]),
        ({"tag": "x"}, ["b.txt", "a.txt"]),
        ({"properties": {"k": True}}, ["B*.log", "b.txt"]),
        ({"properties": {"k": "1"}}, ["b.txt"]),
        ({"properties": {"k": False}}, ["a.txt", "a.txt"]),
        ({"properties": {"$or": [{"k": "1"}, {"k": "2"}]}}, ["B*.log", "b.txt"]),
        ({"type": "T"}, ["B*.log"]),
        ({"class": "record"}, []),
        ({"state": "open"}, []),
        ({"scope": {"folder": "/f", "recurse": False}}, ["B*.log", "b.txt"]),
        ({"scope": {"folder": "/f/"}, "visibility": "either"}, ["c.log", "B*.log", "b.txt"]),
        ({"scope": {"folder": "/none"}}, []),
        ({"modified": {"after": -90_000}}, ["a.txt"]),
        ({"created": {"before": -150_000}}, ["b.txt", "a.txt"]),
        ({"sortBy": [{"field": "name", "ordering": "ascending"}], "limit": 2}, ["B*.log", "a.txt", "a.txt", "b.txt"]),
        ({"region": "aws:eu-west-2"}, []),
    ],
)
def test_each_filter_finds_what_it_says(lab: Lab, full: str, told: dict[str, Any], expected: list[str]) -> None:
    assert found(lab, full, **told) == expected


def test_ids_that_may_not_be_seen_are_left_out_silently(dx: DxStandIn, lab: Lab, full: str) -> None:
    mine, theirs = lab.ids(scope={"project": full})[0], Lab(dx, "outsider")
    secret = theirs.file(theirs.project("secret"), "/s")
    assert lab.ids(id=[mine, secret, "file-B00000000000000000000000"]) == [mine]
    assert refused(lambda: lab.call(f"{secret}/describe")) == ("ResourceNotFound", 404)


def test_wrong_filters_are_refused(lab: Lab, full: str) -> None:
    scope = {"project": full, "folder": "/"}
    for told in (
        {"class": "file", "archivalState": "live", "scope": {"project": full}},
        {"archivalState": "live", "scope": scope},
        {"class": "file", "archivalState": "frozen", "scope": scope},
        {"name": {"regexp": "("}},
        {"limit": 1001},
        {"limit": 0},
        {"class": "gtable"},
        {"state": "shut"},
        {"id": ["file-x"] * 1001},
    ):
        assert refused(lambda told=told: lab.call("system/findDataObjects", **told)) == (  # type: ignore[misc]
            "InvalidInput",
            422,
        )
    missing = {"project": "project-B00000000000000000000000"}
    assert refused(lambda: lab.call("system/findDataObjects", scope=missing)) == ("ResourceNotFound", 404)


def test_many_are_described_in_the_order_asked_each_with_its_own_error(lab: Lab, full: str) -> None:
    ids = lab.ids(scope={"project": full})
    asked = [ids[1], "file-B00000000000000000000000", {"id": ids[0], "describe": {"fields": {"name": True}}}]
    told = lab.call("system/describeDataObjects", objects=asked, classDescribeOptions={"*": {"fields": {"size": True}}})
    first, second, third = told["results"]
    assert (first["describe"], first["statusCode"]) == ({"id": ids[1], "size": 1}, 200)
    assert (second["error"]["type"], second["statusCode"]) == ("ResourceNotFound", 404)
    assert third["describe"] == {"id": ids[0], "name": "a.txt"}
    both = lab.call("system/describeProjects", projects=[full, "project-B00000000000000000000000"])["results"]
    assert [row["statusCode"] for row in both] == [200, 404]


def test_names_resolve_to_all_objects_of_that_name(lab: Lab, full: str) -> None:
    twin = lab.file(full, "/a.txt")
    told = lab.call(
        "system/resolveDataObjects", project=full, objects=[{"name": "a.txt"}, {"name": "no", "folder": "/f"}]
    )
    assert (twin in {row["id"] for row in told["results"][0]}, len(told["results"][0]), told["results"][1]) == (
        True,
        2,
        [],
    )


def test_find_projects_shows_shared_ones_only_from_the_level_asked(dx: DxStandIn, lab: Lab) -> None:
    theirs = Lab(dx, "outsider")
    shared = theirs.project("shared-for-looking", tags=["z"])
    theirs.call(f"{shared}/invite", invitee="user-owner", level="VIEW")
    assert lab.call("system/findProjects", name="shared-for-looking")["results"] == []
    (row,) = lab.call("system/findProjects", name={"glob": "shared-*"}, level="VIEW", tags="z", describe=True)[
        "results"
    ]
    assert (row["id"], row["level"], row["permissionSources"], row["public"]) == (shared, "VIEW", ["user-owner"], False)
    assert row["describe"]["billTo"] == "org-partner_lab"


def test_find_projects_comes_in_pages(lab: Lab) -> None:
    whole = [row["id"] for row in lab.call("system/findProjects", level="VIEW")["results"]]
    seen: list[str] = []
    starting: Any = None
    while True:
        page = lab.call("system/findProjects", level="VIEW", limit=2, **({"starting": starting} if starting else {}))
        seen += [row["id"] for row in page["results"]]
        starting = page["next"]
        if starting is None:
            break
    assert seen == whole
