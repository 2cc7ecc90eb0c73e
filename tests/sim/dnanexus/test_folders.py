"""Folders, moving and removing (facts §2.5)."""

from __future__ import annotations

from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import Lab, refused, words


def test_a_folder_lists_full_paths_and_its_own_objects(lab: Lab, place: str) -> None:
    name = lab.file(place, "//f///a")
    lab.call(f"{place}/newFolder", folder="/f/sub/deep", parents=True)
    assert lab.call(f"{place}/listFolder", folder="/f") == {"folders": ["/f/sub"], "objects": [{"id": name}]}
    assert lab.call(f"{place}/listFolder", folder="/f", only="folders", hasSubfolderFlags=True) == {
        "folders": [["/f/sub", True]]
    }
    assert words(lambda: lab.call(f"{place}/listFolder", folder="/x")) == (
        f'Folder "/x" does not exist in project "{place}"'
    )
    lab.dx.switch(folder_missing_words="2018")
    assert words(lambda: lab.call(f"{place}/listFolder", folder="/x")) == (
        f"The specified folder could not be found in {place}"
    )
    lab.dx.switch(folder_missing_words="today")


def test_making_a_folder_twice_needs_parents(lab: Lab, place: str) -> None:
    assert refused(lambda: lab.call(f"{place}/newFolder", folder="/a/b")) == ("ResourceNotFound", 404)
    for _ in range(2):
        lab.call(f"{place}/newFolder", folder="/a/b", parents=True)
    assert refused(lambda: lab.call(f"{place}/newFolder", folder="/a")) == ("InvalidState", 422)


def test_moving_and_renaming_carry_what_is_inside(lab: Lab, place: str) -> None:
    name = lab.file(place, "/f/deep/a")
    lab.call(f"{place}/newFolder", folder="/g")
    lab.call(f"{place}/move", folders=["/f"], destination="/g")
    lab.call(f"{place}/renameFolder", folder="/g/f", name="h")
    assert lab.call(f"{name}/describe")["folder"] == "/g/h/deep"
    lab.call(f"{place}/renameFolder", folder="/g/h/deep", newpath="/top")
    lab.call(f"{place}/move", objects=[name], destination="/")
    assert lab.call(f"{name}/describe")["folder"] == "/"
    assert lab.call(f"{place}/describe", fields={"folders": True})["folders"] == ["/", "/g", "/g/h", "/top"]
    assert refused(lambda: lab.call(f"{place}/move", folders=["/g"], destination="/g/h")) == ("InvalidInput", 422)


def test_removing_a_folder_goes_in_parts_until_it_is_done(dx: DxStandIn, lab: Lab, place: str) -> None:
    for number in range(5):
        lab.file(place, f"/f/deep/{number}")
    assert refused(lambda: lab.call(f"{place}/removeFolder", folder="/f")) == ("InvalidState", 422)
    dx.switch(removal_batch=2)
    assert refused(lambda: lab.call(f"{place}/removeFolder", folder="/f", recurse=True)) == ("InvalidState", 422)
    done = [
        lab.call(f"{place}/removeFolder", folder="/f", recurse=True, partial=True, force=True)["completed"]
        for _ in range(4)
    ]
    dx.switch(removal_batch=10_000)
    assert done == [False, False, True, True]
    assert refused(lambda: lab.call(f"{place}/removeFolder", folder="/f")) == ("ResourceNotFound", 404)


def test_removing_objects_that_are_not_there_needs_force(lab: Lab, place: str) -> None:
    name = lab.file(place, "/a")
    both = [name, "file-B00000000000000000000000"]
    assert refused(lambda: lab.call(f"{place}/removeObjects", objects=both)) == ("ResourceNotFound", 404)
    lab.call(f"{place}/removeObjects", objects=both, force=True)
    assert refused(lambda: lab.call(f"{name}/describe")) == ("ResourceNotFound", 404)


def test_a_protected_project_lets_only_its_administrators_remove(dx: DxStandIn, lab: Lab, place: str) -> None:
    name, member = lab.file(place, "/a"), Lab(dx, "member")
    lab.call(f"{place}/invite", invitee="user-member", level="CONTRIBUTE")
    lab.call(f"{place}/update", protected=True)
    assert refused(lambda: member.call(f"{place}/removeObjects", objects=[name])) == ("PermissionDenied", 401)
    lab.call(f"{place}/removeObjects", objects=[name])
