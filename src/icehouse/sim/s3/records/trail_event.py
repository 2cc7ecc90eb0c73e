"""CloudTrail data events of S3, as they are delivered to the owner of a bucket.

Of a requester from another account CloudTrail tells the owner no more than the account.  A request whose signature did
not hold, or no longer, has no event at all.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, Final

from icehouse.sim.s3.auth import Principal
from icehouse.sim.s3.records.happening import Happening

_EVENTS: Final = {
    "ListObjectsV2": "ListObjects",
    "ListObjects": "ListObjects",
    "ListObjectVersions": "ListObjectVersions",
    "ListMultipartUploads": "ListMultipartUploads",
    **{
        name: name
        for name in (
            "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "DeleteObject",
            "DeleteObjectTagging", "DeleteObjects", "GetObject", "GetObjectAttributes", "GetObjectTagging",
            "HeadObject", "ListParts", "PutObject", "PutObjectTagging", "RestoreObject", "UploadPart",
            "UploadPartCopy",
        )
    },
}  # fmt: skip
"""The operations that are data events, and what CloudTrail calls them."""

_TOLD: Final = ("X-Amz-Date", "X-Amz-Algorithm", "X-Amz-SignedHeaders", "X-Amz-Expires")


def trail_event(happening: Happening, accounts: dict[str, str], account: str, region: str) -> dict[str, Any] | None:
    """The event of one request as `account` gets it, or None where there is none.

    `accounts` are the numbers of the accounts that own the buckets, by bucket.
    """
    name = _EVENTS.get(happening.operation)
    principal = happening.principal
    if name is None or principal is None:
        return None
    event: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(principal, account),
        "eventTime": datetime.fromtimestamp(int(happening.at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": happening.address,
        "userAgent": f"[{happening.agent or '-'}]",
    }
    if happening.error:
        event |= {"errorCode": happening.error, "errorMessage": happening.error}
    event |= {
        "requestParameters": _parameters(happening),
        "responseElements": None,
        "additionalEventData": {
            "SignatureVersion": "SigV4",
            "bytesTransferredIn": happening.received,
            "AuthenticationMethod": happening.auth,
            "x-amz-id-2": happening.host_id,
            "bytesTransferredOut": happening.sent,
        },
        "requestID": happening.request_id,
        "eventID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{happening.request_id}/{account}")),
        "readOnly": happening.method in {"GET", "HEAD"},
        "resources": _resources(happening, accounts),
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "recipientAccountId": account,
        "sharedEventID": str(uuid.uuid5(uuid.NAMESPACE_URL, happening.request_id)),
        "eventCategory": "Data",
        "tlsDetails": {"clientProvidedHostHeader": happening.host},
    }
    if principal.account.number == account:
        del event["sharedEventID"]
    return event


def _identity(principal: Principal, account: str) -> dict[str, Any]:
    number = principal.account.number
    if number != account:
        return {"type": "AWSAccount", "principalId": principal.user_id, "accountId": number}
    told = {
        "type": "AssumedRole" if principal.role else "Root" if principal.name == "root" else "IAMUser",
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": number,
        "accessKeyId": principal.access_key,
    }
    if not principal.role:
        return {**told, "userName": principal.name}
    issuer = {
        "type": "Role",
        "principalId": principal.user_id.partition(":")[0],
        "arn": f"arn:aws:iam::{number}:role/{principal.role}",
        "accountId": number,
        "userName": principal.role,
    }
    return {**told, "sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}}


def _parameters(happening: Happening) -> dict[str, str]:
    query = dict(happening.query)
    told = {"bucketName": happening.bucket, "Host": happening.host}
    if happening.key is not None:
        told["key"] = happening.key
    told |= {name: query[name] for name in _TOLD if name in query}
    told |= {name: value for name, value in query.items() if name.startswith("response-") or name == "versionId"}
    if happening.source:
        told["x-amz-copy-source"] = happening.source.told
    return told


def _resources(happening: Happening, accounts: dict[str, str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    places = [(happening.bucket, happening.key)]
    if happening.source:
        places.append((happening.source.bucket, happening.source.key))
    for bucket, key in places:
        arn = f"arn:aws:s3:::{bucket}"
        if key is None:
            found.append({"type": "AWS::S3::Object", "ARNPrefix": f"{arn}/"})
        else:
            found.append({"type": "AWS::S3::Object", "ARN": f"{arn}/{key}"})
        found.append({"accountId": accounts.get(bucket, ""), "type": "AWS::S3::Bucket", "ARN": arn})
    return found
