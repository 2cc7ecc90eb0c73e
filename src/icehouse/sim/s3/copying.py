"""CopyObject, and finding the source of any copy."""

from __future__ import annotations

import hashlib
from typing import NamedTuple
from urllib.parse import unquote

from icehouse.sim.clock import iso
from icehouse.sim.s3 import checksums, conditions
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.lookup import named_version
from icehouse.sim.s3.objects import check_storing, kept_headers, kept_metadata, kept_tags, wanted_class
from icehouse.sim.s3.version import Slice, Version, invalid_state_elements
from icehouse.sim.s3.wire import document, element
from icehouse.sim.s3.world import World

LARGEST = 5 * 1024**3
"""Bytes that one CopyObject, or one UploadPartCopy, may copy."""

_READ_WHOLE = 64 * 1024 * 1024
"""Bytes up to which a copy of a multipart object is read for its MD5; above, an opaque ETag stands for it."""


class Source(NamedTuple):
    """A version to be copied, and whether its bucket has versions."""

    version: Version
    versioned: bool
    bucket: str


def find_source(world: World, call: Call) -> Source:
    """The version that x-amz-copy-source names.

    Raises InvalidObjectState for a cold one, 412 for failed conditions, AccessDenied where reading is denied, and what
    `find_version` raises.
    """
    path, _, query = call.headers["x-amz-copy-source"].partition("?")
    name, _, key = unquote(path).removeprefix("/").partition("/")
    version_id = unquote(query.removeprefix("versionId=")) if query.startswith("versionId=") else None
    if not name or not key:
        raise S3Error("InvalidArgument", "Invalid copy source object key")
    bucket = world.bucket(name)
    owner = call.headers.get("x-amz-source-expected-bucket-owner")
    if (owner is not None and owner != bucket.options.owner) or bucket.options.denies("get", key):
        raise S3Error("AccessDenied")
    versions = bucket.versions(key)
    if version_id is not None:
        version = named_version(versions, key, version_id)
        if version.marker:
            raise S3Error(
                "InvalidRequest",
                "The source of a copy request may not specifically refer to a delete marker by version id.",
            )
    elif not versions or versions[0].marker:
        raise S3Error("NoSuchKey", elements={"Key": key})
    else:
        version = versions[0]
    if not version.readable(call.now):
        raise S3Error(
            "InvalidObjectState",
            "Operation is not valid for the source object's storage class",
            elements=invalid_state_elements(version, call.now),
        )
    conditions.check_read(version, call.headers, copying=True)
    call.notes["source"] = {"bucket": name, "key": key, "version": version.version_id}
    return Source(version, bool(bucket.options.versioning), name)


def digest_of(world: World, content: tuple[Slice, ...], size: int) -> tuple[str, bool]:
    """The MD5 of some bytes in hex and False, or for many bytes an opaque value and True."""
    digest = hashlib.md5()
    if size > _READ_WHOLE:
        digest.update(repr(content).encode())
        return digest.hexdigest(), True
    for chunk in world.blobs.read(content):
        digest.update(chunk)
    return digest.hexdigest(), False


async def copy_object(world: World, call: Call) -> Reply:
    """Copy up to 5 GiB to a new version, single-part whatever the source was.

    Without a class named the copy is STANDARD.  The source's checksum algorithm is kept unless another is asked for.
    """
    bucket = world.bucket(call.bucket_name)
    storage_class = wanted_class(call)
    check_storing(call)
    source, versioned, source_bucket = find_source(world, call)
    conditions.check_write(bucket.current(call.object_key), call.headers)
    if source.size > LARGEST:
        raise S3Error(
            "InvalidRequest",
            f"The specified copy source is larger than the maximum allowable size for a copy source: {LARGEST}",
        )
    replaced = _directive(call, "x-amz-metadata-directive")
    retagged = _directive(call, "x-amz-tagging-directive")
    itself = source_bucket == bucket.name and source.key == call.object_key and bucket.current(source.key) == source
    if itself and not replaced and storage_class == source.storage_class:
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
    etag, kms = source.etag, source.kms
    if source.parts:
        etag, kms = digest_of(world, source.content, source.size)
    values = _checksums(world, call, source)
    version = Version(
        key=call.object_key,
        version_id=world.new_version_id(bucket, call.object_key),
        size=source.size,
        etag=etag,
        modified=float(int(call.now)),
        storage_class=storage_class,
        kms=kms,
        headers=kept_headers(call) if replaced else source.headers,
        metadata=kept_metadata(call) if replaced else source.metadata,
        tags=kept_tags(call) if retagged else source.tags,
        content=source.content,
        checksums=values,
        checksum_type="FULL_OBJECT" if values else "",
    )
    world.keep(bucket, version.key, bucket.with_version(version))
    inner = element("LastModified", iso(version.modified)) + element("ETag", f'"{version.etag}"')
    inner += "".join(element(f"Checksum{name}", value) for name, value in version.checksums.items())
    headers = {"x-amz-version-id": version.version_id} if bucket.options.versioning else {}
    if versioned:
        headers["x-amz-copy-source-version-id"] = source.version_id
    reply = xml_reply(document("CopyObjectResult", inner), headers=headers)
    reply.version_id, reply.size, reply.copied = version.version_id, source.size, source.size
    return reply


def _checksums(world: World, call: Call, source: Version) -> dict[str, str]:
    wanted = call.headers.get("x-amz-checksum-algorithm", "").upper() or next(iter(source.checksums), "")
    if not wanted:
        return {}
    if wanted in source.checksums and source.checksum_type == "FULL_OBJECT":
        return {wanted: source.checksums[wanted]}
    eater = checksums.hasher(wanted)
    for chunk in world.blobs.read(source.content):
        eater.update(chunk)
    return {wanted: checksums.b64(eater.digest())}


def _directive(call: Call, name: str) -> bool:
    wish = call.headers.get(name, "COPY")
    if wish not in {"COPY", "REPLACE"}:
        raise S3Error("InvalidArgument", f"Unknown {name}.", elements={"ArgumentName": name, "ArgumentValue": wish})
    return wish == "REPLACE"
