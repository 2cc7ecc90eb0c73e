"""The state table of archiving, per project and file (facts §2.7)."""

from __future__ import annotations

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import LAB, PARTNER, Lab, refused, words


def test_a_single_copy_is_archival_and_archived_within_the_hour(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a")
    assert lab.archive(place, name) == {"id": place, "count": 1}
    assert dx.states(name) == {place: "archival"}
    dx.step(hours=0.7)
    assert dx.states(name) == {place: "archival"}
    dx.step(hours=0.3)
    assert dx.states(name) == {place: "archived"}


def test_a_copy_stays_archival_for_ever_while_the_account_has_a_live_one(dx: DxStandIn, lab: Lab, place: str) -> None:
    other = lab.project("other")
    name = lab.file(place, "/a")
    lab.clone(name, place, other)
    lab.archive(place, name)
    dx.step(days=30)
    assert dx.states(name) == {place: "archival", other: "live"}
    lab.archive(other, name)
    dx.step(hours=1)
    assert dx.states(name) == {place: "archived", other: "archived"}


def test_a_live_copy_of_another_account_does_not_matter(dx: DxStandIn, lab: Lab, place: str) -> None:
    partner = Lab(dx, "outsider")
    theirs = partner.project("theirs")
    partner.call(f"{theirs}/invite", invitee="user-owner", level="UPLOAD")
    name = lab.file(place, "/a")
    lab.clone(name, place, theirs)
    lab.archive(place, name)
    dx.step(hours=1)
    assert dx.states(name) == {place: "archived", theirs: "live"}


def test_all_copies_takes_every_copy_of_the_account_and_needs_its_admin(dx: DxStandIn, lab: Lab, place: str) -> None:
    other, name = lab.project("other"), lab.file(place, "/a")
    lab.clone(name, place, other)
    assert words(lambda: lab.archive(place, name, allCopies=True)) == (
        f"Must be an admin of {LAB} to archive all copies"
    )
    lab.call(f"{place}/invite", invitee="user-orgadmin", level="CONTRIBUTE")
    admin = Lab(dx, "orgadmin")
    assert admin.archive(place, name, allCopies=True)["count"] == 1
    assert set(dx.states(name).values()) == {"archival"}
    dx.step(hours=1)
    assert set(dx.states(name).values()) == {"archived"}


def test_unarchive_of_an_archival_file_calls_it_off_at_once_and_free(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a")
    lab.archive(place, name)
    assert lab.unarchive(place, name) == {"id": place, "files": 1, "size": 1, "cost": 0.0}
    assert dx.states(name) == {place: "live"}
    dx.step(hours=2)
    assert dx.states(name) == {place: "live"}


def test_unarchive_brings_one_copy_back_and_leaves_the_others_archival(dx: DxStandIn, lab: Lab, place: str) -> None:
    other, name = lab.project("other"), lab.file(place, "/a")
    lab.clone(name, place, other)
    lab.archive(place, name)
    lab.archive(other, name)
    dx.step(hours=1)
    lab.unarchive(place, name)
    assert dx.states(name) == {place: "unarchiving", other: "archival"}
    dx.step(hours=4)
    assert dx.states(name) == {place: "live", other: "archival"}
    dx.step(days=9)
    assert dx.states(name)[other] == "archival"


@pytest.mark.parametrize(("rate", "hours"), [("Standard", 4.0), ("Bulk", 9.0)])
def test_each_rate_of_aws_takes_its_time(dx: DxStandIn, lab: Lab, place: str, rate: str, hours: float) -> None:
    name = lab.file(place, "/a")
    lab.archive(place, name)
    dx.step(hours=1)
    lab.unarchive(place, name, rate=rate)
    dx.step(hours=hours * 0.79)
    assert dx.states(name) == {place: "unarchiving"}
    dx.step(hours=hours * 0.21)
    assert dx.states(name) == {place: "live"}


def test_azure_takes_standard_and_expedited_and_aws_standard_and_bulk(dx: DxStandIn, lab: Lab, place: str) -> None:
    azure = lab.project("azure", region="azure:westus")
    name = lab.file(azure, "/a")
    lab.archive(azure, name)
    dx.step(hours=1)
    assert refused(lambda: lab.unarchive(azure, name, rate="Bulk")) == ("InvalidInput", 422)
    assert refused(lambda: lab.unarchive(place, rate="Expedited")) == ("InvalidInput", 422)
    lab.unarchive(azure, name, rate="Expedited")
    dx.step(seconds=900)
    assert dx.states(name) == {azure: "live"}


def test_the_dry_run_tells_and_does_nothing(dx: DxStandIn, lab: Lab, place: str) -> None:
    small = dx.project("small")
    cold = lab.ids(
        **{"class": "file", "archivalState": "archived", "scope": {"project": small, "folder": "/runs/2023"}}
    )
    told = lab.unarchive(small, *cold, dryRun=True)
    assert (told["files"], told["size"]) == (8, 1)
    assert 0 < told["cost"] < 1000
    bulk = lab.unarchive(small, *cold, dryRun=True, rate="Bulk")
    assert bulk["cost"] < told["cost"]
    assert {dx.states(name)[small] for name in cold} == {"archived"}


def test_a_second_folder_request_counts_only_what_is_not_under_way(dx: DxStandIn, lab: Lab, place: str) -> None:
    made = [lab.file(place, f"/f/{number}") for number in range(3)]
    lab.archive(place, *made)
    dx.step(hours=1)
    lab.unarchive(place, made[0])
    assert lab.call(f"{place}/unarchive", folder="/f")["files"] == 2
    assert lab.call(f"{place}/unarchive", folder="/f")["files"] == 0


def test_one_open_file_fails_a_whole_folder_and_only_its_own_batch_by_ids(dx: DxStandIn, lab: Lab, place: str) -> None:
    closed, opened = lab.file(place, "/f/closed"), lab.file(place, "/f/open", close=False)
    assert words(lambda: lab.call(f"{place}/archive", folder="/f")) == (
        f'Cannot archive folder "/f" as some files are in a non-closed state ({opened})'
    )
    assert refused(lambda: lab.archive(place, closed, opened)) == ("InvalidState", 422)
    assert dx.states(closed) == {place: "live"}
    assert lab.archive(place, closed)["count"] == 1


def test_a_folder_skips_what_is_cold_already_and_names_do_not(dx: DxStandIn, lab: Lab, place: str) -> None:
    made = [lab.file(place, f"/f/{number}") for number in range(2)] + [lab.file(place, "/f/deep/2")]
    lab.archive(place, made[0])
    assert refused(lambda: lab.archive(place, *made)) == ("InvalidState", 422)
    assert lab.call(f"{place}/archive", folder="/f", recurse=False)["count"] == 1
    assert lab.call(f"{place}/archive", folder="/f")["count"] == 1


def test_what_is_unarchiving_is_refused_everything(dx: DxStandIn, lab: Lab, place: str) -> None:
    other, name = lab.project("other"), lab.file(place, "/a")
    lab.archive(place, name)
    dx.step(hours=1)
    lab.unarchive(place, name)
    for call in (
        lambda: lab.archive(place, name),
        lambda: lab.unarchive(place, name),
        lambda: lab.clone(name, place, other),
        lambda: lab.call(f"{name}/download", project=place),
    ):
        assert refused(call) == ("InvalidState", 422)


def test_wrong_input_is_refused_before_anything_happens(dx: DxStandIn, lab: Lab, place: str) -> None:
    name, elsewhere = lab.file(place, "/f/a"), lab.file(lab.project("other"), "/b")
    assert refused(lambda: lab.archive(place, name, elsewhere)) == ("InvalidInput", 422)
    assert refused(lambda: lab.archive(place, name, folder="/f")) == ("InvalidInput", 422)
    assert refused(lambda: lab.call(f"{place}/archive")) == ("InvalidInput", 422)
    assert refused(lambda: lab.call(f"{place}/archive", files=[name] * 1001)) == ("InvalidInput", 422)
    assert refused(lambda: lab.call(f"{place}/archive", folder="/none")) == ("ResourceNotFound", 404)
    assert refused(lambda: lab.unarchive(place, name, rate="Rapid")) == ("InvalidInput", 422)
    assert dx.states(name) == {place: "live"}


def test_archiving_needs_contribute_a_licence_and_no_symlink(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a")
    lab.call(f"{place}/invite", invitee="user-member", level="UPLOAD")
    member = Lab(dx, "member")
    assert refused(lambda: member.archive(place, name)) == ("PermissionDenied", 401)
    assert refused(lambda: Lab(dx, "outsider").archive(place, name)) == ("ResourceNotFound", 404)
    dx.switch(unlicensed=LAB)
    assert refused(lambda: lab.archive(place, name)) == ("PermissionDenied", 401)
    dx.switch(unlicensed=PARTNER)
    assert lab.archive(place, name)["count"] == 1
    link = lab.file(place, "/link", close=False, drive="drive-x", md5sum="0" * 32, symlinkPath={"object": "k"})
    assert refused(lambda: lab.archive(place, link)) == ("InvalidState", 422)


def test_removing_the_last_live_copy_lets_the_archival_ones_go_cold(dx: DxStandIn, lab: Lab, place: str) -> None:
    other, name = lab.project("other"), lab.file(place, "/a")
    lab.clone(name, place, other)
    lab.archive(place, name)
    lab.call(f"{other}/removeObjects", objects=[name])
    dx.step(hours=1)
    assert dx.states(name) == {place: "archived"}


def test_the_searched_state_is_the_state_of_that_project(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a")
    wish = {"class": "file", "scope": {"project": place, "folder": "/"}}
    lab.archive(place, name)
    assert lab.ids(**wish, archivalState="archival") == [name]
    dx.step(hours=1)
    assert (lab.ids(**wish, archivalState="archived"), lab.ids(**wish, archivalState="live")) == ([name], [])
    lab.unarchive(place, name)
    assert lab.ids(**wish, archivalState="unarchiving") == [name]
    assert lab.ids(**wish, archivalState="any") == [name]
