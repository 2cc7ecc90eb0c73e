"""What a stream and boto3's paginator told, in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from icehouse.core.columns import StreamPage


class Row(NamedTuple):
    """One object as a listing tells it; `restore` is None, "ongoing" or the moment when the copy ends."""

    key: str
    size: int
    modified: datetime
    etag: str
    storage_class: str
    restore: object
    version: str | None


def by_boto3(client: Any, bucket: str, prefix: str = "", *, pin: bool = False) -> list[Row]:
    """What boto3's paginator tells."""
    operation, member = ("list_object_versions", "Versions") if pin else ("list_objects_v2", "Contents")
    wish = {"Bucket": bucket, "Prefix": prefix, "OptionalObjectAttributes": ["RestoreStatus"]}
    rows = []
    for page in client.get_paginator(operation).paginate(**wish):
        for told in page.get(member, []):
            if pin and not told["IsLatest"]:
                continue
            status = told.get("RestoreStatus")
            word = told.get("StorageClass", "STANDARD")
            restore = (
                None if status is None else "ongoing" if status["IsRestoreInProgress"] else status["RestoreExpiryDate"]
            )
            version = told["VersionId"] if pin else None
            row = Row(told["Key"], told["Size"], told["LastModified"], told["ETag"].strip('"'), word, restore, version)
            rows.append(row)
    return rows


def rows_of(pages: Sequence[StreamPage]) -> list[Row]:
    """What a stream told, in the same words."""
    rows = []
    for page in pages:
        for entry in page.objects.entries("lab", "box"):
            standing, modified = entry.standing, entry.modified
            assert modified is not None
            restore: object = standing.until
            if standing.state.value == "restoring":
                restore = "ongoing"
            ref = entry.ref
            rows.append(Row(ref.key, entry.size, modified, entry.etag, standing.word, restore, ref.version))
    return rows


def same(found: Sequence[Row], wanted: Sequence[Row]) -> bool:
    """Whether both are the same objects, each once."""
    return Counter(found) == Counter(wanted) and max(Counter(found).values(), default=1) == 1


def plain(rows: Sequence[Row]) -> list[Row]:
    """Without what the servers other than AWS leave out of listings."""
    return [row._replace(restore=None) for row in rows]
