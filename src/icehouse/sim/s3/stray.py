"""What lies in unfinished multipart uploads: ListMultipartUploads and ListParts."""

from __future__ import annotations

from icehouse.sim.clock import iso
from icehouse.sim.s3.buckets import owner_element
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.multipart import find_upload
from icehouse.sim.s3.wire import document, element, escape, url_encoded
from icehouse.sim.s3.world import World


async def list_uploads(world: World, call: Call) -> Reply:
    """A page of unfinished uploads, by key, then by when they began."""
    bucket = world.bucket(call.bucket_name)
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    key_marker, id_marker = call.query.get("key-marker", ""), call.query.get("upload-id-marker", "")
    most = call.number("max-uploads", 1000, least=1, most=1000)
    url = call.query.get("encoding-type") == "url"
    encode = url_encoded if url else escape
    found = sorted(
        (upload for upload in world.uploads.values() if upload.bucket == bucket.name and upload.key.startswith(prefix)),
        key=lambda upload: (upload.key, upload.initiated, upload.upload_id),
    )
    names = [upload.upload_id for upload in found]
    passed = names.index(id_marker) if key_marker and id_marker in names else -1
    rows, prefixes = "", list[str]()
    count, truncated, last = 0, False, ("", "")
    for position, upload in enumerate(found):
        if upload.key < key_marker or (upload.key == key_marker and (not id_marker or position <= passed)):
            continue
        cut = upload.key.find(delimiter, len(prefix)) if delimiter else -1
        common = upload.key[: cut + len(delimiter)] if cut >= 0 else ""
        if common and (common in prefixes or key_marker.startswith(common)):
            continue
        if count == most:
            truncated = True
            break
        count += 1
        last = (common or upload.key, "" if common else upload.upload_id)
        if common:
            prefixes.append(common)
            continue
        rows += (
            f"<Upload><Key>{encode(upload.key)}</Key>{element('UploadId', upload.upload_id)}"
            f"{owner_element('Initiator')}{owner_element()}{element('StorageClass', upload.storage_class)}"
            f"{element('Initiated', iso(upload.initiated))}</Upload>"
        )
    inner = element("Bucket", bucket.name) + f"<KeyMarker>{encode(key_marker)}</KeyMarker>"
    inner += element("UploadIdMarker", id_marker) + f"<Prefix>{encode(prefix)}</Prefix>"
    inner += f"<Delimiter>{encode(delimiter)}</Delimiter>" if delimiter else ""
    inner += "<EncodingType>url</EncodingType>" if url else ""
    if truncated:
        inner += f"<NextKeyMarker>{encode(last[0])}</NextKeyMarker>" + element("NextUploadIdMarker", last[1])
    inner += element("MaxUploads", most) + element("IsTruncated", truncated) + rows
    inner += "".join(f"<CommonPrefixes><Prefix>{encode(common)}</Prefix></CommonPrefixes>" for common in prefixes)
    return xml_reply(document("ListMultipartUploadsResult", inner))


async def list_parts(world: World, call: Call) -> Reply:
    """A page of the parts of one unfinished upload."""
    upload = find_upload(world, call)
    most = call.number("max-parts", 1000, least=1, most=1000)
    after = call.number("part-number-marker", 0)
    left = [upload.parts[number] for number in sorted(upload.parts) if number > after]
    page = left[:most]
    inner = element("Bucket", upload.bucket) + element("Key", upload.key) + element("UploadId", upload.upload_id)
    inner += owner_element("Initiator") + owner_element() + element("StorageClass", upload.storage_class)
    inner += element("PartNumberMarker", after)
    inner += element("NextPartNumberMarker", page[-1].number if page else 0)
    inner += element("MaxParts", most) + element("IsTruncated", len(page) < len(left))
    if upload.algorithm:
        inner += element("ChecksumAlgorithm", upload.algorithm) + element("ChecksumType", upload.checksum_type)
    for part in page:
        inner += "<Part>" + element("PartNumber", part.number) + element("LastModified", iso(part.modified))
        inner += element("ETag", f'"{part.etag}"') + element("Size", part.size)
        inner += "".join(element(f"Checksum{name}", value) for name, value in part.checksums.items()) + "</Part>"
    return xml_reply(document("ListPartsResult", inner))
