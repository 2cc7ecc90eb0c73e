"""What is not a file has no archival state: chosen by hand it is told so, and no call is ever made about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.core.archives import ArchiveWish
from icehouse.core.marks import Mark
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Plan
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreWish, Tier
from icehouse.engine.gate import CHECKS
from icehouse.engine.worker import Options
from icehouse.services import archive, jobs, look, restore
from icehouse.services.house import House
from tests.dnanexus_standin import DxStandIn
from tests.engine.dxrooms import asked, chosen, open_dx, plan_archive
from tests.engine.rooms import nobody, outcomes, work

OTHERS = {
    "analysis/cohort": "a record has no archival state",
    "tools/count-reads": "an applet has no archival state",
    "tools/call-variants": "a workflow has no archival state",
}


@pytest.fixture
def dx() -> Iterator[DxStandIn]:
    with DxStandIn("small") as standin:
        standin.freeze()
        yield standin


@pytest.fixture
def house(dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    opened = open_dx(dx, tmp_path, monkeypatch)
    yield opened
    opened.close()


def settled(plan: Plan) -> dict[str, tuple[Outcome | None, str]]:
    return {step.ref.key: (step.settled, step.reason) for step in plan.steps if step.act is Act.NOTHING}


def by_id(dx: DxStandIn, key: str) -> str:
    """The id of the one object of this path, as the API tells."""
    folder, _, name = key.rpartition("/")
    [found] = dx.find(scope={"project": dx.project("small"), "folder": f"/{folder}", "recurse": False}, name=name)
    return str(found["id"])


def test_a_record_an_applet_and_a_workflow_are_told_apart_and_the_file_beside_them_is_archived(
    dx: DxStandIn, house: House
) -> None:
    plan = plan_archive(house, *(f"dx:small/{key}" for key in (*OTHERS, "analysis/report.html")))
    assert settled(plan) == {key: (Outcome.IMPOSSIBLE, words) for key, words in OTHERS.items()}
    job = restore.approve(house, plan, how="test", start=nobody)
    dx.run(72_000.0)
    work(house)
    assert outcomes(house, job) == {"impossible": 3, "ok": 1}
    assert set(asked(dx, "project/archive")) == {by_id(dx, "analysis/report.html")}


def test_they_are_told_apart_by_their_ids_and_by_marks_as_well(dx: DxStandIn, house: House) -> None:
    small = dx.project("small")
    for key, words in OTHERS.items():
        id_ = by_id(dx, key)
        typed = look.resolve(house, house.address(f"dx:small/{id_}"))
        assert typed == Ref("dx", small, key, id_)
        for target in (typed, Ref("dx", small, "as it was called", id_)):
            found = archive.survey(house, [Mark(target)])
            assert [(each.reason, each.objects) for each in found.blocked] == [(words, 1)]
            assert found.candidates == found.already == ()


def test_nothing_of_them_is_brought_back(dx: DxStandIn, house: House) -> None:
    found = restore.survey(house, chosen(house, *(f"dx:small/{key}" for key in (*OTHERS, "runs/2023/old0.fastq.gz"))))
    plan = restore.freeze(house, found, RestoreWish(Tier.BULK, 0))
    assert settled(plan) == {key: (Outcome.IMPOSSIBLE, words) for key, words in OTHERS.items()}
    assert [step.act for step in plan.steps if step.ref.key not in OTHERS] == [Act.REQUEST]


def test_a_folder_holds_its_files_alone(dx: DxStandIn, house: House) -> None:
    small = dx.project("small")
    everything = dx.find(visibility="either", scope={"project": small, "folder": "/"})
    files = {each["id"] for each in everything if each["id"].startswith("file-")}
    assert len(everything) > len(files)
    mark = [Mark(FolderRef("dx", small, ""))]
    assert {entry.ref.version for entry in archive.survey(house, mark).entries} == files
    assert {entry.ref.version for entry in restore.survey(house, mark).entries} == files


@pytest.mark.parametrize("checks", [CHECKS, CHECKS._replace(unchanged=lambda *_: "")], ids=["guarded", "control"])
def test_a_plan_that_names_a_record_all_the_same_sends_nothing_about_it(
    dx: DxStandIn, house: House, monkeypatch: pytest.MonkeyPatch, checks: object
) -> None:
    """The plan is made with its own guard taken out; without the gate's the store still asks for files alone."""
    monkeypatch.setattr(archive, "not_archivable", lambda kind: "")
    found = archive.survey(house, chosen(house, "dx:small/analysis/cohort"))
    plan = archive.freeze(house, found, archive.look_up(house, found), ArchiveWish())
    assert [step.act for step in plan.steps] == [Act.ARCHIVE]
    job = restore.approve(house, plan, how="test", start=nobody)
    work(house, options=Options(until_idle=True, checks=checks))  # type: ignore[arg-type]
    [item] = jobs.every_item(house, job)
    if checks is CHECKS:
        assert item.reason == "a record has no archival state"
    assert outcomes(house, job).get("ok", 0) == 0
    assert not dx.log(operation="project/archive")
