"""What is not known of an object's copies: it keeps them from being archived, proves nothing, and is not claimed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.archives import ArchiveWish, Expected
from icehouse.core.errors import UsageError
from icehouse.core.jobs import JobState
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Plan
from icehouse.core.refs import Ref
from icehouse.engine.recording import NOT_COLD
from icehouse.engine.steps import sending
from icehouse.engine.worker import Options
from icehouse.ledger import holds as ledger_holds
from icehouse.services import archive, copies, holds, jobs, restore
from icehouse.services.house import House
from tests.dnanexus_standin import DxStandIn
from tests.engine.dxrooms import asked, chosen, files, open_dx, plan_archive
from tests.engine.rooms import nobody, outcomes, work

RUN = "runs-2025"
HURRY = 72000.0


@pytest.fixture
def dx() -> Iterator[DxStandIn]:
    """A sequencing core of its own, whose clock stands still until `HURRY`."""
    with DxStandIn("sequencing", speed=1) as standin:
        standin.freeze()
        yield standin


@pytest.fixture
def admin(dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The house of the account's admin, who may archive all copies, and alone sees the vault."""
    dx.call(f"{dx.project(RUN)}/invite", {"invitee": "user-orgadmin", "level": "CONTRIBUTE"})
    opened = open_dx(dx, tmp_path, monkeypatch, who="orgadmin")
    yield opened
    opened.close()


def run_of(dx: DxStandIn) -> str:
    """The folder of the run of which some files have a copy in the vault."""
    level = dx.call(f"{dx.project(RUN)}/listFolder", {"folder": "/", "only": "folders"})
    return str(sorted(name for name in level["folders"] if name.startswith("/2"))[13])


def shared_with_vault(dx: DxStandIn, run: str) -> list[str]:
    vault = dx.project("vault")
    return sorted(file for file in files(dx, RUN, run) if dx.states(file).get(vault) == "live")


def plan_of(dx: DxStandIn, admin: House) -> Plan:
    return plan_archive(admin, f"dx:{dx.project(RUN)}{run_of(dx)}/", all_copies=True)


COPIES_UNTOLD = {"operations": ["system/describeDataObjects"], "skip": 1}
"""Right before the call the files themselves are asked for, and then their copies."""


@pytest.mark.parametrize(
    "fault",
    [
        {**COPIES_UNTOLD, "code": "PermissionDenied"},
        {**COPIES_UNTOLD, "code": "RateLimitConditional", "retry_after": 0, "count": 8},
    ],
    ids=["denied", "throttled"],
)
def test_a_copy_that_cannot_be_looked_at_is_not_archived(dx: DxStandIn, admin: House, fault: dict[str, Any]) -> None:
    kept = shared_with_vault(dx, run_of(dx))
    plan = plan_of(dx, admin)
    job = restore.approve(admin, plan, how="test", start=nobody)
    dx.call(f"{kept[0]}/addTags", {"project": dx.project("vault"), "tags": ["never-archive"]}, who="orgadmin")
    dx.fault("error", **fault)
    work(admin, once=True)
    assert set(dx.states(kept[0]).values()) == {"live"}
    assert kept[0] not in asked(dx, "project/archive")
    assert outcomes(admin, job).get("ok", 0) == 0


def test_a_copy_whose_project_cannot_be_looked_at_is_not_archived(dx: DxStandIn, admin: House) -> None:
    kept = shared_with_vault(dx, run_of(dx))
    plan = plan_of(dx, admin)
    job = restore.approve(admin, plan, how="test", start=nobody)
    vault = dx.project("vault")
    dx.call(f"{vault}/addTags", {"tags": ["never-archive"]}, who="orgadmin")
    dx.fault("error", operations=["project/describe"], project=vault, code="PermissionDenied")
    work(admin, once=True)
    assert {state for file in kept for state in dx.states(file).values()} == {"live"}
    assert not set(kept) & set(asked(dx, "project/archive"))
    assert outcomes(admin, job)["error"] == len(kept)
    assert jobs.job(admin, job).progress.sent == len(plan.sending)


@pytest.mark.parametrize("fault", ["drop_before", "lost_reply"])
def test_what_was_archival_before_is_no_proof_that_its_copies_were_archived(
    dx: DxStandIn, admin: House, fault: str
) -> None:
    shared = shared_with_vault(dx, run_of(dx))
    for file in shared:
        dx.change(file, project=dx.project(RUN), state="archival")
    found = archive.survey(admin, chosen(admin, f"dx:{dx.project(RUN)}{run_of(dx)}/"))
    plan = archive.freeze(admin, found, archive.look_up(admin, found, all_copies=True), ArchiveWish(all_copies=True))
    assert {step.ref.version for step in plan.sending} >= set(shared)
    job = restore.approve(admin, plan, how="test", start=nobody)
    dx.fault(fault, operations=["project/archive"], count=1)
    dx.run(HURRY)
    work(admin)
    assert {state for file in shared for state in dx.states(file).values()} == {"archived"}
    assert outcomes(admin, job)["ok"] == len(plan.sending)
    assert set(asked(dx, "project/archive").values()) == {1}


def test_an_archiving_promises_no_time_that_nobody_has_told(dx: DxStandIn, admin: House) -> None:
    job = restore.approve(admin, plan_of(dx, admin), how="test", start=nobody)
    work(admin, once=True)
    watched = jobs.job(admin, job)
    assert (watched.state, watched.ready_by) == (JobState.WATCHING, None)
    dx.run(HURRY)
    work(admin)
    assert jobs.job(admin, job).state is JobState.DONE


def test_what_a_copy_out_of_sight_keeps_archival_ends_without_a_claim_to_know_why(
    dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = open_dx(dx, tmp_path, monkeypatch)
    shared = shared_with_vault(dx, run_of(dx))
    plan = plan_archive(owner, f"dx:{RUN}{run_of(dx)}/")
    assert {step.expected for step in plan.sending if step.ref.version in shared} == {Expected.AT_MOST}
    job = restore.approve(owner, plan, how="test", start=nobody)
    work(owner, once=True)
    dx.step(hours=49)
    work(owner)
    told = {item.ref.version: item for item in jobs.every_item(owner, job)}
    assert {(told[file].outcome, told[file].reason) for file in shared} == {(Outcome.OK, NOT_COLD)}
    assert jobs.job(owner, job).note.startswith(f"{len(shared)} are archival, not cold")
    owner.close()


def test_a_look_that_is_stopped_half_way_is_no_plan_and_goes_on_from_what_is_known(
    dx: DxStandIn, admin: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_AT_ONCE", 5)
    for file in shared_with_vault(dx, run_of(dx)):
        dx.change(file, project=dx.project(RUN), state="archival")
    found = archive.survey(admin, chosen(admin, f"dx:{dx.project(RUN)}{run_of(dx)}/"))
    kept: list[archive.CopyLook] = []
    for wanted in (5, len(found.candidates) + 1):
        with pytest.raises(UsageError, match="stopped"):
            archive.look_up(
                admin,
                found,
                earlier=kept[-1] if kept else None,
                all_copies=True,
                progress=kept.append,
                stop=lambda least=wanted: kept[-1].looked >= least,  # type: ignore[misc]
            )
        assert not kept[-1].complete
        assert wanted <= kept[-1].looked < kept[-1].of
        with pytest.raises(UsageError, match="not all looked up"):
            archive.freeze(admin, found, kept[-1], ArchiveWish(all_copies=True))
    before = dx.last_seq()
    whole = archive.look_up(admin, found, earlier=kept[-1], all_copies=True)
    asked_for = dx.log(since=before, operation="file/listProjects")
    assert whole.complete
    assert len(asked_for) == whole.of - kept[-1].looked
    assert archive.freeze(admin, found, whole, ArchiveWish(all_copies=True)).sending


def test_a_look_before_a_call_that_never_comes_about_parks_the_job_though_the_platform_answers(
    dx: DxStandIn, admin: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_LOOKS", 1)
    job = restore.approve(admin, plan_of(dx, admin), how="test", start=nobody)
    dx.fault("error", operations=["project/describe"], project=dx.project(RUN), code="InternalError")
    work(admin, options=Options(until_idle=True, patience=1.0))
    parked = jobs.job(admin, job)
    assert parked.state is JobState.PARKED
    assert parked.note.startswith("waits for the store: ")
    assert not asked(dx, "project/archive")
    dx.clear_faults()
    dx.run(HURRY)
    work(admin)
    assert jobs.job(admin, job).state is JobState.DONE


def test_a_hold_put_on_while_the_copies_are_looked_up_is_honoured(dx: DxStandIn, admin: House) -> None:
    plan = plan_of(dx, admin)
    job = restore.approve(admin, plan, how="test", start=nobody)
    shared = shared_with_vault(dx, run_of(dx))
    kept = next(step.ref for step in plan.sending if step.ref.version not in shared)
    reads = 0

    def held(refs: Sequence[Ref], everywhere: bool) -> dict[Ref, str]:
        nonlocal reads
        found = ledger_holds.held(admin.ledger(), refs, everywhere=everywhere)
        reads += 1
        if reads == 1:  # as the objects themselves were looked at, and their copies not yet
            holds.hold(admin, kept, reason="audit")
        return {ref: f"held: {hold.reason}" for ref, hold in found.items()}

    work(admin, once=True, options=Options(until_idle=True, once=True, held=held))
    assert set(dx.states(kept.version or "").values()) == {"live"}
    told = {item.ref: item.reason for item in jobs.every_item(admin, job)}
    assert told[kept] == "held: audit"


def test_a_cancel_while_the_copies_are_looked_up_leaves_everything_live(dx: DxStandIn, admin: House) -> None:
    plan = plan_of(dx, admin)
    job = restore.approve(admin, plan, how="test", start=nobody)
    reads = 0

    def held(refs: Sequence[Ref], everywhere: bool) -> dict[Ref, str]:
        nonlocal reads
        reads += 1
        if reads == 2:  # the copies were looked up, and the call is next
            assert jobs.cancel(admin, job, start=nobody).in_doubt == len(plan.sending)
        return {}

    work(admin, options=Options(until_idle=True, held=held))
    assert not asked(dx, "project/archive")
    assert jobs.job(admin, job).state is JobState.CANCELLED
    assert outcomes(admin, job) == {"cancelled": len(plan.sending), "impossible": 1}
