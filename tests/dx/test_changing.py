"""What dx changes in a project: folders, names, places, tags, properties, copies and what is removed."""

from __future__ import annotations

import json

from tests.dx.driving import Api, Dx


def test_mkdir_makes_one_folder_and_with_p_all_above(dx: Dx, api: Api, place: str) -> None:
    dx.ok("mkdir", "new", project=place)
    dx.no("mkdir", "a/b/c", project=place)
    assert api.folders(place) == {"/", "/bytes", "/new"}
    dx.ok("mkdir", "-p", "a/b/c", "a/b/c", project=place)
    assert api.folders(place) == {"/", "/bytes", "/new", "/a", "/a/b", "/a/b/c"}
    assert "Error while creating" in dx.no("mkdir", "new", project=place).words


def test_rmdir_removes_an_empty_folder_and_no_other(dx: Dx, api: Api, place: str) -> None:
    dx.ok("mkdir", "-p", "empty/inner", project=place)
    dx.no("rmdir", "empty", project=place)
    dx.no("rmdir", "bytes", project=place)
    dx.ok("rmdir", "empty/inner", "empty", project=place)
    assert api.folders(place) == {"/", "/bytes"}
    assert len(api.ids(place)) == 3


def test_mv_moves_and_renames_files_and_folders(dx: Dx, api: Api, place: str) -> None:
    before = api.ids(place)
    dx.ok("mkdir", "there", project=place)
    dx.ok("mv", "bytes/bytes-0000001.bin", "bytes/bytes-0000999.bin", "there", project=place)
    assert set(api.ids(place)) == {
        "/there/bytes-0000001.bin",
        "/there/bytes-0000999.bin",
        "/bytes/bytes-0004096.bin",
    }
    dx.ok("mv", "there/bytes-0000001.bin", "there/one.bin", project=place)
    assert api.file(place, "/there/one.bin") == before["/bytes/bytes-0000001.bin"]
    dx.ok("mv", "there", "bytes/below", project=place)
    assert api.folders(place) == {"/", "/bytes", "/bytes/below"}
    assert api.file(place, "/bytes/below/one.bin") == before["/bytes/bytes-0000001.bin"]


def test_rename_changes_the_name_of_a_file_and_of_a_project(dx: Dx, api: Api, place: str, small: str) -> None:
    own = api.file(place, "/bytes/bytes-0000001.bin")
    dx.ok("rename", "bytes/bytes-0000001.bin", "with/slash and blank.bin", project=place)
    assert api.ids(place)["/bytes/with/slash and blank.bin"] == own
    assert api.ids(small, "/bytes")["/bytes/live/bytes-0000001.bin"] == own
    dx.ok("rename", f"{place}:", "renamed", project=place)
    assert api(f"{place}/describe")["name"] == "renamed"


def test_rm_removes_from_this_project_alone(dx: Dx, api: Api, place: str, small: str) -> None:
    own = api.file(place, "/bytes/bytes-0000001.bin")
    dx.ok("rm", "bytes/bytes-0000001.bin", project=place)
    assert set(api.ids(place)) == {"/bytes/bytes-0000999.bin", "/bytes/bytes-0004096.bin"}
    held = api(f"{own}/listProjects")
    assert small in held
    assert place not in held
    assert "cannot remove it without setting the" in dx.no("rm", "bytes", project=place).words
    dx.ok("rm", "-r", "bytes", project=place)
    assert api.ids(place) == {}
    assert api.folders(place) == {"/"}
    assert "Could not resolve" in dx.no("rm", "bytes/nothing.bin", project=place).words


def test_rm_in_a_protected_project_needs_its_administrator(dx: Dx, api: Api) -> None:
    guarded = api.project("guarded")
    assert "code 401" in dx.no("rm", f"{guarded}:/kept.bin").words
    assert set(api.ids(guarded)) == {"/kept.bin"}


def test_tags_come_and_go_on_files_and_projects(dx: Dx, api: Api, place: str) -> None:
    path = "/bytes/bytes-0000001.bin"
    dx.ok("tag", path, "never-archive", "two words", project=place)
    assert sorted(api.describe(place, path, "tags")["tags"]) == ["never-archive", "two words"]
    dx.ok("untag", path, "two words", project=place)
    assert api.describe(place, path, "tags")["tags"] == ["never-archive"]
    dx.ok("tag", f"{place}:", "cohort", project=place)
    assert api(f"{place}/describe")["tags"] == ["cohort"]
    dx.ok("untag", f"{place}:", "cohort", project=place)
    assert api(f"{place}/describe")["tags"] == []


def test_properties_are_set_and_unset_on_files_and_projects(dx: Dx, api: Api, place: str) -> None:
    path = "/bytes/bytes-0000001.bin"
    dx.ok("set_properties", path, "sample=S7", "note=a b", project=place)
    assert api.describe(place, path, "properties")["properties"] == {"sample": "S7", "note": "a b"}
    dx.ok("unset_properties", path, "note", project=place)
    assert api.describe(place, path, "properties")["properties"] == {"sample": "S7"}
    dx.ok("set_properties", f"{place}:", "year=2026", project=place)
    assert api(f"{place}/describe", fields={"properties": True})["properties"] == {"year": "2026"}


def test_tagging_where_one_may_only_look_is_denied(dx: Dx, api: Api) -> None:
    partner = api.project("partner")
    assert "PermissionDenied" in dx.no("tag", f"{partner}:/shared0.bin", "mine").words
    assert api.describe(partner, "/shared0.bin", "tags")["tags"] == []


def test_cp_makes_a_pointer_with_the_same_id(dx: Dx, api: Api, place: str, small: str) -> None:
    dx.ok("cp", f"{small}:/analysis/report.html", f"{place}:/")
    own = api.file(small, "/analysis/report.html")
    assert api.file(place, "/report.html") == own
    copied = api.describe(place, "/report.html", "tags", "properties")
    assert copied["tags"] == ["final"]
    assert copied["properties"] == {"sample": "S1", "assay": "WES"}
    again = dx.ok("cp", f"{small}:/analysis/report.html", f"{place}:/")
    assert "already existed" in again.words
    assert own in again.out


def test_cp_copies_a_folder_under_a_new_name(dx: Dx, api: Api, place: str, small: str) -> None:
    dx.ok("cp", f"{small}:/runs/2025", f"{place}:/copied")
    copied = {path.removeprefix("/copied"): own for path, own in api.ids(place, "/copied").items()}
    assert copied == {path.removeprefix("/runs/2025"): own for path, own in api.ids(small, "/runs/2025").items()}
    assert api.folders(place) >= {"/copied/lane1", "/copied/lane2"}


def test_cp_is_refused_across_regions_out_of_restricted_projects_and_for_open_files(
    dx: Dx, api: Api, place: str, small: str
) -> None:
    azure, guarded = api.project("azure-small"), api.project("guarded")
    before = api.ids(place)
    assert "region" in dx.no("cp", f"{azure}:/live/cell0.bin", f"{place}:/").words
    assert "PermissionDenied" in dx.no("cp", f"{guarded}:/kept.bin", f"{place}:/").words
    assert "InvalidState" in dx.no("cp", f"{small}:/incoming/under-way.bam", f"{place}:/").words
    assert api.ids(place) == before


def test_a_record_can_be_made_and_closed(dx: Dx, api: Api, place: str) -> None:
    made = dx.ok("new", "record", "--brief", "--details", json.dumps({"n": 1}), "--close", "note", project=place)
    told = api(f"{made.lines[0]}/describe", project=place, fields={"state": True, "details": True})
    assert (told["state"], told["details"]) == ("closed", {"n": 1})
