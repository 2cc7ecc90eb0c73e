"""Which function carries out which operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from icehouse.sim.s3 import buckets, listing, objects, restore
from icehouse.sim.s3.exchange import Handler

HANDLERS: Final[Mapping[str, Handler]] = {
    "ListBuckets": buckets.list_buckets,
    "CreateBucket": buckets.create_bucket,
    "DeleteBucket": buckets.delete_bucket,
    "HeadBucket": buckets.head_bucket,
    "GetBucketLocation": buckets.get_location,
    "GetBucketVersioning": buckets.get_versioning,
    "PutBucketVersioning": buckets.put_versioning,
    "ListObjectsV2": listing.list_objects_v2,
    "ListObjects": listing.list_objects,
    "ListObjectVersions": listing.list_object_versions,
    "RestoreObject": restore.restore_object,
    "PutObject": objects.put_object,
    "GetObject": objects.get_object,
    "HeadObject": objects.head_object,
    "DeleteObject": objects.delete_object,
}
