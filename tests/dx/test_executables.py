"""The real dx describes executables with what they depend on, and gets their definitions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dnanexus_standin import DxRefused, DxStandIn
from tests.dx.driving import Api, Dx


@pytest.fixture(scope="module")
def stand() -> Iterator[DxStandIn]:
    """A stand-in with `sequencing`, its clock standing still; for looking only."""
    with DxStandIn("sequencing") as running:
        running.freeze()
        yield running


@pytest.fixture(scope="module")
def tools(stand: DxStandIn) -> str:
    """The project of applets and workflows."""
    return stand.project("tools")


def bundles(api: Api, project: str, path: str) -> dict[str, str]:
    """The bundles of an applet, by name."""
    told = api.describe(project, path)["runSpec"]["bundledDepends"]
    return {each["name"]: each["id"]["$dnanexus_link"] for each in told}


def test_an_applet_names_its_assets_resources_and_packages(dx: Dx, stand: DxStandIn, tools: str) -> None:
    words = dx.ok("describe", "tools:/applets/align").words
    for told in ("bundledDepends bwa (record-", "align-resources.tar.gz", "execDepends apt: samtools, pip: pysam"):
        assert told in words
    told = json.loads(dx.ok("describe", "--json", "tools:/applets/align").out)
    spec = told["runSpec"]
    assert spec["bundledDependsByRegion"] == {"aws:us-east-1": spec["bundledDepends"]}
    assert "code" not in spec
    assert {each["id"]["$dnanexus_link"] for each in spec["bundledDepends"]} <= set(told["links"])


def test_an_archive_and_the_record_of_its_asset_name_each_other(api: Api, stand: DxStandIn, tools: str) -> None:
    archive = bundles(api, tools, "/applets/align")["bwa.tar.gz"]
    told = api(f"{archive}/describe", fields={"project": True, "hidden": True, "properties": True})
    assert (told["project"], told["hidden"]) == (stand.project("assets"), True)
    record = api(f"{told['properties']['AssetBundle']}/describe", fields={"types": True, "details": True})
    assert record["types"] == ["AssetBundle"]
    assert record["details"] == {"archiveFileId": {"$dnanexus_link": archive}}


def test_a_bundle_that_is_gone_and_one_that_may_not_be_seen_are_alike(api: Api, admin: Api, tools: str) -> None:
    gone = bundles(api, tools, "/applets/call")["gatk.tar.gz"]
    unseen = bundles(api, tools, "/applets/qc")["caller.tar.gz"]
    for own in (gone, unseen):
        with pytest.raises(DxRefused, match="404 ResourceNotFound"):
            api(f"{own}/describe")
    assert admin(f"{unseen}/describe")["name"] == "caller.tar.gz"
    with pytest.raises(DxRefused, match="404 ResourceNotFound"):
        admin(f"{gone}/describe")


def test_a_workflow_tells_its_stages_what_is_bound_and_what_cannot_be_reached(dx: Dx, dx_admin: Dx) -> None:
    told = json.loads(dx.ok("describe", "--json", "tools:/workflows/germline").out)
    assert [stage["accessible"] for stage in told["stages"]] == [True, True]
    assert told["stages"][0]["input"]["genome"]["$dnanexus_link"].startswith("file-")
    legacy = dx.ok("describe", "assets:/workflows/legacy").lines
    runs = [line.split()[1:] for line in legacy if "Executable" in line]
    assert [words[1:] for words in runs] == [["(inaccessible)"], ["(inaccessible)"], [], []]
    assert runs[2] == ["app-fastqc/3.0.3"]
    sealed = dx_admin.ok("describe", "assets:/workflows/legacy").lines
    assert sum("inaccessible" in line for line in sealed) == 1


@pytest.mark.parametrize("name", ["app-fastqc", "app-fastqc/3.0.3"])
def test_an_app_is_described_by_name_and_by_version(dx: Dx, name: str) -> None:
    words = dx.ok("describe", name).words
    assert "Name fastqc Version 3.0.3" in words
    assert "FastQC (fastqc), v3.0.3" in dx.ok("find", "apps", "--all").words


def test_what_is_no_app_is_not_found(dx: Dx, api: Api) -> None:
    dx.no("describe", "app-nothing")
    with pytest.raises(DxRefused, match="404 ResourceNotFound"):
        api("app-fastqc/1.0.0/describe")


def test_get_brings_the_definition_of_an_applet_with_its_code(dx: Dx, home: Path) -> None:
    dx.ok("get", "tools:/applets/align", "--omit-resources")
    told: dict[str, Any] = json.loads((home / "align" / "dxapp.json").read_text())
    assert (told["name"], told["title"], told["runSpec"]["interpreter"]) == ("align", "Align", "bash")
    assert [each["name"] for each in told["runSpec"]["execDepends"]] == ["samtools", "pysam"]
    assert [each["name"] for each in told["regionalOptions"]["aws:us-east-1"]["bundledDepends"]] == [
        "bwa.tar.gz",
        "align-resources.tar.gz",
    ]
    assert (home / "align" / "src" / "code.sh").read_text().startswith("#!/bin/bash")


def test_get_brings_the_definition_of_a_workflow(dx: Dx, home: Path) -> None:
    dx.ok("get", "tools:/workflows/germline-with-qc")
    told = json.loads((home / "germline-with-qc" / "dxworkflow.json").read_text())
    assert [stage["executable"].partition("-")[0] for stage in told["stages"]] == ["applet"] * 3


@pytest.fixture
def home(dx: Dx) -> Path:
    """Where dx puts what it gets."""
    return dx.home


def test_a_record_tells_its_details_and_a_database_its_names(dx: Dx) -> None:
    assert 'Details {"version": "4.2.0"}' in dx.ok("describe", "--details", "tools:/release").words
    told = json.loads(dx.ok("describe", "--json", "tools:/variants").out)
    assert told["databaseName"] == "variants"
    assert told["uniqueDatabaseName"] == f"{told['id'].lower().replace('-', '_')}__variants"


def test_a_search_without_a_class_finds_every_class(api: Api, tools: str) -> None:
    found = api("system/findDataObjects", scope={"project": tools})["results"]
    kinds = sorted(each["id"].partition("-")[0] for each in found)
    assert kinds == ["applet"] * 3 + ["database", "record"] + ["workflow"] * 2
