"""Listings are in byte order, paged without loss, and tell restore states only when asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.sim.outcome import outcome
from tests.standin import StandIn

KEYS = ["a", "a/", "a/b", "a/c/d", "a0", "b/1", "b/2", "c", "\u00e9", "\uffee", "\U0001f9ca"]


@pytest.fixture(scope="module")
def full(s3: StandIn, client: Any) -> str:
    client.create_bucket(Bucket="listing")
    for key in KEYS:
        client.put_object(Bucket="listing", Key=key, Body=b"")
    return "listing"


def keys(answer: dict[str, Any]) -> list[str]:
    return [row["Key"] for row in answer.get("Contents", [])]


def prefixes(answer: dict[str, Any]) -> list[str]:
    return [row["Prefix"] for row in answer.get("CommonPrefixes", [])]


def pages(client: Any, operation: str, **arguments: Any) -> Iterable[dict[str, Any]]:
    found: Iterable[dict[str, Any]] = client.get_paginator(operation).paginate(**arguments)
    return found


def test_keys_come_in_the_order_of_their_bytes(client: Any, full: str) -> None:
    assert keys(client.list_objects_v2(Bucket=full)) == sorted(KEYS, key=lambda key: key.encode())


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2", "list_object_versions"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("delimiter", ["", "/", "a"])
def test_pages_of_any_size_lose_and_repeat_nothing(
    client: Any, full: str, operation: str, size: int, delimiter: str
) -> None:
    wanted_keys = [key for key in KEYS if not delimiter or delimiter not in key]
    wanted_prefixes = {key.split(delimiter)[0] + delimiter for key in KEYS if delimiter and delimiter in key}
    found_keys: list[str] = []
    found_prefixes: list[str] = []
    for page in pages(client, operation, Bucket=full, MaxKeys=size, Delimiter=delimiter):
        rows = page.get("Versions" if operation == "list_object_versions" else "Contents", [])
        found_keys += [row["Key"] for row in rows]
        found_prefixes += prefixes(page)
        assert len(rows) + len(prefixes(page)) <= size
    assert found_keys == wanted_keys
    assert found_prefixes == sorted(wanted_prefixes)


def test_prefix_and_start_after_narrow_a_listing(client: Any, full: str) -> None:
    assert keys(client.list_objects_v2(Bucket=full, Prefix="a/")) == ["a/", "a/b", "a/c/d"]
    assert keys(client.list_objects_v2(Bucket=full, StartAfter="a/b", Prefix="a")) == ["a/c/d", "a0"]
    answer = client.list_objects_v2(Bucket=full, Prefix="a/", Delimiter="/")
    assert (keys(answer), prefixes(answer)) == (["a/", "a/b"], ["a/c/"])
    assert client.list_objects_v2(Bucket=full, MaxKeys=0)["KeyCount"] == 0
    assert keys(client.list_objects_v2(Bucket=full, Prefix="zz")) == []


def test_a_token_that_was_never_given_is_refused(client: Any, full: str) -> None:
    assert outcome(client.list_objects_v2, Bucket=full, ContinuationToken="x") == (400, "InvalidArgument")
    assert outcome(client.list_objects_v2, Bucket="no-such-bucket") == (404, "NoSuchBucket")


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2", "list_object_versions"])
def test_restore_status_is_told_only_when_asked(client: Any, operation: str) -> None:
    name = "Versions" if operation == "list_object_versions" else "Contents"
    call = getattr(client, operation)
    silent = call(Bucket="small", Prefix="run2/")[name]
    assert not any("RestoreStatus" in row for row in silent)
    told = call(Bucket="small", Prefix="run2/", OptionalObjectAttributes=["RestoreStatus"])[name]
    statuses = {row["Key"][5:13]: row.get("RestoreStatus") for row in told}
    assert statuses["sample10"] is None
    assert statuses["sample11"] == {"IsRestoreInProgress": True}
    assert statuses["sample12"]["IsRestoreInProgress"] is False
    assert statuses["sample12"]["RestoreExpiryDate"].hour in range(24)


def test_an_archive_tier_does_not_show_in_listings(s3: StandIn, client: Any) -> None:
    def status() -> Any:
        rows = client.list_objects_v2(
            Bucket="small", Prefix="run1/sample07", OptionalObjectAttributes=["RestoreStatus"]
        )["Contents"]
        assert rows[0]["StorageClass"] == "INTELLIGENT_TIERING"
        return rows[0].get("RestoreStatus")

    assert status() == {"IsRestoreInProgress": True}
    s3.switch(it_listing_restore_status=False)
    assert status() is None
    s3.switch(it_listing_restore_status=True)


def test_an_unknown_attribute_is_refused(client: Any) -> None:
    wish = {"Bucket": "small", "OptionalObjectAttributes": ["Colour"]}
    assert outcome(client.list_objects_v2, **wish) == (400, "InvalidArgument")


def test_an_owner_is_told_when_asked(client: Any, full: str) -> None:
    assert "Owner" not in client.list_objects_v2(Bucket=full)["Contents"][0]
    assert client.list_objects_v2(Bucket=full, FetchOwner=True)["Contents"][0]["Owner"]["ID"]
    assert client.list_objects(Bucket=full)["Contents"][0]["Owner"]["ID"]


def test_a_listing_may_be_denied_by_prefix_and_owner_checked(s3: StandIn, client: Any, full: str) -> None:
    s3.bucket(full, deny=[{"actions": ["list"], "prefix": "b/"}])
    assert outcome(client.list_objects_v2, Bucket=full, Prefix="b/") == (403, "AccessDenied")
    assert outcome(client.list_objects_v2, Bucket=full, Prefix="a/") == (200, "")
    assert outcome(client.head_object, Bucket=full, Key="b/none") == (403, "403")
    s3.bucket(full, deny=[])
    other = {"Bucket": full, "ExpectedBucketOwner": "999999999999"}
    assert outcome(client.list_objects_v2, **other) == (403, "AccessDenied")
    assert outcome(client.list_objects_v2, Bucket=full, ExpectedBucketOwner="111122223333") == (200, "")


def test_requester_pays_wants_its_header(s3: StandIn, client: Any, full: str) -> None:
    s3.bucket(full, requester_pays=True)
    assert outcome(client.list_objects_v2, Bucket=full) == (403, "AccessDenied")
    assert outcome(client.list_objects_v2, Bucket=full, RequestPayer="requester") == (200, "")
    s3.bucket(full, requester_pays=False)


def test_versions_are_listed_newest_first_and_paged_within_a_key(s3: StandIn, client: Any, bucket: str) -> None:
    s3.bucket(bucket, versioning="Enabled")
    wanted = []
    for key in ("a", "b"):
        ids = [client.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"] for _ in range(4)]
        wanted += [(key, version) for version in reversed(ids)]
    for size in (1, 3, 5):
        found = []
        latest = []
        for page in pages(client, "list_object_versions", Bucket=bucket, MaxKeys=size):
            found += [(row["Key"], row["VersionId"]) for row in page["Versions"]]
            latest += [row["IsLatest"] for row in page["Versions"]]
        assert found == wanted
        assert latest == [True, False, False, False] * 2


def test_deleting_versions_while_listing_them_loses_none(s3: StandIn, client: Any, bucket: str) -> None:
    s3.bucket(bucket, versioning="Enabled")
    for _ in range(7):
        client.put_object(Bucket=bucket, Key="a", Body=b"x")
    client.delete_object(Bucket=bucket, Key="a")
    for page in pages(client, "list_object_versions", Bucket=bucket, MaxKeys=3):
        for row in page.get("Versions", []) + page.get("DeleteMarkers", []):
            client.delete_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])
    client.delete_bucket(Bucket=bucket)


def test_the_highest_character_is_a_prefix_like_any_other(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="\U0010ffff/x", Body=b"")
    answer = client.list_objects_v2(Bucket=bucket, Prefix="\U0010ffff", Delimiter="/")
    assert prefixes(answer) == ["\U0010ffff/"]
