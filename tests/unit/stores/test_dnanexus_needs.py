"""What an executable needs, as its description tells; one that does not add up raises."""

from __future__ import annotations

import pytest

from icehouse.core.errors import Unavailable
from icehouse.stores.dnanexus.needs import Need, fields_of, needs_of

APPLET, WORKFLOW, RECORD, FILE = (f"{kind}-{'B' * 24}" for kind in ("applet", "workflow", "record", "file"))
OTHER = "file-" + "C" * 24


def link(id_: object) -> dict[str, object]:
    return {"$dnanexus_link": id_}


def needs(id_: str, **told: object) -> list[Need]:
    return list(needs_of(id_, told, "x"))


def test_each_class_is_asked_for_no_more_than_it_tells_its_needs_by() -> None:
    extra = {id_: set(fields_of(id_)) - {"project", "name"} for id_ in (APPLET, WORKFLOW, RECORD, FILE)}
    assert extra == {
        APPLET: {"runSpec", "inputSpec"},
        WORKFLOW: {"stages"},
        RECORD: {"links"},
        FILE: {"archivalState", "properties"},
    }
    assert set(fields_of("database-" + "B" * 24)) == {"project", "name"}


def test_bundles_count_in_every_form_and_region_that_the_platform_tells_them_in() -> None:
    run = {
        "bundledDepends": [{"name": "a.tar.gz", "id": link(FILE)}],
        "bundledDependsByRegion": {
            "aws:us-east-1": [{"name": "a.tar.gz", "id": link({"project": "project-x", "id": FILE})}],
            "azure:westus": [{"name": "b.tar.gz", "id": OTHER}],
        },
        "assetDepends": [{"id": link(RECORD)}, {"name": "r-lib", "project": "project-x", "version": "2.0"}],
    }
    assert needs(APPLET, runSpec=run) == [
        Need(FILE, "a.tar.gz", "file", "bundled"),
        Need(FILE, "a.tar.gz", "file", "bundled"),
        Need(OTHER, "b.tar.gz", "file", "bundled"),
        Need(RECORD, "", "record", "an asset"),
        Need("", "r-lib", "record", "an asset, named by its version 2.0"),
    ]
    assert needs(APPLET, runSpec={}) == []


def test_a_workflow_needs_what_its_stages_run_and_what_is_bound_in_them() -> None:
    stages = [
        {"id": "stage-0", "name": None, "executable": APPLET, "input": {"genome": link(FILE), "n": 5}},
        {"id": "stage-1", "name": "call\x1b[31m", "executable": "app-gatk/4.2", "input": {}},
        {
            "id": "stage-2",
            "executable": link(WORKFLOW),
            "input": {"bam": link({"stage": "stage-0", "outputField": "b"})},
        },
        {"id": "stage-3", "executable": "globalworkflow-x"},
    ]
    assert [(need.id, need.kind) for need in needs(WORKFLOW, stages=stages)] == [
        (APPLET, "applet"),
        (FILE, "file"),
        ("app-gatk/4.2", "app"),
        (WORKFLOW, "workflow"),
        ("globalworkflow-x", "globalworkflow"),
    ]
    words = [need.words for need in needs(WORKFLOW, stages=stages)]
    assert words[0] == "run by stage stage-0"
    assert "\x1b" not in words[2]


def test_only_a_default_is_needed_not_what_is_suggested() -> None:
    spec = [
        {"name": "reads", "class": "file", "suggestions": [{"value": link(OTHER)}]},
        {"name": "genome", "class": "file", "default": link(FILE)},
        {"name": "threads", "class": "int", "default": 8},
    ]
    assert needs(APPLET, runSpec={}, inputSpec=spec) == [Need(FILE, "", "file", "default of an input")]


@pytest.mark.parametrize(
    ("id_", "told"),
    [
        (APPLET, {}),
        (APPLET, {"runSpec": None}),
        (APPLET, {"runSpec": {"bundledDepends": {"0": {}}}}),
        (APPLET, {"runSpec": {"bundledDepends": ["x"]}}),
        (APPLET, {"runSpec": {"bundledDepends": [{"name": "x"}]}}),
        (APPLET, {"runSpec": {"bundledDepends": [{"name": "x", "id": "job-" + "B" * 24}]}}),
        (APPLET, {"runSpec": {"bundledDependsByRegion": ["x"]}}),
        (APPLET, {"runSpec": {"execDepends": "samtools"}}),
        (APPLET, {"runSpec": {}, "inputSpec": {"x": 5}}),
        (WORKFLOW, {}),
        (WORKFLOW, {"stages": None}),
        (WORKFLOW, {"stages": [{"id": "stage-0"}]}),
        (WORKFLOW, {"stages": [{"id": "stage-0", "executable": 5}]}),
        (RECORD, {}),
        (RECORD, {"links": [5]}),
    ],
)
def test_needs_that_are_not_told_are_never_taken_for_none(id_: str, told: dict[str, object]) -> None:
    with pytest.raises(Unavailable):
        needs(id_, **told)
