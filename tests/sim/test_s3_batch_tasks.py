"""What becomes of each object of a batch job, against the same request made directly, and what reports tell."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import Any

import pytest

from icehouse.sim.s3.crc import Crc
from tests.sim.batching import ACCOUNT, Batch
from tests.sim.outcome import outcome
from tests.standin import StandIn

LARGE = b"ice" * 50_000


@pytest.fixture
def batch(s3: StandIn, bucket: str) -> Batch:
    return Batch(s3, bucket)


SIDES = ("batch", "direct")
NAMES = ("glacier", "deep", "hot", "it-hot", "it-cold", "running", "slow", "copy", "denied", "missing")


def _plant(batch: Batch) -> None:
    """One object of each standing on either side, and one that is none."""

    def restore(name: str, tier: str) -> None:
        wish = {"Days": 3, "GlacierJobParameters": {"Tier": tier}}
        for side in SIDES:
            batch.client.restore_object(Bucket=batch.bucket, Key=f"{side}/{name}", RestoreRequest=wish)

    for side in SIDES:
        for name in ("glacier", "running", "slow", "copy", "denied"):
            batch.put(f"{side}/{name}")
        batch.put(f"{side}/deep", "DEEP_ARCHIVE")
        batch.put(f"{side}/hot", "STANDARD")
        batch.put(f"{side}/it-hot", "INTELLIGENT_TIERING", LARGE)
        batch.put(f"{side}/it-cold", "INTELLIGENT_TIERING", LARGE)
        batch.s3.sink(batch.bucket, f"{side}/it-cold")
    restore("copy", "Standard")
    batch.s3.step(hours=6)
    restore("running", "Standard")
    restore("slow", "Bulk")
    batch.s3.bucket(batch.bucket, deny=[{"actions": ["restore"], "prefix": f"{side}/denied"} for side in SIDES])


@pytest.mark.parametrize("days", [3, None])
def test_every_object_fares_as_it_would_have_if_asked_for_directly(batch: Batch, days: int | None) -> None:
    _plant(batch)
    asked, direct = ([f"{side}/{name}" for name in NAMES] for side in SIDES)
    told: dict[str, Any] = {} if days is None else {"ExpirationInDays": days}
    rows = batch.run(*asked, Operation={"S3InitiateRestoreObject": {**told, "GlacierJobTier": "STANDARD"}})
    wish: dict[str, Any] = {"GlacierJobParameters": {"Tier": "Standard"}, **({} if days is None else {"Days": days})}
    expected = {
        key.partition("/")[2]: outcome(batch.client.restore_object, Bucket=batch.bucket, Key=key, RestoreRequest=wish)
        for key in direct
    }
    assert {row[1].partition("/")[2]: (int(row[4]), row[5]) for row in rows} == expected
    assert {row[3] for row in rows if row[5]} == {"failed"}
    assert {row[3] for row in rows if not row[5]} == {"succeeded"}
    for one, other in zip(asked[:-1], direct[:-1], strict=True):
        assert batch.state(one) == batch.state(other), one


def test_an_object_that_is_named_twice_is_asked_for_twice(batch: Batch) -> None:
    batch.put("a")
    assert [row[3:6] for row in batch.run("a", "a")] == [
        ["succeeded", "202", ""],
        ["failed", "409", "RestoreAlreadyInProgress"],
    ]


def test_a_version_that_is_named_is_the_one_that_is_restored(batch: Batch) -> None:
    batch.s3.bucket(batch.bucket, versioning="Enabled")
    older, newer = batch.put("a"), batch.put("a")
    id = batch.control.create_job(**batch.wish(batch.manifest(f"a,{older}", "a," + "0" * 32), "Bucket Key VersionId"))[
        "JobId"
    ]
    assert batch.finish(id)["Status"] == "Complete"
    assert [row[2:6] for row in batch.rows(id)] == [
        [older, "succeeded", "202", ""],
        ["0" * 32, "failed", "404", "NoSuchVersion"],
    ]
    states = {each["version_id"]: each["state"] for each in batch.s3.state(batch.bucket, "a")}
    assert states == {older: "restoring", newer: "archived"}


def test_standard_restores_of_a_job_begin_to_be_there_within_the_hour(batch: Batch) -> None:
    keys = [f"{number:02}" for number in range(60)]
    for key in keys:
        batch.put(key)
        batch.put(f"direct/{key}")
        wish = {"Days": 3, "GlacierJobParameters": {"Tier": "Standard"}}
        batch.client.restore_object(Bucket=batch.bucket, Key=f"direct/{key}", RestoreRequest=wish)
    batch.run(*keys)
    batch.s3.step(hours=1)
    assert {batch.state(f"direct/{key}") for key in keys} == {"restoring"}
    assert {batch.state(key) for key in keys} == {"restoring", "restored"}
    batch.s3.step(hours=4)
    assert {batch.state(key) for key in keys} == {"restored"}


def test_a_report_of_failures_leaves_out_what_succeeded(batch: Batch) -> None:
    batch.put("a")
    rows = batch.run("a", "missing", Report=batch.report("FailedTasksOnly"))
    assert [(row[1], row[3], row[5]) for row in rows] == [("missing", "failed", "NoSuchKey")]


def test_a_report_tells_where_its_files_are_and_of_what(batch: Batch) -> None:
    batch.put("a")
    id = batch.create("a", "missing")
    batch.finish(id)
    told = batch.told(id)
    assert told["Format"] == "Report_CSV_20180820"
    assert told["ReportSchema"] == "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
    assert [each["TaskExecutionStatus"] for each in told["Results"]] == ["succeeded", "failed"]
    assert {each["Key"].rpartition("/")[0] for each in told["Results"]} == {f"reports/job-{id}/results"}


def test_keys_and_columns_of_a_report_are_as_the_switches_say(batch: Batch) -> None:
    batch.put("a b,c")
    [row] = batch.run("a%20b%2Cc")
    assert row[1:6] == ["a%20b%2Cc", "", "succeeded", "202", ""]
    batch.s3.switch(batch_report_order="schema", batch_report_keys="raw")
    try:
        [row] = batch.run("a+b%2cc")
    finally:
        batch.s3.switch(batch_report_order="sample", batch_report_keys="encoded")
    assert row[1:6] == ["a b,c", "", "failed", "RestoreAlreadyInProgress", "409"]


def _expected(algorithm: str, body: bytes) -> bytes:
    if algorithm in ("CRC32C", "CRC64NVME"):
        crc = Crc(algorithm, plain=True)
        crc.update(body)
        return crc.digest()
    return zlib.crc32(body).to_bytes(4, "big") if algorithm == "CRC32" else hashlib.new(algorithm, body).digest()


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "MD5", "SHA1", "SHA256", "SHA512"])
def test_checksums_are_of_the_bytes_as_they_lie_whatever_their_class(batch: Batch, algorithm: str) -> None:
    bodies = {"STANDARD": b"", "GLACIER": b"glacier", "DEEP_ARCHIVE": LARGE, "INTELLIGENT_TIERING": LARGE[::-1]}
    for word, body in bodies.items():
        batch.put(word, word, body)
    batch.s3.sink(batch.bucket, "INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS")
    what = {"S3ComputeObjectChecksum": {"ChecksumAlgorithm": algorithm, "ChecksumType": "FULL_OBJECT"}}
    rows = batch.run(*bodies, "missing", Operation=what)
    assert [(row[1], row[3], row[4], row[5]) for row in rows] == [
        *((word, "succeeded", "200", "") for word in bodies),
        ("missing", "failed", "404", "NoSuchKey"),
    ]
    for row in rows[:-1]:
        told, digest = json.loads(row[6]), _expected(algorithm, bodies[row[1]])
        assert (told["checksum_base64"], told["checksum_hex"]) == (base64.b64encode(digest).decode(), digest.hex())
        assert (told["checksumAlgorithm"], told["checksumType"]) == (algorithm, "FULL_OBJECT")
        assert told["etag"] == hashlib.md5(bodies[row[1]]).hexdigest()
    assert batch.state("GLACIER") == "archived"


def test_a_composite_checksum_is_made_of_the_parts(batch: Batch) -> None:
    part = b"p" * (5 << 20)
    upload = batch.client.create_multipart_upload(Bucket=batch.bucket, Key="m", StorageClass="GLACIER")["UploadId"]
    where = {"Bucket": batch.bucket, "Key": "m", "UploadId": upload}
    etags = [
        batch.client.upload_part(**where, PartNumber=number, Body=body)["ETag"]
        for number, body in enumerate((part, b"tail"), 1)
    ]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    batch.client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    for kind, expected in (
        ("COMPOSITE", hashlib.sha256(hashlib.sha256(part).digest() + hashlib.sha256(b"tail").digest()).digest()),
        ("FULL_OBJECT", hashlib.sha256(part + b"tail").digest()),
    ):
        what = {"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "SHA256", "ChecksumType": kind}}
        [row] = batch.run("m", Operation=what)
        value = base64.b64encode(expected).decode() + ("-2" if kind == "COMPOSITE" else "")
        assert json.loads(row[6])["checksum_base64"] == value


@pytest.mark.parametrize("plain", [True, False])
def test_the_crcs_are_those_of_the_books(plain: bool) -> None:
    for name, value in (("CRC32C", "e3069283"), ("CRC64NVME", "ae8b14860a799888")):
        crc = Crc(name, plain=plain)
        crc.update(b"12345")
        crc.update(b"6789")
        assert crc.digest().hex() == value


def test_a_lost_answer_to_create_job_leaves_a_job(batch: Batch) -> None:
    wish = batch.wish(batch.manifest("missing"), Description="lost")
    batch.s3.fault("lost_reply", operations=["CreateJob"], count=1)
    try:
        with pytest.raises(Exception, match=r"(?i)connection|closed"):
            batch.control.create_job(**wish)
    finally:
        batch.s3.clear_faults()
    [job] = [each for each in batch.control.list_jobs(AccountId=ACCOUNT)["Jobs"] if each.get("Description") == "lost"]
    assert batch.control.create_job(**wish)["JobId"] == job["JobId"]
