"""findExecutions, findJobs, describing jobs: filters, pages, what is told, and to whom (facts §4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dnanexus_standin import DxStandIn, describe_jobs
from tests.sim.dnanexus.putting import Lab, refused

NAMES = ["align S2", "report S1", "call S1", "sort S1", "align S1", "align S1"]
"""The jobs of `small`, newest first; of the two last the older failed."""
B24 = "B" * 24


def pages(lab: Lab, route: str = "system/findExecutions", **told: Any) -> list[list[dict[str, Any]]]:
    """All pages of a search."""
    found: list[list[dict[str, Any]]] = []
    while True:
        page = lab.call(route, **told)
        found.append(page["results"])
        if page["next"] is None:
            return found
        told["starting"] = page["next"]


def found(lab: Lab, **told: Any) -> list[str]:
    """The names of the jobs that a search finds, in order."""
    told = {"project": lab.dx.project("small"), "describe": {"fields": {"name": True}}, **told}
    return [row["describe"]["name"] for page in pages(lab, **told) for row in page]


def ids(lab: Lab) -> list[str]:
    """The jobs of `small`, newest first."""
    return [row["id"] for row in lab.call("system/findJobs", project=lab.dx.project("small"))["results"]]


def test_newest_comes_first_and_pages_neither_lose_nor_repeat(lab: Lab) -> None:
    assert found(lab) == NAMES
    whole = ids(lab)
    for limit in (1, 2, 3, 5, 6):
        cut = pages(lab, limit=limit)
        assert [row["id"] for page in cut for row in page] == whole
        assert len(cut) == -(-6 // limit)
    assert pages(lab, "system/findJobs", limit=4)[1] == [{"id": each} for each in whole[4:]]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"class": "job"}, NAMES),
        ({"class": "analysis"}, []),
        ({"state": "failed"}, ["align S1"]),
        ({"state": ["failed", "running"]}, ["align S2", "align S1"]),
        ({"name": {"glob": "*S2"}}, ["align S2"]),
        ({"name": "report S1"}, ["report S1"]),
        ({"tags": {"$and": ["pilot"]}}, ["align S1"]),
        ({"properties": {"run": True}}, ["report S1"]),
        ({"includeSubjobs": False}, [name for name in NAMES if name != "sort S1"]),
        ({"parentJob": None}, [name for name in NAMES if name != "sort S1"]),
        ({"launchedBy": "self", "state": "running"}, ["align S2"]),
        ({"launchedBy": "user-member"}, []),
        ({"executable": f"applet-{B24}"}, []),
        ({"created": {"after": -86_400_000}}, ["align S2"]),
        ({"id": [f"job-{B24}"]}, []),
    ],
    ids=repr,
)
def test_a_search_keeps_to_its_filters(lab: Lab, wish: dict[str, Any], expected: list[str]) -> None:
    assert found(lab, **wish) == expected


def test_a_family_of_jobs_is_found_by_its_origin_and_by_its_parent(lab: Lab) -> None:
    align = ids(lab)[4]
    assert found(lab, originJob=align) == found(lab, rootExecution=[align]) == ["sort S1", "align S1"]
    assert found(lab, parentJob=align) == ["sort S1"]
    assert found(lab, id=[align, ids(lab)[0]]) == ["align S2", "align S1"]


def test_describe_tells_the_fields_that_are_asked_for(lab: Lab) -> None:
    report = ids(lab)[1]
    whole = lab.call(f"{report}/describe")
    assert whole.keys() >= {"input", "output", "originalInput", "runInput", "stateTransitions", "project", "billTo"}
    assert "spotCostSavings" not in whole
    bare = lab.call(f"{report}/describe", io=False)
    assert whole.keys() - bare.keys() == {"input", "output", "originalInput", "runInput"}
    assert lab.call(f"{report}/describe", fields={"input": True, "state": False}) == {
        "id": report,
        "input": whole["input"],
    }
    wish = {"defaultFields": True, "fields": {"input": False, "spotCostSavings": True}}
    assert lab.call(f"{report}/describe", **wish).keys() == whole.keys() - {"input"} | {"spotCostSavings"}
    assert found(lab, describe=True) == NAMES


def test_references_to_other_jobs_are_resolved_in_input_alone(lab: Lab) -> None:
    _, _, call, _, align, _ = ids(lab)
    told, maker = lab.call(f"{call}/describe"), lab.call(f"{align}/describe")
    assert told["originalInput"]["bam"] == {"$dnanexus_link": {"job": align, "field": "bam"}}
    assert told["input"]["bam"] == maker["output"]["bam"]
    assert told["originalInput"]["lists"] == told["input"]["lists"]
    assert maker["input"]["reads"][0]["$dnanexus_link"]["project"] == lab.dx.project("small")


def test_what_is_not_over_has_no_output_and_what_failed_says_why(lab: Lab) -> None:
    running, *_, failed = (lab.call(f"{each}/describe") for each in ids(lab))
    assert running["state"] == "running"
    assert running["output"] is None
    assert "stoppedRunning" not in running
    assert [each["newState"] for each in failed["stateTransitions"]] == ["runnable", "running", "failed"]
    assert failed["output"] is None
    assert (failed["failureReason"], failed["failureFrom"]["id"]) == ("AppInternalError", failed["id"])
    assert failed["input"]


def test_a_job_that_is_gone_is_named_by_its_file_alone(lab: Lab) -> None:
    (scratch,) = lab.dx.find(name="scratch.tmp", visibility="hidden", describe={"fields": {"createdBy": True}})
    gone = scratch["describe"]["createdBy"]["job"]
    assert refused(lambda: lab.call(f"{gone}/describe")) == ("ResourceNotFound", 404)
    assert found(lab, id=[gone]) == []
    told = lab.call("system/describeExecutions", executions=[gone, ids(lab)[0]])["results"]
    assert [row["statusCode"] for row in told] == [404, 200]
    assert told[1]["describe"]["name"] == "align S2"


def test_jobs_are_told_to_those_who_see_their_project(dx: DxStandIn, lab: Lab) -> None:
    job, project = ids(lab)[0], dx.project("small")
    assert [row["id"] for page in pages(Lab(dx, "member")) for row in page] == ids(lab)
    outsider = Lab(dx, "outsider")
    assert pages(outsider) == [[]]
    assert refused(lambda: outsider.call(f"{job}/describe")) == ("ResourceNotFound", 404)
    assert refused(lambda: outsider.call("system/findExecutions", project=project)) == ("ResourceNotFound", 404)
    assert refused(lambda: dx.call("system/findJobs", who=None)) == ("InvalidAuthentication", 401)


@pytest.mark.parametrize(
    "wish",
    [
        {"state": "over"},
        {"class": "applet"},
        {"limit": 1001},
        {"limit": 0},
        {"starting": "job-x"},
        {"originJob": 7},
        {"includeSubjobs": "no"},
        {"created": {"since": 1}},
        {"describe": {"fields": ["id"]}},
    ],
    ids=repr,
)
def test_what_is_not_understood_is_refused(lab: Lab, wish: dict[str, Any]) -> None:
    assert refused(lambda: lab.call("system/findExecutions", **wish)) == ("InvalidInput", 422)


def test_with_its_project_a_job_goes() -> None:
    with DxStandIn("small") as dx:
        lab = Lab(dx)
        job = ids(lab)[1]
        lab.call(f"{dx.project('small')}/destroy", terminateJobs=True)
        assert refused(lambda: lab.call(f"{job}/describe")) == ("ResourceNotFound", 404)
        assert pages(lab) == [[]]


def test_the_description_names_the_jobs_that_the_server_tells(lab: Lab) -> None:
    told = {row["id"]: row for row in describe_jobs("small")}
    assert set(told) == set(ids(lab))
    for own in told:
        seen = lab.call(f"{own}/describe")
        assert (seen["name"], seen["state"]) == (told[own]["name"], told[own]["state"])
        assert all(each in str(seen["input"]) for each in told[own]["inputs"])
