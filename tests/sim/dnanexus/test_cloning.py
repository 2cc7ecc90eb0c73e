"""Clone, with what archival states and switches make of it (facts §2.5, §2.7)."""

from __future__ import annotations

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import Lab, refused, words


@pytest.fixture
def other(lab: Lab) -> str:
    """A second project of the lab's."""
    return lab.project("other")


def test_a_clone_is_the_same_object_with_a_name_and_tags_of_its_own(lab: Lab, place: str, other: str) -> None:
    name = lab.file(place, "/a.txt", tags=["t"], properties={"k": "v"})
    assert lab.clone(name, place, other)["exists"] == []
    assert lab.clone(name, place, other)["exists"] == [name]
    lab.call(f"{name}/rename", project=other, name="b.txt")
    lab.call(f"{name}/removeTags", project=other, tags=["t"])
    here, there = (lab.call(f"{name}/describe", project=project) for project in (place, other))
    assert [(seen["project"], seen["name"], seen["tags"]) for seen in (here, there)] == [
        (place, "a.txt", ["t"]),
        (other, "b.txt", []),
    ]
    assert lab.call(f"{name}/listProjects") == {place: "ADMINISTER", other: "ADMINISTER"}


def test_a_folder_is_cloned_with_all_below_it_and_never_onto_another(lab: Lab, place: str, other: str) -> None:
    made = {lab.file(place, "/f/a"), lab.file(place, "/f/deep/b")}
    lab.call(f"{place}/clone", folders=["/f"], project=other)
    assert set(lab.ids(scope={"project": other, "folder": "/f"})) == made
    assert lab.ids(scope={"project": other, "folder": "/f/deep"}) != []
    assert words(lambda: lab.call(f"{place}/clone", folders=["/f"], project=other)) == (
        "If cloned, a folder would conflict with the route of an existing folder"
    )


def test_open_files_other_regions_and_restricted_sources_are_refused(lab: Lab, place: str, other: str) -> None:
    opened, closed = lab.file(place, "/open", close=False), lab.file(place, "/closed")
    assert refused(lambda: lab.clone(opened, place, other)) == ("InvalidState", 422)
    assert refused(lambda: lab.clone(closed, place, lab.project("far", region="aws:eu-west-2"))) == (
        "InvalidInput",
        422,
    )
    assert refused(lambda: lab.clone(closed, place, other, destination="/none")) == ("ResourceNotFound", 404)
    lab.call(f"{place}/update", restricted=True)
    assert refused(lambda: lab.clone(closed, place, other)) == ("PermissionDenied", 401)


def test_archived_files_are_cloned_within_the_account_only(dx: DxStandIn, lab: Lab, place: str, other: str) -> None:
    partner = Lab(dx, "outsider")
    theirs = partner.project("theirs")
    partner.call(f"{theirs}/invite", invitee="user-owner", level="UPLOAD")
    name = lab.file(place, "/a")
    lab.archive(place, name)
    assert refused(lambda: lab.clone(name, place, other)) == ("InvalidState", 422)  # on its way
    dx.step(hours=1)
    assert refused(lambda: lab.clone(name, place, theirs)) == ("InvalidState", 422)
    dx.switch(archived_clone="never")
    assert refused(lambda: lab.clone(name, place, other)) == ("InvalidState", 422)
    dx.switch(archived_clone="same_bill_to")
    lab.clone(name, place, other)
    assert dx.states(name) == {place: "archived", other: "archived"}


def test_the_state_of_a_clone_is_a_switch(dx: DxStandIn, lab: Lab, place: str, other: str) -> None:
    name, keeps = lab.file(place, "/a"), lab.project("keeps")
    lab.clone(name, place, keeps)
    lab.archive(place, name)
    dx.switch(clone_state="live")
    lab.clone(name, place, other)
    dx.switch(clone_state="inherit")
    assert dx.states(name) == {place: "archival", keeps: "live", other: "live"}


def test_hidden_objects_go_along_with_what_links_to_them_and_go_with_it(lab: Lab, place: str, other: str) -> None:
    hidden = lab.file(place, "/parts/h", hidden=True)
    record = lab.call("record/new", project=place, name="r", close=True, details={"of": [{"$dnanexus_link": hidden}]})[
        "id"
    ]
    lab.clone(record, place, other)
    assert set(lab.call(f"{hidden}/listProjects")) == {place, other}
    lab.call(f"{other}/removeObjects", objects=[record])
    assert set(lab.call(f"{hidden}/listProjects")) == {place}
