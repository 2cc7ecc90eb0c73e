"""The lifecycle configuration of a bucket: kept and told as it was given, checked for its form, not carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.storage_classes import STANDARD, STORAGE_CLASSES
from icehouse.sim.s3.wire import Node, document, element, parse
from icehouse.sim.s3.world import World

_MOST: Final = 1000
_ACTIONS: Final = {
    "Transition": {"Days", "Date", "StorageClass"},
    "Expiration": {"Days", "Date", "ExpiredObjectDeleteMarker"},
    "NoncurrentVersionTransition": {"NoncurrentDays", "NewerNoncurrentVersions", "StorageClass"},
    "NoncurrentVersionExpiration": {"NoncurrentDays", "NewerNoncurrentVersions"},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation"},
}
_FILTERS: Final = {"Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And"}


async def get_lifecycle(world: World, call: Call) -> Reply:
    """The rules as they were put; 404 where there are none."""
    kept = world.bucket(call.bucket_name).options.lifecycle
    if not kept:
        raise S3Error("NoSuchLifecycleConfiguration", elements={"BucketName": call.bucket_name})
    return xml_reply(kept.encode())


async def put_lifecycle(world: World, call: Call) -> Reply:
    """Take the place of all rules."""
    tree = parse(await call.body.small(), "LifecycleConfiguration")
    tree.only("Rule")
    rules = tree.all("Rule")
    if not 1 <= len(rules) <= _MOST:
        raise S3Error("MalformedXML")
    for rule in rules:
        _check(rule)
    _keep(world, call, document("LifecycleConfiguration", "".join(_render(rule) for rule in rules)).decode())
    return Reply(headers={"x-amz-transition-default-minimum-object-size": "all_storage_classes_128K"})


async def delete_lifecycle(world: World, call: Call) -> Reply:
    """Drop all rules."""
    _keep(world, call, "")
    return Reply(204)


def _keep(world: World, call: Call, text: str) -> None:
    bucket = world.bucket(call.bucket_name)
    bucket.options = replace(bucket.options, lifecycle=text)
    world.keep_bucket(bucket)


def _check(rule: Node) -> None:
    rule.only("ID", "Prefix", "Filter", "Status", *_ACTIONS)
    if rule.get("Status") not in {"Enabled", "Disabled"} or len(rule.all("Filter")) + len(rule.all("Prefix")) != 1:
        raise S3Error("MalformedXML")
    for chosen in rule.all("Filter"):
        chosen.only(*_FILTERS)
        if len(chosen.children) > 1:
            raise S3Error("MalformedXML")
    actions = [child for child in rule.children if child.name in _ACTIONS]
    if not actions:
        raise S3Error("InvalidRequest", "At least one action needs to be specified in a rule.")
    for action in actions:
        action.only(*_ACTIONS[action.name])
        wanted = action.get("StorageClass")
        if action.name.endswith("Transition") and wanted not in STORAGE_CLASSES - {STANDARD, "REDUCED_REDUNDANCY"}:
            raise S3Error("MalformedXML")
        for child in action.children:
            if "Days" in child.name and not (child.text.strip().isdecimal() and child.text.isascii()):
                raise S3Error("InvalidArgument", "'Days' must be a non-negative integer")


def _render(node: Node) -> str:
    inner = "".join(_render(child) for child in node.children)
    return f"<{node.name}>{inner}</{node.name}>" if node.children else element(node.name, node.text)
