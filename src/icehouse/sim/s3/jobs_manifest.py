"""What a batch job reads before it begins: its manifest, held to its ETag and line by line, and its report's place."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

from icehouse.sim.s3.lookup import VERSION_ID

if TYPE_CHECKING:
    from icehouse.sim.s3.version import Version
    from icehouse.sim.s3.world import World

_ARN = re.compile(r"arn:[a-z0-9-]+:s3:::([^/]+)(?:/(.+))?", re.DOTALL)
_ENCODED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})+", re.DOTALL)


class Task(NamedTuple):
    """One line of a manifest: `text` is the key as it is written there, `version` None where none is named."""

    bucket: str
    key: str
    version: str | None
    text: str


class UnfitError(Exception):
    """Why a job fails as a whole.  The codes are ours: which words AWS has for them is in no page that was found."""

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


def place_of(arn: str) -> tuple[str, str]:
    """Bucket and key of an ARN; both empty where it is none."""
    found = _ARN.fullmatch(arn)
    return (found[1], found[2] or "") if found else ("", "")


def check_report(world: World, wish: Mapping[str, Any]) -> None:
    """Whether a report could be put where it is wanted.  UnfitError where the bucket is not there, or denies it."""
    report = wish["report"]
    if not report["enabled"]:
        return
    name, _ = place_of(report["bucket"])
    bucket = world.buckets.get(name)
    if bucket is None:
        raise UnfitError("InvalidReportBucket", f"The report bucket {name} does not exist")
    prefix = f"{report['prefix']}/" if report["prefix"] else ""
    if report["owner"] not in ("", bucket.options.owner) or bucket.options.denies("put", f"{prefix}job-"):
        raise UnfitError("ReportAccessDenied", f"The role may not put the report into {name}")


def read_tasks(world: World, wish: Mapping[str, Any], now: float, *, again: bool = False) -> list[Task]:
    """The tasks of a job.  UnfitError where its manifest is not what was named, or one of its lines does not fit.

    `again`: it was read and checked before, by an earlier process.
    """
    manifest = wish["manifest"]
    version = _manifest_version(world, manifest, now)
    if version.etag != manifest["etag"].strip('"') and not again:
        raise UnfitError(
            "ManifestETagMismatch", f"ETag mismatch. Expected {manifest['etag']}, the manifest has {version.etag}"
        )
    if version.kms:
        raise UnfitError("ManifestEncrypted", "Manifests that a KMS key encrypts are not supported")
    body = b"".join(world.blobs.read(version.content))
    tasks = list(_tasks(body, manifest["fields"]))
    if not tasks:
        raise UnfitError("ManifestEmpty", "The manifest names no objects")
    return tasks


def _manifest_version(world: World, manifest: Mapping[str, Any], now: float) -> Version:
    name, key = place_of(manifest["arn"])
    bucket = world.buckets.get(name)
    versions = bucket.versions(key) if bucket is not None else ()
    wanted = manifest["version"]
    found = next((each for each in versions if wanted in ("", each.version_id)), None)
    if bucket is None or found is None or found.marker:
        raise UnfitError("ManifestNotFound", "The manifest object was not found")
    if bucket.options.denies("get", key):
        raise UnfitError("ManifestAccessDenied", "The role may not read the manifest")
    if not found.readable(now):
        raise UnfitError("ManifestNotReadable", "The manifest object is archived")
    return found


def _tasks(body: bytes, fields: list[str]) -> Iterator[Task]:
    """Keys are URL-encoded; version ids are in all lines or in none (§4c).

    That all objects must be in one bucket is stricter than any fact that was confirmed.
    """

    def unfit(line: int, why: str) -> UnfitError:
        return UnfitError("InvalidManifest", f"The manifest can't be read: line {line}: {why}")

    at = {field: fields.index(field) for field in ("Bucket", "Key", "VersionId") if field in fields}
    bucket, pinned = "", None
    try:
        rows = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
        for number, row in enumerate(rows, 1):
            if len(row) != len(fields):
                raise unfit(number, f"{len(row)} columns instead of {len(fields)}")
            text = row[at["Key"]]
            version = row[at["VersionId"]] if "VersionId" in at else ""
            if not text or not _ENCODED.fullmatch(text):
                raise unfit(number, "the key is empty or not URL-encoded")
            if bucket not in ("", row[at["Bucket"]]) or not row[at["Bucket"]]:
                raise unfit(number, "another bucket")
            if pinned not in (None, bool(version)) or (version and not VERSION_ID.fullmatch(version)):
                raise unfit(number, "version ids must be in all lines or in none")
            bucket, pinned = row[at["Bucket"]], bool(version)
            yield Task(bucket, unquote_plus(text, errors="strict"), version or None, text)
    except (csv.Error, UnicodeDecodeError) as problem:
        raise UnfitError("InvalidManifest", f"The manifest can't be read: {problem}") from problem
