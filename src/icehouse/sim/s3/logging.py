"""PutBucketLogging and GetBucketLogging: where a bucket's access log goes."""

from __future__ import annotations

from dataclasses import replace

from icehouse.sim.s3.errors import S3Error, not_implemented
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.records.settings import DELIVERY_TIME, EVENT_TIME, Logging
from icehouse.sim.s3.wire import Node, document, element, parse
from icehouse.sim.s3.world import World


async def get_logging(world: World, call: Call) -> Reply:
    """Where the log goes; an empty answer where there is none."""
    logging = world.bucket(call.bucket_name).options.logging
    if logging is None:
        return xml_reply(document("BucketLoggingStatus", ""))
    inner = element("TargetBucket", logging.target) + element("TargetPrefix", logging.prefix)
    if logging.partitioned:
        source = element("PartitionDateSource", logging.partitioned)
        inner += f"<TargetObjectKeyFormat><PartitionedPrefix>{source}</PartitionedPrefix></TargetObjectKeyFormat>"
    return xml_reply(document("BucketLoggingStatus", f"<LoggingEnabled>{inner}</LoggingEnabled>"))


async def put_logging(world: World, call: Call) -> Reply:
    """Set where the log goes, or with an empty body that there is none.

    The target must be a bucket of the same account; it may be the bucket itself.
    """
    bucket = world.bucket(call.bucket_name)
    tree = parse(await call.body.small(), "BucketLoggingStatus")
    tree.only("LoggingEnabled")
    logging = None
    for wish in tree.all("LoggingEnabled"):
        wish.only("TargetBucket", "TargetPrefix", "TargetGrants", "TargetObjectKeyFormat")
        target, prefix = wish.get("TargetBucket"), wish.get("TargetPrefix")
        if not target or prefix is None:
            raise S3Error("MalformedXML")
        if any(grants.children for grants in wish.all("TargetGrants")):
            raise not_implemented("TargetGrants")
        found = world.buckets.get(target)
        if found is None or found.options.owner != bucket.options.owner:
            raise S3Error("InvalidTargetBucketForLogging", elements={"TargetBucket": target})
        logging = Logging(target, prefix, _partitioned(wish))
    bucket.options = replace(bucket.options, logging=logging)
    world.keep_bucket(bucket)
    return Reply()


def _partitioned(wish: Node) -> str:
    for chosen in wish.all("TargetObjectKeyFormat"):
        chosen.only("SimplePrefix", "PartitionedPrefix")
        if len(chosen.children) != 1:
            raise S3Error("MalformedXML")
        if chosen.children[0].name == "PartitionedPrefix":
            source = chosen.children[0].get("PartitionDateSource") or DELIVERY_TIME
            if source not in {EVENT_TIME, DELIVERY_TIME}:
                raise S3Error("MalformedXML")
            return source
    return ""
