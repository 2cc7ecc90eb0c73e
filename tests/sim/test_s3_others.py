"""What others do to a bucket in one go: it shows in listings, it survives a restart, and no request tells of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sim.conftest import START
from tests.standin import StandIn, StandInError


def _listed(client: Any, bucket: str) -> dict[str, tuple[int, str]]:
    answer = client.list_objects_v2(Bucket=bucket)
    return {row["Key"]: (row["Size"], row["StorageClass"]) for row in answer.get("Contents", [])}


def test_others_write_delete_and_move_to_a_class_and_it_stays_so(tmp_path: Path) -> None:
    wish = {
        "put": [["run/new", 4_000_000_000], ["run/again", 30, "STANDARD_IA"]],
        "gone": ["old/"],
        "moved": {"DEEP_ARCHIVE": ["run/plate/"]},
    }
    with StandIn(data=tmp_path, start=START) as s3:
        client = s3.boto3_client()
        client.create_bucket(Bucket="lab")
        for key in ("run/again", "run/plate/a", "run/plate/b", "old/a", "old/b", "older"):
            client.put_object(Bucket="lab", Key=key, Body=b"x" * 10)
        before = {key: client.head_object(Bucket="lab", Key=key) for key in ("run/again", "run/plate/a")}
        asked = s3.last_seq()
        assert s3.admin("POST", "/buckets/lab/others", wish) == {"put": 2, "gone": 2, "moved": 2}
        assert not [line for line in s3.log(since=asked) if line.get("key")]
        found = _listed(client, "lab")
        after = {key: client.head_object(Bucket="lab", Key=key) for key in before}
        body = client.get_object(Bucket="lab", Key="run/again")["Body"].read()
    with StandIn(data=tmp_path) as s3:
        assert _listed(s3.boto3_client(), "lab") == found
    assert found == {
        "older": (10, "STANDARD"),
        "run/again": (30, "STANDARD_IA"),
        "run/new": (4_000_000_000, "STANDARD"),
        "run/plate/a": (10, "DEEP_ARCHIVE"),
        "run/plate/b": (10, "DEEP_ARCHIVE"),
    }
    assert len(body) == 30
    assert after["run/again"]["ETag"] != before["run/again"]["ETag"]
    for told in ("ETag", "LastModified"):
        assert after["run/plate/a"][told] == before["run/plate/a"][told], "a lifecycle leaves date and content"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"moved": {"GLACIAL": ["a"]}}, "no storage class"),
        ({"put": [["a", 1, "GLACIAL"]]}, "no storage class"),
        ({"melted": ["a"]}, "unknown: melted"),
    ],
)
def test_what_others_can_not_do_is_refused_and_changes_nothing(
    s3: StandIn, client: Any, bucket: str, wish: dict[str, Any], words: str
) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"x")
    before = _listed(client, bucket)
    with pytest.raises(StandInError, match=words):
        s3.admin("POST", f"/buckets/{bucket}/others", {"gone": ["a"], **wish})
    assert _listed(client, bucket) == before


def test_others_leave_alone_a_bucket_that_keeps_versions(s3: StandIn, client: Any, bucket: str) -> None:
    s3.bucket(bucket, versioning="Enabled")
    with pytest.raises(StandInError, match="without versions"):
        s3.admin("POST", f"/buckets/{bucket}/others", {"gone": [""]})
