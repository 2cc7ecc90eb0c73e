"""`icehouse scan --lineage` of the DNAnexus stand-in: every class of object, and what can be made again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from icehouse.catalogue.about import LineageNote
from icehouse.catalogue.facts import facts_of
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.core.refs import Address
from icehouse.core.rows import ObjectRow
from icehouse.services.house import House
from icehouse.services.scan import scan
from tests.dnanexus_standin import DxStandIn, describe, describe_jobs
from tests.e2e.test_scan_dnanexus import dx, environment, house, icehouse

__all__ = ["dx", "environment", "house"]
EXECUTIONS = "system/findExecutions"


def opened(house: House, project: str) -> Reader:
    reader = Reader.open(Files(house.paths.catalogue, "dx", project))
    assert reader is not None
    return reader


def rows_of(reader: Reader) -> list[ObjectRow]:
    return reader.object_rows([row[0] for row in reader.connection.execute("SELECT id FROM objects").fetchall()])


@pytest.mark.parametrize("title", ["analyses", "tools"])
def test_a_scan_tells_all_of_every_class_as_it_was_planted(house: House, dx: DxStandIn, title: str):
    project = dx.project(title)
    planted = {row["id"]: row for row in describe("sequencing") if row["title"] == title}
    assert scan(house, Address("dx", project, "")).objects == len(planted)
    reader = opened(house, project)
    rows = rows_of(reader)
    assert Counter(row.kind for row in rows) == Counter(each["class"] for each in planted.values())
    for row in rows:
        each = planted[row.ref.version or ""]
        assert (row.kind, row.owner, row.job) == (each["class"], each["user"], each["job"] or "")
        assert (row.tags, dict(row.properties)) == (frozenset(each["tags"]), each["properties"])
    assert (reader.about.shared, reader.about.copyable) == (False, True)
    reader.close()


def test_with_its_jobs_a_project_knows_what_can_be_made_again(house: House, environment: dict[str, str], dx: DxStandIn):
    project, before = dx.project("analyses"), dx.last_seq()
    jobs = [row for row in describe_jobs("sequencing") if row["title"] == "analyses"]
    done = icehouse(environment, "scan", f"dx:{project}/", "--lineage", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])["lineage"]
    assert (told["jobs"], told["error"]) == (len(jobs), None)
    assert len(dx.log(before, EXECUTIONS)) == -(-len(jobs) // 1000)
    wanted = {r["id"] for r in describe("sequencing") if r["title"] == "analyses" and r["intermediate"]}
    reader = opened(house, project)
    found = {row.ref.version: facts_of(reader, row).intermediate for row in rows_of(reader)}
    assert {number for number, is_one in found.items() if is_one} == wanted
    assert None not in found.values()
    reader.close()
    before = dx.last_seq()
    dx.fault("error", operations=[EXECUTIONS], code="PermissionDenied", status=401)
    again = icehouse(environment, "scan", f"dx:{project}/", "--quiet")
    dx.clear_faults()
    assert again.returncode == 1
    assert len(again.stderr.strip().splitlines()) == 1
    assert "its jobs are not known" in again.stderr
    assert dx.log(before, EXECUTIONS), "a scan behind one that read the jobs reads them as well"
    reader = opened(house, project)
    note = reader.about.lineage
    assert note == LineageNote(wanted=True, error=note.error)
    assert note.error
    assert reader.coverage("").complete
    reader.close()


def test_a_bucket_has_no_jobs_to_read(environment: dict[str, str]):
    config = Path(environment["ICEHOUSE_CONFIG"])
    config.write_text(config.read_text() + '[stores.lab]\nkind = "s3"\nregion = "us-east-1"\n')
    login = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    done = icehouse({**environment, **login}, "scan", "lab:b/", "--lineage")
    assert done.returncode == 2
    assert "jobs" in done.stderr
