"""What changed between two scans, by the command, against a stand-in in which things really change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.standin import StandIn

SECONDS = 60.0
BUCKET = "changing"


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn() as standin:
        standin.freeze()
        yield standin


def environment_of(s3: StandIn, tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "config.toml"
    config.write_text(f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n')
    return {**s3.environment(), "ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(tmp_path / "state")}


def icehouse(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "icehouse", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_changed_is_told_by_the_scan_and_line_by_line_by_the_command(s3: StandIn, tmp_path: Path):
    client = s3.boto3_client()
    client.create_bucket(Bucket=BUCKET)
    environment = environment_of(s3, tmp_path)
    for name in ("keep", "gone\x1b[31m", "written", "cold", "shut/away"):
        client.put_object(Bucket=BUCKET, Key=f"run/{name}", Body=b"x" * 10)
    place = f"lab-s3:{BUCKET}/"
    never = icehouse(environment, "changes", place)
    assert (never.returncode, "was never scanned" in never.stderr) == (2, True)
    assert icehouse(environment, "scan", place, "--quiet").returncode == 0
    once = icehouse(environment, "changes", place)
    assert (once.returncode, once.stdout) == (0, "")
    assert "a second scan tells what changed" in once.stderr
    s3.step(hours=2)
    client.delete_object(Bucket=BUCKET, Key="run/gone\x1b[31m")
    client.put_object(Bucket=BUCKET, Key="run/written", Body=b"x" * 20)
    client.put_object(Bucket=BUCKET, Key="run/new", Body=b"x" * 30)
    client.put_object(Bucket=BUCKET, Key="run/cold", Body=b"x" * 10, StorageClass="DEEP_ARCHIVE")
    client.delete_object(Bucket=BUCKET, Key="run/shut/away")
    s3.fault("error", operations=["HeadObject"], bucket=BUCKET, key="run/shut/*", code="AccessDenied", status=403)
    told = icehouse(environment, "scan", place, "--quiet")
    s3.clear_faults()
    assert told.returncode == 0
    assert "+1 new · 1 gone · 1 missing, not confirmed · 1 changed · 1 went cold" in told.stdout
    assert "What is missing stays as unknown" in told.stdout
    summary, *rows = lines(icehouse(environment, "changes", place, "--json"))
    assert {kind: each["objects"] for kind, each in summary["summary"]["changes"].items()} == {
        "gone": 1, "missing": 1, "changed": 1, "went-cold": 1, "new": 1
    }  # fmt: skip
    assert [(row["kind"], row["key"]) for row in rows] == [
        ("gone", "run/gone\x1b[31m"),
        ("missing", "run/shut/away"),
        ("changed", "run/written"),
        ("went-cold", "run/cold"),
        ("new", "run/new"),
    ]
    assert [(row["before"] and row["before"]["size"], row["after"] and row["after"]["size"]) for row in rows] == [
        (10, None), (10, None), (10, 20), (10, 10), (None, 30)
    ]  # fmt: skip
    assert [row["before"]["state"] + row["after"]["state"] for row in rows if row["kind"] == "went-cold"] == [
        "livearchived"
    ]
    people = icehouse(environment, "changes", place)
    assert "\x1b" not in people.stdout
    assert "10 B → 20 B" in people.stdout
    assert "● live → ○ Deep Archive" in people.stdout
    only = lines(icehouse(environment, "changes", f"lab-s3:{BUCKET}/run/", "--kind", "new", "--kind", "gone", "--json"))
    assert [row["kind"] for row in only[1:]] == ["gone", "new"]
    cut = icehouse(environment, "changes", place, "--limit", "2", "--json")
    assert len(lines(cut)) == 3
    assert "3 more changes" in cut.stderr
    below = lines(icehouse(environment, "changes", f"lab-s3:{BUCKET}/run/shut/", "--json"))
    assert [row.get("key") for row in below[1:]] == ["run/shut/away"]
    assert icehouse(environment, "changes", place, "--scan", "7").returncode != 0
    listed = json.loads(icehouse(environment, "scan", place, "--quiet", "--json").stdout.splitlines()[-1])
    assert listed["changes"]["changes"] == {"gone": {"objects": 1, "bytes": 10}}
    earlier = icehouse(environment, "changes", place)
    assert "earlier: --scan 1" in earlier.stderr
    assert lines(icehouse(environment, "changes", place, "--scan", "1", "--json"))[1:] == rows


def test_a_project_tells_what_moved_by_its_id(tmp_path: Path):
    with DxStandIn("small") as dx:
        dx.freeze()
        config = tmp_path / "config.toml"
        config.write_text(
            f'[stores.dx]\nkind = "dnanexus"\nhost = "{dx.host}"\nport = {dx.port}\nprotocol = "http"\n'
            'token_env = "LAB_TOKEN"\n'
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DX_")}
        environment = {
            **kept, "LAB_TOKEN": dx.tokens["owner"], "ICEHOUSE_CONFIG": str(config),
            "ICEHOUSE_STATE": str(tmp_path / "state"),
        }  # fmt: skip
        project = dx.project("small")
        place = f"dx:{project}/"
        assert icehouse(environment, "scan", place, "--quiet").returncode == 0
        fields = dict.fromkeys(("name", "folder"), True)
        files = dx.find(
            **{"class": "file"}, scope={"project": project, "folder": "/"}, state="closed", describe={"fields": fields},
            limit=1000,
        )  # fmt: skip
        gone, moved = files[0], files[-1]
        dx.call(f"{project}/removeObjects", {"objects": [gone["id"]]})
        dx.call(f"{project}/newFolder", {"folder": "/shelf", "parents": True})
        dx.call(f"{project}/move", {"objects": [moved["id"]], "destination": "/shelf"})
        report = json.loads(icehouse(environment, "scan", place, "--quiet", "--json").stdout.splitlines()[-1])
        assert {kind: each["objects"] for kind, each in report["changes"]["changes"].items()} == {
            "gone": 1, "moved": 1
        }  # fmt: skip
        rows = lines(icehouse(environment, "changes", place, "--json"))[1:]
        was = f"{moved['describe']['folder']}/{moved['describe']['name']}".lstrip("/")
        assert [(row["kind"], row["version"]) for row in rows] == [("gone", gone["id"]), ("moved", moved["id"])]
        assert (rows[1]["before"]["key"], rows[1]["after"]["key"]) == (was, f"shelf/{moved['describe']['name']}")
        if "/" in was:
            left = lines(icehouse(environment, "changes", f"{place}{was.rpartition('/')[0]}/", "--json"))[1:]
            assert [row["key"] for row in left if row["kind"] == "moved-away"] == [was]


def test_what_is_missing_is_told_by_both_ways_of_listing_each_saying_where_it_looked(s3: StandIn, tmp_path: Path):
    client = s3.boto3_client()
    client.create_bucket(Bucket="vanishing")
    environment = environment_of(s3, tmp_path)
    for number in range(5):
        client.put_object(Bucket="vanishing", Key=f"run/mine2/o{number}", Body=b"xx")
    client.put_object(Bucket="vanishing", Key="run/keep", Body=b"x")
    place = "lab-s3:vanishing/"
    assert icehouse(environment, "ls", f"{place}run/").stderr == "", "there is no catalogue to speak of"
    assert icehouse(environment, "scan", place, "--quiet").returncode == 0
    assert "no more" not in icehouse(environment, "ls", f"{place}run/").stderr
    s3.step(hours=2)
    for number in range(5):
        client.delete_object(Bucket="vanishing", Key=f"run/mine2/o{number}")
    for _ in range(2):  # a later scan that can't confirm it either changes nothing of this
        scanned = icehouse(environment, "scan", place, "--quiet", "--confirm", "0")
        assert "1 object, 1 B in " in scanned.stdout
        assert "5 objects of before, listed no more and not confirmed to be gone, count as unknown:\n" in scanned.stdout
        found = icehouse(environment, "ls", place, "--search", "mine2")
        assert "5 objects, ? 5 unknown" in found.stdout
        assert "1 hit in the catalogue · scanned" in found.stderr
        [row, *_] = icehouse(environment, "ls", place, "--search", "o3").stdout.splitlines()
        assert "? unknown, no longer listed, and not confirmed to be gone" in row
        [told] = lines(icehouse(environment, "ls", place, "--search", "o3", "--json"))
        assert (told["state"], told["reason"]) == ("unknown", "no longer listed, and not confirmed to be gone")
        for where in (place, f"{place}run/"):
            listed = icehouse(environment, "ls", where)
            assert "mine2" not in listed.stdout
            assert "as listed now; sums of folders: scanned" in listed.stderr
            said = f"5 objects below {where} listed no more and not confirmed to be gone: unknown, in the catalogue"
            assert said in listed.stderr
            assert said in icehouse(environment, "ls", where, "--json").stderr
        for where in (f"{place}run/mine2/", f"{place}run/mine2"):
            gone = icehouse(environment, "ls", where)
            assert gone.returncode != 0
            assert "as listed now; 5 objects below lab-s3:vanishing/run/mine2/ listed no more" in gone.stderr
        gone = icehouse(environment, "ls", f"{place}run/mine2/o3")
        assert gone.returncode != 0
        assert "the catalogue has it as unknown: no longer listed, and not confirmed to be gone" in gone.stderr
    never = icehouse(environment, "ls", f"{place}run/never/")
    assert never.stderr.endswith("run/never/: no such folder\n")
