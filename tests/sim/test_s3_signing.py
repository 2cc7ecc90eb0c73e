"""Signatures are checked as AWS checks them, on wall time."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.sim.outcome import outcome
from tests.standin import StandIn

KEY = "run1/sample01.fastq.gz"


def fetch(url: str, headers: dict[str, str] | None = None, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode("latin-1")
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def link(client: Any, seconds: int = 60, key: str = KEY) -> str:
    url: str = client.generate_presigned_url("get_object", Params={"Bucket": "small", "Key": key}, ExpiresIn=seconds)
    return url


def test_an_unsigned_request_is_denied(s3: StandIn) -> None:
    status, body = fetch(f"{s3.endpoint}/small/{KEY}")
    assert status == 403
    assert "<Code>AccessDenied</Code>" in body


def test_a_wrong_secret_does_not_match(s3: StandIn) -> None:
    import boto3

    session: Any = boto3.session.Session(s3.access_key, "wrong", region_name=s3.region)
    assert outcome(session.client("s3", endpoint_url=s3.endpoint).list_buckets) == (403, "SignatureDoesNotMatch")


def test_an_unknown_key_id_is_told_apart_from_a_wrong_secret(s3: StandIn) -> None:
    import boto3

    session: Any = boto3.session.Session("AKIANOBODY", "wrong", region_name=s3.region)
    assert outcome(session.client("s3", endpoint_url=s3.endpoint).list_buckets) == (403, "InvalidAccessKeyId")


def test_a_wrong_region_is_named(s3: StandIn) -> None:
    import boto3

    session: Any = boto3.session.Session(s3.access_key, s3.secret_key, region_name="eu-west-1")
    wrong = session.client("s3", endpoint_url=s3.endpoint)
    assert outcome(wrong.list_buckets) == (400, "AuthorizationHeaderMalformed")


def test_a_presigned_link_works_until_it_is_tampered_with(client: Any) -> None:
    url = link(client)
    assert fetch(url)[0] == 200
    for forged in (url.replace("sample01", "sample02"), url[:-1] + ("0" if url[-1] != "0" else "1")):
        status, body = fetch(forged)
        assert (status, "SignatureDoesNotMatch" in body) == (403, True)


def test_a_presigned_link_lives_seven_days_at_most(client: Any) -> None:
    assert fetch(link(client, 604_800))[0] == 200
    status, body = fetch(link(client, 604_801))
    assert (status, "AuthorizationQueryParametersError" in body) == (400, True)


def test_an_expired_link_is_denied_on_wall_time_whatever_the_simulated_clock_says(s3: StandIn, client: Any) -> None:
    url = link(client, 60)
    before = s3.now()
    s3.step(days=400)
    try:
        assert fetch(url)[0] == 200
    finally:
        s3.step(seconds=before - s3.now())
    old: Any = AWSRequest("GET", f"{s3.endpoint}/small/{KEY}")
    auth = SigV4QueryAuth(Credentials(s3.access_key, s3.secret_key), "s3", s3.region, expires=10)
    auth.add_auth(old)
    stamp = old.url.split("X-Amz-Date=")[1][:16]
    status, _ = fetch(old.url.replace(stamp, "20200101T000000Z"))
    assert status == 403


def test_a_request_signed_long_ago_is_too_skewed(s3: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore import auth

    ago = datetime.now(UTC) - timedelta(minutes=16)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: ago.replace(tzinfo=None))
    request = AWSRequest("GET", f"{s3.endpoint}/small")
    S3SigV4Auth(Credentials(s3.access_key, s3.secret_key), "s3", s3.region).add_auth(request)
    status, body = fetch(f"{s3.endpoint}/small", dict(request.headers.items()))
    assert (status, "RequestTimeTooSkewed" in body) == (403, True)


def test_signature_version_two_is_refused(s3: StandIn) -> None:
    assert fetch(f"{s3.endpoint}/small/{KEY}?AWSAccessKeyId=x&Signature=y&Expires=1")[0] == 400
    assert fetch(f"{s3.endpoint}/small/{KEY}", {"Authorization": "AWS AKIA:sig", "Date": "now"})[0] == 400


def test_the_reader_may_look_and_not_touch(s3: StandIn) -> None:
    reader = s3.boto3_client("reader")
    assert outcome(reader.list_objects_v2, Bucket="small") == (200, "")
    assert outcome(reader.get_object, Bucket="small", Key=KEY) == (200, "")
    for call, arguments in (
        (reader.put_object, {"Bucket": "small", "Key": "x", "Body": b"x"}),
        (reader.delete_object, {"Bucket": "small", "Key": KEY}),
        (reader.restore_object, {"Bucket": "small", "Key": KEY, "RestoreRequest": {"Days": 1}}),
        (reader.create_bucket, {"Bucket": "another"}),
    ):
        assert outcome(call, **arguments) == (403, "AccessDenied")


def test_a_body_that_is_not_what_was_signed_is_refused(s3: StandIn) -> None:
    request = AWSRequest("PUT", f"{s3.endpoint}/small/forged", data=b"true")
    S3SigV4Auth(Credentials(s3.access_key, s3.secret_key), "s3", s3.region).add_auth(request)
    headers = {**dict(request.headers.items()), "X-Amz-Content-SHA256": request.headers["X-Amz-Content-SHA256"]}
    forged = urllib.request.Request(f"{s3.endpoint}/small/forged", data=b"lies", headers=headers, method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(forged, timeout=10)
    assert (refused.value.code, b"XAmzContentSHA256Mismatch" in refused.value.read()) == (400, True)
    assert not s3.state("small", "forged")


def test_who_am_i_is_answered_for_both_keys(s3: StandIn) -> None:
    for who in ("owner", "reader"):
        told = s3.boto3_client(who, service="sts").get_caller_identity()
        assert (told["Account"], told["Arn"].endswith(who)) == ("111122223333", True)
