"""What comes in between an archiving's plan and its calls: each object for itself, nothing unshown."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icehouse.core.archives import ArchiveWish, Expected
from icehouse.core.jobs import JobState
from icehouse.core.outcomes import Outcome
from icehouse.core.refs import FolderRef, Ref
from icehouse.engine.gate import CHECKS
from icehouse.engine.worker import Options, Reason
from icehouse.services import archive, holds, jobs, restore, worker
from icehouse.services.house import House
from tests.dnanexus_standin import DxStandIn
from tests.engine.dxrooms import approve_archive, approve_restore, asked, chosen, files, open_dx, plan_archive
from tests.engine.rooms import nobody, outcomes, until, work

RUN = "runs-2025"
HURRY = 72000.0


@pytest.fixture
def dx() -> Iterator[DxStandIn]:
    """A sequencing core of its own, whose clock stands still until `HURRY`."""
    with DxStandIn("sequencing", speed=1) as standin:
        standin.freeze()
        yield standin


@pytest.fixture
def house(dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    opened = open_dx(dx, tmp_path, monkeypatch)
    yield opened
    opened.close()


def run_of(dx: DxStandIn, number: int) -> str:
    """The name of a run folder, by its number from the oldest."""
    level = dx.call(f"{dx.project(RUN)}/listFolder", {"folder": "/", "only": "folders"})
    return str(sorted(name for name in level["folders"] if name.startswith("/2"))[number])


def new_project(dx: DxStandIn, name: str, source: str, folder: str) -> str:
    """A project of the owner's own with its own copies of a folder's live files."""
    project = str(dx.call("project/new", {"name": name})["id"])
    live = [file for file, state in files(dx, source, folder).items() if state == "live"]
    wish = {"objects": live[:20], "folders": [], "project": project, "destination": "/"}
    dx.call(f"{dx.project(source)}/clone", wish)
    return project


def test_a_project_that_is_gone_keeps_no_other_one_waiting(dx: DxStandIn, house: House) -> None:
    run = run_of(dx, 3)
    gone = new_project(dx, "short-lived", RUN, run)
    plan = plan_archive(house, f"dx:{gone}/", f"dx:{RUN}{run}/")
    of_gone = sum(step.ref.container == gone for step in plan.sending)
    job = restore.approve(house, plan, how="test", start=nobody)
    dx.call(f"{gone}/destroy", {"terminateJobs": True})
    dx.run(HURRY)
    work(house)
    assert jobs.job(house, job).state is JobState.DONE
    assert of_gone > 15
    assert outcomes(house, job)["conflict"] == of_gone
    assert outcomes(house, job)["ok"] == len(plan.sending) - of_gone
    told = Counter(item.reason.partition(":")[0] for item in jobs.every_item(house, job) if item.outcome)
    assert told["gone since the plan was made"] == of_gone


def test_what_alternates_between_archival_and_archived_is_still_asked_for_in_few_calls(
    dx: DxStandIn, house: House
) -> None:
    cohort = dx.project("azure-cohort")
    dx.call(f"{cohort}/newFolder", {"folder": "/mixed"})
    for state in ("archived", "archival"):
        for number, file in enumerate(sorted(files(dx, "azure-cohort", f"/cohort/{state}"))[:30]):
            dx.call(f"{file}/rename", {"project": cohort, "name": f"{number:03}-{state}"})
            dx.call(f"{cohort}/move", {"objects": [file], "destination": "/mixed"})
    before = dx.last_seq()
    job = approve_restore(house, "dx:azure-cohort/mixed/")
    work(house, once=True)
    assert outcomes(house, job).get("conflict", 0) == 0
    assert jobs.job(house, job).progress.sent == 60
    calls = [line for line in dx.log(since=before, operation="project/unarchive") if not line["input"].get("dryRun")]
    assert len(calls) == 2


@pytest.mark.parametrize(("status", "code"), [(422, "InvalidInput"), (401, "PermissionDenied")])
def test_a_search_that_is_refused_leaves_the_watching_to_describes(
    dx: DxStandIn, house: House, status: int, code: str
) -> None:
    job = approve_archive(house, f"dx:{RUN}{run_of(dx, 3)}/")
    planned = jobs.job(house, job).progress.to_send
    dx.fault("error", operations=["system/findDataObjects"], status=status, code=code)
    dx.run(HURRY)
    work(house)
    assert outcomes(house, job)["ok"] == planned


def test_watching_a_few_files_does_not_page_through_all_that_others_left_archival(dx: DxStandIn, house: House) -> None:
    run = run_of(dx, 3)
    job = approve_archive(house, f"dx:{RUN}{run}/")
    ours = files(dx, RUN, run)
    others = [file for file, state in files(dx, RUN).items() if state == "live" and file not in ours]
    for file in others:
        dx.change(file, project=dx.project(RUN), state="archival")
    work(house, once=True)
    assert jobs.job(house, job).progress.sent
    searches = dx.log(operation="system/findDataObjects")
    wanted = [line for line in searches if line["input"].get("archivalState") == "archival"]
    assert (len(others) > 1000, len(wanted)) == (True, 1)


@pytest.fixture
def admin(dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The house of the account's admin, who may archive all copies, and alone sees the vault."""
    dx.call(f"{dx.project(RUN)}/invite", {"invitee": "user-orgadmin", "level": "CONTRIBUTE"})
    folder = tmp_path / "admin"
    folder.mkdir()
    opened = open_dx(dx, folder, monkeypatch, who="orgadmin")
    yield opened
    opened.close()


def shared_with_vault(dx: DxStandIn, run: str) -> list[str]:
    """The files of a run that have a live copy in the vault."""
    vault = dx.project("vault")
    return sorted(file for file in files(dx, RUN, run) if dx.states(file).get(vault) == "live")


def hold_of_copy(dx: DxStandIn, house: House, file: str, how: str) -> str:
    """Hold a file's copy in the vault; what says so then."""
    vault = dx.project("vault")
    match how:
        case "tag":
            dx.call(f"{file}/addTags", {"project": vault, "tags": ["never-archive"]}, who="orgadmin")
            return "held: a copy in vault is tagged never-archive"
        case "project tag":
            dx.call(f"{vault}/addTags", {"tags": ["never-archive"]}, who="orgadmin")
            return "held: a copy in vault is tagged never-archive"
        case "folder":
            holds.hold(house, FolderRef("dx", vault, ""), reason="audit")
        case _:
            holds.hold(house, Ref("dx", vault, "wherever", file), reason="audit")
    return "held"


@pytest.mark.parametrize("how", ["tag", "project tag", "folder", "file"])
@pytest.mark.parametrize("when", ["before the plan", "after the approval"])
def test_a_copy_that_is_held_elsewhere_is_not_archived_with_all_copies(
    dx: DxStandIn, admin: House, how: str, when: str
) -> None:
    run = run_of(dx, 13)
    address = f"dx:{dx.project(RUN)}{run}/"
    kept = shared_with_vault(dx, run)
    words = hold_of_copy(dx, admin, kept[0], how) if when == "before the plan" else ""
    plan = plan_archive(admin, address, all_copies=True)
    job = restore.approve(admin, plan, how="test", start=nobody)
    words = words or hold_of_copy(dx, admin, kept[0], how)
    dx.run(HURRY)
    work(admin)
    held = [kept[0]] if how in ("tag", "file") else kept
    told = {item.ref.version: item for item in jobs.every_item(admin, job)}
    wanted = Outcome.IMPOSSIBLE if when == "before the plan" else Outcome.CONFLICT
    assert {told[file].outcome for file in held} == {wanted}
    assert all(told[file].reason.startswith(words) for file in held)
    assert {state for file in held for state in dx.states(file).values()} == {"live"}
    assert not set(held) & set(asked(dx, "project/archive"))
    if how in ("tag", "file"):
        assert set(dx.states(kept[1]).values()) == {"archived"}


@pytest.mark.parametrize("checks", [CHECKS, CHECKS._replace(copies=lambda *_: "")], ids=["guarded", "control"])
def test_all_copies_reaches_no_project_that_was_not_shown(dx: DxStandIn, admin: House, checks: object) -> None:
    run = run_of(dx, 13)
    plan = plan_archive(admin, f"dx:{dx.project(RUN)}{run}/", all_copies=True)
    assert plan.archiving.reach == (dx.project("vault"),)
    job = restore.approve(admin, plan, how="test", start=nobody)
    unshared = sorted({step.ref.version or "" for step in plan.sending} - set(shared_with_vault(dx, run)))[0]
    late = str(
        dx.call("project/new", {"name": "late", "billTo": dx.call(f"{dx.project(RUN)}/describe")["billTo"]})["id"]
    )
    dx.call(f"{late}/invite", {"invitee": "user-orgadmin", "level": "VIEW"})
    wish = {"objects": [unshared], "folders": [], "project": late, "destination": "/"}
    dx.call(f"{dx.project(RUN)}/clone", wish)
    dx.run(HURRY)
    work(admin, options=Options(until_idle=True, checks=checks))  # type: ignore[arg-type]
    kept = set(dx.states(unshared).values()) == {"live"}
    assert kept is (checks is CHECKS)
    if kept:
        assert outcomes(admin, job) == {"ok": len(plan.sending) - 1, "conflict": 1, "impossible": 1}


def test_what_is_archival_is_archived_with_all_copies_only_after_a_look_at_its_copies(
    dx: DxStandIn, admin: House
) -> None:
    run = run_of(dx, 13)
    shared = shared_with_vault(dx, run)
    for file in shared:
        dx.change(file, project=dx.project(RUN), state="archival")
    found = archive.survey(admin, chosen(admin, f"dx:{dx.project(RUN)}{run}/"))
    blind = archive.look_up(admin, found)
    plan = archive.freeze(admin, found, blind, ArchiveWish(all_copies=True))
    assert not {step.ref.version for step in plan.sending} & set(shared)
    looked = archive.look_up(admin, found, earlier=blind, all_copies=True)
    told = archive.preview(admin, found, looked, all_copies=True)
    plan = archive.freeze(admin, found, looked, ArchiveWish(all_copies=True))
    assert {step.ref.version for step in plan.sending} >= set(shared)
    assert told.cold.objects + told.at_most.objects == len(plan.sending)
    assert [(title, objects) for title, _, objects, _ in told.where] == [("vault", len(shared))]
    job = restore.approve(admin, plan, how="test", start=nobody)
    dx.run(HURRY)
    work(admin)
    assert {state for file in shared for state in dx.states(file).values()} == {"archived"}
    assert outcomes(admin, job)["ok"] == len(plan.sending)


@pytest.mark.parametrize("all_copies", [False, True])
def test_two_jobs_over_the_same_files_ask_once_and_both_see_them_go_cold(
    dx: DxStandIn, admin: House, all_copies: bool
) -> None:
    address = f"dx:{dx.project(RUN)}{run_of(dx, 6)}/"
    plans = [plan_archive(admin, address)]
    dx.step(2)
    plans.append(plan_archive(admin, address, all_copies=all_copies))
    approved = [restore.approve(admin, plan, how="test", start=nobody) for plan in plans]
    dx.run(HURRY)
    work(admin)
    for job, plan in zip(approved, plans, strict=True):
        assert outcomes(admin, job) == {"ok": len(plan.sending), "impossible": 1}
    assert set(asked(dx, "project/archive").values()) == {1}


def test_all_copies_of_files_that_are_planned_in_two_projects_all_go_cold(dx: DxStandIn, admin: House) -> None:
    run = run_of(dx, 13)
    shared = shared_with_vault(dx, run)
    plan = plan_archive(admin, f"dx:{dx.project(RUN)}{run}/", f"dx:{dx.project('vault')}/", all_copies=True)
    assert len([step for step in plan.sending if step.ref.version in shared]) == 2 * len(shared)
    job = restore.approve(admin, plan, how="test", start=nobody)
    dx.run(HURRY)
    work(admin)
    assert set(outcomes(admin, job)) <= {"ok", "impossible", "notneeded"}
    assert {state for file in shared for state in dx.states(file).values()} == {"archived"}
    assert {asked(dx, "project/archive")[file] for file in shared} == {1}


def test_a_cooling_off_that_was_approved_holds_whatever_the_jobs_row_says(
    dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dx(dx, tmp_path, monkeypatch, cooling_off='"7d"')
    job = approve_archive(opened, f"dx:{RUN}{run_of(dx, 2)}/")
    with opened.ledger().writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET not_before = NULL")
    work(opened)
    assert jobs.job(opened, job).note.startswith("approved for no sooner than ")
    assert not asked(dx, "project/archive")
    opened.close()


def test_a_cooling_off_ends_by_a_cancel_and_nothing_is_ever_sent(
    dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dx(dx, tmp_path, monkeypatch, cooling_off='"7d"')
    job = approve_archive(opened, f"dx:{RUN}{run_of(dx, 2)}/")
    work(opened)
    report = jobs.cancel(opened, job, start=nobody)
    assert (report.accepted, report.in_doubt) == (0, 0)
    dx.step(days=8)
    work(opened)
    assert jobs.job(opened, job).state is JobState.CANCELLED
    assert not asked(dx, "project/archive")
    opened.close()


def test_a_login_that_ends_in_the_middle_parks_the_job_which_goes_on_and_asks_nothing_twice(
    dx: DxStandIn, house: House
) -> None:
    job = approve_archive(house, f"dx:{RUN}{run_of(dx, 6)}/")
    planned = jobs.job(house, job).progress.to_send
    dx.fault("error", operations=["project/archive"], status=401, code="InvalidAuthentication", count=1)
    work(house)
    assert jobs.job(house, job).note.startswith("needs credentials")
    assert not asked(dx, "project/archive")
    dx.run(HURRY)
    work(house)
    assert outcomes(house, job)["ok"] == planned
    assert set(asked(dx, "project/archive").values()) == {1}


def test_a_level_that_is_lowered_after_the_approval_ends_the_job_and_archives_nothing(
    dx: DxStandIn, admin: House
) -> None:
    job = approve_archive(admin, f"dx:{dx.project(RUN)}{run_of(dx, 6)}/")
    planned = jobs.job(admin, job).progress.to_send
    dx.call(f"{dx.project(RUN)}/decreasePermissions", {"user-orgadmin": "VIEW"})
    work(admin)
    assert jobs.job(admin, job).state is JobState.DONE
    assert outcomes(admin, job) == {"conflict": planned, "impossible": 1}
    assert not asked(dx, "project/archive")


def test_an_account_without_a_licence_ends_the_job_with_its_reason(dx: DxStandIn, house: House) -> None:
    job = approve_archive(house, f"dx:{RUN}{run_of(dx, 6)}/")
    dx.switch(unlicensed="*")
    work(house)
    assert jobs.job(house, job).state is JobState.DONE
    assert set(outcomes(house, job)) == {"error", "impossible"}
    assert any("license" in item.reason for item in jobs.every_item(house, job))
    assert len(dx.log(operation="project/archive")) == 1


@pytest.mark.parametrize(("status", "code"), [(429, "RateLimitConditional"), (503, "ServiceUnavailable")])
def test_a_platform_that_asks_to_wait_is_waited_for(dx: DxStandIn, house: House, status: int, code: str) -> None:
    job = approve_archive(house, f"dx:{RUN}{run_of(dx, 6)}/")
    planned = jobs.job(house, job).progress.to_send
    wish = {"status": status, "code": code, "retry_after": 0, "count": 3}
    dx.fault("error", operations=["project/archive", "system/describeDataObjects"], **wish)
    dx.run(HURRY)
    work(house)
    assert outcomes(house, job)["ok"] == planned
    assert set(asked(dx, "project/archive").values()) == {1}


def test_what_became_of_each_file_after_the_plan_decides_and_new_files_stay(dx: DxStandIn, house: House) -> None:
    run, project = run_of(dx, 6), dx.project(RUN)
    plan = plan_archive(house, f"dx:{RUN}{run}/")
    job = restore.approve(house, plan, how="test", start=nobody)
    removed, renamed, moved = (step.ref.version or "" for step in plan.sending[:3])
    twin = plan.sending[3].ref
    dx.call(f"{project}/removeObjects", {"objects": [removed]})
    dx.call(f"{renamed}/rename", {"project": project, "name": "another name"})
    dx.call(f"{project}/newFolder", {"folder": "/elsewhere"})
    dx.call(f"{project}/move", {"objects": [moved], "destination": "/elsewhere"})
    folder, _, name = twin.key.rpartition("/")
    arrived = dx.call("file/new", {"project": project, "folder": f"/{folder}", "name": name})["id"]
    dx.run(HURRY)
    work(house)
    told = {item.ref.version: item.outcome for item in jobs.every_item(house, job)}
    assert told[removed] is Outcome.CONFLICT
    assert (told[renamed], told[moved], told[twin.version]) == (Outcome.OK, Outcome.OK, Outcome.OK)
    assert arrived not in asked(dx, "project/archive")
    assert outcomes(house, job) == {"ok": len(plan.sending) - 1, "conflict": 1, "impossible": 1}


def test_a_copy_that_is_being_brought_back_keeps_its_file_archival_even_with_all_copies(
    dx: DxStandIn, admin: House
) -> None:
    run = run_of(dx, 13)
    coming = shared_with_vault(dx, run)[0]
    dx.change(coming, project=dx.project("vault"), state="unarchiving")
    plan = plan_archive(admin, f"dx:{dx.project(RUN)}{run}/", all_copies=True)
    told = {step.ref.version: step.expected for step in plan.sending}
    restore.approve(admin, plan, how="test", start=nobody)
    work(admin, once=True)
    dx.step(hours=2)
    assert told[coming] is Expected.STAYS
    assert dx.states(coming)[dx.project(RUN)] == "archival"
    assert {told[file] for file in shared_with_vault(dx, run)} <= {Expected.COLD}


def test_a_second_worker_does_not_wait_for_a_job_that_cools_off(
    dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dx.run(1)
    dx.set_clock(datetime.now(UTC).isoformat())
    opened = open_dx(dx, tmp_path, monkeypatch, cooling_off='"7d"')
    approve_archive(opened, f"dx:{RUN}{run_of(dx, 2)}/")
    ending = threading.Event()
    standing = threading.Thread(target=lambda: worker.run(opened, ending=ending, until_idle=False))
    standing.start()
    try:
        until(lambda: worker.worker_of(opened, "dx").alive, "a worker that stays")
        (report,) = work(opened)
    finally:
        ending.set()
        standing.join()
    assert report.ended == Reason.ELSEWHERE.value
    opened.close()
