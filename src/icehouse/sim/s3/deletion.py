"""Deleting: versions, delete markers, and many keys in one request."""

from __future__ import annotations

from typing import NamedTuple

from icehouse.sim.s3 import conditions
from icehouse.sim.s3.bucket import Bucket
from icehouse.sim.s3.errors import S3Error, not_implemented
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.lookup import named_version
from icehouse.sim.s3.version import NULL_VERSION, Version
from icehouse.sim.s3.wire import Node, document, element, parse
from icehouse.sim.s3.world import World

MOST = 1000
"""Keys in one DeleteObjects."""


class Outcome(NamedTuple):
    """What a delete did: the version concerned (None in a bucket without versioning) and whether that is a marker."""

    version_id: str | None
    marker: bool


def delete_one(
    world: World, bucket: Bucket, key: str, version_id: str | None, if_match: str | None, now: float
) -> Outcome:
    """Delete one key or version, as the bucket's versioning says; deleting what is not there is no error.

    Raises PreconditionFailed or NoSuchKey for a failed If-Match, and InvalidArgument for what is no version id.
    """
    versions = bucket.versions(key)
    conditions.check_delete(versions[0] if versions else None, if_match)
    if version_id is not None:
        try:
            found = named_version(versions, key, version_id)
        except S3Error as error:
            if error.code == "NoSuchVersion":
                return Outcome(version_id, False)
            raise
        world.keep(bucket, key, tuple(version for version in versions if version is not found))
        return Outcome(version_id, found.marker)
    if not bucket.options.versioning:
        if versions:
            world.keep(bucket, key, ())
        return Outcome(None, False)
    marker = Version(key, world.new_version_id(bucket, key), 0, "", float(int(now)), "", marker=True)
    if marker.version_id == NULL_VERSION:
        versions = tuple(version for version in versions if version.version_id != NULL_VERSION)
    world.keep(bucket, key, (marker, *versions))
    return Outcome(marker.version_id, True)


async def delete_objects(world: World, call: Call) -> Reply:
    """Delete up to 1,000 keys, each with its own outcome; a body hash is required."""
    bucket = world.bucket(call.bucket_name)
    hashed = "content-md5" in call.headers or any(
        name.startswith("x-amz-checksum-") or name == "x-amz-trailer" for name in call.headers
    )
    if not hashed:
        raise S3Error("InvalidRequest", "Missing required header for this request: Content-MD5")
    tree = parse(await call.body.small(), "Delete")
    tree.only("Object", "Quiet")
    wishes = tree.all("Object")
    if not 1 <= len(wishes) <= MOST:
        raise S3Error("MalformedXML")
    quiet = (tree.get("Quiet") or "false").strip() == "true"
    rows: list[str] = []
    told: list[dict[str, str | None]] = []
    for wish in wishes:
        row, failure = _one(world, bucket, wish, call.now)
        told.append({"key": wish.get("Key"), "version": wish.get("VersionId"), "error": failure})
        if failure or not quiet:
            rows.append(row)
    call.notes["deletes"] = told
    return xml_reply(document("DeleteResult", "".join(rows)))


def _one(world: World, bucket: Bucket, wish: Node, now: float) -> tuple[str, str | None]:
    for condition in ("LastModifiedTime", "Size"):
        if wish.all(condition):
            raise not_implemented(f"DeleteObjects with {condition}")  # directory buckets alone have these
    wish.only("Key", "VersionId", "ETag")
    key, version_id = wish.get("Key"), wish.get("VersionId") or None
    if not key:
        raise S3Error("UserKeyMustBeSpecified", "The request must contain the parameter: key.")
    named = element("Key", key) + (element("VersionId", version_id) if version_id else "")
    try:
        if bucket.options.denies("delete", key):
            raise S3Error("AccessDenied")
        outcome = delete_one(world, bucket, key, version_id, wish.get("ETag"), now)
    except S3Error as error:
        return f"<Error>{named}{element('Code', error.code)}{element('Message', error.message)}</Error>", error.code
    if outcome.marker:
        named += element("DeleteMarker", True) + element("DeleteMarkerVersionId", outcome.version_id or "")
    return f"<Deleted>{named}</Deleted>", None
