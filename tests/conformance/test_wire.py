"""Our wire and the SDK's way give the same answers, refusals and words, whatever the server does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from icehouse.core.errors import StoreError, Unavailable
from icehouse.core.restores import Tier
from icehouse.stores.s3.client import Client
from icehouse.stores.s3.options import S3Options
from icehouse.stores.s3.restoring import wish_body
from tests.conformance.servers import Server

pytestmark = pytest.mark.kind("s3")

RESTORE = {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}

Told = tuple[str, str, str, str]
"""An error as a person sees it: its kind, its line with the hint, the store's words; and whether it has an id."""


class Ways:
    """One client of the server, by the wire, and by the SDK's way through the same door."""

    def __init__(self, server: Server) -> None:
        options = S3Options(endpoint_url=server.endpoint, region="us-east-1", read_timeout=5.0)
        self.client = Client("lab", options, pause=lambda _: None)
        self.by_sdk = Client("lab", options, pause=lambda _: None)
        self.by_sdk.wire._routes.to = lambda bucket: None  # type: ignore[method-assign]

    def close(self) -> None:
        self.client.close()
        self.by_sdk.close()


@pytest.fixture
def ways(server: Server) -> Iterator[Ways]:
    made = Ways(server)
    yield made
    made.close()


def told(call: Callable[[], object]) -> Told | None:
    """What a call is refused with; None where it is answered."""
    try:
        call()
    except StoreError as error:
        return type(error).__name__, str(error), error.words, "an id" if error.request_id else ""
    return None


def restored(client: Client, bucket: str, key: str, version: str | None = None) -> Any:
    more = [] if version is None else [("versionId", version)]
    body = wish_body(Tier.BULK, 1)
    return client.wire.ask(
        "POST", "x", bucket, key, query=[("restore", None), *more], body=body, operation="RestoreObject"
    )


def looked_at(client: Client, bucket: str, key: str, version: str | None = None) -> Any:
    query = [] if version is None else [("versionId", version)]
    return client.wire.ask("HEAD", "x", bucket, key, query=query, operation="HeadObject")


def listed(client: Client, bucket: str, **more: str) -> Any:
    query = [("list-type", "2"), ("encoding-type", "url"), *((n.replace("_", "-"), v) for n, v in more.items())]
    return client.wire.ask("GET", "x", bucket, query=query, operation="ListObjectsV2")


def same(ways: Ways, ask: Callable[[Client], object], by_members: Callable[[Client], object]) -> Told | None:
    """What is told of `ask` by the wire, which is what the SDK's way tells, by either of its doors."""
    ours = told(lambda: ask(ways.client))
    assert told(lambda: ask(ways.by_sdk)) == ours
    assert told(lambda: by_members(ways.client)) == ours
    return ours


def test_every_refusal_of_a_server_reads_the_same_both_ways(server: Server, ways: Ways) -> None:
    bucket = server.bucket()
    server.put(bucket, "warm", b"x")
    for key in ("cold", "cold too", "cold three"):
        server.put(bucket, key, b"x", StorageClass="GLACIER")
    found: dict[str, Told | None] = {}
    for where in (bucket, "no-such-bucket-here", "not a bucket!", "x"):
        for key in ("warm", "nothing", "a//b", "k" * 1025):
            found[f"restore {where} {key}"] = same(
                ways,
                lambda client: restored(client, where, key),  # noqa: B023
                lambda client: client.ask("RestoreObject", "x", Bucket=where, Key=key, RestoreRequest=RESTORE),  # noqa: B023
            )
            for version in (None, "no-such-version"):
                found[f"head {where} {key} {version}"] = same(
                    ways,
                    lambda client: looked_at(client, where, key, version),  # noqa: B023
                    lambda client: client.ask("HeadObject", "x", Bucket=where, Key=key, VersionId=version),  # noqa: B023
                )
        found[f"list {where}"] = same(
            ways,
            lambda client: listed(client, where, continuation_token="no token"),  # noqa: B023
            lambda client: client.ask("ListObjectsV2", "x", Bucket=where, ContinuationToken="no token"),  # noqa: B023
        )
    assert found[f"head {bucket} warm None"] is None
    kinds = {each[0] for each in found.values() if each is not None}
    assert {"NotFound"} <= kinds


def test_what_a_server_answers_is_the_same_both_ways(server: Server, ways: Ways) -> None:
    bucket = server.bucket()
    for number in range(30):
        server.put(bucket, f"k {number}/+é", b"x" * number, StorageClass="GLACIER" if number % 2 else "STANDARD")
    for more in ({}, {"prefix": "k 1"}, {"delimiter": "/"}, {"max_keys": "7"}, {"start_after": "k 2/+é"}):
        ours, theirs = listed(ways.client, bucket, **more), listed(ways.by_sdk, bucket, **more)
        assert (ours.status, ours.body) == (theirs.status, theirs.body)
    for number in range(30):
        ours = looked_at(ways.client, bucket, f"k {number}/+é")
        theirs = looked_at(ways.by_sdk, bucket, f"k {number}/+é")
        passing = {"date", "x-amz-request-id", "x-amz-id-2", "x-amzn-requestid", "connection", "keep-alive"}
        assert {name: value for name, value in ours.headers.items() if name not in passing} == {
            name: value for name, value in theirs.headers.items() if name not in passing
        }


ERRORS = {
    "SlowDown": 503, "ServiceUnavailable": 503, "InternalError": 500, "AccessDenied": 403, "ExpiredToken": 400,
    "InvalidAccessKeyId": 403, "RequestTimeTooSkewed": 403, "OperationAborted": 409, "RestoreAlreadyInProgress": 409,
    "InvalidObjectState": 403, "ObjectAlreadyInActiveTierError": 403, "GlacierExpeditedRetrievalNotAvailable": 503,
    "NoSuchKey": 404, "NoSuchVersion": 404, "NoSuchBucket": 404, "MethodNotAllowed": 405, "NotImplemented": 501,
    "PreconditionFailed": 412, "MalformedXML": 400, "InvalidArgument": 400, "RequestTimeout": 400, "Oddity": 418,
    "ThrottlingException": 400, "KeyTooLongError": 400, "AuthorizationHeaderMalformed": 400,
}  # fmt: skip


def test_every_error_that_s3_knows_reads_the_same_both_ways(server: Server, ways: Ways) -> None:
    if server.standin is None:
        return
    bucket = server.bucket()
    server.put(bucket, "a", b"x", StorageClass="GLACIER")
    kinds = set()
    for number, (code, status) in enumerate(ERRORS.items()):
        retry_after = 3 if number % 2 else None
        server.standin.clear_faults()
        server.standin.fault("error", code=code, status=status, retry_after=retry_after, message=f"<it> says & {code}")
        for ask, by_members in (
            (
                lambda client: restored(client, bucket, "a"),
                lambda client: client.ask("RestoreObject", "x", Bucket=bucket, Key="a", RestoreRequest=RESTORE),
            ),
            (
                lambda client: looked_at(client, bucket, "a"),
                lambda client: client.ask("HeadObject", "x", Bucket=bucket, Key="a"),
            ),
            (
                lambda client: listed(client, bucket),
                lambda client: client.ask("ListObjectsV2", "x", Bucket=bucket),
            ),
        ):
            error = same(ways, ask, by_members)
            assert error is not None
            kinds.add(error[0])
    server.standin.clear_faults()
    assert len(kinds) >= 11, kinds


@pytest.mark.parametrize("kind", ["drop_before", "half_body", "lost_reply", "garbage"])
def test_every_fault_is_the_same_kind_of_error_both_ways_and_a_change_is_sent_once(
    server: Server, ways: Ways, kind: str
) -> None:
    if server.standin is None:
        return
    bucket = server.bucket()
    server.put(bucket, "a", b"x", StorageClass="GLACIER")
    server.standin.fault(kind)
    for client in (ways.client, ways.by_sdk):
        since = server.standin.last_seq()
        if kind != "half_body":  # there is none to be halved
            with pytest.raises(Unavailable):
                restored(client, bucket, "a")
        assert len(server.standin.log(since=since, operation="RestoreObject")) <= 1
        if kind != "garbage" or client is ways.by_sdk:  # a page is judged by its own reader
            with pytest.raises(Unavailable):
                listed(client, bucket)
