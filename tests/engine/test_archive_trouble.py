"""What comes in between an archiving's plan and its calls: each object for itself, nothing unshown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.core.jobs import JobState
from icehouse.services import jobs, restore
from icehouse.services.house import House
from tests.dnanexus_standin import DxStandIn
from tests.engine.dxrooms import approve_archive, approve_restore, asked, files, open_dx, plan_archive
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
