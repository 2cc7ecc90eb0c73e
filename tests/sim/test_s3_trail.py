"""CloudTrail data events: what is told of a request, to whom, and in which files."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sim.outcome import outcome
from tests.standin import StandIn

START = "2026-11-21T10:30:00Z"
LIVE, COLD = "run1/sample01.fastq.gz", "run1/sample10.fastq.gz"
FILE = re.compile(
    r"t/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/21/"
    r"111122223333_CloudTrail_us-east-1_20261121T1\d{3}Z_[0-9A-F]{16}\.json\.gz"
)


@pytest.fixture(scope="module")
def watched() -> Iterator[StandIn]:
    with StandIn("small", start=START) as running:
        running.freeze()
        running.set_clock(START)
        running.boto3_client().create_bucket(Bucket="logs")
        running.trail("logs", "t/", ["small"])
        yield running


@pytest.fixture(scope="module")
def client(watched: StandIn) -> Any:
    return watched.boto3_client()


def unzipped(client: Any, key: str) -> Any:
    return json.loads(gzip.decompress(client.get_object(Bucket="logs", Key=key)["Body"].read()))


def events(s3: StandIn, client: Any) -> list[dict[str, Any]]:
    """The events that are delivered now, by name."""
    before = {row["Key"] for row in client.list_objects_v2(Bucket="logs").get("Contents", [])}
    s3.deliver_logs()
    found: list[dict[str, Any]] = []
    for row in client.list_objects_v2(Bucket="logs").get("Contents", []):
        if row["Key"] not in before and "Digest" not in row["Key"]:
            assert FILE.fullmatch(row["Key"])
            found += json.loads(gzip.decompress(client.get_object(Bucket="logs", Key=row["Key"])["Body"].read()))[
                "Records"
            ]
    return sorted(found, key=lambda event: (event["eventName"], event.get("errorCode", "")))


def test_an_event_tells_who_what_and_how_much(watched: StandIn, client: Any) -> None:
    size = client.head_object(Bucket="small", Key=LIVE)["ContentLength"]
    events(watched, client)
    url = client.generate_presigned_url("get_object", Params={"Bucket": "small", "Key": LIVE})
    urllib.request.urlopen(f"{url}", timeout=10).read()
    [event] = events(watched, client)
    assert event["userIdentity"]["arn"] == "arn:aws:iam::111122223333:user/owner"
    assert (event["eventSource"], event["eventName"], event["eventTime"]) == (
        "s3.amazonaws.com", "GetObject", "2026-11-21T10:30:00Z",
    )  # fmt: skip
    assert event["requestParameters"]["bucketName"] == "small"
    assert event["requestParameters"]["key"] == LIVE
    assert "X-Amz-Signature" not in event["requestParameters"]
    more = event["additionalEventData"]
    assert (more["bytesTransferredOut"], more["AuthenticationMethod"]) == (size, "QueryString")
    assert [thing["type"] for thing in event["resources"]] == ["AWS::S3::Object", "AWS::S3::Bucket"]
    assert (event["readOnly"], event["managementEvent"], event["eventCategory"]) == (True, False, "Data")
    assert "errorCode" not in event


def test_of_another_account_no_more_than_the_account_is_told(watched: StandIn, client: Any) -> None:
    them = watched.boto3_client("recipient")
    them.create_bucket(Bucket="theirs")
    them.copy_object(Bucket="theirs", Key="got", CopySource={"Bucket": "small", "Key": LIVE})
    [event] = events(watched, client)
    identity = event["userIdentity"]
    assert (identity["type"], identity["accountId"], "arn" in identity) == ("AWSAccount", "444455556666", False)
    assert event["eventName"] == "CopyObject"
    assert event["requestParameters"]["x-amz-copy-source"] == f"small/{LIVE}"
    assert f"arn:aws:s3:::small/{LIVE}" in [thing.get("ARN") for thing in event["resources"]]
    assert (event["recipientAccountId"], "sharedEventID" in event) == ("111122223333", True)


def test_refusals_are_told_but_for_signatures_that_do_not_hold(watched: StandIn, client: Any) -> None:
    outcome(client.get_object, Bucket="small", Key=COLD)
    outcome(watched.boto3_client("reader").put_object, Bucket="small", Key="x", Body=b"x")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "small", "Key": LIVE})
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url[:-1] + ("0" if url[-1] != "0" else "1"), timeout=10)
    client.get_bucket_location(Bucket="small")
    found = [(event["eventName"], event.get("errorCode")) for event in events(watched, client)]
    assert found == [("GetObject", "InvalidObjectState"), ("PutObject", "AccessDenied")]


def test_a_role_is_told_with_who_issued_its_session(watched: StandIn, client: Any) -> None:
    watched.session("night", 600)
    watched.boto3_client("night").head_object(Bucket="small", Key=LIVE)
    [event] = events(watched, client)
    identity = event["userIdentity"]
    assert (identity["type"], identity["arn"]) == ("AssumedRole", "arn:aws:sts::111122223333:assumed-role/owner/night")
    assert identity["sessionContext"]["sessionIssuer"]["type"] == "Role"


def test_events_come_minutes_later_each_file_with_a_digest_beside_it(watched: StandIn, client: Any) -> None:
    events(watched, client)
    count = client.list_objects_v2(Bucket="logs")["KeyCount"]
    client.head_object(Bucket="small", Key=LIVE)
    watched.step(60)
    assert client.list_objects_v2(Bucket="logs")["KeyCount"] == count
    watched.step(900)
    keys = [row["Key"] for row in client.list_objects_v2(Bucket="logs")["Contents"]]
    assert len(keys) == count + 2
    digests = [key for key in keys if key.startswith("t/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/21/")]
    told = [unzipped(client, key)["logFiles"][0]["s3Object"] for key in digests]
    assert sorted(told) == sorted(set(keys) - set(digests))
    watched.trail("logs", "t/", [])
    client.head_object(Bucket="small", Key=LIVE)
    assert watched.waiting_logs() == 0
