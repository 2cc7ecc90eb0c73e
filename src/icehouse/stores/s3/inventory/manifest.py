"""The manifest of an inventory: what it is of, when it was taken, and the files that belong to it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from icehouse.core.clock import Instant
from icehouse.core.inventories import InventoryFile

from .broken import Broken

LARGEST = 64 << 20
"""Bytes of a manifest: some 300,000 files, of which each holds up to a few million rows."""

FORMATS = {"csv": "CSV", "parquet": "Parquet", "orc": "ORC"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_ARN = re.compile(r"arn:[a-z0-9-]+:s3:::(.+)")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a ``manifest.json`` says.

    `columns` as the files have them, of a CSV alone: the other formats name theirs in each file.  `holder` is the
    bucket that the files are in, "" where the manifest does not tell.
    """

    source: str
    holder: str
    taken: Instant
    format: str
    columns: tuple[str, ...]
    files: tuple[InventoryFile, ...]


def parse_manifest(body: bytes) -> Manifest:
    """The manifest in `body`.  Broken where it is none, or tells less than what can be checked."""
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise Broken("is not JSON") from None
    if not isinstance(told, dict):
        raise Broken("is not a manifest")
    format = FORMATS.get(_text(told, "fileFormat").lower())
    if format is None:
        raise Broken(f"is of a format that can't be read: {told['fileFormat']}")
    listed = told.get("files")
    if not isinstance(listed, list):
        raise Broken("names no files")
    schema = _text(told, "fileSchema") if format == "CSV" else ""
    source = _text(told, "sourceBucket")
    if not _BUCKET.fullmatch(source):
        raise Broken(f"is of a bucket that can't have that name: {source}")
    return Manifest(
        source=source,
        holder=_bucket(str(told.get("destinationBucket") or "")),
        taken=_moment(told.get("creationTimestamp")),
        format=format,
        columns=tuple(name.strip() for name in schema.split(",")) if schema else (),
        files=tuple(_file(each) for each in listed),
    )


def _text(told: dict[str, Any], name: str) -> str:
    found = told.get(name)
    if not isinstance(found, str) or not found:
        raise Broken(f"does not tell its {name}")
    return found


def _bucket(arn: str) -> str:
    found = _ARN.fullmatch(arn)
    return found[1] if found else arn


def _moment(told: object) -> Instant:
    """Milliseconds since 1970, which S3 writes as text."""
    try:
        return _EPOCH + timedelta(milliseconds=int(str(told)))
    except (ValueError, OverflowError):
        raise Broken("does not tell when it was taken (creationTimestamp)") from None


def _file(told: object) -> InventoryFile:
    if not isinstance(told, dict):
        raise Broken("names a file in a way that is not S3's")
    key, size, md5 = told.get("key"), told.get("size"), told.get("MD5checksum")
    if not isinstance(key, str) or not key or not isinstance(size, int) or size < 0:
        raise Broken("names a file without key or size")
    if not isinstance(md5, str) or not _MD5.fullmatch(md5):
        raise Broken(f"tells no MD5 of {key}")
    return InventoryFile(key, size, md5.lower())
