"""Objects keep bytes, headers, metadata and tags; conditions and ranges hold; what is not modelled says so."""

from __future__ import annotations

import hashlib
import io
import os
from typing import Any

import pytest

from tests.sim.outcome import outcome
from tests.standin import StandIn


def put(client: Any, bucket: str, key: str, body: bytes = b"0123456789", **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.put_object(Bucket=bucket, Key=key, Body=body, **more)
    return answer


def read(client: Any, bucket: str, key: str, **more: Any) -> bytes:
    body: bytes = client.get_object(Bucket=bucket, Key=key, **more)["Body"].read()
    return body


def test_what_is_put_is_got(client: Any, bucket: str) -> None:
    body = os.urandom(300_000)
    answer = put(
        client,
        bucket,
        "a",
        body,
        ContentType="image/tiff",
        CacheControl="no-cache",
        Metadata={"plate": "B04"},
        Tagging="lab=x&note=a%20b",
        StorageClass="STANDARD_IA",
    )
    assert answer["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert read(client, bucket, "a") == body
    head = client.head_object(Bucket=bucket, Key="a")
    assert (head["ContentLength"], head["ContentType"], head["CacheControl"]) == (300_000, "image/tiff", "no-cache")
    assert (head["Metadata"], head["StorageClass"], head["TagCount"]) == ({"plate": "B04"}, "STANDARD_IA", 2)
    tags = {tag["Key"]: tag["Value"] for tag in client.get_object_tagging(Bucket=bucket, Key="a")["TagSet"]}
    assert tags == {"lab": "x", "note": "a b"}


def test_ranges_are_bytes_of_the_whole(client: Any, bucket: str) -> None:
    put(client, bucket, "a")
    assert read(client, bucket, "a", Range="bytes=2-4") == b"234"
    assert read(client, bucket, "a", Range="bytes=7-") == b"789"
    assert read(client, bucket, "a", Range="bytes=-3") == b"789"
    assert read(client, bucket, "a", Range="bytes=8-99") == b"89"
    assert client.get_object(Bucket=bucket, Key="a", Range="bytes=2-4")["ContentRange"] == "bytes 2-4/10"
    assert outcome(client.get_object, Bucket=bucket, Key="a", Range="bytes=10-") == (416, "InvalidRange")


def test_synthetic_bytes_are_the_same_in_any_slicing(client: Any) -> None:
    key = "run1/sample05.fastq.gz"
    whole = read(client, "small", key)
    assert client.head_object(Bucket="small", Key=key)["ETag"].strip('"') == hashlib.md5(whole).hexdigest()
    assert read(client, "small", key, Range="bytes=0-699") + read(client, "small", key, Range="bytes=700-") == whole


def test_conditions_of_reading(client: Any, bucket: str) -> None:
    etag = put(client, bucket, "a")["ETag"]
    at = client.head_object(Bucket=bucket, Key="a")["LastModified"]
    aim = {"Bucket": bucket, "Key": "a"}
    assert outcome(client.get_object, **aim, IfMatch=etag) == (200, "")
    assert outcome(client.get_object, **aim, IfMatch='"other"') == (412, "PreconditionFailed")
    assert outcome(client.head_object, **aim, IfNoneMatch=etag) == (304, "304")
    assert outcome(client.get_object, **aim, IfModifiedSince=at) == (304, "304")
    assert outcome(client.get_object, **aim, IfUnmodifiedSince=at) == (200, "")


def test_conditions_of_writing_and_deleting(client: Any, bucket: str) -> None:
    etag = put(client, bucket, "a")["ETag"]
    aim = {"Bucket": bucket, "Key": "a"}
    failed = (412, "PreconditionFailed")
    assert outcome(client.put_object, **aim, Body=b"x", IfNoneMatch="*") == failed
    assert outcome(client.put_object, **aim, Body=b"x", IfMatch='"other"') == failed
    assert outcome(client.delete_object, **aim, IfMatch='"other"') == failed
    assert outcome(client.put_object, Bucket=bucket, Key="b", Body=b"x", IfMatch=etag) == (404, "NoSuchKey")
    assert read(client, bucket, "a") == b"0123456789"
    assert outcome(client.delete_object, **aim, IfMatch=etag) == (204, "")
    assert outcome(client.put_object, **aim, Body=b"x", IfNoneMatch="*") == (200, "")


def test_many_deletes_each_have_their_own_outcome(s3: StandIn, client: Any, bucket: str) -> None:
    etag = put(client, bucket, "a")["ETag"]
    put(client, bucket, "b")
    wishes = [{"Key": "a", "ETag": etag}, {"Key": "b", "ETag": '"other"'}, {"Key": "absent"}]
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": wishes})
    assert [row["Key"] for row in answer["Deleted"]] == ["a", "absent"]
    assert [(row["Key"], row["Code"]) for row in answer["Errors"]] == [("b", "PreconditionFailed")]
    logged = [(row["key"], row["error"]) for row in s3.log(operation="DeleteObjects")[-1]["deletes"]]
    assert logged == [
        ("a", None),
        ("b", "PreconditionFailed"),
        ("absent", None),
    ]
    assert [row["Key"] for row in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["b"]


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_is_kept_and_a_wrong_one_refused(client: Any, bucket: str, algorithm: str) -> None:
    answer = put(client, bucket, "a", ChecksumAlgorithm=algorithm)
    head = client.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == answer[f"Checksum{algorithm}"]
    told = client.get_object_attributes(Bucket=bucket, Key="a", ObjectAttributes=["Checksum", "ETag", "ObjectSize"])
    assert told["Checksum"][f"Checksum{algorithm}"] == answer[f"Checksum{algorithm}"]
    assert (told["ObjectSize"], told["ETag"]) == (10, answer["ETag"].strip('"'))
    wrong = {f"Checksum{algorithm}": answer[f"Checksum{algorithm}"]}
    assert outcome(client.put_object, Bucket=bucket, Key="b", Body=b"x", **wrong) == (400, "BadDigest")
    assert outcome(client.head_object, Bucket=bucket, Key="b") == (404, "404")


def test_a_wrong_content_md5_is_refused(client: Any, bucket: str) -> None:
    wish = {"Bucket": bucket, "Key": "a", "Body": b"x"}
    assert outcome(client.put_object, **wish, ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==") == (400, "BadDigest")
    assert outcome(client.put_object, **wish, ContentMD5="nonsense") == (400, "InvalidDigest")


def test_a_copy_keeps_or_replaces_what_it_is_told(client: Any, bucket: str) -> None:
    put(client, bucket, "a", Metadata={"x": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a"}
    client.copy_object(Bucket=bucket, Key="b", CopySource=source, StorageClass="DEEP_ARCHIVE")
    head = client.head_object(Bucket=bucket, Key="b")
    assert (head["Metadata"], head["TagCount"], head["StorageClass"]) == ({"x": "1"}, 1, "DEEP_ARCHIVE")
    client.copy_object(Bucket=bucket, Key="c", CopySource=source, MetadataDirective="REPLACE", Metadata={"y": "2"})
    assert client.head_object(Bucket=bucket, Key="c")["Metadata"] == {"y": "2"}
    assert outcome(client.copy_object, **source, CopySource=source) == (400, "InvalidRequest")
    assert outcome(client.copy_object, **source, CopySource=source, StorageClass="GLACIER") == (200, "")
    assert client.head_object(Bucket=bucket, Key="a")["StorageClass"] == "GLACIER"
    failed = {"Bucket": bucket, "Key": "d", "CopySource": {"Bucket": bucket, "Key": "c"}}
    assert outcome(client.copy_object, **failed, CopySourceIfMatch='"x"') == (412, "PreconditionFailed")
    assert outcome(client.copy_object, Bucket=bucket, Key="d", CopySource=f"{bucket}/absent") == (404, "NoSuchKey")


def test_tags_are_replaced_and_taken_off(client: Any, bucket: str) -> None:
    put(client, bucket, "a", StorageClass="DEEP_ARCHIVE")
    aim = {"Bucket": bucket, "Key": "a"}
    client.put_object_tagging(**aim, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert client.get_object_tagging(**aim)["TagSet"] == [{"Key": "k", "Value": "v"}]
    client.delete_object_tagging(**aim)
    assert client.get_object_tagging(**aim)["TagSet"] == []
    twice = {"TagSet": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}
    assert outcome(client.put_object_tagging, **aim, Tagging=twice) == (400, "InvalidTag")


def test_what_is_not_modelled_is_501_and_changes_nothing(client: Any, bucket: str) -> None:
    unmodelled = (501, "NotImplemented")
    assert outcome(client.put_bucket_acl, Bucket=bucket, ACL="private") == unmodelled
    assert outcome(client.get_bucket_policy, Bucket=bucket) == unmodelled
    assert outcome(client.get_bucket_cors, Bucket=bucket) == unmodelled
    assert outcome(client.get_object_acl, Bucket=bucket, Key="a") == unmodelled
    wish = {"Bucket": bucket, "Key": "a", "Body": b"x"}
    assert outcome(client.put_object, **wish, ObjectLockLegalHoldStatus="ON") == unmodelled
    assert outcome(client.put_object, **wish, ServerSideEncryption="aws:kms") == unmodelled
    assert outcome(client.put_object, **wish, ACL="public-read") == unmodelled
    assert outcome(client.put_object, **wish, StorageClass="OUTPOSTS") == (400, "InvalidStorageClass")
    assert outcome(client.head_object, Bucket=bucket, Key="a") == (404, "404")


def test_keys_of_1024_bytes_are_the_longest(client: Any, bucket: str) -> None:
    assert outcome(client.put_object, Bucket=bucket, Key="k" * 1024, Body=b"") == (200, "")
    assert outcome(client.put_object, Bucket=bucket, Key="\u00e9" * 513, Body=b"") == (400, "KeyTooLongError")


def test_buckets_come_and_go(client: Any, bucket: str) -> None:
    put(client, bucket, "a")
    assert outcome(client.delete_bucket, Bucket=bucket) == (409, "BucketNotEmpty")
    client.delete_object(Bucket=bucket, Key="a")
    assert outcome(client.delete_bucket, Bucket=bucket) == (204, "")
    assert outcome(client.head_bucket, Bucket=bucket) == (404, "404")
    assert outcome(client.get_object, Bucket=bucket, Key="a") == (404, "NoSuchBucket")
    assert "small" in [row["Name"] for row in client.list_buckets()["Buckets"]]
    assert client.get_bucket_location(Bucket="small")["LocationConstraint"] is None
    assert client.head_bucket(Bucket="small")["BucketRegion"] == "us-east-1"


def test_versions_and_delete_markers(s3: StandIn, client: Any, bucket: str) -> None:
    put(client, bucket, "a", b"null")
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = put(client, bucket, "a", b"first")["VersionId"]
    gone = client.delete_object(Bucket=bucket, Key="a")
    assert gone["DeleteMarker"] is True
    aim = {"Bucket": bucket, "Key": "a"}
    assert outcome(client.get_object, **aim) == (404, "NoSuchKey")
    assert outcome(client.get_object, **aim, VersionId=gone["VersionId"]) == (405, "MethodNotAllowed")
    assert outcome(client.get_object, **aim, VersionId="short") == (400, "InvalidArgument")
    assert outcome(client.get_object, **aim, VersionId="0" * 32) == (404, "NoSuchVersion")
    assert read(client, bucket, "a", VersionId="null") == b"null"
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)
    assert client.delete_object(**aim, VersionId=gone["VersionId"])["DeleteMarker"] is True
    assert read(client, bucket, "a") == b"first"
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    put(client, bucket, "a", b"again")
    listed = [row["VersionId"] for row in client.list_object_versions(Bucket=bucket)["Versions"]]
    assert listed == ["null", first]
    assert outcome(client.delete_bucket, Bucket=bucket) == (409, "BucketNotEmpty")


def test_a_multipart_upload_is_the_sum_of_its_parts(client: Any, bucket: str) -> None:
    body = os.urandom(11 * 1024 * 1024)
    client.upload_fileobj(io.BytesIO(body), bucket, "big", ExtraArgs={"StorageClass": "STANDARD_IA"})
    parts = [hashlib.md5(body[at : at + 8 * 1024 * 1024]).digest() for at in (0, 8 * 1024 * 1024)]
    head = client.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert head["ETag"] == f'"{hashlib.md5(b"".join(parts)).hexdigest()}-2"'
    assert (head["StorageClass"], head["ChecksumType"]) == ("STANDARD_IA", "COMPOSITE")
    assert head["ChecksumCRC32"].endswith("-2")
    assert read(client, bucket, "big") == body
    second = client.get_object(Bucket=bucket, Key="big", PartNumber=2)
    assert (second["PartsCount"], second["Body"].read()) == (2, body[8 * 1024 * 1024 :])
    told = client.get_object_attributes(Bucket=bucket, Key="big", ObjectAttributes=["ObjectParts"])
    assert [part["Size"] for part in told["ObjectParts"]["Parts"]] == [8 * 1024 * 1024, 3 * 1024 * 1024]


def test_an_upload_is_checked_when_it_is_finished_and_gone_when_aborted(client: Any, bucket: str) -> None:
    aim = {"Bucket": bucket, "Key": "big"}
    upload = client.create_multipart_upload(**aim)["UploadId"]
    etags = [client.upload_part(**aim, UploadId=upload, PartNumber=n, Body=b"small")["ETag"] for n in (1, 2)]

    def finish(*parts: tuple[int, str]) -> tuple[int, str]:
        listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        return outcome(client.complete_multipart_upload, **aim, UploadId=upload, MultipartUpload={"Parts": listed})

    assert finish((2, etags[1]), (1, etags[0])) == (400, "InvalidPartOrder")
    assert finish((1, '"other"')) == (400, "InvalidPart")
    assert finish((1, etags[0]), (2, etags[1])) == (400, "EntityTooSmall")
    assert [part["Size"] for part in client.list_parts(**aim, UploadId=upload)["Parts"]] == [5, 5]
    assert [row["Key"] for row in client.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["big"]
    client.abort_multipart_upload(**aim, UploadId=upload)
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
    assert finish((1, etags[0])) == (404, "NoSuchUpload")
