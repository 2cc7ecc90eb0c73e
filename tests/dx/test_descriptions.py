"""What a fixture says of itself is what its server tells; and its jobs add up with the files that they made."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest

from icehouse.sim.dnanexus.fixtures import analyses
from tests.dnanexus_standin import DxStandIn, DxStandInError, describe, describe_jobs

OWN, JOINT, SEEN, NOT = "ADMINISTER", "CONTRIBUTE", "VIEW", "NONE"

SEQUENCING = {
    "analyses": (OWN, {"file": 1960}, 1419),
    "assets": (OWN, {"file": 3, "record": 2, "workflow": 1}, 0),
    "azure-cohort": (OWN, {"file": 144}, 0),
    "deliveries": (OWN, {"file": 70}, 0),
    "embargo": (JOINT, {"file": 10}, 0),
    "half-cold": (OWN, {"file": 48}, 0),
    "licensed": (NOT, {"applet": 1, "file": 1}, 0),
    "partner-azure": (JOINT, {"file": 20}, 0),
    "partner-copies": (SEEN, {"file": 48}, 0),
    "partner-joint": (JOINT, {"file": 20}, 0),
    "partner-locked": (SEEN, {"file": 6, "record": 1}, 0),
    "partner-view": (SEEN, {"file": 20}, 0),
    "references": (OWN, {"file": 32}, 0),
    "runs-2024": (OWN, {"file": 1552}, 0),
    "runs-2025": (OWN, {"file": 1186}, 0),
    "scratch": (OWN, {"file": 10}, 0),
    "tools": (OWN, {"applet": 3, "database": 1, "record": 1, "workflow": 2}, 0),
    "unlicensed": (OWN, {"file": 10}, 0),
    "vault": (NOT, {"file": 42}, 0),
}
"""The owner's level, objects by class, and intermediates, by project."""

SMALL = {
    "azure-small": (OWN, {"file": 6}, 0),
    "guarded": (JOINT, {"file": 1}, 0),
    "joint": (JOINT, {"file": 2}, 0),
    "mine": (OWN, {"file": 2}, 0),
    "partner": (SEEN, {"file": 2}, 0),
    "small": (OWN, {"applet": 1, "file": 64, "record": 1, "workflow": 1}, 2),
    "small-copies": (OWN, {"file": 3}, 0),
    "unlicensed": (OWN, {"file": 1}, 0),
    "vault": (NOT, {"file": 2}, 0),
}


@cache
def objects(fixture: str) -> list[dict[str, Any]]:
    return list(describe(fixture))


@cache
def jobs(fixture: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in describe_jobs(fixture)}


@pytest.mark.parametrize(("fixture", "expected"), [("sequencing", SEQUENCING), ("small", SMALL)])
def test_every_project_holds_so_many_objects_of_each_class(
    fixture: str, expected: dict[str, tuple[str, dict[str, int], int]]
) -> None:
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    level, made_again = {}, Counter[str]()
    for row in objects(fixture):
        kinds[row["title"]][row["class"]] += 1
        made_again[row["title"]] += row["intermediate"]
        level[row["title"]] = row["level"]
    assert {title: (level[title], dict(kinds[title]), made_again[title]) for title in kinds} == expected


@pytest.mark.parametrize("fixture", ["small", "sequencing", "hostile"])
def test_the_description_is_what_the_owner_is_told(fixture: str) -> None:
    fields = [
        "name",
        "folder",
        "class",
        "tags",
        "properties",
        "types",
        "hidden",
        "createdBy",
        "state",
        "archivalState",
        "size",
    ]
    with DxStandIn(fixture) as stand:
        found = stand.find(visibility="either", limit=1000, describe={"fields": dict.fromkeys(fields, True)})
        told = {(row["project"], row["id"]): row["describe"] for row in found}
    mine = {(row["project"], row["id"]): row for row in objects(fixture) if row["level"] != NOT}
    assert told.keys() == mine.keys()
    for key, row in mine.items():
        same = {name: row[name] for name in ("id", "name", "folder", "class", "tags", "properties", "types", "hidden")}
        creator = {"user": row["user"], "job": row["job"], "executable": row["executable"]}
        sized = {} if row["size"] is None else {"size": row["size"]}
        cold = {"archivalState": row["state"]} if row["class"] == "file" else {}
        closed = told[key].pop("state") == "closed"
        assert closed is not row["open"]
        assert told[key] == {**same, "createdBy": {k: v for k, v in creator.items() if v}, **sized, **cold}


@pytest.mark.parametrize("fixture", ["small", "sequencing"])
def test_who_made_what_and_who_took_it_in_add_up(fixture: str) -> None:
    known = jobs(fixture)
    by_id = {row["id"]: row for row in objects(fixture)}
    for job in known.values():
        for own in job["outputs"]:
            maker = by_id[own]["job"]
            assert maker == job["id"] or known[maker]["parent"] == job["id"]
            assert by_id[own]["executable"] == job["executable"]
            assert by_id[own]["created"] >= job["created"]
        for own in job["inputs"]:
            assert job["id"] in by_id[own]["used"]
            assert by_id[own]["created"] <= job["created"] or by_id[own]["job"]
        assert job["outputs"] or job["state"] in {"failed", "running"}
    for row in objects(fixture):
        done = [each for each in row["used"] if known[each]["state"] == "done"]
        assert row["intermediate"] is (row["job"] in known and bool(done))
        if row["job"] in known:
            assert row["id"] in known[row["job"]]["outputs"]


def test_an_analysis_uses_up_what_lies_on_the_way_but_for_what_its_notes_say() -> None:
    rows = [row for row in objects("sequencing") if row["title"] == "analyses"]
    work = [row for row in rows if "/work/" in row["folder"]]
    kept = {(row["folder"], row["name"]) for row in work if not row["intermediate"]}
    unread = {(f"/germline-{number:02}/work/{analyses.UNREAD}", f"{analyses.UNREAD}.g.vcf.gz") for number in range(20)}
    name, sample, _ = analyses.FORGOTTEN
    assert kept == unread | {(f"/{name}/work/{sample}", f"{sample}.sorted.bam")}
    assert (len(work), len(kept)) == (960, 21)
    assert all(row["used"] for row in work)
    results = Counter(row["name"].partition(".")[2] for row in rows if row["intermediate"] and row not in work)
    assert results == {"bam": 240, "bam.bai": 240}
    states = Counter(job["state"] for job in jobs("sequencing").values())
    assert states == {"done": 979, "failed": 100}


def test_small_tells_two_intermediates_one_of_a_job_that_is_gone_and_one_that_nobody_took_in() -> None:
    made = {row["name"]: (row["intermediate"], bool(row["used"])) for row in objects("small") if row["job"]}
    assert made == {
        "sorted.bam": (True, True),
        "variants.vcf.gz": (True, True),
        "scratch.tmp": (False, True),
        "report.html": (False, False),
    }


def test_a_description_of_nothing_is_refused() -> None:
    with pytest.raises(DxStandInError):
        list(describe("nothing"))
