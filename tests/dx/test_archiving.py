"""dx archive and unarchive: what each asks for, what becomes of it, and every refusal."""

from __future__ import annotations

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.dx.driving import Api, Dx

HOUR = 3600.0


def upload(dx: Dx, project: str, name: str) -> str:
    """A new file of one line; its id."""
    return dx.ok("upload", "-", "--path", f"{project}:/{name}", "--wait", "--brief", stdin=name, project=project).lines[
        0
    ]


def test_archive_of_named_files_makes_them_archival_and_then_archived(
    dx: Dx, stand: DxStandIn, api: Api, place: str
) -> None:
    upload(dx, place, "one.txt")
    other = upload(dx, place, "two.txt")
    told = dx.ok("archive", "-y", f"{place}:/one.txt", f"{place}:{other}")
    assert "Tagged 2 file(s) for archival" in told.words
    assert place in told.words
    rest = dict.fromkeys(api.ids(place, "/bytes"), "live")
    assert api.states(place) == {**rest, "/one.txt": "archival", "/two.txt": "archival"}
    stand.step(hours=2)
    assert api.states(place) == {**rest, "/one.txt": "archived", "/two.txt": "archived"}


def test_archive_of_a_clone_stays_archival_while_another_copy_is_live(
    dx: Dx, stand: DxStandIn, api: Api, place: str, small: str
) -> None:
    assert "Tagged 3 file(s)" in dx.ok("archive", "-y", f"{place}:/bytes/").words
    stand.step(hours=48)
    assert set(api.states(place, "/bytes").values()) == {"archival"}
    assert api.states(small, "/bytes/live")["/bytes/live/bytes-0000001.bin"] == "live"
    back = dx.ok("unarchive", "-y", f"{place}:/bytes/")
    assert "Tagged 3 file(s) for unarchival" in back.words
    assert set(api.states(place, "/bytes").values()) == {"live"}


def test_archive_of_a_folder_recurses_unless_told_not_to(dx: Dx, api: Api, small: str) -> None:
    assert "Tagged 0 file(s)" in dx.ok("archive", "-y", "--no-recurse", "small:/runs/2025/").words
    assert set(api.states(small, "/runs/2025").values()) == {"live"}
    assert "Tagged 8 file(s)" in dx.ok("archive", "-y", "small:/runs/2025/").words
    assert set(api.states(small, "/runs/2025").values()) == {"archival"}


def test_one_open_file_fails_the_archiving_of_its_whole_folder(dx: Dx, api: Api, small: str) -> None:
    own = api.file(small, "/incoming/under-way.bam")
    before = api.states(small, "/incoming")
    told = dx.no("archive", "-y", "small:/incoming/").words
    assert f'Cannot archive folder "/incoming" as some files are in a non-closed state ({own})' in told
    assert api.states(small, "/incoming") == before
    assert "InvalidState" in dx.no("archive", "-y", f"{small}:{own}").words


def test_all_copies_needs_an_admin_of_the_account(dx: Dx, dx_admin: Dx, admin: Api, api: Api, stand: DxStandIn) -> None:
    azure = api.project("azure-small")
    refused = dx.no("archive", "-y", "--all-copies", f"{azure}:/live/cell0.bin").words
    assert "Must be an admin of org-genomics_core to archive all copies" in refused
    second = admin("project/new", name="second", billTo="org-genomics_core", region="azure:westus")["id"]
    own = admin.file(azure, "/live/cell0.bin")
    admin(f"{azure}/clone", objects=[own], project=second, destination="/")
    dx_admin.ok("archive", "-y", "--all-copies", f"{azure}:/live/cell0.bin")
    stand.step(hours=2)
    assert admin.states(azure, "/live") == {"/live/cell0.bin": "archived"}
    assert admin.states(second) == {"/cell0.bin": "archived"}


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("partner:/shared0.bin", "PermissionDenied"),
        ("unlicensed:/cold-one-day.bin", "PermissionDenied"),
        ("small:/runs/2023/old0.fastq.gz", "InvalidState"),
        ("azure-small:/unarchiving/cell0.bin", "InvalidState"),
        ("small:/keep/linked.bam", "InvalidState"),
        ("small:/nowhere/", "ResourceNotFound"),
    ],
)
def test_archive_is_refused_in_the_servers_words(dx: Dx, stand: DxStandIn, api: Api, path: str, error: str) -> None:
    name, _, rest = path.partition(":")
    project = api.project(name)
    if "unarchiving" in rest:  # earlier tests moved the clock
        stand.change(api.file(project, rest), project=project, state="unarchiving", due_seconds=HOUR)
    before = api.states(project)
    assert error in dx.no("archive", "-y", f"{project}:{rest}").words
    assert api.states(project) == before


def test_archive_in_a_project_that_may_not_be_seen_finds_nothing(dx: Dx, admin: Api) -> None:
    vault = admin.project("vault")
    assert "ResourceNotFound" in dx.no("archive", "-y", f"{vault}:/").words
    assert set(admin.states(vault).values()) == {"live"}


def test_archive_of_a_file_that_lies_in_another_project_is_refused(dx: Dx, api: Api, small: str) -> None:
    own = api.file(api.project("mine"), "/notes0.txt")
    assert "InvalidInput" in dx("archive", "-y", f"{small}:{own}").words


@pytest.mark.parametrize(
    ("project", "folder", "rate", "hours"),
    [
        ("small", "/bytes/archived", "Standard", 4.0),
        ("small", "/runs/2023", "Bulk", 9.0),
    ],
)
def test_unarchive_on_aws_takes_the_time_of_its_rate(
    dx: Dx, stand: DxStandIn, api: Api, project: str, folder: str, rate: str, hours: float
) -> None:
    own = api.project(project)
    count = len(api.ids(own, folder))
    told = dx.ok("unarchive", "-y", "--rate", rate, f"{own}:{folder}/").words
    assert f"Tagged {count} file(s) for unarchival" in told
    assert "costing $" in told
    assert set(api.states(own, folder).values()) == {"unarchiving"}
    stand.step(hours=hours / 20)
    assert "unarchiving" in api.states(own, folder).values()
    stand.step(hours=hours)
    assert set(api.states(own, folder).values()) == {"live"}


def test_unarchive_on_azure_offers_standard_and_expedited(dx: Dx, stand: DxStandIn, api: Api) -> None:
    azure = api.project("azure-small")
    assert "Bulk" in dx.no("unarchive", "-y", "--rate", "Bulk", f"{azure}:/archived/").words
    assert set(api.states(azure, "/archived").values()) == {"archived"}
    dx.ok("unarchive", "-y", "--rate", "Expedited", f"{azure}:/archived/cell0.bin")
    dx.ok("unarchive", "-y", "--rate", "Standard", f"{azure}:/archived/cell1.bin")
    dx.ok("unarchive", "-y", f"{azure}:/archived/cell2.bin")
    stand.step(hours=0.3)
    assert api.states(azure, "/archived")["/archived/cell0.bin"] == "live"
    stand.step(hours=4)
    assert set(api.states(azure, "/archived").values()) == {"live"}


def test_expedited_is_refused_on_aws(dx: Dx, api: Api, small: str) -> None:
    told = dx("unarchive", "-y", "--rate", "Expedited", "small:/runs/2024/sample2.fastq.gz")
    assert told.code == 3
    assert "Expedited" in told.words
    assert api.states(small, "/runs/2024")["/runs/2024/sample2.fastq.gz"] == "archived"


def test_unarchive_calls_off_a_file_that_is_only_archival(dx: Dx, api: Api, small: str) -> None:
    assert api.states(small, "/copies")["/copies/stays-archival.bin"] == "archival"
    dx.ok("unarchive", "-y", "small:/copies/stays-archival.bin")
    assert api.states(small, "/copies")["/copies/stays-archival.bin"] == "live"


def test_archiving_the_last_live_copy_makes_all_copies_of_the_account_cold(
    dx: Dx, stand: DxStandIn, api: Api, small: str
) -> None:
    dx.ok("archive", "-y", "small:/copies/archival-elsewhere.bin", "small:/copies/other-account.bin")
    stand.step(hours=2)
    second, joint = api.project("small-copies"), api.project("joint")
    assert api.states(small, "/copies")["/copies/archival-elsewhere.bin"] == "archived"
    assert api.states(second)["/from-small/archival-elsewhere.bin"] == "archived"
    assert api.states(small, "/copies")["/copies/other-account.bin"] == "archived"
    assert api.states(joint)["/other-account.bin"] == "live"


def test_a_copy_that_the_owner_cannot_see_keeps_a_file_archival(dx: Dx, stand: DxStandIn, api: Api, small: str) -> None:
    dx.ok("archive", "-y", "small:/copies/live-unseen.bin")
    stand.step(hours=48)
    assert api.states(small, "/copies")["/copies/live-unseen.bin"] == "archival"


def test_at_a_terminal_unarchive_tells_the_price_before_it_asks(dx: Dx, stand: DxStandIn, api: Api) -> None:
    azure = api.project("azure-small")
    own = api.file(azure, "/archived/cell0.bin")
    stand.change(own, project=azure, state="archived")
    before = stand.last_seq()
    code, shown = dx.at_terminal("unarchive", f"{azure}:{own}", typed="n\n")
    assert code == 0
    assert f"Will tag 1 file(s) for unarchival in {azure}, totalling 1 GB, costing $" in shown
    assert len(stand.log(since=before, operation="project/unarchive")) == 1
    assert stand.states(own)[azure] == "archived"
