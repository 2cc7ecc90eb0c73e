"""Which function carries out which operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from icehouse.sim.s3 import (
    attributes,
    buckets,
    copying,
    deletion,
    inventory,
    lifecycle,
    listing,
    logging,
    multipart,
    objects,
    restore,
    stray,
    tagging,
)
from icehouse.sim.s3.exchange import Handler

HANDLERS: Final[Mapping[str, Handler]] = {
    "ListBuckets": buckets.list_buckets,
    "CreateBucket": buckets.create_bucket,
    "DeleteBucket": buckets.delete_bucket,
    "HeadBucket": buckets.head_bucket,
    "GetBucketLocation": buckets.get_location,
    "GetBucketVersioning": buckets.get_versioning,
    "PutBucketVersioning": buckets.put_versioning,
    "GetBucketLogging": logging.get_logging,
    "PutBucketLogging": logging.put_logging,
    "GetBucketLifecycleConfiguration": lifecycle.get_lifecycle,
    "GetBucketInventoryConfiguration": inventory.get_inventory,
    "PutBucketLifecycleConfiguration": lifecycle.put_lifecycle,
    "DeleteBucketLifecycle": lifecycle.delete_lifecycle,
    "ListObjectsV2": listing.list_objects_v2,
    "ListObjects": listing.list_objects,
    "ListObjectVersions": listing.list_object_versions,
    "RestoreObject": restore.restore_object,
    "PutObject": objects.put_object,
    "GetObject": objects.get_object,
    "HeadObject": objects.head_object,
    "DeleteObject": objects.delete_object,
    "DeleteObjects": deletion.delete_objects,
    "CopyObject": copying.copy_object,
    "GetObjectAttributes": attributes.get_attributes,
    "GetObjectTagging": tagging.get_tagging,
    "PutObjectTagging": tagging.put_tagging,
    "DeleteObjectTagging": tagging.delete_tagging,
    "CreateMultipartUpload": multipart.create_upload,
    "UploadPart": multipart.upload_part,
    "UploadPartCopy": multipart.upload_part_copy,
    "CompleteMultipartUpload": multipart.complete_upload,
    "AbortMultipartUpload": multipart.abort_upload,
    "ListMultipartUploads": stray.list_uploads,
    "ListParts": stray.list_parts,
}
