"""Inventories of the stand-in: where they lie, what their manifest says, and their rows, in AWS's form."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standin import StandIn, StandInError

DOCUMENTED = (
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, "
    "IsMultipartUploaded, ReplicationStatus, EncryptionStatus, ObjectLockRetainUntilDate, ObjectLockMode, "
    "ObjectLockLegalHoldStatus, IntelligentTieringAccessTier, BucketKeyStatus, ChecksumAlgorithm, "
    "ObjectAccessControlList, ObjectOwner"
)
"""The order of columns in the manifest that AWS's page shows."""


def body(client: Any, bucket: str, key: str) -> bytes:
    found: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return found


@pytest.fixture
def target(client: Any, bucket: str) -> str:
    client.create_bucket(Bucket=f"{bucket}-inv"[-60:])
    return f"{bucket}-inv"[-60:]


def test_a_manifest_its_checksum_its_files_and_a_line_for_hive(s3: StandIn, client: Any, bucket: str, target: str):
    for number in range(5):
        client.put_object(Bucket=bucket, Key=f"k{number}", Body=b"x" * number)
    told = s3.inventory(bucket, target, prefix="daily", id="all-of-it", rows=2)
    base = f"daily/{bucket}/all-of-it"
    assert told["key"] == f"{base}/2026-11-21T10-30Z/manifest.json"
    raw = body(client, target, told["key"])
    manifest = json.loads(raw)
    assert manifest == told["manifest"]
    assert body(client, target, told["key"].replace(".json", ".checksum")) == hashlib.md5(raw).hexdigest().encode()
    assert {name: manifest[name] for name in manifest if name != "files"} == {
        "sourceBucket": bucket, "destinationBucket": f"arn:aws:s3:::{target}", "version": "2016-11-30",
        "creationTimestamp": "1795257000000", "fileFormat": "CSV", "fileSchema": DOCUMENTED,
    }  # fmt: skip
    assert len(manifest["files"]) == 3
    for file in manifest["files"]:
        data = body(client, target, file["key"])
        assert (file["size"], file["MD5checksum"]) == (len(data), hashlib.md5(data).hexdigest())
        assert file["key"].startswith(f"{base}/data/")
    lines = body(client, target, f"{base}/hive/dt=2026-11-21-10-30/symlink.txt").decode().splitlines()
    assert lines == [f"s3://{target}/{file['key']}" for file in manifest["files"]]


def test_rows_are_quoted_throughout_with_keys_encoded_and_nothing_told_of_a_marker(
    s3: StandIn, client: Any, bucket: str, target: str
):
    s3.bucket(bucket, versioning="Enabled")
    put = client.put_object(Bucket=bucket, Key='a dir/ä+"1".tiff', Body=b"abc", StorageClass="GLACIER")
    marker = client.delete_object(Bucket=bucket, Key='a dir/ä+"1".tiff')
    told = s3.inventory(bucket, target)
    text = gzip.decompress(body(client, target, told["manifest"]["files"][0]["key"])).decode()
    key = "a+dir/%C3%A4%2B%221%22.tiff"
    shown = sorted(line.split(",") for line in text.splitlines())
    names = DOCUMENTED.split(", ")
    rows = {row[names.index("IsDeleteMarker")]: dict(zip(names, row, strict=True)) for row in shown}
    assert rows.keys() == {'"true"', '"false"'}
    assert {row["Key"] for row in rows.values()} == {f'"{key}"'}
    gone, there = rows['"true"'], rows['"false"']
    assert (gone["VersionId"], gone["IsLatest"], gone["Size"]) == (f'"{marker["VersionId"]}"', '"true"', '""')
    assert (there["VersionId"], there["IsLatest"], there["Size"]) == (f'"{put["VersionId"]}"', '"false"', '"3"')
    assert (there["StorageClass"], there["LastModifiedDate"]) == ('"GLACIER"', '"2026-11-21T10:30:00.000Z"')
    assert there["ETag"] == put["ETag"]


def test_parquet_has_the_columns_that_aws_names(s3: StandIn, client: Any, bucket: str, target: str):
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    client.put_object(Bucket=bucket, Key="a b+c", Body=b"abc")
    told = s3.inventory(bucket, target, format="Parquet", fields=["Size", "LastModifiedDate", "ETag"])
    table = parquet.read_table(io.BytesIO(body(client, target, told["manifest"]["files"][0]["key"])))
    assert table.column_names == [
        "bucket", "key", "version_id", "is_latest", "is_delete_marker", "size", "last_modified_date", "e_tag",
    ]  # fmt: skip
    assert table.column("key").to_pylist() == ["a b+c"]
    assert told["manifest"]["fileSchema"].startswith("message s3.inventory {\n  required binary bucket (STRING);\n")


def test_its_configuration_is_told_and_what_is_not_set_up_is_not_there(
    s3: StandIn, client: Any, bucket: str, target: str
):
    s3.inventory(bucket, target, filter="a/", id="some", fields=["Size"], versions="Current")
    found = client.get_bucket_inventory_configuration(Bucket=bucket, Id="some")["InventoryConfiguration"]
    assert found["Filter"] == {"Prefix": "a/"}
    assert (found["IncludedObjectVersions"], found["OptionalFields"]) == ("Current", ["Size"])
    assert found["Destination"]["S3BucketDestination"]["Bucket"] == f"arn:aws:s3:::{target}"
    with pytest.raises(ClientError, match="NoSuchConfiguration"):
        client.get_bucket_inventory_configuration(Bucket=bucket, Id="another")
    with pytest.raises(StandInError, match="format is CSV or Parquet"):
        s3.inventory(bucket, target, format="XLSX")
