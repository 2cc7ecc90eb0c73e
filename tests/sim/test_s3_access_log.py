"""Server access logs: lines of what really happened, in AWS's form, late, and lost to no restart."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sim.outcome import outcome
from tests.standin import StandIn

START = "2026-11-21T10:30:00Z"
LIVE, COLD = "run1/sample01.fastq.gz", "run1/sample10.fastq.gz"
OWNER, RECIPIENT = "arn:aws:iam::111122223333:user/owner", "arn:aws:iam::444455556666:user/recipient"

AWS_SAMPLE = (
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be amzn-s3-demo-bucket1 "
    "[06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be "
    '3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /amzn-s3-demo-bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" '
    '"S3Console/0.4" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 '
    "ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 "
    "arn:aws:s3:us-west-1:123456789012:accesspoint/example-AP Yes us-east-1"
)
"""The sample of AWS's page on the format."""

NAMES = (
    *("owner", "bucket", "time", "address", "requester", "id", "operation", "key", "uri", "status", "error", "sent"),
    *("size", "total", "turned", "referer", "agent", "version", "host_id", "signature", "cipher", "auth", "host"),
    *("tls", "point", "acl", "region"),
)
FIELD = re.compile(r'\[[^]]*\]|"[^"]*"|\S+')


def parsed(line: str) -> dict[str, str]:
    found = FIELD.findall(line)
    assert len(found) == len(NAMES), line
    return dict(zip(NAMES, found, strict=True))


@pytest.fixture(scope="module")
def logged() -> Iterator[StandIn]:
    with StandIn("small", start=START) as running:
        running.freeze()
        running.set_clock(START)
        running.boto3_client().create_bucket(Bucket="logs")
        running.log_bucket("small", "logs", "access/")
        running.deliver_logs()
        yield running


@pytest.fixture(scope="module")
def client(logged: StandIn) -> Any:
    return logged.boto3_client()


def texts(client: Any, bucket: str, prefix: str = "") -> dict[str, str]:
    rows = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {row["Key"]: client.get_object(Bucket=bucket, Key=row["Key"])["Body"].read().decode() for row in rows}


def fresh(s3: StandIn, client: Any) -> list[str]:
    """The lines that are delivered now."""
    before = texts(client, "logs")
    s3.deliver_logs()
    return [line for key, text in texts(client, "logs").items() if key not in before for line in text.splitlines()]


def told(s3: StandIn, client: Any) -> list[dict[str, str]]:
    return [parsed(line) for line in fresh(s3, client)]


def fetch(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def link(client: Any, key: str, **more: Any) -> str:
    url: str = client.generate_presigned_url("get_object", Params={"Bucket": "small", "Key": key, **more})
    return url


def test_a_line_has_the_fields_of_the_documented_sample(logged: StandIn, client: Any) -> None:
    sample = parsed(AWS_SAMPLE)
    client.get_bucket_versioning(Bucket="small")
    [line] = told(logged, client)
    assert [bool(re.fullmatch(r"[0-9a-f]{64}", each["owner"])) for each in (sample, line)] == [True, True]
    assert (line["bucket"], line["time"], line["address"]) == ("small", "[21/Nov/2026:10:30:00 +0000]", "127.0.0.1")
    assert (line["operation"], line["key"]) == (sample["operation"], sample["key"])
    assert line["uri"] == '"GET /small?versioning HTTP/1.1"'
    for name in ("status", "error", "size", "referer", "version", "signature", "auth", "region"):
        assert line[name] == sample[name], name
    assert line["sent"].isdigit()
    assert line["total"].isdigit()
    assert re.fullmatch(r"[0-9A-F]{16}", line["id"])
    assert "Boto3" in line["agent"]
    assert (line["cipher"], line["tls"], line["point"], line["acl"]) == ("-", "-", "-", "-")


def test_what_each_request_did_stands_in_its_line(logged: StandIn, client: Any) -> None:
    size = client.head_object(Bucket="small", Key=LIVE)["ContentLength"]
    fetch(link(client, LIVE))
    client.get_object(Bucket="small", Key=LIVE, Range="bytes=10-19")["Body"].read()
    fetch(link(client, COLD))
    fetch(f"{logged.endpoint}/small/{LIVE}")
    outcome(client.get_object, Bucket="small", Key="absent")
    client.put_object(Bucket="small", Key="own/new", Body=b"12345")
    client.delete_objects(Bucket="small", Delete={"Objects": [{"Key": "own/new"}]})
    client.list_objects_v2(Bucket="small", Prefix="own/")
    found = sorted(
        (line["operation"], line["key"], line["status"], line["error"], line["sent"], line["size"], line["auth"])
        for line in told(logged, client)
    )
    error = [row[4] for row in found if row[3] != "-"]
    assert all(sent.isdigit() for sent in error)
    assert [row for row in found if row[0] not in {"REST.GET.BUCKET", "REST.POST.MULTI_OBJECT_DELETE"}] == [
        ("BATCH.DELETE.OBJECT", "own/new", "204", "-", "-", "-", "AuthHeader"),
        ("REST.GET.OBJECT", "absent", "404", "NoSuchKey", error[0], "-", "AuthHeader"),
        ("REST.GET.OBJECT", LIVE, "200", "-", str(size), str(size), "QueryString"),
        ("REST.GET.OBJECT", LIVE, "206", "-", "10", str(size), "AuthHeader"),
        ("REST.GET.OBJECT", LIVE, "403", "AccessDenied", error[1], "-", "-"),
        ("REST.GET.OBJECT", COLD, "403", "InvalidObjectState", error[2], "-", "QueryString"),
        ("REST.HEAD.OBJECT", LIVE, "200", "-", "-", str(size), "AuthHeader"),
        ("REST.PUT.OBJECT", "own/new", "200", "-", "-", "5", "AuthHeader"),
    ]
    assert len(found) == 10


def test_hostile_words_stand_as_they_came_and_keys_are_encoded_twice(logged: StandIn, client: Any) -> None:
    key = 'own/a b+"é%.txt'
    client.put_object(Bucket="small", Key=key, Body=b"x")
    host, _, port = logged.endpoint.removeprefix("http://").partition(":")
    url = link(client, LIVE).removeprefix(logged.endpoint)
    with socket.create_connection((host, int(port))) as wire:
        wire.sendall(
            f'GET {url}&x-delivery=1"2 HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: evil" 200 "\r\n'
            "Connection: close\r\n\r\n".encode()
        )
        while wire.recv(65_536):
            pass
    lines = fresh(logged, client)
    assert any(" own/a%2Bb%252B%2522%25C3%25A9%2525.txt " in line for line in lines)
    [strange] = [line for line in lines if "evil" in line]
    assert 'x-delivery=1"2 HTTP/1.1" ' in strange
    assert ' "evil" 200 "" - ' in strange


def test_the_custom_parameter_of_a_signed_link_is_ignored_but_logged(logged: StandIn, client: Any) -> None:
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request: Any = AWSRequest("GET", f"{logged.endpoint}/small/{LIVE}", params={"x-delivery": "abc123"})
    S3SigV4QueryAuth(Credentials(logged.access_key, logged.secret_key), "s3", logged.region, expires=60).add_auth(
        request
    )
    assert fetch(request.url) == 200
    assert fetch(request.url.replace("abc123", "abc124")) == 403
    good, forged = sorted(told(logged, client), key=lambda line: line["status"])
    assert "x-delivery=abc123&" in good["uri"]
    assert (good["requester"], good["auth"]) == (OWNER, "QueryString")
    assert (forged["requester"], forged["error"], forged["auth"]) == ("-", "SignatureDoesNotMatch", "QueryString")


def test_a_copy_stands_in_the_log_of_its_source_too(logged: StandIn, client: Any) -> None:
    them = logged.boto3_client("recipient")
    them.create_bucket(Bucket="theirs")
    size = client.head_object(Bucket="small", Key=LIVE)["ContentLength"]
    fresh(logged, client)
    them.copy_object(Bucket="theirs", Key="got", CopySource={"Bucket": "small", "Key": LIVE})
    upload = them.create_multipart_upload(Bucket="theirs", Key="parts")["UploadId"]
    them.upload_part_copy(
        Bucket="theirs", Key="parts", UploadId=upload, PartNumber=1,
        CopySource={"Bucket": "small", "Key": LIVE}, CopySourceRange="bytes=0-99",
    )  # fmt: skip
    client.copy_object(Bucket="small", Key="own/copy", CopySource={"Bucket": "small", "Key": LIVE})
    found = sorted(told(logged, client), key=lambda line: (line["operation"], line["requester"]))
    rows = [(line["operation"], line["requester"], line["key"], line["sent"], line["size"]) for line in found]
    assert rows[1:] == [
        ("REST.COPY.OBJECT_GET", OWNER, LIVE, "-", str(size)),
        ("REST.COPY.OBJECT_GET", RECIPIENT, LIVE, "-", str(size)),
        ("REST.COPY.PART_GET", RECIPIENT, LIVE, "100", str(size)),
    ]
    assert rows[0][:3] == ("REST.COPY.OBJECT", OWNER, "own/copy")
    assert found[0]["id"] == found[1]["id"]
    assert {(line["uri"], line["referer"], line["agent"]) for line in found[1:]} == {("-", "-", "-")}


def test_lines_come_late_by_the_simulated_clock_and_survive_a_crash(tmp_path: Path) -> None:
    with StandIn("small", start=START, data=tmp_path) as s3:
        s3.freeze()
        client = s3.boto3_client()
        client.create_bucket(Bucket="logs")
        s3.log_bucket("small", "logs", "a/")
        client.get_object(Bucket="small", Key=LIVE)["Body"].read()
        s3.step(20 * 60)
        assert texts(client, "logs") == {}
        assert s3.waiting_logs() == 2
        s3.kill()
    with StandIn("small", data=tmp_path) as s3:
        client = s3.boto3_client()
        assert texts(client, "logs") == {}
        s3.step(hours=2)
        found = texts(client, "logs")
        lines = [line for text in found.values() for line in text.splitlines()]
        assert sorted(parsed(line)["operation"] for line in lines) == ["REST.GET.OBJECT", "REST.PUT.LOGGING_STATUS"]
        assert all(re.fullmatch(r"a/2026-11-21-1[12]-\d\d-\d\d-[0-9A-F]{16}", key) for key in found)
        for row in client.list_objects_v2(Bucket="logs")["Contents"]:
            assert row["Key"].startswith(f"a/{row['LastModified']:%Y-%m-%d-%H-%M-%S}-")
        s3.step(hours=9)
        assert texts(client, "logs") == found


def test_logs_of_the_log_bucket_itself_come_to_an_end(logged: StandIn, client: Any) -> None:
    client.create_bucket(Bucket="mirror")
    logged.log_bucket("mirror", "mirror", "self/")
    assert logged.deliver_logs() == 1
    assert logged.deliver_logs() == 1
    assert (logged.deliver_logs(), logged.waiting_logs()) == (0, 0)
    logged.admin("POST", "/clock", {"step_seconds": 900 * 86_400})
    client.get_bucket_location(Bucket="mirror")
    logged.set_clock(START)
    first, second = (parsed(line) for text in texts(client, "mirror").values() for line in text.splitlines())
    assert {first["operation"], second["operation"]} == {"REST.PUT.LOGGING_STATUS", "REST.PUT.OBJECT"}


def test_partitioned_names_tell_account_region_bucket_and_day(logged: StandIn, client: Any) -> None:
    client.create_bucket(Bucket="dated")
    logged.log_bucket("dated", "logs", "by-day/", partitioned="EventTime")
    told_back = client.get_bucket_logging(Bucket="dated")["LoggingEnabled"]
    assert told_back["TargetObjectKeyFormat"] == {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    logged.deliver_logs()
    [key] = texts(client, "logs", "by-day/")
    assert re.fullmatch(r"by-day/111122223333/us-east-1/dated/2026/11/21/2026-11-21-00-00-00-[0-9A-F]{16}", key)
    client.put_bucket_logging(Bucket="dated", BucketLoggingStatus={})
    assert "LoggingEnabled" not in client.get_bucket_logging(Bucket="dated")


def test_a_log_goes_to_a_bucket_of_the_same_account_alone(logged: StandIn, client: Any) -> None:
    logged.boto3_client("recipient").create_bucket(Bucket="theirs-too")
    for target in ("theirs-too", "absent"):
        wish = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": ""}}
        refused = outcome(client.put_bucket_logging, Bucket="small", BucketLoggingStatus=wish)
        assert refused == (400, "InvalidTargetBucketForLogging")
