"""Multipart uploads: begin, parts, finish, abort."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

from icehouse.sim.clock import iso
from icehouse.sim.content import cut
from icehouse.sim.s3 import checksums, conditions
from icehouse.sim.s3.bucket import Bucket
from icehouse.sim.s3.copying import LARGEST, digest_of, find_source
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.objects import check_storing, kept_headers, kept_metadata, kept_tags, wanted_class
from icehouse.sim.s3.uploads import Part, Upload
from icehouse.sim.s3.version import PartSize, Version
from icehouse.sim.s3.wire import Node, document, element, parse
from icehouse.sim.s3.world import World

SMALLEST_PART = 5 * 1024 * 1024
"""Bytes of every part but the last."""

MOST_PARTS = 10_000

_COPY_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


def find_upload(world: World, call: Call) -> Upload:
    """The upload that a call names; raises NoSuchUpload."""
    world.bucket(call.bucket_name)
    upload = world.uploads.get(call.query["uploadId"])
    if upload is None or (upload.bucket, upload.key) != (call.bucket, call.key):
        raise S3Error("NoSuchUpload", elements={"UploadId": call.query["uploadId"]})
    return upload


async def create_upload(world: World, call: Call) -> Reply:
    """Begin an upload; class, metadata and tags are told here, checked and kept until it is finished."""
    bucket = world.bucket(call.bucket_name)
    check_storing(call)
    algorithm = call.headers.get("x-amz-checksum-algorithm", "").upper()
    kind = call.headers.get("x-amz-checksum-type", "").upper()
    if algorithm:
        checksums.hasher(algorithm)
        kind = kind or "COMPOSITE"
        if kind == "FULL_OBJECT" and algorithm != "CRC32":
            raise S3Error(
                "InvalidRequest",
                f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm.",
            )
    upload = Upload(
        world.fresh_id(bucket.name, call.object_key, "upload"),
        bucket.name,
        call.object_key,
        float(int(call.now)),
        wanted_class(call),
        kept_headers(call),
        kept_metadata(call),
        kept_tags(call),
        algorithm,
        kind,
    )
    world.uploads[upload.upload_id] = upload
    world.keep_upload(upload.upload_id)
    inner = element("Bucket", bucket.name) + element("Key", upload.key) + element("UploadId", upload.upload_id)
    headers = {"x-amz-server-side-encryption": "AES256"}
    if algorithm:
        headers |= {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind}
    return xml_reply(document("InitiateMultipartUploadResult", inner), headers=headers)


def _part_number(call: Call) -> int:
    text = call.query.get("partNumber", "")
    if not text.isdecimal() or not text.isascii() or not 1 <= int(text) <= MOST_PARTS:
        raise S3Error(
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
            elements={"ArgumentName": "partNumber", "ArgumentValue": text},
        )
    return int(text)


async def upload_part(world: World, call: Call) -> Reply:
    """Keep one part; the last upload of a number wins."""
    number = _part_number(call)
    upload = find_upload(world, call)
    stored = await call.body.store(world.blobs, algorithm=upload.algorithm or None)
    upload = find_upload(world, call)
    kept = {name: value for name, value in stored.checksums.items() if name == upload.algorithm or not upload.algorithm}
    part = Part(number, stored.md5, stored.size, float(int(world.clock.now())), kept, stored.content)
    world.keep_part(upload.upload_id, part)
    headers = {"etag": f'"{stored.md5}"', "x-amz-server-side-encryption": "AES256"}
    headers |= {f"x-amz-checksum-{name.lower()}": value for name, value in kept.items()}
    return Reply(headers=headers)


async def upload_part_copy(world: World, call: Call) -> Reply:
    """Keep a part that is a range of another object; bytes of synthetic objects are not written out."""
    number = _part_number(call)
    upload = find_upload(world, call)
    source, versioned, _ = find_source(world, call)
    start, length = 0, source.size
    if (text := call.headers.get("x-amz-copy-source-range")) is not None:
        match = _COPY_RANGE.fullmatch(text)
        if match is None or int(match[1]) > int(match[2]) or int(match[2]) >= source.size:
            raise S3Error("InvalidArgument", f"Range specified is not valid for source object of size: {source.size}")
        start, length = int(match[1]), int(match[2]) - int(match[1]) + 1
    if length > LARGEST:
        raise S3Error("InvalidRequest", f"The specified copy range exceeds the maximum of {LARGEST} bytes")
    content = cut(source.content, start, length)
    etag, _ = digest_of(world, content, length)
    values: dict[str, str] = {}
    if upload.algorithm:
        eater = checksums.hasher(upload.algorithm)
        for chunk in world.blobs.read(content):
            eater.update(chunk)
        values = {upload.algorithm: checksums.b64(eater.digest())}
    part = Part(number, etag, length, float(int(call.now)), values, content)
    world.keep_part(upload.upload_id, part)
    inner = element("LastModified", iso(part.modified)) + element("ETag", f'"{etag}"')
    inner += "".join(element(f"Checksum{name}", value) for name, value in values.items())
    headers = {"x-amz-copy-source-version-id": source.version_id} if versioned else {}
    reply = xml_reply(document("CopyPartResult", inner), headers=headers)
    reply.size, reply.copied = source.size, length
    return reply


async def abort_upload(world: World, call: Call) -> Reply:
    """Forget an upload and its parts."""
    upload = find_upload(world, call)
    del world.uploads[upload.upload_id]
    world.keep_upload(upload.upload_id)
    return Reply(204)


def _chosen(upload: Upload, wishes: Sequence[Node]) -> list[Part]:
    """The parts that a CompleteMultipartUpload lists; raises InvalidPartOrder, InvalidPart, EntityTooSmall."""
    parts: list[Part] = []
    for wish in wishes:
        number, etag = wish.get("PartNumber"), (wish.get("ETag") or "").strip('"')
        if wish.name != "Part" or number is None or not number.isdecimal():
            raise S3Error("MalformedXML")
        if parts and int(number) <= parts[-1].number:
            raise S3Error("InvalidPartOrder", elements={"UploadId": upload.upload_id})
        part = upload.parts.get(int(number))
        given = {
            child.name.removeprefix("Checksum"): child.text
            for child in wish.children
            if child.name.startswith("Checksum")
        }
        if part is None or part.etag != etag or any(part.checksums.get(name) != text for name, text in given.items()):
            elements = {"UploadId": upload.upload_id, "PartNumber": number, "ETag": etag}
            raise S3Error("InvalidPart", elements=elements)
        parts.append(part)
    for part in parts[:-1]:
        if part.size < SMALLEST_PART:
            elements = {
                "ProposedSize": str(part.size),
                "MinSizeAllowed": str(SMALLEST_PART),
                "PartNumber": str(part.number),
                "ETag": part.etag,
            }
            raise S3Error("EntityTooSmall", elements=elements)
    return parts


async def complete_upload(world: World, call: Call) -> Reply:
    """Make an object of the parts listed; its ETag is the MD5 of their MD5s, a dash and their number."""
    bucket = world.bucket(call.bucket_name)
    tree = parse(await call.body.small(), "CompleteMultipartUpload")
    upload = find_upload(world, call)
    if not tree.children:
        raise S3Error("MalformedXML")
    parts = _chosen(upload, tree.children)
    conditions.check_write(bucket.current(upload.key), call.headers)
    whole = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts))
    size = sum(part.size for part in parts)
    promised = call.headers.get("x-amz-mp-object-size")
    if promised is not None and promised != str(size):
        raise S3Error("InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed")
    version = Version(
        key=upload.key,
        version_id=world.new_version_id(bucket, upload.key),
        size=size,
        etag=f"{whole.hexdigest()}-{len(parts)}",
        modified=upload.initiated,
        storage_class=upload.storage_class,
        headers=upload.headers,
        metadata=upload.metadata,
        tags=upload.tags,
        parts=tuple(PartSize(part.number, part.size, dict(part.checksums)) for part in parts),
        content=tuple(piece for part in parts for piece in part.content),
    )
    version = _with_checksum(world, call, upload, version, parts)
    world.keep(bucket, version.key, bucket.with_version(version))
    del world.uploads[upload.upload_id]
    world.keep_upload(upload.upload_id)
    return _completed(bucket, call, version)


def _with_checksum(world: World, call: Call, upload: Upload, version: Version, parts: Sequence[Part]) -> Version:
    if not upload.algorithm:
        return version
    if upload.checksum_type == "COMPOSITE":
        value = checksums.composite(upload.algorithm, [part.checksums[upload.algorithm] for part in parts])
    else:
        eater = checksums.hasher(upload.algorithm)
        for chunk in world.blobs.read(version.content):
            eater.update(chunk)
        value = checksums.b64(eater.digest())
    for name, given in checksums.declared(call.headers).items():
        if name == upload.algorithm and given != value:
            raise S3Error("BadDigest", f"The {name} you specified did not match the calculated checksum.")
    return replace(version, checksums={upload.algorithm: value}, checksum_type=upload.checksum_type)


def _completed(bucket: Bucket, call: Call, version: Version) -> Reply:
    inner = element("Location", f"http://{call.headers.get('host', '')}{call.resource}")
    inner += element("Bucket", bucket.name) + element("Key", version.key) + element("ETag", f'"{version.etag}"')
    for name, value in version.checksums.items():
        inner += element(f"Checksum{name}", value) + element("ChecksumType", version.checksum_type)
    headers = {"x-amz-version-id": version.version_id} if bucket.options.versioning else {}
    reply = xml_reply(document("CompleteMultipartUploadResult", inner), headers=headers)
    reply.version_id, reply.size = version.version_id, version.size
    return reply
