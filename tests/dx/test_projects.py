"""Projects through dx: made, changed, shared, taken back and destroyed."""

from __future__ import annotations

import pytest

from tests.dnanexus_standin import DxRefused
from tests.dx.driving import Api, Dx


def test_new_project_is_billed_and_placed_as_asked(dx: Dx, api: Api) -> None:
    (own,) = dx.ok(
        "new", "project", "fresh", "--bill-to", "org-genomics_core", "--region", "azure:westus", "--brief"
    ).lines
    told = api(f"{own}/describe")
    assert (told["name"], told["billTo"], told["region"]) == ("fresh", "org-genomics_core", "azure:westus")
    assert (told["level"], told["createdBy"]["user"]) == ("ADMINISTER", "user-owner")
    assert 'Created new project called "plain" (project-' in dx.ok("new", "project", "plain").words


def test_new_project_refuses_regions_and_accounts_that_there_are_not(dx: Dx) -> None:
    assert "InvalidInput" in dx.no("new", "project", "x", "--region", "mars:olympus").words
    assert "ResourceNotFound" in dx.no("new", "project", "x", "--bill-to", "org-partner_lab").words


def test_update_project_sets_what_is_named(dx: Dx, api: Api, place: str) -> None:
    dx.ok("update", "project", place, "--name", "better", "--summary", "why", "--protected", "true")
    told = api(f"{place}/describe")
    assert (told["name"], told["summary"], told["protected"]) == ("better", "why", True)
    assert "PermissionDenied" in dx.no("update", "project", api.project("partner"), "--name", "taken").words


def test_rmproject_destroys_it(dx: Dx, api: Api, place: str, small: str) -> None:
    assert "Successfully deleted project" in dx.ok("rmproject", "-y", place).words
    with pytest.raises(DxRefused, match="404 ResourceNotFound"):
        api(f"{place}/describe")
    assert api.file(small, "/bytes/live/bytes-0000001.bin")
    assert "code 404" in dx.no("rmproject", "-y", place).words


def test_rmproject_needs_an_administrator(dx: Dx, api: Api) -> None:
    joint = api.project("joint")
    assert "code 401" in dx.no("rmproject", "-y", joint).words
    assert api(f"{joint}/describe")["name"] == "joint"


def test_invite_and_uninvite_change_who_may_do_what(dx: Dx, dx_outsider: Dx, api: Api, place: str) -> None:
    dx_outsider.no("ls", f"{place}:/")
    assert f"Invited user-outsider to {place}" in dx.ok("invite", "outsider", place, "VIEW").words
    assert api.members(place) == {"user-owner": "ADMINISTER", "user-outsider": "VIEW"}
    assert dx_outsider.ok("ls", f"{place}:/").lines == ["bytes/"]
    assert "code 401" in dx_outsider.no("rm", "-r", f"{place}:/bytes").words
    assert f"Uninvited user-outsider from {place}" in dx.ok("uninvite", "outsider", place).words
    assert api.members(place) == {"user-owner": "ADMINISTER"}
    dx_outsider.no("ls", f"{place}:/")


def test_invite_refuses_who_there_is_not(dx: Dx, place: str) -> None:
    assert "ResourceNotFound" in dx.no("invite", "nobody", place, "VIEW").words
