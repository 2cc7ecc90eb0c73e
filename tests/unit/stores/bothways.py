"""One page by our reader and by the SDK's, in one form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import botocore.session
from botocore.parsers import ResponseParserFactory

from icehouse.stores.s3 import markup, pages
from icehouse.stores.s3.pages import BrokenPageError, Listing, read_objects, read_versions

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MODEL = botocore.session.get_session().get_service_model("s3")
_PARSER = ResponseParserFactory().create_parser("rest-xml")
_SHAPES = {name: _MODEL.operation_model(name).output_shape for name in ("ListObjectsV2", "ListObjectVersions")}

Told = dict[str, Any]
"""What a page tells, in one form for both readers."""


def by_the_sdk(body: bytes, operation: str) -> Told | None:
    """What the SDK reads, None where it fails."""
    shape = _SHAPES[operation]
    assert shape is not None
    try:
        page = _PARSER.parse({"body": body, "headers": {}, "status_code": 200}, shape)
        encoded = page.get("EncodingType") == "url"

        def text(value: str) -> str:
            return unquote_plus(value, errors="strict") if encoded else value

        return {
            "rows": {
                member: [_row(row, text) for row in page.get(member, [])]
                for member in ("Contents", "Versions", "DeleteMarkers")
            },
            "folders": [text(each["Prefix"]) for each in page.get("CommonPrefixes", [])],
            "truncated": page.get("IsTruncated"),
            "count": page.get("KeyCount"),
            "token": page.get("NextContinuationToken"),
            "next": (text(page["NextKeyMarker"]) if "NextKeyMarker" in page else None, page.get("NextVersionIdMarker")),
        }
    except Exception:  # it raises whatever it stumbles over
        return None


def _row(row: dict[str, Any], text: Any) -> tuple[object, ...]:
    restore = row.get("RestoreStatus")
    modified, size = row.get("LastModified"), row.get("Size", 0)
    telling: tuple[object, ...] = (row.get("StorageClass"), None)
    if restore is not None:
        until = restore.get("RestoreExpiryDate")
        telling = (telling[0], (restore.get("IsRestoreInProgress"), None if until is None else _since_1970(until)))
    when = None if modified is None else _since_1970(modified)
    etag = str(row.get("ETag", "")).strip('"')
    return text(row["Key"]), size, when, etag, telling, row.get("VersionId"), row.get("IsLatest")


def _since_1970(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def told(page: Listing) -> Told:
    rows: dict[str, list[object]] = {"Contents": [], "Versions": [], "DeleteMarkers": []}
    columns, tellings = page.rows, list(page.rows.tellings)
    for at, key in enumerate(page.keys):
        member = ("DeleteMarkers" if columns.deleted[at] else "Versions") if columns.deleted else "Contents"
        ids = (columns.versions[at], columns.latest[at]) if columns.deleted else (None, None)
        telling = tellings[columns.told[at]]
        facts = (columns.sizes[at], columns.modified[at], columns.etags[at])
        rows[member].append((key, *facts, (telling[0], telling[1] and tuple(telling[1])), *ids))
    return {
        "rows": rows,
        "folders": list(page.folders),
        "truncated": page.truncated,
        "count": page.key_count,
        "token": page.token,
        "next": (page.next_key, page.next_version),
    }


def both_ways(body: bytes, operation: str = "ListObjectsV2") -> bool | None:
    """Hold the reader against the SDK's.  True: alike and read quickly; False: alike the slow way; None: refused."""
    objects = operation == "ListObjectsV2"
    try:
        page = (read_objects if objects else read_versions)(body)
    except BrokenPageError:
        return None
    told_by_it = told(page)
    others = ("next",) if objects else ("count", "token")
    assert told_by_it == (by_the_sdk(body, operation) or {}) | {name: told_by_it[name] for name in others}
    kinds = ("Contents",) if objects else ("Version", "DeleteMarker")
    root = "ListBucketResult" if objects else "ListVersionsResult"
    quick = pages._quickly(body, root, kinds)
    assert quick is None or quick == markup.parse(body, root, kinds)
    return quick is not None
