"""Object tags: their rules, and the operations on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.lookup import find_version
from icehouse.sim.s3.wire import document, element, parse
from icehouse.sim.s3.world import World

_MOST = 10


def check_tags(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Tags by key; InvalidTag or BadRequest where they break S3's rules (ten, unique, 128 and 256 characters)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if not name or len(name) > 128 or len(value) > 256 or name.startswith("aws:"):
            raise S3Error("InvalidTag", elements={"TagKey": name, "TagValue": value})
        if name in found:
            raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key", elements={"TagKey": name})
        found[name] = value
    if len(found) > _MOST:
        raise S3Error("BadRequest", "Object tags cannot be greater than 10")
    return found


def tagging_document(tags: Mapping[str, str]) -> bytes:
    """Tags as GetObjectTagging shows them."""
    rows = "".join(f"<Tag>{element('Key', name)}{element('Value', value)}</Tag>" for name, value in tags.items())
    return document("Tagging", f"<TagSet>{rows}</TagSet>")


async def get_tagging(world: World, call: Call) -> Reply:
    """The tags of a version, cold or not."""
    bucket = world.bucket(call.bucket_name)
    version = find_version(bucket, call, marker_is_absent=False)
    headers = {"x-amz-version-id": version.version_id} if bucket.options.versioning else {}
    return xml_reply(tagging_document(version.tags), headers=headers)


async def put_tagging(world: World, call: Call) -> Reply:
    """Replace the tags of a version."""
    tree = parse(await call.body.small(), "Tagging")
    tree.only("TagSet")
    if len(tree.children) != 1:
        raise S3Error("MalformedXML")
    pairs = []
    for tag in tree.children[0].children:
        tag.only("Key", "Value")
        name, value = tag.get("Key"), tag.get("Value")
        if tag.name != "Tag" or name is None or value is None:
            raise S3Error("MalformedXML")
        pairs.append((name, value))
    return _set(world, call, check_tags(pairs), 200)


async def delete_tagging(world: World, call: Call) -> Reply:
    """Take all tags off a version."""
    return _set(world, call, {}, 204)


def _set(world: World, call: Call, tags: dict[str, str], status: int) -> Reply:
    bucket = world.bucket(call.bucket_name)
    version = find_version(bucket, call, marker_is_absent=False)
    world.amend(bucket, replace(version, tags=tags))
    headers = {"x-amz-version-id": version.version_id} if bucket.options.versioning else {}
    return Reply(status, headers, version_id=version.version_id)
