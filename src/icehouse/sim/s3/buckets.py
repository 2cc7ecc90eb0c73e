"""Operations on buckets themselves."""

from __future__ import annotations

import re
from dataclasses import replace

from icehouse.sim.clock import iso
from icehouse.sim.s3.accounts import LAB, Account
from icehouse.sim.s3.bucket import Bucket, Options
from icehouse.sim.s3.errors import S3Error, not_implemented
from icehouse.sim.s3.exchange import Call, Reply, xml_reply
from icehouse.sim.s3.wire import document, element, parse
from icehouse.sim.s3.world import World

_NAME = re.compile(r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def owner_element(name: str = "Owner", account: Account = LAB) -> str:
    """Who owns a bucket or an object."""
    return f"<{name}>{element('ID', account.canonical)}{element('DisplayName', account.name)}</{name}>"


async def list_buckets(world: World, call: Call) -> Reply:
    """All buckets of the account by name, or a page of them when max-buckets is given."""
    assert call.principal is not None
    account = call.principal.account
    most = call.number("max-buckets", 10_000, least=1, most=10_000)
    prefix = call.query.get("prefix", "")
    after = call.query.get("continuation-token", "")
    if call.query.get("bucket-region", world.settings.region) != world.settings.region:
        names: list[str] = []
    else:
        own = (name for name, bucket in world.buckets.items() if bucket.options.owner == account.number)
        names = sorted(name for name in own if name.startswith(prefix) and name > after)
    page = names[:most]
    rows = "".join(
        "<Bucket>"
        + element("Name", name)
        + element("CreationDate", iso(world.buckets[name].created))
        + element("BucketRegion", world.settings.region)
        + "</Bucket>"
        for name in page
    )
    inner = f"{owner_element(account=account)}<Buckets>{rows}</Buckets>"
    if len(page) < len(names):
        inner += element("ContinuationToken", page[-1])
    if prefix:
        inner += element("Prefix", prefix)
    return xml_reply(document("ListAllMyBucketsResult", inner))


async def head_bucket(world: World, call: Call) -> Reply:
    """Whether the bucket is there, and in which region."""
    world.bucket(call.bucket_name)
    return Reply(headers={"x-amz-bucket-region": world.settings.region, "content-type": "application/xml"})


async def get_location(world: World, call: Call) -> Reply:
    """The region; empty for us-east-1, as ever."""
    world.bucket(call.bucket_name)
    region = "" if world.settings.region == "us-east-1" else world.settings.region
    return xml_reply(document("LocationConstraint", region))


async def create_bucket(world: World, call: Call) -> Reply:
    """A new empty bucket.  Owning it already is no error in us-east-1 alone, as on AWS."""
    assert call.principal is not None
    account = call.principal.account.number
    if not _NAME.fullmatch(call.bucket_name):
        raise S3Error("InvalidBucketName", elements={"BucketName": call.bucket_name})
    if call.headers.get("x-amz-acl", "private") != "private":
        raise not_implemented("x-amz-acl")
    body = await call.body.small()
    region = "us-east-1"
    if body.strip():
        wish = parse(body, "CreateBucketConfiguration")
        wish.only("LocationConstraint")
        region = wish.get("LocationConstraint") or region
    if region != world.settings.region:
        raise S3Error("IllegalLocationConstraintException")
    if call.bucket_name in world.buckets:
        if world.buckets[call.bucket_name].options.owner != account:
            raise S3Error("BucketAlreadyExists", elements={"BucketName": call.bucket_name})
        if world.settings.region != "us-east-1":
            raise S3Error("BucketAlreadyOwnedByYou", elements={"BucketName": call.bucket_name})
    else:
        world.buckets[call.bucket_name] = Bucket(call.bucket_name, call.now, options=Options(owner=account))
        world.keep_bucket(world.buckets[call.bucket_name])
    return Reply(headers={"location": f"/{call.bucket_name}"})


async def delete_bucket(world: World, call: Call) -> Reply:
    """Drop a bucket that holds nothing, not even delete markers."""
    bucket = world.bucket(call.bucket_name)
    if not bucket.is_empty():
        raise S3Error("BucketNotEmpty", elements={"BucketName": bucket.name})
    for upload_id in [upload.upload_id for upload in world.uploads.values() if upload.bucket == bucket.name]:
        del world.uploads[upload_id]
        world.keep_upload(upload_id)
    del world.buckets[bucket.name]
    world.journal.write("bucket", name=bucket.name, created=bucket.created, options=None)
    return Reply(204)


async def get_versioning(world: World, call: Call) -> Reply:
    """The versioning state; no Status at all where it was never set."""
    status = world.bucket(call.bucket_name).options.versioning
    return xml_reply(document("VersioningConfiguration", element("Status", status) if status else ""))


async def put_versioning(world: World, call: Call) -> Reply:
    """Enable or suspend versioning."""
    bucket = world.bucket(call.bucket_name)
    wish = parse(await call.body.small(), "VersioningConfiguration")
    wish.only("Status", "MfaDelete")
    status = wish.get("Status")
    if wish.get("MfaDelete") == "Enabled":
        raise not_implemented("MfaDelete")
    if status not in {"Enabled", "Suspended"}:
        raise S3Error("MalformedXML")
    bucket.options = replace(bucket.options, versioning=status)
    world.keep_bucket(bucket)
    return Reply()
