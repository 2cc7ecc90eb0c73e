"""Cold objects stay cold until a restore, which takes its time and, in Glacier, ends again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sim.outcome import outcome
from tests.standin import StandIn, StandInError

HOUR = 3600.0


def put(client: Any, bucket: str, key: str, storage_class: str) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=b"pixels", StorageClass=storage_class)


def ask(client: Any, bucket: str, key: str, days: int | None, tier: str, **more: Any) -> tuple[int, str]:
    wish: dict[str, Any] = {"GlacierJobParameters": {"Tier": tier}}
    if days is not None:
        wish["Days"] = days
    return outcome(client.restore_object, Bucket=bucket, Key=key, RestoreRequest=wish, **more)


def takes(s3: StandIn, bucket: str, key: str) -> float:
    restore = s3.state(bucket, key)[0]["restore"]
    asked, ready = (datetime.fromisoformat(restore[name]) for name in ("requested", "ready"))
    return (ready - asked).total_seconds()


@pytest.mark.parametrize(
    ("storage_class", "tier", "least", "most"),
    [
        ("GLACIER", "Expedited", 60, 300),
        ("GLACIER", "Standard", 3 * HOUR, 5 * HOUR),
        ("GLACIER", "Bulk", 5 * HOUR, 12 * HOUR),
        ("DEEP_ARCHIVE", "Standard", 9 * HOUR, 12 * HOUR),
        ("DEEP_ARCHIVE", "Bulk", 24 * HOUR, 48 * HOUR),
    ],
)
def test_a_restore_takes_as_long_as_its_class_and_tier(
    s3: StandIn, client: Any, bucket: str, storage_class: str, tier: str, least: float, most: float
) -> None:
    seen = set()
    for number in range(5):
        key = f"plate/{number}"
        put(client, bucket, key, storage_class)
        assert ask(client, bucket, key, 2, tier) == (202, "")
        seconds = takes(s3, bucket, key)
        assert least <= seconds <= most
        seen.add(seconds)
        assert outcome(client.get_object, Bucket=bucket, Key=key) == (403, "InvalidObjectState")
    assert len(seen) == 5


def test_a_copy_is_readable_until_midnight_and_then_cold_again(s3: StandIn, client: Any, bucket: str) -> None:
    put(client, bucket, "a", "GLACIER")
    assert ask(client, bucket, "a", 1, "Expedited") == (202, "")
    head = client.head_object(Bucket=bucket, Key="a")
    assert head["Restore"] == 'ongoing-request="true"'
    assert head["ResponseMetadata"]["HTTPHeaders"]["x-amz-restore-tier"] == "Expedited"
    s3.step(301)
    today = datetime.fromtimestamp(s3.now(), UTC)
    restore = client.head_object(Bucket=bucket, Key="a")["Restore"]
    assert 'ongoing-request="false", expiry-date="' in restore
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"pixels"
    ends = datetime.strptime(restore.split('"')[3], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert (ends.hour, ends.minute) == (0, 0)
    assert 24 <= (ends - today).total_seconds() / HOUR <= 48
    s3.set_clock(ends.isoformat())
    assert "Restore" not in client.head_object(Bucket=bucket, Key="a")
    assert outcome(client.get_object, Bucket=bucket, Key="a") == (403, "InvalidObjectState")


def test_days_of_a_copy_that_is_there_count_from_now(s3: StandIn, client: Any, bucket: str) -> None:
    put(client, bucket, "a", "GLACIER")
    ask(client, bucket, "a", 1, "Expedited")
    s3.step(301)
    assert ask(client, bucket, "a", 10, "Bulk") == (200, "")
    ends = datetime.fromisoformat(s3.state(bucket, "a")[0]["restore"]["expires"])
    assert 10 <= (ends.timestamp() - s3.now()) / 86_400 <= 11


def test_only_a_faster_tier_with_the_same_days_speeds_a_restore_up(s3: StandIn, client: Any, bucket: str) -> None:
    put(client, bucket, "a", "GLACIER")
    running = (409, "RestoreAlreadyInProgress")
    assert ask(client, bucket, "a", 2, "Bulk") == (202, "")
    assert ask(client, bucket, "a", 2, "Bulk") == running
    assert ask(client, bucket, "a", 3, "Standard") == running
    assert ask(client, bucket, "a", 2, "Standard") == (202, "")
    assert takes(s3, bucket, "a") <= 5 * HOUR
    assert ask(client, bucket, "a", 2, "Bulk") == running
    assert ask(client, bucket, "a", 2, "Expedited") == (202, "")
    assert takes(s3, bucket, "a") <= 300


def test_each_class_has_its_own_rules(client: Any, bucket: str) -> None:
    put(client, bucket, "deep", "DEEP_ARCHIVE")
    put(client, bucket, "hot", "STANDARD")
    put(client, bucket, "instant", "GLACIER_IR")
    assert ask(client, bucket, "deep", None, "Bulk") == (400, "MalformedXML")
    assert ask(client, bucket, "deep", 0, "Bulk") == (400, "InvalidArgument")
    assert ask(client, bucket, "deep", 1, "Expedited") == (400, "InvalidArgument")
    assert ask(client, bucket, "deep", 1, "Warp") == (400, "MalformedXML")
    assert ask(client, bucket, "hot", 1, "Bulk") == (403, "InvalidObjectState")
    assert ask(client, bucket, "instant", 1, "Bulk") == (403, "InvalidObjectState")
    assert ask(client, bucket, "absent", 1, "Bulk") == (404, "NoSuchKey")
    top_level = {"Bucket": bucket, "Key": "deep", "RestoreRequest": {"Days": 1, "Tier": "Bulk"}}
    assert outcome(client.restore_object, **top_level) == (400, "MalformedXML")
    assert "Restore" not in client.head_object(Bucket=bucket, Key="deep")


def test_an_archive_tier_takes_no_days_and_moves_the_object_back(s3: StandIn, client: Any) -> None:
    key = "run1/sample06.fastq.gz"
    head = client.head_object(Bucket="small", Key=key)
    assert (head["StorageClass"], head["ArchiveStatus"]) == ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS")
    assert ask(client, "small", key, 1, "Standard") == (400, "InvalidArgument")
    assert ask(client, "small", key, None, "Expedited") == (202, "")
    head = client.head_object(Bucket="small", Key=key)
    assert (head["ArchiveStatus"], head["Restore"]) == ("ARCHIVE_ACCESS", 'ongoing-request="true"')
    s3.step(301)
    head = client.head_object(Bucket="small", Key=key)
    assert "ArchiveStatus" not in head
    assert "Restore" not in head
    assert len(client.get_object(Bucket="small", Key=key)["Body"].read()) == 131_072
    s3.step(days=4000)
    assert outcome(client.get_object, Bucket="small", Key=key) == (200, "")
    deep = "run1/sample08.fastq.gz"
    assert ask(client, "small", deep, None, "Expedited") == (400, "InvalidArgument")


def test_an_object_can_be_made_to_sink(s3: StandIn, client: Any, bucket: str) -> None:
    for key, size in (("large", 131_072), ("small", 131_071)):
        client.put_object(Bucket=bucket, Key=key, Body=b"x" * size, StorageClass="INTELLIGENT_TIERING")
    s3.sink(bucket, "large", "DEEP_ARCHIVE_ACCESS")
    assert client.head_object(Bucket=bucket, Key="large")["ArchiveStatus"] == "DEEP_ARCHIVE_ACCESS"
    assert outcome(client.get_object, Bucket=bucket, Key="large") == (403, "InvalidObjectState")
    with pytest.raises(StandInError, match="128 KiB"):
        s3.sink(bucket, "small")


def test_an_error_on_a_cold_read_names_class_and_tier(client: Any) -> None:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as refused:
        client.get_object(Bucket="small", Key="run2/sample08.fastq.gz")
    error: dict[str, Any] = dict(refused.value.response["Error"])
    assert (error["StorageClass"], error["AccessTier"]) == ("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS")


def test_a_restore_is_of_one_version(s3: StandIn, client: Any, bucket: str) -> None:
    s3.bucket(bucket, versioning="Enabled")
    first = client.put_object(Bucket=bucket, Key="a", Body=b"1", StorageClass="GLACIER")["VersionId"]
    second = client.put_object(Bucket=bucket, Key="a", Body=b"2", StorageClass="GLACIER")["VersionId"]
    assert ask(client, bucket, "a", 1, "Expedited", VersionId=first) == (202, "")
    s3.step(301)
    assert outcome(client.get_object, Bucket=bucket, Key="a", VersionId=first) == (200, "")
    assert outcome(client.get_object, Bucket=bucket, Key="a", VersionId=second) == (403, "InvalidObjectState")
    client.delete_object(Bucket=bucket, Key="a")
    assert ask(client, bucket, "a", 1, "Bulk") == (405, "MethodNotAllowed")
    assert ask(client, bucket, "a", 1, "Bulk", VersionId="0" * 32) == (404, "NoSuchVersion")


def test_expedited_capacity_can_run_out(s3: StandIn, client: Any, bucket: str) -> None:
    put(client, bucket, "a", "GLACIER")
    s3.switch(expedited_capacity=False)
    assert ask(client, bucket, "a", 1, "Expedited") == (503, "GlacierExpeditedRetrievalNotAvailable")
    s3.switch(expedited_capacity=True)
    assert ask(client, bucket, "a", 1, "Expedited") == (202, "")


def test_too_many_restores_a_second_are_throttled(s3: StandIn, client: Any, bucket: str) -> None:
    put(client, bucket, "a", "GLACIER")
    s3.switch(restores_per_second=0.001)
    assert ask(client, bucket, "a", 1, "Bulk") == (202, "")
    assert ask(client, bucket, "a", 1, "Standard") == (503, "ThrottlingException")
    s3.switch(restores_per_second=0)
    assert ask(client, bucket, "a", 1, "Standard") == (202, "")


def test_the_expiry_base_is_switchable(s3: StandIn, client: Any, bucket: str) -> None:
    ends = {}
    for base in ("request", "completion"):
        put(client, bucket, base, "DEEP_ARCHIVE")
        s3.switch(expiry_base=base)
        ask(client, bucket, base, 3, "Bulk")
        ends[base] = datetime.fromisoformat(s3.state(bucket, base)[0]["restore"]["expires"]).timestamp()
    s3.switch(expiry_base="completion")
    assert ends["request"] - s3.now() <= 4 * 86_400
    assert ends["completion"] > ends["request"]


def test_the_log_says_which_restores_were_accepted(s3: StandIn, client: Any, bucket: str) -> None:
    put(client, bucket, "a", "GLACIER")
    seq = s3.last_seq()
    ask(client, bucket, "a", 1, "Bulk")
    ask(client, bucket, "a", 1, "Bulk")
    told = [
        (line["key"], line["tier"], line["days"], line["accepted"], line["status"])
        for line in s3.log(since=seq, operation="RestoreObject")
    ]
    assert told == [("a", "Bulk", 1, True, 202), ("a", "Bulk", 1, False, 409)]


def test_a_cold_source_cannot_be_copied(client: Any, bucket: str) -> None:
    put(client, bucket, "a", "GLACIER")
    source = {"Bucket": bucket, "Key": "a"}
    assert outcome(client.copy_object, Bucket=bucket, Key="b", CopySource=source) == (403, "InvalidObjectState")
