"""Accounts, sessions that end, links that age by simulated time, and lifecycle rules that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sim.outcome import outcome
from tests.sim.test_s3_signing import fetch
from tests.standin import StandIn

LIVE = "run1/sample01.fastq.gz"
WEEK = 604_800


def link(client: Any, seconds: int = WEEK) -> str:
    url: str = client.generate_presigned_url("get_object", Params={"Bucket": "small", "Key": LIVE}, ExpiresIn=seconds)
    return url


def test_another_account_reads_and_owns_what_it_makes(s3: StandIn, client: Any) -> None:
    them = s3.boto3_client("recipient")
    them.create_bucket(Bucket="recipients-own")
    assert outcome(them.get_object, Bucket="small", Key=LIVE) == (200, "")
    assert outcome(them.list_objects_v2, Bucket="small") == (200, "")
    copy = {"Bucket": "recipients-own", "Key": "got", "CopySource": {"Bucket": "small", "Key": LIVE}}
    assert outcome(them.copy_object, **copy) == (200, "")
    denied = (403, "AccessDenied")
    assert outcome(them.put_object, Bucket="small", Key="x", Body=b"x") == denied
    assert outcome(them.delete_object, Bucket="small", Key=LIVE) == denied
    assert outcome(them.get_bucket_logging, Bucket="small") == denied
    assert outcome(client.put_object, Bucket="recipients-own", Key="x", Body=b"x") == denied
    assert outcome(client.create_bucket, Bucket="recipients-own") == (409, "BucketAlreadyExists")
    assert [row["Name"] for row in them.list_buckets()["Buckets"]] == ["recipients-own"]
    assert "recipients-own" not in [row["Name"] for row in client.list_buckets()["Buckets"]]
    told = s3.boto3_client("recipient", service="sts").get_caller_identity()
    assert (told["Account"], told["Arn"]) == ("444455556666", "arn:aws:iam::444455556666:user/recipient")
    owners = [c.list_buckets()["Owner"]["ID"] for c in (client, them)]
    assert owners[0] != owners[1]
    rows = them.list_objects_v2(Bucket="recipients-own", FetchOwner=True)["Contents"]
    assert rows[0]["Owner"]["ID"] == owners[1]


def test_a_session_needs_its_token(s3: StandIn, client: Any) -> None:
    import boto3

    keys = s3.session("shift", 3600, who="reader")
    session = s3.boto3_client("shift")
    assert outcome(session.get_object, Bucket="small", Key=LIVE) == (200, "")
    assert outcome(session.put_object, Bucket="small", Key="x", Body=b"") == (403, "AccessDenied")
    bare: Any = boto3.session.Session(keys["access_key"], keys["secret_key"], region_name=s3.region)
    assert outcome(bare.client("s3", endpoint_url=s3.endpoint).list_buckets) == (403, "InvalidAccessKeyId")
    wrong: Any = boto3.session.Session(keys["access_key"], keys["secret_key"], "forged", region_name=s3.region)
    assert outcome(wrong.client("s3", endpoint_url=s3.endpoint).list_buckets) == (400, "InvalidToken")
    assert s3.environment("shift")["AWS_SESSION_TOKEN"] == keys["session_token"]


def test_sessions_end_and_links_age_by_simulated_time_also_over_a_restart(tmp_path: Path) -> None:
    with StandIn("small", data=tmp_path) as s3:
        s3.switch(link_clock="simulated")
        client = s3.boto3_client()
        week, short = link(client), link(client, 3600)
        assert [fetch(url)[0] for url in (week, short)] == [200, 200]
        s3.step(days=6)
        assert [fetch(url)[0] for url in (week, short)] == [200, 403]
        fresh = link(client, 3600)
        assert fetch(fresh)[0] == 200
        s3.session("shift", 3600)
        s3.kill()
    with StandIn("small", data=tmp_path) as s3:
        # The port is another one now, and the host is signed.
        headers = {"Host": week.split("/")[2]}

        def again(url: str) -> int:
            return fetch(f"{s3.endpoint}/{url.split('/', 3)[3]}", headers)[0]

        session = s3.boto3_client("shift")
        borrowed = link(session)
        assert [again(url) for url in (week, fresh)] == [200, 200]
        assert fetch(borrowed)[0] == 200
        s3.step(days=2)
        assert [again(url) for url in (week, fresh)] == [403, 403]
        assert outcome(session.list_objects_v2, Bucket="small") == (400, "ExpiredToken")
        assert "ExpiredToken" in fetch(borrowed)[1]
        assert fetch(link(s3.boto3_client(), WEEK + 1))[0] == 400


def test_lifecycle_rules_are_kept_told_and_dropped(s3: StandIn, client: Any, bucket: str) -> None:
    absent = (404, "NoSuchLifecycleConfiguration")
    assert outcome(client.get_bucket_lifecycle_configuration, Bucket=bucket) == absent
    rules = [
        {"ID": "cool", "Status": "Enabled", "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "<&"}]}},
         "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]},
        {"ID": "drop", "Status": "Disabled", "Filter": {"ObjectSizeGreaterThan": 5},
         "Expiration": {"Days": 90}, "NoncurrentVersionExpiration": {"NoncurrentDays": 3}},
    ]  # fmt: skip
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    wrong = [{"Status": "Enabled", "Filter": {}, "Transitions": [{"Days": 1, "StorageClass": "COLDISH"}]}]
    refused = outcome(client.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": wrong})
    assert refused == (400, "MalformedXML")
    client.delete_bucket_lifecycle(Bucket=bucket)
    assert outcome(client.get_bucket_lifecycle_configuration, Bucket=bucket) == absent
