"""Faults break what they are told to break, before or after it is carried out, and the log says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, IncompleteReadError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from tests.sim.outcome import outcome
from tests.standin import StandIn, StandInError


@pytest.fixture(autouse=True)
def _no_faults_left(s3: StandIn) -> Iterator[None]:
    yield
    s3.clear_faults()


def test_an_error_carries_nothing_out(s3: StandIn, client: Any, bucket: str) -> None:
    s3.fault("error", operations=["PutObject"], code="SlowDown", status=503, count=1)
    wish = {"Bucket": bucket, "Key": "a", "Body": b"x"}
    assert outcome(client.put_object, **wish) == (503, "SlowDown")
    assert s3.state(bucket, "a") == []
    assert outcome(client.put_object, **wish) == (200, "")
    assert [(rule["matched"], rule["hits"]) for rule in s3.faults()] == [(2, 1)]


def test_a_connection_dropped_before_carries_nothing_out(s3: StandIn, client: Any, bucket: str) -> None:
    s3.fault("drop_before", operations=["PutObject"], count=1)
    with pytest.raises(ConnectionClosedError):
        client.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert s3.state(bucket, "a") == []
    line = s3.log()[-1]
    assert (line["operation"], line["status"], line["fault"]) == ("PutObject", 0, "drop_before")


def test_a_lost_reply_was_carried_out(s3: StandIn, client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"x", StorageClass="GLACIER")
    s3.fault("lost_reply", operations=["RestoreObject"], key="a", count=1)
    wish = {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}
    with pytest.raises(ConnectionClosedError):
        client.restore_object(Bucket=bucket, Key="a", RestoreRequest=wish)
    assert s3.state(bucket, "a")[0]["state"] == "restoring"
    line = s3.log(operation="RestoreObject")[-1]
    assert (line["accepted"], line["fault"], line["bytes_sent"]) == (True, "lost_reply", 0)


def test_half_a_body_is_half_a_body(s3: StandIn, client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"x" * 200_000)
    s3.fault("half_body", operations=["GetObject"], count=1)
    with pytest.raises((IncompleteReadError, ConnectionClosedError, Exception)) as broken:
        client.get_object(Bucket=bucket, Key="a")["Body"].read()
    assert "ncomplete" in str(broken.value)
    assert s3.log(operation="GetObject")[-1]["bytes_sent"] == 100_000
    assert len(client.get_object(Bucket=bucket, Key="a")["Body"].read()) == 200_000


def test_garbage_is_no_answer(s3: StandIn, client: Any) -> None:
    s3.fault("garbage", operations=["ListObjectsV2"], count=1)
    with pytest.raises((ResponseParserError, ClientError)):
        client.list_objects_v2(Bucket="small")
    line = s3.log()[-1]
    assert (line["status"], line["fault"]) == (200, "garbage")


def test_latency_makes_a_client_wait(s3: StandIn) -> None:
    s3.fault("latency", operations=["HeadBucket"], latency_ms=1500, count=1)
    impatient = s3.boto3_client(read_timeout=0.3)
    with pytest.raises(ReadTimeoutError):
        impatient.head_bucket(Bucket="small")


def test_a_rate_hits_the_same_requests_for_the_same_seed(s3: StandIn, client: Any) -> None:
    def pattern(seed: int) -> list[int]:
        s3.clear_faults()
        s3.fault("error", operations=["HeadObject"], rate=0.4, seed=seed, code="InternalError")
        return [outcome(client.head_object, Bucket="small", Key="run1/sample01.fastq.gz")[0] for _ in range(30)]

    first = pattern(7)
    assert pattern(7) == first
    assert pattern(8) != first
    assert 3 <= first.count(500) <= 24


def test_faults_aim_at_keys_and_spare_the_first(s3: StandIn, client: Any) -> None:
    s3.fault("error", key="run1/*", skip=1, code="InternalError")

    def head(run: int) -> int:
        return outcome(client.head_object, Bucket="small", Key=f"run{run}/sample01.fastq.gz")[0]

    assert [head(1), head(2), head(1), head(2), head(1)] == [200, 200, 500, 200, 500]


def test_requests_above_a_rate_are_told_to_slow_down(s3: StandIn, client: Any) -> None:
    s3.switch(requests_per_second=0.001)
    assert outcome(client.head_bucket, Bucket="small") == (200, "")
    assert outcome(client.list_objects_v2, Bucket="small") == (503, "SlowDown")
    s3.switch(requests_per_second=0)
    assert outcome(client.head_bucket, Bucket="small") == (200, "")


def test_wrong_wishes_are_refused_with_words(s3: StandIn) -> None:
    for path, wish in (
        ("/faults", {"rules": [{"kind": "gremlin"}]}),
        ("/faults", {"rules": [{"kind": "error", "colour": "red"}]}),
        ("/switches", {"warp": True}),
        ("/switches", {"expiry_base": "noon"}),
        ("/clock", {"speed": 0}),
        ("/clock", {"sped": 2}),
        ("/buckets/small", {"deny": [{"actions": ["fly"]}]}),
    ):
        with pytest.raises(StandInError, match="error"):
            s3.admin("POST", path, wish)
    assert s3.faults() == []
