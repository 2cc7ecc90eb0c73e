"""Lines of S3's server access logs, as AWS writes them: 27 fields, also where that is awkward.

Keys are URL-encoded twice (but for those of a batch), and the request line, the referer and the user agent stand there
as they came: a quote in one of them is not escaped.  The source of a copy has a line of its own, without a request
line or a user agent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus

from icehouse.sim.s3.records.happening import Happening

OPERATIONS: Final = {
    "CreateBucket": "REST.PUT.BUCKET",
    "DeleteBucket": "REST.DELETE.BUCKET",
    "HeadBucket": "REST.HEAD.BUCKET",
    "GetBucketLocation": "REST.GET.LOCATION",
    "GetBucketVersioning": "REST.GET.VERSIONING",
    "PutBucketVersioning": "REST.PUT.VERSIONING",
    "GetBucketLogging": "REST.GET.LOGGING_STATUS",
    "PutBucketLogging": "REST.PUT.LOGGING_STATUS",
    "GetBucketLifecycleConfiguration": "REST.GET.LIFECYCLE",
    "PutBucketLifecycleConfiguration": "REST.PUT.LIFECYCLE",
    "DeleteBucketLifecycle": "REST.DELETE.LIFECYCLE",
    "ListObjects": "REST.GET.BUCKET",
    "ListObjectsV2": "REST.GET.BUCKET",
    "ListObjectVersions": "REST.GET.BUCKETVERSIONS",
    "ListMultipartUploads": "REST.GET.UPLOADS",
    "DeleteObjects": "REST.POST.MULTI_OBJECT_DELETE",
    "RestoreObject": "REST.POST.RESTORE",
    "CreateMultipartUpload": "REST.POST.UPLOADS",
    "CompleteMultipartUpload": "REST.POST.UPLOAD",
    "ListParts": "REST.GET.UPLOAD",
    "AbortMultipartUpload": "REST.DELETE.UPLOAD",
    "UploadPartCopy": "REST.COPY.PART",
    "UploadPart": "REST.PUT.PART",
    "GetObjectTagging": "REST.GET.OBJECT_TAGGING",
    "PutObjectTagging": "REST.PUT.OBJECT_TAGGING",
    "DeleteObjectTagging": "REST.DELETE.OBJECT_TAGGING",
    "GetObjectAttributes": "REST.GET.OBJECT_ATTRIBUTES",
    "CopyObject": "REST.COPY.OBJECT",
    "PutObject": "REST.PUT.OBJECT",
    "GetObject": "REST.GET.OBJECT",
    "HeadObject": "REST.HEAD.OBJECT",
    "DeleteObject": "REST.DELETE.OBJECT",
}
"""What the access log calls each operation."""

_SOURCE: Final = {"CopyObject": "REST.COPY.OBJECT_GET", "UploadPartCopy": "REST.COPY.PART_GET"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def log_time(instant: float) -> str:
    """An instant as the log writes it: `[06/Feb/2019:00:00:38 +0000]`."""
    at = datetime.fromtimestamp(int(instant), UTC)
    return f"[{at.day:02}/{_MONTHS[at.month - 1]}/{at.year}:{at:%H:%M:%S} +0000]"


def log_key(key: str | None, *, once: bool = False) -> str:
    """A key as the log writes it, encoded twice: `a b` is `a%2Bb`, a quote `%2522`; or `once`, as in a batch."""
    if not key:
        return "-"
    single = quote_plus(key, safe="/")
    return single if once else quote(single, safe="/")


def access_lines(happening: Happening, owners: Mapping[str, str], region: str) -> Iterator[tuple[str, str]]:
    """The buckets in whose logs a request stands, each with its line (latin-1, without an end).

    `owners` are the canonical ids of the buckets' owners, by bucket.
    """
    named = happening.operation
    operation = OPERATIONS.get(named) or f"REST.{happening.method}.{'OBJECT' if happening.key else 'BUCKET'}"
    part = named == "UploadPartCopy"
    if owner := owners.get(happening.bucket):
        size = None if part else happening.size
        whole = _Aim(owner, happening.bucket, operation, happening.key, happening.version, happening.sent, size)
        yield happening.bucket, _line(happening, whole, region)
        for key, version, error in happening.deletes:
            # Each key of a DeleteObjects has a line of its own, of the same request.
            single = _Aim(owner, happening.bucket, "BATCH.DELETE.OBJECT", key, version, 0, None)
            each = replace(happening, status=204 if error is None else 403, error=error)
            yield happening.bucket, _line(each, single, region, inner=True)
    source = happening.source
    if source and named in _SOURCE and (owner := owners.get(source.bucket)):
        sent = (happening.copied or 0) if part else 0
        aim = _Aim(owner, source.bucket, _SOURCE[named], source.key, source.version, sent, happening.size)
        yield source.bucket, _line(happening, aim, region, inner=True)


class _Aim(NamedTuple):
    owner: str
    bucket: str
    operation: str
    key: str | None
    version: str | None
    sent: int
    size: int | None


def _line(happening: Happening, aim: _Aim, region: str, *, inner: bool = False) -> str:
    """One line; an `inner` one is of a part of a request, and has no request line of its own."""
    principal = happening.principal
    fields = (
        aim.owner,
        aim.bucket,
        log_time(happening.at),
        happening.address,
        principal.requester if principal else "-",
        happening.request_id,
        aim.operation,
        log_key(aim.key, once=aim.operation == "BATCH.DELETE.OBJECT"),
        "-" if inner else f'"{happening.method} {happening.uri} HTTP/1.1"',
        str(happening.status),
        happening.error or "-",
        str(aim.sent or "-"),
        "-" if aim.size is None else str(aim.size),
        "-" if inner else str(happening.milliseconds),
        "-" if inner or happening.turned is None else str(happening.turned),
        "-" if inner else f'"{happening.referer or "-"}"',
        "-" if inner else f'"{happening.agent or "-"}"',
        aim.version or "-",
        happening.host_id,
        "SigV4" if happening.auth else "-",
        happening.cipher or "-",
        happening.auth or "-",
        happening.host or "-",
        happening.tls or "-",
        "-",
        "-",
        region,
    )
    return " ".join(fields)
