"""The fixtures are what their description says, and cost next to nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sim.outcome import outcome
from tests.standin import StandIn, describe


@pytest.fixture(scope="module")
def lab() -> Iterator[StandIn]:
    began = time.monotonic()
    with StandIn("imaging", "hostile", "million") as running:
        running.freeze()
        running.ready["seconds"] = time.monotonic() - began
        yield running


@pytest.fixture(scope="module")
def lab_client(lab: StandIn) -> Any:
    return lab.boto3_client()


@pytest.fixture(scope="module")
def imaging() -> list[dict[str, Any]]:
    return list(describe("imaging"))


def listed(client: Any, **where: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_objects_v2").paginate(**where, OptionalObjectAttributes=["RestoreStatus"])
    return [row for page in pages for row in page.get("Contents", [])]


def test_a_million_keys_start_in_seconds_and_little_memory(lab: StandIn) -> None:
    assert lab.ready["seconds"] < 5
    status = Path(f"/proc/{lab.ready['pid']}/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        assert int(peak.split()[1]) < 150_000


def test_a_million_keys_can_be_entered_anywhere(lab_client: Any) -> None:
    answer = lab_client.list_objects_v2(Bucket="million-flat", StartAfter="flat/0999990.tiff")
    assert [row["Key"] for row in answer["Contents"]][-1] == "flat/0999999.tiff"
    assert answer["KeyCount"] == 9
    folders = lab_client.list_objects_v2(Bucket="million-tree", Prefix="batch07/", Delimiter="/")
    assert len(folders["CommonPrefixes"]) == 100
    assert len(listed(lab_client, Bucket="million-tree", Prefix="batch07/plate042/")) == 1000


def test_the_lab_is_large_and_in_every_class_and_state(imaging: list[dict[str, Any]]) -> None:
    kinds = Counter((row["class"], row["tier"], row["state"]) for row in imaging if not row["marker"])
    assert len(kinds) == 15
    assert 20_000 < len(imaging) < 50_000
    assert 35e12 < sum(row["size"] for row in imaging) < 45e12
    assert all(row["size"] >= 131_072 for row in imaging if row["tier"])
    crash = [row for row in imaging if row["key"].startswith("projects/2022_08_Microglia/")]
    assert (len(crash), {row["class"] for row in crash}) == (5000, {"GLACIER", "DEEP_ARCHIVE"})


def test_what_is_listed_is_what_is_described(lab_client: Any, imaging: list[dict[str, Any]]) -> None:
    prefix = "projects/2021_04_CPJUMP1/mixed/"
    wanted = {row["key"]: row for row in imaging if row["key"].startswith(prefix)}
    rows = listed(lab_client, Bucket="imaging-platform", Prefix=prefix)
    assert [row["Key"] for row in rows] == sorted(wanted)
    for row in rows:
        oracle = wanted[row["Key"]]
        status = row.get("RestoreStatus", {})
        state = "restoring" if status.get("IsRestoreInProgress") else "restored" if status else None
        assert (row["Size"], row["StorageClass"]) == (oracle["size"], oracle["class"])
        assert state == (oracle["state"] if oracle["state"] in {"restoring", "restored"} else None)
        head = lab_client.head_object(Bucket="imaging-platform", Key=row["Key"])
        assert head.get("ArchiveStatus", "") == oracle["tier"]
        read = outcome(lab_client.get_object, Bucket="imaging-platform", Key=row["Key"])
        assert read[0] == (200 if oracle["state"] in {"live", "restored"} else 403)


def test_plates_that_share_a_beginning_are_told_apart(lab_client: Any) -> None:
    images = "projects/2021_04_CPJUMP1/2021_04_B04/images/"
    folders = lab_client.list_objects_v2(Bucket="imaging-platform", Prefix=images, Delimiter="/")["CommonPrefixes"]
    names = [row["Prefix"].removeprefix(images) for row in folders]
    assert {"plate1/", "plate10/"} <= set(names)
    plate1 = listed(lab_client, Bucket="imaging-platform", Prefix=images + "plate1")
    assert {row["StorageClass"] for row in plate1} >= {"GLACIER", "DEEP_ARCHIVE"}


def test_versions_are_what_is_described(lab_client: Any, imaging: list[dict[str, Any]]) -> None:
    wanted = {
        (r["key"], r["version_id"], r["class"], r["latest"]) for r in imaging if r["bucket"] == "imaging-versions"
    }
    answer = lab_client.list_object_versions(Bucket="imaging-versions")
    found = {(r["Key"], r["VersionId"], r["StorageClass"], r["IsLatest"]) for r in answer["Versions"]}
    found |= {(r["Key"], r["VersionId"], "", r["IsLatest"]) for r in answer["DeleteMarkers"]}
    assert found == wanted
    assert len(answer["DeleteMarkers"]) == 6


def test_large_objects_have_bytes_anywhere_and_do_not_pretend_to_an_md5(lab_client: Any, imaging: list[Any]) -> None:
    large = next(row for row in imaging if row["state"] == "live" and row["size"] > 10**10)
    aim = {"Bucket": large["bucket"], "Key": large["key"]}
    head = lab_client.head_object(**aim)
    assert (head["ServerSideEncryption"], head["ContentLength"]) == ("aws:kms", large["size"])
    end = large["size"] - 1
    tail = lab_client.get_object(**aim, Range=f"bytes={end - 99_999}-{end}")["Body"].read()
    assert tail[-500:] == lab_client.get_object(**aim, Range="bytes=-500")["Body"].read()
    assert len(tail) == 100_000


def test_hostile_names_go_through_the_api_unchanged(lab: StandIn, lab_client: Any) -> None:
    wanted = {row["key"]: row for row in describe("hostile")}
    rows = listed(lab_client, Bucket="hostile")
    assert len(wanted) >= 150
    assert [row["Key"] for row in rows] == sorted(wanted, key=lambda key: key.encode())
    assert max(len(key.encode()) for key in wanted) == 1024
    wish = {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}
    for key, oracle in wanted.items():
        aim = {"Bucket": "hostile", "Key": key}
        assert lab_client.head_object(**aim)["ContentLength"] == oracle["size"]
        if oracle["state"] == "archived":
            assert outcome(lab_client.restore_object, **aim, RestoreRequest=wish) == (202, "")
    asked = {line["key"] for line in lab.log(operation="RestoreObject")}
    assert asked == {key for key, row in wanted.items() if row["state"] == "archived"}


def test_without_url_encoding_illegal_characters_break_strict_parsers(lab: StandIn) -> None:
    from xml.etree import ElementTree

    import urllib3
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    def fetch(query: str) -> bytes:
        request: Any = AWSRequest("GET", f"{lab.endpoint}/hostile?list-type=2&prefix=esc%2F{query}")
        S3SigV4Auth(Credentials(lab.access_key, lab.secret_key), "s3", lab.region).add_auth(request)
        found: bytes = urllib3.request("GET", request.url, headers=dict(request.headers.items())).data
        return found

    assert b"&#x1b;" in fetch("")
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(fetch(""))
    assert ElementTree.fromstring(fetch("&encoding-type=url")).tag.endswith("ListBucketResult")
