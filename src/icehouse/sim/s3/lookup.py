"""Finding the version that a request is about, and the answers when there is none."""

from __future__ import annotations

import re

from icehouse.sim.clock import http_date
from icehouse.sim.s3.bucket import Bucket
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.exchange import Call
from icehouse.sim.s3.version import Version

VERSION_ID = re.compile(r"null|[A-Za-z0-9._-]{32}")
"""What a version id looks like."""


def find_version(bucket: Bucket, call: Call, *, marker_is_absent: bool = True) -> Version:
    """The version that a call names, or the current one; never a delete marker.

    Raises NoSuchKey, NoSuchVersion, InvalidArgument for what is no version id, and for delete markers 404 NoSuchKey
    (reading the current one) or 405 MethodNotAllowed (naming it, or doing anything else to it).
    """
    key, version_id = call.object_key, call.version_id
    versions = bucket.versions(key)
    if version_id is None:
        if not versions:
            raise S3Error("NoSuchKey", elements={"Key": key})
        found = versions[0]
        if found.marker:
            headers = {"x-amz-delete-marker": "true", "x-amz-version-id": found.version_id}
            if marker_is_absent:
                raise S3Error("NoSuchKey", elements={"Key": key}, headers=headers)
            raise _marker(found, call)
        return found
    found = named_version(versions, key, version_id)
    if found.marker:
        raise _marker(found, call)
    return found


def named_version(versions: tuple[Version, ...], key: str, version_id: str) -> Version:
    """The version with that id, also when it is a delete marker; raises NoSuchVersion, or InvalidArgument for no id."""
    if not VERSION_ID.fullmatch(version_id):
        raise S3Error(
            "InvalidArgument",
            "Invalid version id specified",
            elements={"ArgumentName": "versionId", "ArgumentValue": version_id},
        )
    for version in versions:
        if version.version_id == version_id:
            return version
    raise S3Error("NoSuchVersion", elements={"Key": key, "VersionId": version_id})


def _marker(found: Version, call: Call) -> S3Error:
    return S3Error(
        "MethodNotAllowed",
        elements={"Method": call.method, "ResourceType": "DeleteMarker"},
        headers={
            "x-amz-delete-marker": "true",
            "x-amz-version-id": found.version_id,
            "allow": "DELETE",
            "last-modified": http_date(found.modified),
        },
    )
