"""The completion report of a batch job: CSV files of what succeeded and what failed, and a manifest with their MD5s."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from icehouse.sim.content import Slice
from icehouse.sim.s3.jobs_manifest import UnfitError, check_report, place_of
from icehouse.sim.s3.version import Version

if TYPE_CHECKING:
    from icehouse.sim.s3.bucket import Bucket
    from icehouse.sim.s3.jobs_tasks import Outcome
    from icehouse.sim.s3.world import World

_SCHEMA = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"


def write_report(world: World, id: str, wish: Mapping[str, Any], outcomes: Sequence[Outcome], at: float) -> None:
    """Put the report.  UnfitError where it can't be put."""
    check_report(world, wish)
    report = wish["report"]
    name, _ = place_of(report["bucket"])
    bucket = world.buckets.get(name)
    if bucket is None:
        raise UnfitError("InvalidReportBucket", f"The report bucket {name} does not exist")
    folder = f"{report['prefix']}/job-{id}" if report["prefix"] else f"job-{id}"
    results = []
    for word in ("succeeded", "failed"):
        some = [each for each in outcomes if bool(each.code) == (word == "failed")]
        if not some or (word == "succeeded" and report["scope"] == "FailedTasksOnly"):
            continue
        body = _csv(world, some, word)
        key = f"{folder}/results/{hashlib.sha1(f'{id}{word}'.encode()).hexdigest()}.csv"
        _put(world, bucket, key, body, at)
        md5 = hashlib.md5(body).hexdigest()
        results.append({"TaskExecutionStatus": word, "Bucket": name, "MD5Checksum": md5, "Key": key})
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    manifest = {
        "Format": "Report_CSV_20180820",
        "ReportCreationDate": moment,
        "Results": results,
        "ReportSchema": _SCHEMA,
    }
    _put(world, bucket, f"{folder}/manifest.json", json.dumps(manifest).encode(), at)


def _csv(world: World, outcomes: Sequence[Outcome], word: str) -> bytes:
    """Without a header.  The sample rows of AWS's have the status before the code, against their own schema (§4c)."""
    status_first = world.switches.batch_report_order == "sample"
    raw = world.switches.batch_report_keys == "raw"
    out = io.StringIO(newline="")
    # What is raw may hold any character.
    rows = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL if raw else csv.QUOTE_MINIMAL)
    write = rows.writerow
    for each in outcomes:
        task = each.task
        told = (each.status, each.code) if status_first else (each.code, each.status)
        write((task.bucket, task.key if raw else task.text, task.version or "", word, *told, each.message))
    return out.getvalue().encode()


def _put(world: World, bucket: Bucket, key: str, body: bytes, at: float) -> None:
    name, file = world.blobs.create()
    with file:
        file.write(body)
    content = (Slice(False, name, 0, len(body)),) if body else ()
    etag, id = hashlib.md5(body).hexdigest(), world.new_version_id(bucket, key)
    version = Version(key=key, version_id=id, size=len(body), etag=etag, modified=float(int(at)), content=content)
    world.keep(bucket, key, bucket.with_version(version))
