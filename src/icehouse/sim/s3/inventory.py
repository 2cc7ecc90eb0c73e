"""S3 Inventory as AWS writes it: a manifest with its checksum, a symlink file for Hive, and data in CSV or Parquet."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from icehouse.sim.content import Slice
from icehouse.sim.s3.bucket import Bucket, Walk
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.storage_classes import ARCHIVE_ACCESS, DEEP_ARCHIVE_ACCESS, INTELLIGENT_TIERING
from icehouse.sim.s3.version import NULL_VERSION, Version
from icehouse.sim.s3.wire import document, element
from icehouse.sim.s3.world import World

_TIERS = {"": "FREQUENT", ARCHIVE_ACCESS: "ARCHIVE", DEEP_ARCHIVE_ACCESS: "DEEP_ARCHIVE"}


class Field(NamedTuple):
    """A column: its name in CSV and in Parquet, its type, and what a version has in it."""

    name: str
    column: str
    kind: str
    value: Callable[[str, Version, bool], Any]


def _object(value: Callable[[Version], Any]) -> Callable[[str, Version, bool], Any]:
    """What only objects have, and delete markers don't."""
    return lambda bucket, version, latest: None if version.marker else value(version)


_ALWAYS = (
    Field("Bucket", "bucket", "text", lambda bucket, version, latest: bucket),
    Field("Key", "key", "text", lambda bucket, version, latest: version.key),
)
_VERSIONS = (
    Field(
        "VersionId", "version_id", "text",
        lambda bucket, version, latest: None if version.version_id == NULL_VERSION else version.version_id,
    ),
    Field("IsLatest", "is_latest", "boolean", lambda bucket, version, latest: latest),
    Field("IsDeleteMarker", "is_delete_marker", "boolean", lambda bucket, version, latest: version.marker),
)  # fmt: skip
_OPTIONAL = (
    Field("Size", "size", "int64", _object(lambda version: version.size)),
    Field("LastModifiedDate", "last_modified_date", "moment", lambda bucket, version, latest: version.modified),
    Field("ETag", "e_tag", "text", _object(lambda version: version.etag)),
    Field("StorageClass", "storage_class", "text", _object(lambda version: version.storage_class)),
    Field("IsMultipartUploaded", "is_multipart_uploaded", "boolean", _object(lambda version: bool(version.parts))),
    Field("ReplicationStatus", "replication_status", "text", _object(lambda version: None)),
    Field(
        "EncryptionStatus", "encryption_status", "text",
        _object(lambda version: "SSE-KMS" if version.kms else "SSE-S3"),
    ),
    Field("ObjectLockRetainUntilDate", "object_lock_retain_until_date", "moment", _object(lambda version: None)),
    Field("ObjectLockMode", "object_lock_mode", "text", _object(lambda version: None)),
    Field("ObjectLockLegalHoldStatus", "object_lock_legal_hold_status", "text", _object(lambda version: None)),
    Field(
        "IntelligentTieringAccessTier", "intelligent_tiering_access_tier", "text",
        _object(lambda version: _TIERS[version.archive_tier] if version.storage_class == INTELLIGENT_TIERING else None),
    ),
    Field("BucketKeyStatus", "bucket_key_status", "text", _object(lambda version: "DISABLED")),
    Field("ChecksumAlgorithm", "checksum_algorithm", "text", _object(lambda version: ",".join(version.checksums))),
    Field("ObjectAccessControlList", "object_access_control_list", "text", _object(lambda version: None)),
    Field("ObjectOwner", "object_owner", "text", _object(lambda version: None)),
)  # fmt: skip
"""In the order in which AWS documents and writes them."""

FIELDS = tuple(field.name for field in _OPTIONAL)
"""The optional fields."""

_PARQUET = {
    "text": "binary {} (STRING)",
    "boolean": "boolean {}",
    "int64": "int64 {}",
    "moment": "int64 {} (TIMESTAMP(MILLIS,true))",
}


def write_inventory(world: World, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Write an inventory of a bucket as it is now; where its manifest lies, and how many rows there are.

    `wish`: bucket, target, and any of prefix (in the target), id, format (CSV, Parquet), versions (All, Current),
    fields (of `FIELDS`; all), filter (a prefix of keys) and rows (of a file at most).  ValueError for what can't be.
    """
    source, target = (_bucket(world, str(wish[name])) for name in ("bucket", "target"))
    format, versions = wish.get("format", "CSV"), wish.get("versions", "All")
    chosen = wish.get("fields", FIELDS)
    if format not in ("CSV", "Parquet") or versions not in ("All", "Current") or set(chosen) - set(FIELDS):
        raise ValueError("format is CSV or Parquet, versions All or Current, fields are those of S3 Inventory")
    fields = [*_ALWAYS, *(_VERSIONS if versions == "All" else ())]
    fields += [field for field in _OPTIONAL if field.name in chosen]
    found = [
        (version, latest)
        for version, latest in _versions(source, str(wish.get("filter", "")), world.clock.now())
        if versions == "All" or (latest and not version.marker)
    ]
    random.Random(world.settings.seed).shuffle(found)  # AWS promises no order
    now = world.clock.now()
    at = datetime.fromtimestamp(now, UTC)
    prefix = str(wish.get("prefix", "")).strip("/")
    base = "/".join(filter(None, (prefix, source.name, str(wish.get("id", "all")))))
    most = int(wish.get("rows", 1_000_000))
    files = []
    for start in range(0, len(found), most):
        rows = [[field.value(source.name, *each) for field in fields] for each in found[start : start + most]]
        body = _csv(fields, rows) if format == "CSV" else _parquet(fields, rows)
        key = f"{base}/data/{_unique(world, base, start)}.{'csv.gz' if format == 'CSV' else 'parquet'}"
        _put(world, target, key, body)
        files.append({"key": key, "size": len(body), "MD5checksum": hashlib.md5(body).hexdigest()})
    manifest = {
        "sourceBucket": source.name,
        "destinationBucket": f"arn:aws:s3:::{target.name}",
        "version": "2016-11-30",
        "creationTimestamp": str(int(now * 1000)),
        "fileFormat": format,
        "fileSchema": _schema(format, fields),
        "files": files,
    }
    place = f"{base}/{at:%Y-%m-%dT%H-%MZ}"
    body = json.dumps(manifest, indent=2).encode()
    lines = "".join(f"s3://{target.name}/{file['key']}\n" for file in files)
    _put(world, target, f"{base}/hive/dt={at:%Y-%m-%d-%H-%M}/symlink.txt", lines.encode())
    _put(world, target, f"{place}/manifest.json", body)
    _put(world, target, f"{place}/manifest.checksum", hashlib.md5(body).hexdigest().encode())
    world.inventories[(source.name, str(wish.get("id", "all")))] = {
        "format": format, "target": target.name, "prefix": prefix, "versions": versions,
        "filter": str(wish.get("filter", "")), "fields": " ".join(name for name in FIELDS if name in chosen),
    }  # fmt: skip
    return {"bucket": target.name, "key": f"{place}/manifest.json", "rows": len(found), "manifest": manifest}


async def get_inventory(world: World, call: Call) -> Reply:
    """The configuration of an inventory that was written; 404 where there is none of that id."""
    name = call.query.get("id", "")
    found = world.inventories.get((world.bucket(call.bucket_name).name, name))
    if found is None:
        raise S3Error("NoSuchConfiguration")
    where = element("Format", found["format"]) + element("Bucket", f"arn:aws:s3:::{found['target']}")
    where += element("Prefix", found["prefix"]) if found["prefix"] else ""
    inner = f"<Destination><S3BucketDestination>{where}</S3BucketDestination></Destination>"
    inner += element("IsEnabled", True)
    inner += f"<Filter>{element('Prefix', found['filter'])}</Filter>" if found["filter"] else ""
    inner += element("Id", name) + element("IncludedObjectVersions", found["versions"])
    fields = "".join(element("Field", field) for field in found["fields"].split())
    inner += f"<OptionalFields>{fields}</OptionalFields>" if fields else ""
    inner += f"<Schedule>{element('Frequency', 'Daily')}</Schedule>"
    return xml_reply(document("InventoryConfiguration", inner))


def _bucket(world: World, name: str) -> Bucket:
    found = world.buckets.get(name)
    if found is None:
        raise ValueError(f"no bucket is called {name!r}")
    return found


def _versions(bucket: Bucket, prefix: str, now: float) -> Iterator[tuple[Version, bool]]:
    """Every version under a prefix, and whether it is the latest; what a restore moved back is in no archive tier."""
    walk = Walk(bucket, prefix)
    while (step := walk.step()) is not None and step[0].startswith(prefix):
        for index, version in enumerate(bucket.versions(step[0])):
            back = version.archive_tier and version.cold_place(now) is None
            yield replace(version, archive_tier="") if back else version, index == 0


def _schema(format: str, fields: Sequence[Field]) -> str:
    if format == "CSV":
        return ", ".join(field.name for field in fields)
    columns = (
        f"  {'required' if field in _ALWAYS else 'optional'} {_PARQUET[field.kind].format(field.column)};\n"
        for field in fields
    )
    return f"message s3.inventory {{\n{''.join(columns)}}}"


def _csv(fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> bytes:
    """Every value in quotes, keys URL-encoded with ``+`` for a space, no header."""
    lines = []
    for row in rows:
        cells = (_text(field, value) for field, value in zip(fields, row, strict=True))
        lines.append(",".join(f'"{cell}"' for cell in cells))
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), 6, mtime=0)


def _text(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if field.name == "Key":
        return quote_plus(value, safe="/*")
    if field.kind == "moment":
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    return str(value).lower() if field.kind == "boolean" else str(value).replace('"', '""')


def _parquet(fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> bytes:
    """Keys as they are; moments in milliseconds, packed by snappy."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ValueError("Parquet needs pyarrow") from None
    kinds = {"text": pa.string(), "boolean": pa.bool_(), "int64": pa.int64(), "moment": pa.timestamp("ms", "UTC")}
    columns = []
    for field, column in zip(fields, zip(*rows, strict=True), strict=True):
        values = (
            [None if value is None else int(value * 1000) for value in column] if field.kind == "moment" else column
        )
        columns.append(pa.array(values, kinds[field.kind]))
    out = io.BytesIO()
    pq.write_table(pa.table(columns, [field.column for field in fields]), out, compression="snappy")
    return out.getvalue()


def _unique(world: World, *words: object) -> str:
    raw = hashlib.md5(world.fresh_id(*map(str, words)).encode()).hexdigest()
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


def _put(world: World, bucket: Bucket, key: str, body: bytes) -> None:
    name, file = world.blobs.create()
    with file:
        file.write(body)
    version = Version(
        key=key,
        version_id=world.new_version_id(bucket, key),
        size=len(body),
        etag=hashlib.md5(body).hexdigest(),
        modified=float(int(world.clock.now())),
        content=(Slice(False, name, 0, len(body)),),
    )
    world.keep(bucket, key, bucket.with_version(version))


__all__ = ["FIELDS", "get_inventory", "write_inventory"]
