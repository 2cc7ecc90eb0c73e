"""Archiving in `sequencing` through the API does to each copy what the fixture's notes say, seen or not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import pytest

from icehouse.sim.dnanexus.fixtures import duplicates
from icehouse.sim.dnanexus.fixtures.runs import run_name
from tests.dnanexus_standin import DxRefused, DxStandIn
from tests.dx.driving import Api


@pytest.fixture(scope="module")
def stand() -> Iterator[DxStandIn]:
    with DxStandIn("sequencing") as running:
        running.freeze()
        yield running


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (duplicates.DELIVERED, {"archival": 48}),
        (duplicates.HALF_COLD, {"archived": 48}),
        (duplicates.JOINT, {"archived": 48}),
        (duplicates.UNSEEN, {"archival": 24, "archived": 24}),
        (duplicates.UNSEEN_COLD, {"archived": 42, "archival": 6}),
    ],
)
def test_the_copies_decide_what_goes_cold(stand: DxStandIn, run: int, expected: dict[str, int]) -> None:
    project = stand.project("runs-2025")
    where = {"project": project, "folder": f"/{run_name(2025, run)}/fastq", "recurse": True}
    wish: dict[str, Any] = {"class": "file", "scope": where, "properties": {"sample": True}, "limit": 1000}
    files = [one["id"] for one in stand.find(**wish)]
    assert stand.call(f"{project}/archive", {"files": files}) == {"id": project, "count": 48}
    stand.step(hours=2)
    assert Counter(stand.states(own)[project] for own in files) == expected
    foreign = stand.project("partner-copies")
    assert {stand.states(own).get(foreign) for own in files} <= {None, "live"}


def test_the_owner_is_not_told_of_copies_that_he_may_not_see(stand: DxStandIn) -> None:
    project, vault = stand.project("runs-2025"), stand.project("vault")
    where = {"project": project, "folder": f"/{run_name(2025, duplicates.UNSEEN)}", "recurse": True}
    (own,) = [one["id"] for one in stand.find(name="S01_L001_R1_001.fastq.gz", scope=where)]
    assert set(stand.states(own)) == {project, vault}
    assert set(stand.call(f"{own}/listProjects")) == {project}
    assert set(stand.call(f"{own}/listProjects", who="orgadmin")) == {project, vault}
    with pytest.raises(DxRefused, match="404 ResourceNotFound"):
        stand.call(f"{vault}/describe")


def test_a_run_that_is_still_uploading_refuses_its_folder(stand: DxStandIn) -> None:
    project = stand.project("runs-2025")
    with pytest.raises(DxRefused, match="some files are in a non-closed state") as refused:
        stand.call(f"{project}/archive", {"folder": f"/{run_name(2025, 17)}"})
    assert refused.value.message.count("file-") == 2


def test_every_byte_of_the_small_folder_comes_back_from_the_cold(stand: DxStandIn) -> None:
    project = stand.project("azure-cohort")
    told = stand.call(f"{project}/unarchive", {"folder": "/bytes/archived", "rate": "Expedited"})
    assert told["files"] == 12
    stand.step(hours=1)
    api = Api(stand)
    ids = api.ids(project, "/bytes/archived")
    assert set(api.states(project, "/bytes/archived").values()) == {"live"}
    for path, own in ids.items():
        body = api.body(project, own)
        parts = api.describe(project, path, "parts")["parts"]
        cuts = [parts[number] for number in sorted(parts, key=int)]
        assert len(body) == sum(part["size"] for part in cuts) == int(path[-11:-4])
        assert [part["md5"] for part in cuts] == [
            hashlib.md5(body[at : at + part["size"]]).hexdigest()
            for part, at in zip(cuts, accumulate((part["size"] for part in cuts), initial=0), strict=False)
        ]
