"""The real dx looks for jobs and describes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.dx.driving import Api, Dx, run_errand


@pytest.fixture
def jobs(api: Api, small: str) -> list[str]:
    """The jobs of `small`, newest first: align S2, report, call, sort, align S1, and the align S1 that failed."""
    return [row["id"] for row in api("system/findJobs", project=small)["results"]]


@pytest.mark.parametrize("what", ["jobs", "executions"])
def test_find_draws_a_tree_of_each_family(dx: Dx, small: str, jobs: list[str], what: str) -> None:
    lines = dx.ok("find", what, project=small).lines
    heads = [line for line in lines if "job-" in line]
    assert heads == [
        f"* align S2 (count-reads:main) (running) {jobs[0]}",
        f"* report S1 (count-reads:main) (done) {jobs[1]}",
        f"* call S1 (count-reads:main) (done) {jobs[2]}",
        f"* align S1 (count-reads:main) (done) {jobs[4]}",
        f"└── sort S1 (count-reads:sort) (done) {jobs[3]}",
        f"* align S1 (count-reads:main) (failed) {jobs[5]}",
    ]
    assert len(lines) == 2 * len(heads)
    assert "owner" in lines[1]
    assert "(running for " in lines[1]
    assert "(runtime 0:30:00)" in lines[3]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--all-jobs"], [0, 1, 2, 3, 4, 5]),
        (["--state", "failed"], [5]),
        (["--name", "align*"], [0, 4, 3, 5]),  # with the family
        (["--name", "align*", "--all-jobs"], [0, 4, 5]),
        (["--tag", "pilot", "--all-jobs"], [4]),
        (["--property", "run=1"], [1]),
        (["--origin-jobs"], [0, 1, 2, 4, 5]),
        (["--no-subjobs"], [0, 1, 2, 4, 5]),
        (["--user", "self", "--created-after=-1d"], [0]),
        (["--user", "member"], []),
        (["-n", "2"], [0, 1]),
    ],
    ids=lambda value: "_".join(map(str, value)),
)
def test_find_jobs_keeps_to_its_filters(
    dx: Dx, small: str, jobs: list[str], words: list[str], found: list[int]
) -> None:
    lines = dx.ok("find", "jobs", "--brief", *words, project=small).lines
    assert [line for line in lines if line.startswith("job-")] == [jobs[number] for number in found]


def test_find_jobs_shows_what_was_made_and_why_one_failed(dx: Dx, api: Api, small: str) -> None:
    words = dx.ok("find", "jobs", "--show-outputs", project=small).words
    assert f"Output: report = {api.file(small, '/analysis/report.html')}" in words
    assert "AppInternalError: No space left on the device" in words


def test_find_jobs_json_tells_inputs_and_outputs_only_where_they_are_asked_for(dx: Dx, api: Api, small: str) -> None:
    whole = json.loads(dx.ok("find", "jobs", "--json", "--verbose", "--name", "call S1", project=small).out)
    bam = api.file(small, "/analysis/work/sorted.bam")
    assert [job["input"]["bam"] for job in whole] == [{"$dnanexus_link": bam}]
    assert "job" in whole[0]["originalInput"]["bam"]["$dnanexus_link"]
    bare = json.loads(dx.ok("find", "jobs", "--json", "--name", "call S1", project=small).out)
    assert not bare[0].keys() & {"input", "output", "originalInput", "runInput"}


def test_describe_of_a_job_tells_what_it_took_in_and_made(dx: Dx, api: Api, small: str, jobs: list[str]) -> None:
    made = api.file(small, "/analysis/variants.vcf.gz")
    words = dx.ok("describe", jobs[2]).words
    for told in ("Class job", "State done", "Function main", "Parent job -", f"Output variants = {made}"):
        assert told in words
    assert f"bam => {api.file(small, '/analysis/work/sorted.bam')}" in words
    assert f"Parent job {jobs[4]}" in dx.ok("describe", jobs[3]).words
    assert "Failure reason AppInternalError" in dx.ok("describe", jobs[5]).words
    told = json.loads(dx.ok("describe", "--json", "--verbose", jobs[1]).out)
    assert told["output"]["report"]["$dnanexus_link"] == api.file(small, "/analysis/report.html")
    assert json.loads(dx.ok("describe", "--json", "small:/analysis/report.html").out)["createdBy"]["job"] == jobs[1]


def test_a_job_that_is_gone_or_not_to_be_seen_is_not_found(
    dx: Dx, dx_outsider: Dx, api: Api, small: str, jobs: list[str]
) -> None:
    scratch = api.describe(small, "/analysis/work/scratch.tmp")
    for user, own in ((dx, scratch["createdBy"]["job"]), (dx_outsider, jobs[0])):
        assert f"No matches found for {own}" in user.no("describe", own).words


def test_dxpy_pages_through_a_thousand_jobs(tmp_path: Path) -> None:
    with DxStandIn("sequencing") as stand:
        stand.freeze()
        project = stand.project("analyses")
        found = run_errand(stand, tmp_path, "jobs", project=project, first_page=1000)
        assert len(found) == len(set(found)) == 1_079
        calls = stand.log(operation="system/findExecutions")
        assert [call["input"]["limit"] for call in calls] == [1000, 1000]
        failed = run_errand(stand, tmp_path, "jobs", project=project, first_page=30, state="failed")
        assert len(failed) == 100


def test_dxpy_tells_what_a_job_took_in(stand: DxStandIn, tmp_path: Path, api: Api, small: str, jobs: list[str]) -> None:
    told = run_errand(stand, tmp_path, "describe_job", own=jobs[4])
    reads = [api.file(small, f"/runs/2023/old{number}.fastq.gz") for number in range(2)]
    assert told == {
        "name": "align S1",
        "state": "done",
        "taken": [[read, small] for read in reads],
        "made": {"$dnanexus_link": api.file(small, "/analysis/work/sorted.bam")},
    }
