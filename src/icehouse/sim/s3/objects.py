"""PUT, GET, HEAD and DELETE of objects."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from icehouse.sim.clock import http_date
from icehouse.sim.content import cut
from icehouse.sim.s3 import conditions
from icehouse.sim.s3.deletion import delete_one
from icehouse.sim.s3.errors import S3Error, not_implemented
from icehouse.sim.s3.exchange import Call, Reply
from icehouse.sim.s3.lookup import find_version
from icehouse.sim.s3.storage_classes import INTELLIGENT_TIERING, STANDARD, STORAGE_CLASSES
from icehouse.sim.s3.tagging import check_tags
from icehouse.sim.s3.version import Version, invalid_state_elements
from icehouse.sim.s3.world import World

_KEPT = ("content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires")
_LARGEST_METADATA = 2048
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def kept_headers(call: Call) -> dict[str, str]:
    """The system headers that S3 keeps with an object."""
    kept = {name: call.headers[name] for name in _KEPT if name in call.headers}
    if "aws-chunked" in kept.get("content-encoding", ""):
        words = [word.strip() for word in kept["content-encoding"].split(",")]
        kept["content-encoding"] = ",".join(word for word in words if word != "aws-chunked")
    return {"content-type": "binary/octet-stream", **{name: value for name, value in kept.items() if value}}


def kept_metadata(call: Call) -> dict[str, str]:
    """The user metadata, at most 2 KB of it."""
    found = {n.removeprefix("x-amz-meta-"): v for n, v in call.headers.items() if n.startswith("x-amz-meta-")}
    if sum(len(name) + len(value) for name, value in found.items()) > _LARGEST_METADATA:
        raise S3Error("MetadataTooLarge")
    return found


def kept_tags(call: Call) -> dict[str, str]:
    """The tags given in the x-amz-tagging header."""
    text = call.headers.get("x-amz-tagging", "")
    return check_tags(parse_qsl(text, keep_blank_values=True))


def wanted_class(call: Call, default: str = STANDARD) -> str:
    """The storage class asked for; InvalidStorageClass for one that is none."""
    wanted = call.headers.get("x-amz-storage-class", default)
    if wanted not in STORAGE_CLASSES:
        raise S3Error("InvalidStorageClass", elements={"StorageClassRequested": wanted})
    return wanted


def check_storing(call: Call) -> None:
    """Refuse what would make the stored object different from what the stand-in keeps."""
    if call.headers.get("x-amz-server-side-encryption", "AES256") != "AES256":
        raise not_implemented("x-amz-server-side-encryption other than AES256")
    if call.headers.get("x-amz-acl", "private") not in {"private", "bucket-owner-full-control"}:
        raise not_implemented("x-amz-acl")


async def put_object(world: World, call: Call) -> Reply:
    """Store a body as a new version."""
    bucket = world.bucket(call.bucket_name)
    storage_class = wanted_class(call)
    check_storing(call)
    headers, metadata, tags = kept_headers(call), kept_metadata(call), kept_tags(call)
    conditions.check_write(bucket.current(call.object_key), call.headers)
    stored = await call.body.store(world.blobs)
    # Once more, since others may have written while the body came in.
    conditions.check_write(bucket.current(call.object_key), call.headers)
    version = Version(
        key=call.object_key,
        version_id=world.new_version_id(bucket, call.object_key),
        size=stored.size,
        etag=stored.md5,
        modified=float(int(world.clock.now())),
        storage_class=storage_class,
        headers=headers,
        metadata=metadata,
        tags=tags,
        checksums=stored.checksums,
        checksum_type="FULL_OBJECT" if stored.checksums else "",
        content=stored.content,
    )
    world.keep(bucket, version.key, bucket.with_version(version))
    reply = Reply(headers={"etag": f'"{version.etag}"', "x-amz-server-side-encryption": "AES256"})
    if storage_class != STANDARD:
        reply.headers["x-amz-storage-class"] = storage_class
    for name, value in stored.checksums.items():
        reply.headers[f"x-amz-checksum-{name.lower()}"] = value
        reply.headers["x-amz-checksum-type"] = "FULL_OBJECT"
    if bucket.options.versioning:
        reply.headers["x-amz-version-id"] = version.version_id
    reply.version_id, reply.size = version.version_id, version.size
    return reply


def describe_version(world: World, call: Call, version: Version, *, versioned: bool) -> dict[str, str]:
    """The response headers of GET and HEAD that tell about the version, its class and its restore."""
    headers = {
        "last-modified": http_date(version.modified),
        "etag": f'"{version.etag}"',
        "accept-ranges": "bytes",
        **version.headers,
        "x-amz-server-side-encryption": "aws:kms" if version.kms else "AES256",
    }
    if version.kms:
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = (
            f"arn:aws:kms:{world.settings.region}:111122223333:key/1ceb0a7d-0000-4000-8000-00000000c01d"
        )
    headers |= {f"x-amz-meta-{name}": value for name, value in version.metadata.items()}
    if version.tags:
        headers["x-amz-tagging-count"] = str(len(version.tags))
    if versioned:
        headers["x-amz-version-id"] = version.version_id
    if version.storage_class != STANDARD:
        headers["x-amz-storage-class"] = version.storage_class
    if call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" and version.checksums:
        headers |= {f"x-amz-checksum-{name.lower()}": value for name, value in version.checksums.items()}
        headers["x-amz-checksum-type"] = version.checksum_type
    return headers | restore_headers(world, version, call.now)


def restore_headers(world: World, version: Version, now: float) -> dict[str, str]:
    """x-amz-restore, x-amz-archive-status and the two headers that botocore does not model."""
    headers: dict[str, str] = {}
    if version.archive_tier and version.cold_place(now):
        headers["x-amz-archive-status"] = version.archive_tier
    restore = version.restore
    if restore is None:
        return headers
    if restore.running(now):
        headers["x-amz-restore"] = 'ongoing-request="true"'
        headers["x-amz-restore-request-date"] = http_date(restore.requested)
        headers["x-amz-restore-tier"] = restore.tier
    elif restore.expires is not None and restore.live(now):
        headers["x-amz-restore"] = f'ongoing-request="false", expiry-date="{http_date(restore.expires)}"'
    elif version.storage_class == INTELLIGENT_TIERING and world.switches.it_restored_header:
        headers["x-amz-restore"] = 'ongoing-request="false"'
    return headers


def read_range(text: str | None, size: int) -> tuple[int, int] | None:
    """First and one-past-last byte of a Range header; None to send everything (no header, or one S3 ignores)."""
    match = _RANGE.fullmatch(text.strip()) if text else None
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= end:
        elements = {"RangeRequested": match.group(), "ActualObjectSize": str(size)}
        raise S3Error("InvalidRange", elements=elements, headers={"content-range": f"bytes */{size}"})
    return start, end


def _part_span(version: Version, number: int) -> tuple[int, int]:
    sizes = [part.size for part in version.parts] or [version.size]
    if not 1 <= number <= len(sizes):
        raise S3Error("InvalidPartNumber", "The requested partnumber is not satisfiable", status=416)
    start = sum(sizes[: number - 1])
    return start, start + sizes[number - 1]


def _span(call: Call, version: Version, headers: dict[str, str]) -> tuple[int, int, int]:
    """Start, end and status of what is asked for; adds Content-Range and x-amz-mp-parts-count to the headers."""
    span: tuple[int, int] | None
    if "partNumber" in call.query:
        if "range" in call.headers:
            raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
        span = _part_span(version, call.number("partNumber", 1, least=1))
        if version.parts:
            headers["x-amz-mp-parts-count"] = str(len(version.parts))
    else:
        span = read_range(call.headers.get("range"), version.size)
    if span is None or version.size == 0:
        return 0, version.size, 200
    headers["content-range"] = f"bytes {span[0]}-{span[1] - 1}/{version.size}"
    return *span, 206


async def get_object(world: World, call: Call) -> Reply:
    """Bytes of a version, whole or a range; 403 InvalidObjectState while it is cold or restoring."""
    return _read(world, call, with_body=True)


async def head_object(world: World, call: Call) -> Reply:
    """What GET would say without its bytes; also for cold objects."""
    return _read(world, call, with_body=False)


def _read(world: World, call: Call, *, with_body: bool) -> Reply:
    bucket = world.bucket(call.bucket_name)
    version = find_version(bucket, call)
    conditions.check_read(version, call.headers)
    if with_body and not version.readable(call.now):
        raise S3Error("InvalidObjectState", elements=invalid_state_elements(version, call.now))
    headers = describe_version(world, call, version, versioned=bool(bucket.options.versioning))
    start, end, status = _span(call, version, headers)
    if status == 206:
        # A checksum of the whole says nothing about a part of it.
        headers = {name: value for name, value in headers.items() if not name.startswith("x-amz-checksum-")}
    headers |= {n.removeprefix("response-"): v for n, v in call.query.items() if n.startswith("response-")}
    reply = Reply(status, headers, length=end - start, version_id=version.version_id, size=version.size)
    if with_body:
        reply.stream = world.blobs.read(cut(version.content, start, end - start))
    return reply


async def delete_object(world: World, call: Call) -> Reply:
    """Delete a version, or put a delete marker on top."""
    bucket = world.bucket(call.bucket_name)
    outcome = delete_one(
        world, bucket, call.object_key, call.version_id, call.headers.get("if-match"), world.clock.now()
    )
    headers: dict[str, str] = {}
    if outcome.version_id:
        headers["x-amz-version-id"] = outcome.version_id
    if outcome.marker:
        headers["x-amz-delete-marker"] = "true"
    return Reply(204, headers, version_id=outcome.version_id)
