"""ListObjectsV2, ListObjects and ListObjectVersions."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass

from icehouse.sim.s3.accounts import account_of
from icehouse.sim.s3.bucket import Bucket, Walk
from icehouse.sim.s3.buckets import owner_element
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.lookup import VERSION_ID
from icehouse.sim.s3.rows import Renderer
from icehouse.sim.s3.version import Row, Version
from icehouse.sim.s3.wire import document, element, escape, url_encoded
from icehouse.sim.s3.world import World

LARGEST_PAGE = 1000
LONGEST_KEY = 1024


def successor(prefix: str) -> str:
    """The least text above everything that starts with `prefix`; for the last of all characters, above every key."""
    shorter = prefix.rstrip("\U0010ffff")
    return shorter[:-1] + chr(ord(shorter[-1]) + 1) if shorter else "\U0010ffff" * LONGEST_KEY


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its items in order, and whether more follow.  `last` is where the next page goes on."""

    rows: list[Row]
    prefixes: list[str]
    truncated: bool
    last: str
    last_is_prefix: bool
    last_version: str
    latest: set[str]
    """Version ids of current versions by `key\\0id`; only filled when all versions are listed."""


class Wanted:
    """What a listing asks for, parsed and checked."""

    def __init__(self, call: Call) -> None:
        encoding = call.query.get("encoding-type")
        if encoding not in (None, "", "url"):
            raise S3Error(
                "InvalidArgument",
                "Invalid Encoding Method specified in Request",
                elements={"ArgumentName": "encoding-type", "ArgumentValue": encoding},
            )
        self.prefix = call.query.get("prefix", "")
        self.delimiter = call.query.get("delimiter", "")
        self.most = call.number("max-keys", LARGEST_PAGE, most=LARGEST_PAGE)
        self.url = encoding == "url"
        self.encode: Callable[[str], str] = url_encoded if self.url else escape
        self.status = False
        for word in filter(None, call.headers.get("x-amz-optional-object-attributes", "").split(",")):
            if word.strip() != "RestoreStatus":
                raise S3Error("InvalidArgument", "Invalid attribute name specified")
            self.status = True

    def head(self, bucket: Bucket) -> str:
        """The elements that every listing begins with."""
        text = element("Name", bucket.name) + f"<Prefix>{self.encode(self.prefix)}</Prefix>"
        if self.delimiter:
            text += f"<Delimiter>{self.encode(self.delimiter)}</Delimiter>"
        text += element("MaxKeys", self.most)
        return text + ("<EncodingType>url</EncodingType>" if self.url else "")

    def prefixes(self, page: Page) -> str:
        """The common prefixes of a page."""
        return "".join(
            f"<CommonPrefixes><Prefix>{self.encode(prefix)}</Prefix></CommonPrefixes>" for prefix in page.prefixes
        )


def _versions_of(entry: Row | tuple[Version, ...], *, every: bool) -> list[Row]:
    if isinstance(entry, Row):
        return [entry]
    if every:
        return [version.row() for version in entry]
    return [] if entry[0].marker else [entry[0].row()]


def collect(
    bucket: Bucket, wanted: Wanted, after: str, *, after_prefix: bool, every: bool = False, after_version: str = ""
) -> Page:
    """One page of keys after `after`.

    Keys and common prefixes come in the order of their UTF-8 bytes and count alike towards max-keys.  `after_prefix`
    says that `after` is a common prefix to be left behind whole.  With `every`, all versions are rows, and
    `after_version` is the last one shown of the key `after`.
    """
    prefix, delimiter, most = wanted.prefix, wanted.delimiter, wanted.most
    page = Page([], [], False, "", False, "", set())
    if most == 0:
        return page
    stop = successor(prefix) if prefix else None
    start = prefix
    if after:
        start = max(prefix, successor(after) if after_prefix else after if after_version else after + "\0")
    walk = Walk(bucket, start)
    count = 0
    last, last_is_prefix, last_version = "", False, ""
    latest: set[str] = page.latest
    while (found := walk.step()) is not None:
        key, entry = found
        if stop is not None and key >= stop:
            break
        rows = _versions_of(entry, every=every)
        if not rows:
            continue
        if delimiter:
            cut = key.find(delimiter, len(prefix))
            if cut >= 0:
                common = key[: cut + len(delimiter)]
                if count == most:
                    return Page(page.rows, page.prefixes, True, last, last_is_prefix, last_version, latest)
                page.prefixes.append(common)
                count += 1
                last, last_is_prefix, last_version = common, True, ""
                walk.leap(successor(common))
                continue
        if every:
            latest.add(f"{key}\0{rows[0].version_id}")
        if after_version and key == after:
            rows = _after(rows, after_version)
        for row in rows:
            if count == most:
                return Page(page.rows, page.prefixes, True, last, last_is_prefix, last_version, latest)
            page.rows.append(row)
            count += 1
            last, last_is_prefix, last_version = key, False, row.version_id
    return Page(page.rows, page.prefixes, False, last, last_is_prefix, last_version, latest)


def _after(rows: list[Row], version_id: str) -> list[Row]:
    """The rows older than a version; all of them when it is gone, so that who deletes while listing loses none."""
    for position, row in enumerate(rows):
        if row.version_id == version_id:
            return rows[position + 1 :]
    return rows


def _token(page: Page) -> str:
    text = json.dumps([page.last, page.last_is_prefix], separators=(",", ":"))
    return "1" + base64.urlsafe_b64encode(text.encode()[::-1]).decode()


def _untoken(token: str) -> tuple[str, bool]:
    try:
        if not token.startswith("1"):
            raise ValueError(token)
        after, is_prefix = json.loads(base64.urlsafe_b64decode(token[1:].encode())[::-1])
    except (ValueError, binascii.Error) as problem:
        raise S3Error(
            "InvalidArgument",
            "The continuation token provided is incorrect",
            elements={"ArgumentName": "continuation-token"},
        ) from problem
    return str(after), bool(is_prefix)


async def list_objects_v2(world: World, call: Call) -> Reply:
    """A page of current objects, with an opaque continuation token."""
    bucket = world.bucket(call.bucket_name)
    wanted = Wanted(call)
    if call.query.get("list-type") != "2":
        raise S3Error("InvalidArgument", "Invalid List Type specified in Request")
    start_after = call.query.get("start-after", "")
    token = call.query.get("continuation-token")
    after, after_prefix = (start_after, False) if token is None else _untoken(token)
    page = collect(bucket, wanted, after, after_prefix=after_prefix)
    owner = owner_element(account=account_of(bucket.options.owner)) if call.query.get("fetch-owner") == "true" else ""
    head = wanted.head(bucket)
    head += element("KeyCount", len(page.rows) + len(page.prefixes)) + element("IsTruncated", page.truncated)
    if token is not None:
        head += element("ContinuationToken", token)
    if page.truncated:
        head += element("NextContinuationToken", _token(page))
    if start_after:
        head += f"<StartAfter>{wanted.encode(start_after)}</StartAfter>"
    rows = Renderer(world, call.now, wanted.encode, status=wanted.status, owner=owner).contents(page.rows)
    return xml_reply(document("ListBucketResult", head + rows + wanted.prefixes(page)))


async def list_objects(world: World, call: Call) -> Reply:
    """A page of current objects in the first version of the API; NextMarker only with a delimiter, as on AWS."""
    bucket = world.bucket(call.bucket_name)
    wanted = Wanted(call)
    marker = call.query.get("marker", "")
    page = collect(bucket, wanted, marker, after_prefix=_is_common(marker, wanted))
    head = wanted.head(bucket) + f"<Marker>{wanted.encode(marker)}</Marker>" + element("IsTruncated", page.truncated)
    if page.truncated and wanted.delimiter:
        head += f"<NextMarker>{wanted.encode(page.last)}</NextMarker>"
    renderer = Renderer(
        world,
        call.now,
        wanted.encode,
        status=wanted.status,
        owner=owner_element(account=account_of(bucket.options.owner)),
    )
    return xml_reply(document("ListBucketResult", head + renderer.contents(page.rows) + wanted.prefixes(page)))


def _is_common(marker: str, wanted: Wanted) -> bool:
    """Whether a marker is a common prefix that an earlier page showed, which the next page leaves behind whole."""
    return bool(
        wanted.delimiter
        and marker.startswith(wanted.prefix)
        and marker.endswith(wanted.delimiter)
        and marker.find(wanted.delimiter, len(wanted.prefix)) + len(wanted.delimiter) == len(marker)
    )


async def list_object_versions(world: World, call: Call) -> Reply:
    """A page of all versions and delete markers, newest first within a key."""
    bucket = world.bucket(call.bucket_name)
    wanted = Wanted(call)
    key_marker = call.query.get("key-marker", "")
    version_marker = call.query.get("version-id-marker", "")
    if version_marker and not key_marker:
        raise S3Error(
            "InvalidArgument",
            "A version-id marker cannot be specified without a key marker.",
            elements={"ArgumentName": "version-id-marker", "ArgumentValue": version_marker},
        )
    if version_marker and not VERSION_ID.fullmatch(version_marker):
        raise S3Error(
            "InvalidArgument",
            "Invalid version id specified",
            elements={"ArgumentName": "version-id-marker", "ArgumentValue": version_marker},
        )
    page = collect(
        bucket,
        wanted,
        key_marker,
        after_prefix=not version_marker and _is_common(key_marker, wanted),
        every=True,
        after_version=version_marker,
    )
    head = wanted.head(bucket) + f"<KeyMarker>{wanted.encode(key_marker)}</KeyMarker>"
    head += element("VersionIdMarker", version_marker) + element("IsTruncated", page.truncated)
    if page.truncated:
        head += f"<NextKeyMarker>{wanted.encode(page.last)}</NextKeyMarker>"
        if not page.last_is_prefix:
            head += element("NextVersionIdMarker", page.last_version)
    renderer = Renderer(
        world,
        call.now,
        wanted.encode,
        status=wanted.status,
        owner=owner_element(account=account_of(bucket.options.owner)),
    )
    rows = renderer.versions(page.rows, page.latest)
    return xml_reply(document("ListVersionsResult", head + rows + wanted.prefixes(page)))
