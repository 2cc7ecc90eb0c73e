"""The lineage of a project: every job that can be described, what was taken in, and no shorter one for a bad answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from icehouse.core.entries import Lineage
from icehouse.core.errors import Denied, LoginExpired, StoreError, Unavailable
from icehouse.core.refs import FolderRef
from icehouse.stores.dnanexus import lineage
from icehouse.stores.dnanexus.store import DnanexusStore
from icehouse.stores.dnanexus.wire import Wire
from tests.conformance.broken import Raw, http
from tests.conformance.dnanexus import TOKEN, open_dx
from tests.dnanexus_standin import DxStandIn, describe, describe_jobs

PROJECT = "project-" + "B" * 24
JOB = "job-" + "J" * 24
READS, BAM = "file-" + "F" * 24, "file-" + "G" * 24


@pytest.fixture(scope="module")
def core() -> Iterator[DxStandIn]:
    """The sequencing core's two years, with the jobs of its analyses."""
    with DxStandIn("sequencing") as dx:
        dx.freeze()
        yield dx


@pytest.fixture
def store(core: DxStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[DnanexusStore]:
    monkeypatch.setenv(TOKEN, core.tokens["owner"])
    opened = open_dx(core)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def jobs() -> list[Mapping[str, Any]]:
    """The jobs as they were planted."""
    return [row for row in describe_jobs("sequencing") if row["title"] == "analyses"]


def whole(pages: list[Lineage]) -> tuple[set[str], set[str]]:
    told = [job for page in pages for job in page.jobs]
    assert len(told) == len(set(told))
    return set(told), {used for page in pages for used in page.used}


def test_a_lineage_tells_every_job_and_all_that_those_which_are_done_took_in(
    core: DxStandIn, store: DnanexusStore, jobs: list[Mapping[str, Any]]
) -> None:
    since = core.last_seq()
    pages = list(store.lineage(core.project("analyses")))
    found, used = whole(pages)
    assert len(jobs) > 900
    assert {row["state"] for row in jobs} == {"done", "failed"}
    assert found == {row["id"] for row in jobs}
    assert used == {each for row in jobs if row["state"] == "done" for each in row["inputs"]}
    calls = [call["operation"] for call in core.log(since)]
    assert calls == ["project/describe", *["system/findExecutions"] * -(-len(jobs) // 1000)]


def test_intermediates_are_those_that_the_fixture_calls_so(core: DxStandIn, store: DnanexusStore) -> None:
    project = core.project("analyses")
    made, used = whole(list(store.lineage(project)))
    entries = [entry for page in store.survey(FolderRef("lab", project, "")) for entry in page.entries]
    wanted = {row["id"] for row in describe("sequencing") if row["title"] == "analyses" and row["intermediate"]}
    assert len(wanted) > 1000
    assert {entry.ref.version for entry in entries if entry.job in made and entry.ref.version in used} == wanted


@pytest.mark.parametrize("size", [7, 100, 1000])
def test_a_lineage_is_the_same_whatever_the_pages(
    core: DxStandIn, store: DnanexusStore, jobs: list[Mapping[str, Any]], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(lineage, "PAGE", size)
    pages = list(store.lineage(core.project("analyses")))
    assert len(pages) == -(-len(jobs) // size)
    assert whole(pages)[0] == {row["id"] for row in jobs}


def test_a_project_without_jobs_has_an_empty_lineage(core: DxStandIn, store: DnanexusStore) -> None:
    assert list(store.lineage(core.project("tools"))) == [Lineage((), ())]


@pytest.mark.parametrize("kind", ["garbage", "half_body", "drop_before", "error"])
def test_a_lineage_that_breaks_raises_and_is_never_a_shorter_one(
    core: DxStandIn, store: DnanexusStore, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(lineage, "PAGE", 100)
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    core.fault(kind, operations=["system/findExecutions"], skip=1)
    pages: list[Lineage] = []
    try:
        with pytest.raises(Unavailable):
            pages.extend(store.lineage(core.project("analyses")))
    finally:
        core.clear_faults()
    assert len(pages) <= 1


@pytest.mark.parametrize(("code", "error"), [("PermissionDenied", Denied), ("InvalidAuthentication", LoginExpired)])
def test_a_refused_lineage_says_why(core: DxStandIn, store: DnanexusStore, code: str, error: type[StoreError]) -> None:
    core.fault("error", operations=["system/findExecutions"], code=code)
    try:
        with pytest.raises(error):
            list(store.lineage(core.project("analyses")))
    finally:
        core.clear_faults()


def link(told: object) -> dict[str, object]:
    return {"$dnanexus_link": told}


def described(**changed: object) -> dict[str, object]:
    told = {"id": JOB, "project": PROJECT, "state": "done", "originalInput": {}, "input": {}, **changed}
    return {name: value for name, value in told.items() if value != "left out"}


def page(*rows: object, **changed: object) -> dict[str, object]:
    """One JSON that answers for the project and for the search alike."""
    about = {"id": PROJECT, "name": "p", "level": "VIEW", "billTo": "org-x", "region": "aws:us-east-1", "tags": []}
    told = {**about, "results": list(rows), "next": None, **changed}
    return {name: value for name, value in told.items() if value != "left out"}


def ask(answer: Mapping[str, object], monkeypatch: pytest.MonkeyPatch) -> list[Lineage]:
    monkeypatch.setenv(TOKEN, "CONFORMANCETOKEN")
    with Raw(http(json.dumps(answer).encode())) as raw:
        options = {"host": "127.0.0.1", "port": raw.port, "protocol": "http", "token_env": TOKEN}
        store = DnanexusStore("lab", options)
        try:
            return list(store.lineage(PROJECT))
        finally:
            store.close()


def job(**changed: object) -> dict[str, object]:
    return {"id": JOB, "describe": described(**changed)}


BROKEN = {
    "no results": page(results="left out"),
    "results that are none": page(results={"0": job()}),
    "no word on a next page": page(job(), next="left out"),
    "a next page that is this one": page(job(), next={"id": JOB}),
    "empty pages without an end": page(next={"id": JOB}),
    "a row that is none": page("job"),
    "a row without an id": page({"describe": described()}),
    "a row of something else": page({"id": "analysis-" + "J" * 24, "describe": described()}),
    "an id that goes elsewhere": page({"id": f"{JOB}/terminate", "describe": described()}),
    "a job without a description": page({"id": JOB}),
    "a description that is none": page({"id": JOB, "describe": True}),
    "a description of another job": page(job(id="job-" + "K" * 24)),
    "a job of another project": page(job(project="project-" + "C" * 24)),
    "a job of no project": page(job(project="left out")),
    "no state": page(job(state="left out")),
    "a state that is none": page(job(state=5)),
    "no original input": page(job(originalInput="left out")),
    "no input": page(job(input="left out")),
    "an input that is none": page(job(input=[link(READS)])),
    "done on nothing told": page(job(input=None)),
    "done on nothing told at first": page(job(originalInput=None)),
    "a link to a number": page(job(input={"reads": link(5)})),
    "a link to nothing": page(job(input={"reads": [link(None)]})),
    "a link to a list": page(job(input={"deep": {"er": [link([READS])]}})),
    "a link to an id that is none": page(job(input={"reads": link({"id": 5})})),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_that_does_not_add_up_raises(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(Unavailable, match="broken"):
        ask(BROKEN[name], monkeypatch)


def test_the_control_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links at any depth count, once; references to outputs, texts and links to what is no object do not."""
    taken = {
        "reads": [link(READS), link({"project": PROJECT, "id": BAM})],
        "deep": {"er": [[link(READS)]], "word": BAM},
        "made": link({"job": JOB, "field": "bam"}),
        "app": link("app-" + "A" * 24),
    }
    assert ask(page(job(originalInput=taken)), monkeypatch) == [Lineage((JOB,), (READS, BAM))]


@pytest.mark.parametrize("state", ["idle", "waiting_on_input", "running", "failed", "terminated", "new one"])
def test_what_a_job_took_in_of_which_nothing_came_does_not_count_as_used(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    for taken in ({"reads": link(READS)}, None):
        assert ask(page(job(state=state, input=taken)), monkeypatch) == [Lineage((JOB,), ())]
