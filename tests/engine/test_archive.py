"""Archiving on DNAnexus: what the preview foretells is what happens, each file for itself, and nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from icehouse.core.archives import ArchiveWish, Expected, Pointers
from icehouse.core.errors import NotFound, Refused, UsageError
from icehouse.core.jobs import JobState
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act
from icehouse.core.refs import FolderRef
from icehouse.core.restores import RestoreWish, Tier
from icehouse.engine.gate import CHECKS, GUARDS
from icehouse.engine.worker import Options
from icehouse.services import archive, audit, holds, jobs, restore
from icehouse.services.house import House
from tests.dnanexus_standin import DxStandIn
from tests.engine.dxrooms import (
    approve_archive,
    approve_restore,
    asked,
    chosen,
    files,
    open_dx,
    plan_archive,
)
from tests.engine.rooms import Worker, nobody, outcomes, until, work

RUN = "runs-2025"
HURRY = 72000.0
"""Twenty hours a second, once a plan was approved."""


@pytest.fixture(scope="module")
def shared() -> Iterator[DxStandIn]:
    """The sequencing core's two years, frozen; tests that change something take a run folder of their own."""
    with DxStandIn("sequencing") as standin:
        standin.freeze()
        yield standin


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


def reasons(house: House, job: str) -> Counter[str]:
    return Counter(item.reason for item in jobs.every_item(house, job))


def folder_of(dx: DxStandIn, project: str, number: int) -> str:
    """The name of a project's run folder, by its number from the oldest."""
    level = dx.call(f"{dx.project(project)}/listFolder", {"folder": "/", "only": "folders"})
    return str(sorted(name for name in level["folders"] if name.startswith("/2"))[number])


def test_what_is_foretold_of_each_file_is_what_becomes_of_it(dx: DxStandIn, house: House) -> None:
    before = files(dx, RUN)
    plan = plan_archive(house, f"dx:{RUN}/")
    assert {step.ref.version for step in plan.steps} == set(before)
    preview_of = {step.ref.version or "": step for step in plan.steps}
    job = restore.approve(house, plan, how="test", start=nobody)
    dx.run(HURRY)
    work(house)
    after = files(dx, RUN)
    became: Counter[tuple[str, str]] = Counter()
    for file, step in preview_of.items():
        if step.expected is None:
            assert after[file] == before[file], step
        else:
            became[step.expected.value, after[file]] += 1
    # At most: the owner is no admin of the account, so that a copy in a project out of sight may keep a file.
    assert set(became) == {("at-most", "archived"), ("at-most", "archival"), ("stays", "archival")}
    assert became["stays", "archival"] == 48 + 6
    assert became["at-most", "archival"] == 24
    totals = plan.totals()
    assert totals["at-most"] == became["at-most", "archived"] + became["at-most", "archival"]
    assert outcomes(house, job)["ok"] == became.total()
    told = reasons(house, job)
    assert told["archived"] == became["at-most", "archived"]
    assert sum(number for reason, number in told.items() if reason.startswith("archival: ")) == 48 + 6 + 24
    assert set(asked(dx, "project/archive").values()) == {1}
    assert audit.verify(house).ok


def test_who_sees_every_project_of_the_account_gets_exact_numbers(
    shared: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = folder_of(shared, RUN, 13)
    account = shared.call(f"{shared.project(RUN)}/describe")["billTo"]
    for each in shared.call("system/findProjects", {"level": "ADMINISTER", "describe": True})["results"]:
        project = each["id"]
        if each["describe"]["billTo"] == account:
            shared.call(f"{project}/invite", {"invitee": "user-orgadmin", "level": "CONTRIBUTE"})
    owner = open_dx(shared, tmp_path, monkeypatch)
    address = f"dx:{RUN}{run}/"
    as_owner = plan_archive(owner, address).totals()
    owner.close()
    admin_folder = tmp_path / "admin"
    admin_folder.mkdir()
    admin = open_dx(shared, admin_folder, monkeypatch, who="orgadmin")
    found = archive.survey(admin, chosen(admin, f"dx:{shared.project(RUN)}{run}/"))
    exact = archive.preview(admin, found, archive.look_up(admin, found))
    admin.close()
    assert as_owner["cold"] == 0
    assert exact.at_most.objects == 0
    assert exact.stays.objects == 24
    assert exact.cold.objects == as_owner["at-most"] - 24
    assert [(title, objects) for title, _, objects, _ in exact.where] == [("vault", 24)]


def test_one_open_file_blocks_itself_alone(dx: DxStandIn, house: House) -> None:
    run = folder_of(dx, RUN, 17)
    plan = plan_archive(house, f"dx:{RUN}{run}/")
    blocked = {step.ref.key.rpartition("/")[2]: step.reason for step in plan.steps if step.settled}
    assert set(blocked) == {"under-way.tar.gz", "closing.tar.gz", "SampleSheet.csv"}
    assert blocked["under-way.tar.gz"] == "still open for writing: close it first"
    job = restore.approve(house, plan, how="test", start=nobody)
    dx.run(HURRY)
    work(house)
    assert outcomes(house, job) == {"ok": len(plan.steps) - 3, "impossible": 3}
    assert set(Counter(files(dx, RUN, run).values())) == {"archived", "live"}
    assert Counter(files(dx, RUN, run).values())["live"] == 3


def test_a_file_that_opens_after_the_plan_is_told_apart_and_its_neighbours_go_on(dx: DxStandIn, house: House) -> None:
    run = folder_of(dx, RUN, 3)
    plan = plan_archive(house, f"dx:{RUN}{run}/")
    job = restore.approve(house, plan, how="test", start=nobody)
    unlucky = next(step.ref.version for step in plan.steps if step.act is Act.ARCHIVE) or ""
    dx.change(unlucky, object_state="open")
    dx.run(HURRY)
    work(house)
    assert outcomes(house, job)["conflict"] == 1
    assert files(dx, RUN, run)[unlucky] == "live"
    assert outcomes(house, job)["ok"] == plan.totals()["archive"] - 1


@pytest.mark.parametrize("checks", [CHECKS, CHECKS._replace(unheld=lambda *_: "")], ids=["guarded", "control"])
def test_a_tag_set_after_the_approval_keeps_its_file_live(dx: DxStandIn, house: House, checks: object) -> None:
    run = folder_of(dx, RUN, 4)
    plan = plan_archive(house, f"dx:{RUN}{run}/")
    job = restore.approve(house, plan, how="test", start=nobody)
    kept = next(step.ref.version for step in plan.steps if step.act is Act.ARCHIVE) or ""
    dx.call(f"{kept}/addTags", {"project": dx.project(RUN), "tags": ["never-archive"]})
    dx.run(HURRY)
    work(house, options=Options(until_idle=True, checks=checks))  # type: ignore[arg-type]
    if checks is CHECKS:
        assert files(dx, RUN, run)[kept] == "live"
        assert reasons(house, job)["held: tagged never-archive"] == 2  # the run's sample sheet is tagged all along
        assert outcomes(house, job)["conflict"] == 1
    else:
        assert files(dx, RUN, run)[kept] != "live"


def test_a_hold_put_on_after_the_approval_keeps_its_folder_live(dx: DxStandIn, house: House) -> None:
    run = folder_of(dx, RUN, 5)
    job = approve_archive(house, f"dx:{RUN}{run}/")
    holds.hold(house, FolderRef("dx", dx.project(RUN), run[1:] + "/"), reason="audit of 2026")
    work(house)
    assert set(files(dx, RUN, run).values()) == {"live"}
    assert reasons(house, job)["held: audit of 2026"] == outcomes(house, job)["conflict"]
    assert not asked(dx, "project/archive")


def test_holds_that_cannot_be_read_stop_everything(dx: DxStandIn, house: House) -> None:
    run = folder_of(dx, RUN, 5)
    job = approve_archive(house, f"dx:{RUN}{run}/")

    def unreadable(_refs: object, _everywhere: bool) -> dict[object, str]:
        raise Refused("the holds can't be read")

    work(house, options=Options(until_idle=True, held=unreadable))  # type: ignore[arg-type]
    assert jobs.job(house, job).state is JobState.PARKED
    assert not asked(dx, "project/archive")


def test_a_project_tagged_never_archive_is_left_alone(
    shared: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dx(shared, tmp_path, monkeypatch)
    plan = plan_archive(opened, "dx:references/")
    assert plan.totals()["archive"] == 0
    assert all("never-archive" in step.reason for step in plan.steps if step.settled is Outcome.IMPOSSIBLE)
    opened.close()


def test_a_project_at_view_is_left_alone(shared: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_dx(shared, tmp_path, monkeypatch)
    plan = plan_archive(opened, "dx:partner-view/")
    assert plan.totals()["archive"] == 0
    assert any("VIEW" in step.reason for step in plan.steps)
    opened.close()


def test_a_sample_is_a_quick_answer_and_no_plan(
    shared: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dx(shared, tmp_path, monkeypatch)
    found = archive.survey(opened, chosen(opened, f"dx:{RUN}/"))
    before = shared.last_seq()
    some = archive.sample(opened, found, 40)
    calls = Counter(line["operation"] for line in shared.log(since=before))
    assert calls["file/listProjects"] == 40
    quick = archive.preview(opened, found, some)
    assert quick.sampled
    assert (quick.looked, quick.of) == (40, len(found.candidates))
    assert abs(quick.cold.objects + quick.at_most.objects + quick.stays.objects - quick.of) <= 2
    with pytest.raises(UsageError, match="not all looked up"):
        archive.freeze(opened, found, some, ArchiveWish())
    opened.close()


@pytest.mark.parametrize("fault", ["lost_reply", "half_body", "drop_before"])
def test_an_archive_call_whose_reply_is_lost_is_looked_at_and_never_repeated(
    dx: DxStandIn, house: House, fault: str
) -> None:
    run = folder_of(dx, RUN, 6)
    job = approve_archive(house, f"dx:{RUN}{run}/")
    planned = jobs.job(house, job).progress.to_send
    dx.fault(fault, operations=["project/archive"], count=1)
    dx.run(HURRY)
    work(house)
    assert outcomes(house, job) == {"ok": planned, "impossible": 1}
    named = asked(dx, "project/archive")
    assert (len(named), set(named.values())) == (planned, {1})


@pytest.mark.parametrize("fault", ["lost_reply", "half_body", "drop_before"])
@pytest.mark.parametrize("state", ["archived", "archival"])
def test_an_unarchive_call_whose_reply_is_lost_is_looked_at_and_never_repeated(
    dx: DxStandIn, house: House, fault: str, state: str
) -> None:
    cohort = f"/cohort/{state}"
    wanted = set(files(dx, "azure-cohort", cohort))
    job = approve_restore(house, f"dx:azure-cohort{cohort}/")
    dx.fault(fault, operations=["project/unarchive"], count=1)
    if state == "archived":
        dx.run(HURRY)  # what is archival would go cold meanwhile, and calling it off is at once
    work(house)
    assert outcomes(house, job) == {"ok": len(wanted)}
    assert set(files(dx, "azure-cohort", cohort).values()) == {"live"}
    named = asked(dx, "project/unarchive")
    assert (set(named), set(named.values())) == (wanted, {1})


def test_what_is_archival_is_called_off_for_free_and_at_once(
    shared: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dx(shared, tmp_path, monkeypatch)
    found = restore.survey(opened, chosen(opened, "dx:azure-cohort/cohort/archival/"))
    plan = restore.freeze(opened, found, RestoreWish(Tier.EXPEDITED, 0))
    assert plan.totals()["call-off"] == len(plan.steps) == 30
    assert plan.cost.total == 0.0
    restore.approve(opened, plan, how="test", start=nobody)
    work(opened)  # the clock stands still
    assert set(files(shared, "azure-cohort", "/cohort/archival").values()) == {"live"}
    opened.close()


def test_what_went_cold_meanwhile_is_never_called_off_into_a_paid_restore(dx: DxStandIn, house: House) -> None:
    job = approve_restore(house, "dx:azure-cohort/cohort/archival/")
    dx.step(hours=48)
    work(house)
    assert outcomes(house, job) == {"conflict": 30}
    assert set(files(dx, "azure-cohort", "/cohort/archival").values()) == {"archived"}


@pytest.mark.parametrize(
    ("project", "folder", "offered"),
    [
        ("azure-cohort", "/cohort/archived", {Tier.STANDARD, Tier.EXPEDITED}),
        ("partner-joint", "/", {Tier.BULK, Tier.STANDARD}),
    ],
)
def test_the_tiers_of_the_cloud_are_offered_at_the_platforms_own_price(
    shared: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str, folder: str, offered: set[Tier]
) -> None:
    opened = open_dx(shared, tmp_path, monkeypatch)
    address = f"dx:{project}{folder}".rstrip("/") + "/"
    found = restore.survey(opened, chosen(opened, address))
    before = shared.last_seq()
    told = {offer.tier: offer for offer in restore.offers(opened, found, None)}
    cold = sorted(file for file, state in files(shared, project, folder).items() if state == "archived")
    for tier, offer in told.items():
        if tier not in offered:
            assert (offer.requests, "not offered" in offer.why_not) == (0, True)
            continue
        rate = tier.value.title()
        wish = {"files": cold, "rate": rate, "dryRun": True}
        quoted = shared.call(f"{shared.project(project)}/unarchive", wish)
        assert offer.requests == len(cold)
        assert offer.cost is not None
        assert offer.cost.total == pytest.approx(quoted["cost"] / 1000)
    assert all(line["input"]["dryRun"] is True for line in shared.log(since=before, operation="project/unarchive"))
    opened.close()


def test_a_job_that_cools_off_sends_nothing_before_its_time(
    dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dx(dx, tmp_path, monkeypatch, cooling_off='"24h"')
    run = folder_of(dx, RUN, 7)
    job = approve_archive(opened, f"dx:{RUN}{run}/")
    work(opened)
    waiting = jobs.job(opened, job)
    assert (waiting.state, waiting.progress.sent) == (JobState.QUEUED, 0)
    assert waiting.note.startswith("cooling off: nothing is sent before ")
    assert not asked(dx, "project/archive")
    dx.step(hours=25)
    dx.run(HURRY)
    work(opened)
    assert jobs.job(opened, job).state is JobState.DONE
    assert asked(dx, "project/archive")
    opened.close()


def test_an_archiving_that_was_all_sent_is_not_cancelled_any_more(dx: DxStandIn, house: House) -> None:
    run = folder_of(dx, RUN, 8)
    job = approve_archive(house, f"dx:{RUN}{run}/")
    planned = jobs.job(house, job).progress.to_send
    work(house, once=True)
    assert jobs.job(house, job).progress.sent == planned
    with pytest.raises(UsageError, match="more: everything was sent;"):
        jobs.cancel(house, job, start=nobody)
    assert jobs.job(house, job).state is JobState.WATCHING
    assert outcomes(house, job) == {"impossible": 1}


def test_hostile_names_are_archived_and_brought_back_by_their_identities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DxStandIn("hostile", speed=HURRY) as dx:
        opened = open_dx(dx, tmp_path, monkeypatch)
        every = [f"dx:{project}/" for project in dx.projects]

        def places() -> dict[tuple[str, str], str]:
            return {(project, file): at for project in dx.projects for file, at in files(dx, project).items()}

        before = places()
        plan = plan_archive(opened, *every)
        assert {(step.ref.container, step.ref.version) for step in plan.steps} == set(before)
        restore.approve(opened, plan, how="test", start=nobody)
        going = {(step.ref.container, step.ref.version) for step in plan.sending}
        work(opened)
        after = places()
        assert {place for place in before if after[place] != before[place]} == going
        approve_restore(opened, *every)
        work(opened)
        assert set(places().values()) <= {"live"}
        assert len(going) > 20
        opened.close()


def _calls(dx: DxStandIn, least: int) -> bool:
    """Whether so many calls to archive were made, read from the log's end."""
    return len(dx.log(operation="project/archive")) >= least


def test_kills_in_the_middle_leave_nothing_out_and_ask_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DxStandIn("million") as dx:
        dx.freeze()
        opened = open_dx(dx, tmp_path, monkeypatch, max_per_second=20.0)
        live = {file for file, state in files(dx, "wide", "/run03").items() if state == "live"}
        found = archive.survey(opened, chosen(opened, "dx:wide/run03/"))
        # The look at the copies is not what is tested here: nobody else has them.
        known = {entry.ref: Pointers(entry.ref) for entry in found.candidates}
        copies = archive.CopyLook(known, len(known))
        plan = archive.freeze(opened, found, copies, ArchiveWish())
        assert {step.expected for step in plan.sending} == {Expected.AT_MOST}
        job = restore.approve(opened, plan, how="test", start=nobody)
        for number in range(4):
            worker = Worker(opened)
            until(partial(_calls, dx, number + 1), f"{number + 1} calls to archive")
            worker.kill()
        worker = Worker(opened)
        dx.run(speed=7200)
        assert worker.finish() == 0, worker.log.read_text()
        going = {step.ref.version for step in plan.sending}
        assert going < live
        assert outcomes(opened, job)["ok"] == len(going)
        named = asked(dx, "project/archive")
        assert (set(named), set(named.values())) == (going, {1})
        assert audit.verify(opened).ok
        opened.close()


def test_a_plan_approved_as_somebody_else_is_not_carried_out(
    dx: DxStandIn, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = approve_archive(house, f"dx:{RUN}{folder_of(dx, RUN, 9)}/")
    house.close()
    other = open_dx(dx, tmp_path, monkeypatch, who="member")
    work(other)
    assert jobs.job(other, job).state is JobState.PARKED
    assert "approved as user-owner" in jobs.job(other, job).note
    assert not asked(dx, "project/archive")
    other.close()


def test_a_project_is_found_by_its_name_or_its_id(
    shared: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dx(shared, tmp_path, monkeypatch)
    assert opened.address(f"dx:{RUN}/odd/").container == shared.project(RUN)
    assert opened.address(f"dx:{shared.project(RUN)}/odd/").container == shared.project(RUN)
    with pytest.raises(UsageError, match="no such project"):
        opened.address("dx:no-such-name/")
    with pytest.raises(NotFound):
        chosen(opened, f"dx:{RUN}/no-such-file")
    opened.close()


def test_every_guard_is_still_there() -> None:
    assert GUARDS._fields == ("planned", "identity", "lease", "stop")
    assert CHECKS._fields == ("unchanged", "unheld", "copies")
