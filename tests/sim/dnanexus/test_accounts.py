"""Projects, levels, orgs and users (facts §2.1, §2.5)."""

from __future__ import annotations

from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import LAB, Lab, refused


def test_who_is_not_logged_in_or_expired_is_told_so(dx: DxStandIn) -> None:
    assert refused(lambda: dx.call("system/whoami", who=None)) == ("InvalidAuthentication", 401)
    dx.expire_token("member")
    assert refused(lambda: dx.call("system/whoami", who="member")) == ("InvalidAuthentication", 401)
    dx.expire_token("member", expired=False)
    assert dx.call("system/whoami", who="member") == {"id": "user-member"}
    assert dx.call("system/greet", {"client": "dxclient"}, who=None) == {"messages": []}


def test_users_tell_their_account_to_themselves_alone(dx: DxStandIn) -> None:
    assert dx.call("user-owner/describe")["billTo"] == LAB
    assert "billTo" not in dx.call("user-owner/describe", who="outsider")
    assert dx.call(f"{LAB}/describe")["level"] == "MEMBER"
    assert refused(lambda: dx.call(f"{LAB}/describe", who="outsider")) == ("ResourceNotFound", 404)


def test_a_level_is_the_best_of_ones_own_and_ones_orgs(dx: DxStandIn, lab: Lab) -> None:
    theirs = Lab(dx, "outsider")
    project = theirs.project("joint")
    assert refused(lambda: lab.call(f"{project}/describe")) == ("ResourceNotFound", 404)
    theirs.call(f"{project}/invite", invitee=LAB, level="ADMINISTER")
    assert lab.call(f"{project}/describe")["level"] == "CONTRIBUTE"  # as far as the org gives its members access
    assert Lab(dx, "orgadmin").call(f"{project}/describe")["level"] == "ADMINISTER"
    theirs.call(f"{project}/decreasePermissions", **{LAB: "VIEW"})
    assert refused(lambda: lab.file(project, "/a")) == ("PermissionDenied", 401)


def test_an_org_admin_joins_what_the_org_pays_for(dx: DxStandIn, lab: Lab, place: str) -> None:
    admin = Lab(dx, "orgadmin")
    assert refused(lambda: admin.call(f"{place}/describe")) == ("ResourceNotFound", 404)
    assert admin.call(f"{place}/join", level="CONTRIBUTE")["level"] == "CONTRIBUTE"
    assert refused(lambda: Lab(dx, "member").call(f"{place}/join", level="VIEW")) == ("PermissionDenied", 401)
    assert refused(lambda: Lab(dx, "outsider").call(f"{place}/join", level="VIEW")) == ("ResourceNotFound", 404)
    admin.call(f"{place}/leave")
    assert refused(lambda: admin.call(f"{place}/describe")) == ("ResourceNotFound", 404)


def test_projects_are_made_in_known_regions_on_accounts_one_may_bill(lab: Lab) -> None:
    assert refused(lambda: lab.project("x", region="aws:mars")) == ("InvalidInput", 422)
    assert refused(lambda: lab.project("x", billTo="org-partner_lab")) == ("ResourceNotFound", 404)
    assert refused(lambda: lab.project("x", containsPHI=True)) == ("PermissionDenied", 401)
    assert refused(lambda: lab.call("project/new")) == ("InvalidInput", 422)


def test_an_update_with_an_old_version_changes_nothing(lab: Lab, place: str) -> None:
    version = lab.call(f"{place}/describe")["version"]
    lab.call(f"{place}/update", summary="one", version=version)
    assert refused(lambda: lab.call(f"{place}/update", summary="two", version=version)) == ("InvalidState", 422)
    assert lab.call(f"{place}/describe")["summary"] == "one"
    lab.call(f"{place}/update", downloadRestricted=True)
    assert lab.call(f"{place}/describe")["previewViewerRestricted"] is True
    assert refused(lambda: lab.call(f"{place}/update", downloadRestricted=False)) == ("InvalidInput", 422)


def test_usage_is_told_live_and_archived(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a", bytes(2**20))
    lab.archive(place, name)
    dx.step(hours=1)
    told = lab.call(f"{place}/describe")
    assert (told["dataUsage"], told["archivedDataUsage"]) == (2**-10, 2**-10)
    dx.switch(data_usage_includes_archived=False)
    assert lab.call(f"{place}/describe")["dataUsage"] == 0
    dx.switch(data_usage_includes_archived=True)


def test_a_destroyed_project_is_gone_unless_it_is_protected_from_it(lab: Lab, place: str) -> None:
    name = lab.file(place, "/a")
    lab.call(f"{place}/update", destroyProtected=True)
    assert refused(lambda: lab.call(f"{place}/destroy")) == ("PermissionDenied", 401)
    lab.call(f"{place}/update", destroyProtected=False)
    lab.call(f"{place}/destroy", terminateJobs=True)
    assert refused(lambda: lab.call(f"{place}/describe")) == ("ResourceNotFound", 404)
    assert refused(lambda: lab.call(f"{name}/describe")) == ("ResourceNotFound", 404)


def test_objects_of_every_class_are_made_described_and_found(lab: Lab, place: str) -> None:
    spec = {"runSpec": {"interpreter": "bash", "code": "true"}, "inputSpec": [], "dxapi": "1.0.0"}
    lost = f"applet-{'B' * 24}"
    made = {
        "record": lab.call("record/new", project=place, name="r", details={"a": 1})["id"],
        "applet": lab.call("applet/new", project=place, name="a", **spec)["id"],
        "workflow": lab.call("workflow/new", project=place, name="w", stages=[{"id": "stage-1", "executable": lost}])[
            "id"
        ],
    }
    states = {kind: lab.call(f"{name}/describe")["state"] for kind, name in made.items()}
    assert states == {"record": "open", "applet": "closed", "workflow": "open"}
    assert lab.call(f"{made['applet']}/get")["runSpec"]["code"] == "true"
    assert "code" not in lab.call(f"{made['applet']}/describe")["runSpec"]
    stages = lab.call(f"{made['workflow']}/describe")["stages"]
    assert stages == [{"id": "stage-1", "executable": lost, "accessible": False}]
    assert "archivalState" not in lab.call(f"{made['record']}/describe")
    lab.call(f"{made['record']}/addTypes", types=["T"])
    lab.call(f"{made['record']}/close")
    assert refused(lambda: lab.call(f"{made['record']}/addTypes", types=["U"])) == ("InvalidState", 422)
    assert lab.call(f"{made['record']}/getDetails") == {"a": 1}
    assert set(lab.ids(scope={"project": place})) == set(made.values())


def test_an_org_admin_takes_members_in_and_out(dx: DxStandIn) -> None:
    partner = Lab(dx, "outsider")
    partner.call("org-partner_lab/invite", invitee="user-member", level="MEMBER")
    rows = partner.call("org-partner_lab/findMembers")["results"]
    assert {row["id"]: row["level"] for row in rows} == {"user-member": "MEMBER", "user-outsider": "ADMIN"}
    assert refused(lambda: dx.call("org-partner_lab/invite", {"invitee": "user-owner"}, who="member")) == (
        "PermissionDenied",
        401,
    )
    partner.call("org-partner_lab/removeMember", user="user-member")
    assert refused(lambda: dx.call("org-partner_lab/describe", who="member")) == ("ResourceNotFound", 404)
