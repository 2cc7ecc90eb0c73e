"""One task of a batch job: what would have become of the same request made directly."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from icehouse.sim.content import cut
from icehouse.sim.s3.bucket import Bucket
from icehouse.sim.s3.checksums import task_hasher
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.lookup import named_version
from icehouse.sim.s3.restore import Wish, requested
from icehouse.sim.s3.version import Version

if TYPE_CHECKING:
    from icehouse.sim.s3.jobs_manifest import Task
    from icehouse.sim.s3.world import World


class Outcome(NamedTuple):
    """What became of one task; `code` is empty where it succeeded, `changed` tells whether the object did."""

    task: Task
    status: int
    code: str
    message: str
    changed: bool = False


def run_task(world: World, bucket: Bucket | None, task: Task, wish: Mapping[str, Any], now: float) -> Outcome:
    """Carry a task out in the state of the world at `now`; changes to the bucket are the caller's to keep."""
    try:
        if bucket is None:
            raise S3Error("NoSuchBucket")
        if wish["operation"] == "S3InitiateRestoreObject":
            return _restore(world, bucket, task, wish, now)
        return _checksum(world, bucket, task, wish)
    except S3Error as refused:
        return Outcome(task, refused.status, refused.code, refused.message)


def _version(versions: tuple[Version, ...], task: Task) -> Version:
    if not versions:
        raise S3Error("NoSuchKey" if task.version is None else "NoSuchVersion")
    found = versions[0] if task.version is None else named_version(versions, task.key, task.version)
    if found.marker:
        raise S3Error("MethodNotAllowed")
    return found


def _restore(world: World, bucket: Bucket, task: Task, wish: Mapping[str, Any], now: float) -> Outcome:
    if bucket.options.denies("restore", task.key):
        raise S3Error("AccessDenied")
    versions = bucket.versions(task.key)
    version = _version(versions, task)
    status, changed = requested(world, bucket, version, Wish(wish["days"], wish["tier"]), now, batch=True)
    bucket.replace_versions(task.key, tuple(changed if each is version else each for each in versions))
    # Whether a report has the request's own status, 202 and 200, is in no page that was found.
    return Outcome(task, status, "", "Successful", changed=True)


def _checksum(world: World, bucket: Bucket, task: Task, wish: Mapping[str, Any]) -> Outcome:
    """From the bytes as they lie, of any class (§0.8); asks for s3:GetObject and no restore."""
    if bucket.options.denies("get", task.key):
        raise S3Error("AccessDenied")
    version = _version(bucket.versions(task.key), task)
    algorithm, kind = wish["algorithm"], wish["kind"]
    parts = [part.size for part in version.parts] or [version.size]
    whole, offset = task_hasher(algorithm), 0
    digests = []
    for size in parts if kind == "COMPOSITE" else [version.size]:
        hasher = task_hasher(algorithm)
        for chunk in world.blobs.read(cut(version.content, offset, size)):
            hasher.update(chunk)
        offset += size
        digests.append(hasher.digest())
        whole.update(digests[-1])
    digest = whole.digest() if kind == "COMPOSITE" else digests[0]
    value = base64.b64encode(digest).decode() + (f"-{len(digests)}" if kind == "COMPOSITE" else "")
    # "values land in the completion report" (§4c): as JSON with these names in importers of such reports, in no page.
    told = {
        "checksum_base64": value,
        "etag": version.etag,
        "checksum_hex": digest.hex(),
        "checksumAlgorithm": algorithm,
        "checksumType": kind,
    }
    return Outcome(task, 200, "", json.dumps(told, separators=(",", ":")))
