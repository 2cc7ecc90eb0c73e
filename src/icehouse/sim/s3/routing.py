"""From method, target and query to the S3 operation; what is not in the table is 501, never a silent 200."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from icehouse.sim.s3.errors import S3Error, not_implemented

_LISTED = {"prefix", "delimiter", "max-keys", "encoding-type"}
_OVERRIDES = {
    "response-content-type",
    "response-content-language",
    "response-expires",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
}
_ALWAYS = {
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    "x-amz-request-payer",  # signed links carry it in the query
}
_HEADERS: Final = {
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-expected-bucket-owner",
    "x-amz-request-payer",
}
_STORING = {"x-amz-storage-class", "x-amz-tagging", "x-amz-server-side-encryption", "x-amz-acl"}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: the query parameters and x-amz- headers it understands, and the permission it needs."""

    operation: str
    method: str
    level: str
    """`service`, `bucket` or `object`."""
    mark: str | None = None
    """What tells it from its neighbours: a query parameter, or a header when it starts with `x-amz-`."""
    query: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    action: str = "admin"
    changes: bool = False


def _route(
    operation: str,
    method: str,
    level: str,
    mark: str | None = None,
    *,
    query: set[str] | None = None,
    headers: set[str] | None = None,
    action: str = "admin",
    changes: bool = False,
) -> Route:
    return Route(operation, method, level, mark, frozenset(query or ()), frozenset(headers or ()), action, changes)


_COPY = {
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-source-expected-bucket-owner",
}

ROUTES: Final = (
    _route("ListBuckets", "GET", "service", query={"max-buckets", "continuation-token", "prefix", "bucket-region"}),
    _route("GetCallerIdentity", "POST", "service"),
    _route("CreateBucket", "PUT", "bucket", headers={"x-amz-acl", "x-amz-object-ownership"}, changes=True),
    _route("DeleteBucket", "DELETE", "bucket", changes=True),
    _route("HeadBucket", "HEAD", "bucket", action="list"),
    _route("GetBucketLocation", "GET", "bucket", "location"),
    _route("GetBucketVersioning", "GET", "bucket", "versioning"),
    _route("PutBucketVersioning", "PUT", "bucket", "versioning", changes=True),
    _route("GetBucketLogging", "GET", "bucket", "logging"),
    _route("PutBucketLogging", "PUT", "bucket", "logging", changes=True),
    _route("GetBucketLifecycleConfiguration", "GET", "bucket", "lifecycle"),
    _route("GetBucketInventoryConfiguration", "GET", "bucket", "inventory", query={"id"}),
    _route(
        "PutBucketLifecycleConfiguration",
        "PUT",
        "bucket",
        "lifecycle",
        headers={"x-amz-transition-default-minimum-object-size"},
        changes=True,
    ),
    _route("DeleteBucketLifecycle", "DELETE", "bucket", "lifecycle", changes=True),
    _route(
        "ListObjectsV2",
        "GET",
        "bucket",
        "list-type",
        query=_LISTED | {"continuation-token", "fetch-owner", "start-after"},
        headers={"x-amz-optional-object-attributes"},
        action="list",
    ),
    _route(
        "ListObjectVersions",
        "GET",
        "bucket",
        "versions",
        query=_LISTED | {"key-marker", "version-id-marker"},
        headers={"x-amz-optional-object-attributes"},
        action="list",
    ),
    _route(
        "ListMultipartUploads",
        "GET",
        "bucket",
        "uploads",
        query={"prefix", "delimiter", "encoding-type", "key-marker", "upload-id-marker", "max-uploads"},
        action="list",
    ),
    _route(
        "ListObjects",
        "GET",
        "bucket",
        query=_LISTED | {"marker"},
        headers={"x-amz-optional-object-attributes"},
        action="list",
    ),
    _route("DeleteObjects", "POST", "bucket", "delete", action="delete", changes=True),
    _route("RestoreObject", "POST", "object", "restore", query={"versionId"}, action="restore", changes=True),
    _route(
        "CreateMultipartUpload",
        "POST",
        "object",
        "uploads",
        headers=_STORING | {"x-amz-checksum-algorithm", "x-amz-checksum-type"},
        action="put",
        changes=True,
    ),
    _route(
        "CompleteMultipartUpload",
        "POST",
        "object",
        "uploadId",
        headers={"x-amz-checksum-type", "x-amz-mp-object-size"},
        action="put",
        changes=True,
    ),
    _route("ListParts", "GET", "object", "uploadId", query={"max-parts", "part-number-marker"}, action="put"),
    _route("AbortMultipartUpload", "DELETE", "object", "uploadId", action="put", changes=True),
    _route(
        "UploadPartCopy",
        "PUT",
        "object",
        "uploadId",
        query={"partNumber"},
        headers=_COPY | {"x-amz-copy-source-range"},
        action="put",
        changes=True,
    ),
    _route("UploadPart", "PUT", "object", "uploadId", query={"partNumber"}, action="put", changes=True),
    _route("GetObjectTagging", "GET", "object", "tagging", query={"versionId"}, action="head"),
    _route("PutObjectTagging", "PUT", "object", "tagging", query={"versionId"}, action="put", changes=True),
    _route("DeleteObjectTagging", "DELETE", "object", "tagging", query={"versionId"}, action="put", changes=True),
    _route(
        "GetObjectAttributes",
        "GET",
        "object",
        "attributes",
        query={"versionId"},
        headers={"x-amz-object-attributes", "x-amz-max-parts", "x-amz-part-number-marker"},
        action="head",
    ),
    _route(
        "CopyObject",
        "PUT",
        "object",
        "x-amz-copy-source",
        headers=_STORING
        | _COPY
        | {
            "x-amz-metadata-directive",
            "x-amz-tagging-directive",
            "x-amz-checksum-algorithm",
            "if-match",
            "if-none-match",
        },
        action="put",
        changes=True,
    ),
    _route("PutObject", "PUT", "object", headers=_STORING | {"x-amz-checksum-algorithm"}, action="put", changes=True),
    _route(
        "GetObject",
        "GET",
        "object",
        query=_OVERRIDES | {"versionId", "partNumber"},
        headers={"x-amz-checksum-mode"},
        action="get",
    ),
    _route(
        "HeadObject",
        "HEAD",
        "object",
        query=_OVERRIDES | {"versionId", "partNumber"},
        headers={"x-amz-checksum-mode"},
        action="head",
    ),
    _route("DeleteObject", "DELETE", "object", query={"versionId"}, action="delete", changes=True),
)


def find_route(method: str, level: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Route:
    """The operation meant; raises 501 NotImplemented, or 405 for a method S3 has not at this level.

    UploadPartCopy stands before UploadPart and is told from it by its header.
    """
    fitting = sorted(
        (route for route in ROUTES if route.method == method and route.level == level),
        key=lambda route: route.mark is None,  # those without a mark are what remains
    )
    if not fitting:
        raise S3Error("MethodNotAllowed", elements={"Method": method, "ResourceType": level.upper()})
    for route in fitting:
        if route.operation == "UploadPartCopy" and "x-amz-copy-source" not in headers:
            continue
        marked = route.mark is None or route.mark in (headers if route.mark.startswith("x-amz-") else query)
        if marked:
            break
    else:
        raise not_implemented(f"{method} {level} {' '.join(sorted(query.keys() - _ALWAYS))}".strip())
    for name in query:
        if name.startswith("x-") and not name.startswith("x-amz-"):
            continue  # S3 ignores these and keeps them in the access log
        if name != route.mark and name not in route.query and name not in _ALWAYS:
            raise not_implemented(f"{route.operation} with ?{name}")
    for name in headers:
        if (
            name.startswith("x-amz-")
            and name not in _HEADERS
            and name not in route.headers
            and not (name.startswith("x-amz-meta-") and route.action == "put")
            and not (name.startswith("x-amz-checksum-") and route.changes)
        ):
            raise not_implemented(f"{route.operation} with {name}")
    return route
