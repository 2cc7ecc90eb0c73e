"""GetObjectAttributes: ETag, checksum, parts, class and size in one call, also for cold objects."""

from __future__ import annotations

from icehouse.sim.clock import http_date
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.lookup import find_version
from icehouse.sim.s3.version import Version
from icehouse.sim.s3.wire import document, element
from icehouse.sim.s3.world import World

_KNOWN = {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}


async def get_attributes(world: World, call: Call) -> Reply:
    """The attributes asked for; the ETag comes without quotes here."""
    bucket = world.bucket(call.bucket_name)
    wanted = {word.strip() for word in call.headers.get("x-amz-object-attributes", "").split(",") if word.strip()}
    if not wanted or wanted - _KNOWN:
        raise S3Error("InvalidArgument", "Invalid attribute name specified.")
    version = find_version(bucket, call)
    inner = element("ETag", version.etag) if "ETag" in wanted else ""
    if "Checksum" in wanted and version.checksums:
        inner += "<Checksum>" + "".join(element(f"Checksum{name}", value) for name, value in version.checksums.items())
        inner += element("ChecksumType", version.checksum_type) + "</Checksum>"
    if "ObjectParts" in wanted and version.parts:
        inner += _parts(call, version)
    if "StorageClass" in wanted:
        inner += element("StorageClass", version.storage_class)
    if "ObjectSize" in wanted:
        inner += element("ObjectSize", version.size)
    headers = {"last-modified": http_date(version.modified)}
    if bucket.options.versioning:
        headers["x-amz-version-id"] = version.version_id
    return xml_reply(document("GetObjectAttributesResponse", inner), headers=headers)


def _parts(call: Call, version: Version) -> str:
    """How many parts; their sizes only when they carry checksums, as on AWS."""
    inner = element("PartsCount", len(version.parts))
    if version.checksums:
        most = _number(call, "x-amz-max-parts", 1000)
        after = _number(call, "x-amz-part-number-marker", 0)
        left = [part for part in version.parts if part.number > after]
        page = left[:most]
        inner += element("PartNumberMarker", after) + element("NextPartNumberMarker", page[-1].number if page else 0)
        inner += element("MaxParts", most) + element("IsTruncated", len(page) < len(left))
        for part in page:
            inner += "<Part>" + element("PartNumber", part.number) + element("Size", part.size)
            inner += "".join(element(f"Checksum{name}", value) for name, value in part.checksums.items()) + "</Part>"
    return f"<ObjectParts>{inner}</ObjectParts>"


def _number(call: Call, name: str, default: int) -> int:
    text = call.headers.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise S3Error("InvalidArgument", elements={"ArgumentName": name, "ArgumentValue": text})
    return min(int(text), 1000) if "max" in name else int(text)
