"""The fixture `deliveries` is what it says, and what happens to it from now on is logged as well."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.standin import StandIn, describe

START = "2026-11-21T10:30:00Z"
LARGE = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def planted() -> Iterator[StandIn]:
    with StandIn("deliveries", start=START) as running:
        running.freeze()
        running.set_clock(START)
        yield running


def listed(client: Any, bucket: str, prefix: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return rows


def test_sixty_deliveries_are_planted() -> None:
    rows = [row for row in describe("deliveries") if row["bucket"] == "instruments"]
    folders = {tuple(row["key"].split("/")[:2]) for row in rows if row["key"].count("/") > 1}
    folders.add(("outbox", "empty"))
    assert len([name for root, name in folders if root in {"outbox", "manifested"} and name != "keep"]) == 60
    assert sum(row["size"] for row in rows) < 1_000_000 + LARGE


def test_planted_bytes_are_what_their_etags_say(planted: StandIn) -> None:
    client = planted.boto3_client()
    for bucket in ("instruments", "instrument-logs", "recipient-lab"):
        rows = [row for row in listed(client, bucket) if row["Size"] < 60_000 and row["StorageClass"] == "STANDARD"]
        for row in rows[::4]:
            body = client.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
            assert (len(body), f'"{hashlib.md5(body).hexdigest()}"') == (row["Size"], row["ETag"])


def test_a_transfer_that_is_broken_off_tells_the_bytes_that_left(planted: StandIn) -> None:
    client, key, seq = planted.boto3_client(), "live/aborted/a.raw", planted.last_seq()
    body = client.get_object(Bucket="instruments", Key=key)["Body"]
    body.read(1000)
    body.close()
    end = time.monotonic() + 10
    while not planted.log(seq, "GetObject") and time.monotonic() < end:
        time.sleep(0.01)
    before = {row["Key"] for row in listed(client, "instrument-logs", "access/")}
    planted.step(hours=1.7)
    fresh = [row["Key"] for row in listed(client, "instrument-logs", "access/") if row["Key"] not in before]
    texts = [client.get_object(Bucket="instrument-logs", Key=name)["Body"].read().decode() for name in fresh]
    [line] = [line for text in texts for line in text.splitlines() if f"/{key} " in line]
    status, error, sent, size = line.partition(' HTTP/1.1" ')[2].split()[:4]
    assert (status, error, size) == ("200", "-", str(LARGE))
    assert 1000 <= int(sent) < LARGE


def test_late_logs_come_when_the_clock_has_passed_them(planted: StandIn) -> None:
    client, late = planted.boto3_client(), "access/2026-11-21-12-30-00-"
    planted.set_clock("2026-11-21T12:29:00Z")
    assert not listed(client, "instrument-logs", late)
    planted.step(120)
    [row] = listed(client, "instrument-logs", late)
    assert row["LastModified"].isoformat() == "2026-11-21T12:30:00+00:00"
    body = client.get_object(Bucket="instrument-logs", Key=row["Key"])["Body"].read()
    assert (body.count(b"\n"), body.count(b"outbox/late-log/")) == (2, 4)
