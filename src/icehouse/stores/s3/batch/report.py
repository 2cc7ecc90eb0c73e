"""A job's completion report: every file held to its MD5 and every line to what was ordered, before one is told."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

from icehouse.core.errors import Cold, Invalid, NotFound, StoreError, Unavailable
from icehouse.core.orders import OrderResult
from icehouse.core.refs import Ref, ref_address

from ..client import Client
from ..reading import read_bytes
from .control import Control, job_id
from .following import job_of
from .lines import COLUMNS, Broken, Line, parse_line, result_of
from .manifest import FIELDS, FORMAT, decoded
from .submitting import REPORT

_HELD = 8 << 20
_LARGEST = 16 << 20
"""Bytes of a report that are kept in memory, and of a manifest of reports at most."""

_BREAKS = 3
"""So often in a row may reading a file break without anything new."""

_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_ARN = re.compile(r"arn:[a-z0-9-]+:s3:::([^/]+)(?:/(.+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Job:
    """Where a job's manifest and report lie, and which checksum it computes ("": it restores)."""

    manifest: Ref
    etag: str
    pinned: bool
    report: Ref
    algorithm: str


@dataclass(frozen=True, slots=True)
class _Part:
    """All files of a report of one outcome, brought here one behind the other."""

    body: IO[bytes]
    succeeded: bool


def order_results(control: Control, id: str) -> Iterator[OrderResult]:
    """Each object that the report tells of, once.  Nothing is told before all of it was read and found to fit."""
    client = control.client
    what = f"{client.store}: job {id}"
    told = control.read("DescribeJob", what, JobId=job_id(client.store, id)).members
    with ExitStack() as stack:
        try:
            job = _read_job(client.store, job_of(told, id, what), id)
            parts = _brought(client, stack, _listed(client, job))
            bucket, asked = _asked(client, stack, job)
            raw = _fits(parts, bucket, asked, job)
        except Broken as broken:
            raise Invalid(f"{what}: the report {broken}") from None
        except OSError as full:
            raise Unavailable(f"{what}: the report can't be kept here while it is read: {full.strerror}") from None
        for part in parts:
            for line in _lines(part, bucket, job, raw=raw):
                yield result_of(line, _ref(client.store, bucket, line.text, job), job.algorithm)


def _read_job(store: str, told: Mapping[str, Any], id: str) -> _Job:
    report, manifest = told.get("Report") or {}, told.get("Manifest") or {}
    spec, location = manifest.get("Spec") or {}, manifest.get("Location") or {}
    fields = tuple(spec.get("Fields") or ())
    holder, list_of = _ARN.fullmatch(report.get("Bucket") or ""), _ARN.fullmatch(location.get("ObjectArn") or "")
    if not report.get("Enabled") or report.get("Format") != REPORT or holder is None:
        raise Broken("was not asked for")
    if spec.get("Format") != FORMAT or fields not in (FIELDS, FIELDS[:2]) or list_of is None or not list_of[2]:
        raise Broken("is of a list that is not ours")
    prefix = str(report.get("Prefix") or "").rstrip("/")
    key = f"{prefix}/job-{id}/manifest.json" if prefix else f"job-{id}/manifest.json"
    computed = (told.get("Operation") or {}).get("S3ComputeObjectChecksum") or {}
    return _Job(
        Ref(store, list_of[1], list_of[2], location.get("ObjectVersionId")),
        str(location.get("ETag") or "").strip('"'),
        fields == FIELDS,
        Ref(store, holder[1], key),
        str(computed.get("ChecksumAlgorithm") or ""),
    )


def _listed(client: Client, job: _Job) -> list[tuple[Ref, str, bool]]:
    """The files that the report consists of: where, with which MD5, and whether of what succeeded."""
    found = bytearray()
    try:
        for chunk in _resumed(client, job.report):
            found += chunk
            if len(found) > _LARGEST:
                raise Broken("has a manifest that is too large")
    except Cold:
        raise Broken("has a manifest that is cold") from None
    try:
        told: Any = json.loads(found)
    except (ValueError, RecursionError):
        raise Broken("has a manifest that is not JSON") from None
    if not isinstance(told, dict) or told.get("Format") != REPORT or not isinstance(told.get("Results"), list):
        raise Broken("has a manifest that is none")
    schema = {name.strip() for name in str(told.get("ReportSchema") or "").split(",")}
    if schema != set(COLUMNS):
        raise Broken("has other columns than are known")
    return [_file_of(each, job.report) for each in told["Results"]]


def _file_of(told: Any, manifest: Ref) -> tuple[Ref, str, bool]:
    names = ("Bucket", "Key", "MD5Checksum", "TaskExecutionStatus")
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in names):
        raise Broken("names a file in a way that is not S3's")
    folder = manifest.key.removesuffix("manifest.json")
    if told["Bucket"] != manifest.container or not told["Key"].startswith(folder):
        raise Broken("names a file that lies elsewhere")
    outcome = told["TaskExecutionStatus"].lower()
    if not _MD5.fullmatch(told["MD5Checksum"]) or outcome not in ("succeeded", "failed"):
        raise Broken("names a file without its MD5 or outcome")
    return Ref(manifest.store, manifest.container, told["Key"]), told["MD5Checksum"].lower(), outcome == "succeeded"


def _brought(client: Client, stack: ExitStack, listed: list[tuple[Ref, str, bool]]) -> list[_Part]:
    """What succeeded and what failed: however many files there are, two are open."""
    parts = []
    for succeeded in (True, False):
        body = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_HELD))  # noqa: SIM115 - it is one
        for ref, md5, of_these in listed:
            if of_these is not succeeded:
                continue
            try:
                found = _copied(client, ref, body)
            except (NotFound, Cold):
                raise Broken(f"names a file that is gone or cold: {ref_address(ref)}") from None
            if found != md5:
                raise Broken(f"has a file with another MD5 than it says: {ref_address(ref)}")
        parts.append(_Part(body, succeeded))
    return parts


def _asked(client: Client, stack: ExitStack, job: _Job) -> tuple[str, set[str]]:
    """The bucket of an order and its objects, each as the manifest has it behind the bucket."""
    body = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_HELD))  # noqa: SIM115 - it is one
    try:
        md5 = _copied(client, job.manifest, body)
    except (NotFound, Cold):
        raise Broken("is of a list of objects that is gone or cold") from None
    if md5 != job.etag:
        raise Broken("is of a list of objects that was changed")
    body.seek(0)
    buckets: set[str] = set()
    asked: set[str] = set()
    for line in body:
        bucket, _, text = line.decode("ascii", "replace").rstrip("\n").partition(",")
        buckets.add(bucket)
        asked.add(text.removesuffix(",null"))
    if len(buckets) != 1:
        raise Broken("is of a list that is not ours")
    return buckets.pop(), asked


def _fits(parts: list[_Part], bucket: str, asked: set[str], job: _Job) -> bool:
    """Check every line; whether keys in the report are as they are, not URL-encoded as in the manifest.

    Which of both is in no page of AWS's.  Either all lines fit in one way alone, or the report can't be relied on.
    """
    first: Broken | None = None
    fitting: list[bool] = []
    for raw in (False, True):
        left, alike = set(asked), True
        try:
            for part in parts:
                for line in _lines(part, bucket, job, raw=raw):
                    if line.text not in left:
                        raise Broken("tells of an object twice, or of one that was not ordered")
                    left.discard(line.text)
                    alike = alike and line.alike
                    if line.succeeded and job.algorithm:
                        result_of(line, Ref("", "", ""), job.algorithm)
            fitting.append(raw)
            if alike:
                break
        except Broken as broken:
            first = first or broken
    if len(fitting) == 1:
        return fitting[0]
    raise first or Broken("can be read in two ways")


def _lines(part: _Part, bucket: str, job: _Job, *, raw: bool) -> Iterator[Line]:
    part.body.seek(0)
    text = io.TextIOWrapper(part.body, "utf-8", newline="")
    try:
        for cells in csv.reader(text, strict=True):
            if tuple(cells) == COLUMNS:
                continue  # a header, which no page of AWS's has
            line = parse_line(cells, bucket, pinned=job.pinned, raw=raw)
            if line.succeeded is not part.succeeded:
                raise Broken("has a line in a file of the other outcome")
            yield line
    except (csv.Error, UnicodeDecodeError) as problem:
        raise Broken(f"is no CSV: {problem}") from None
    finally:
        text.detach()


def _ref(store: str, bucket: str, text: str, job: _Job) -> Ref:
    key, _, version = text.partition(",")
    return Ref(store, bucket, decoded(key), (version or "null") if job.pinned else None)


def _copied(client: Client, ref: Ref, into: IO[bytes]) -> str:
    """Put the bytes of `ref` behind what is there, ended by a line's end; their MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    last = b"\n"
    for chunk in _resumed(client, ref):
        digest.update(chunk)
        into.write(chunk)
        last = chunk[-1:] or last
    if last != b"\n":
        into.write(b"\n")
    return digest.hexdigest()


def _resumed(client: Client, ref: Ref) -> Iterator[bytes]:
    """The bytes of `ref`, gone on with where a connection broke."""
    had, left = 0, _BREAKS
    while True:
        try:
            for chunk in read_bytes(client, ref, had, None):
                had += len(chunk)
                left = _BREAKS
                yield chunk
            return
        except StoreError as error:
            left -= 1
            if not error.passing or not left:
                raise
