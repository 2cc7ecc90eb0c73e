"""Handing an order over: its list of objects is put first, then one job is created, once for a token."""

from __future__ import annotations

import base64
import re
from typing import Any

from icehouse.core.errors import Conflict, Denied, Invalid, NotFound, StoreError, Unavailable
from icehouse.core.orders import Order, OrderAct, OrderTaken
from icehouse.core.refs import Ref, ref_address
from icehouse.core.restores import Tier
from icehouse.stores.base import NotTaken

from ..describing import describe_one
from .control import JOB_ID, Control, at_of
from .lines import LENGTHS
from .manifest import FORMAT, Manifest, write_manifest

REPORT = "Report_CSV_20180820"

_TIERS = {Tier.BULK: "BULK", Tier.STANDARD: "STANDARD"}
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def submit(control: Control, order: Order) -> OrderTaken | NotTaken:
    """The order as a job.  Its manifest is named by the token: a second submission finds it there, and its job."""
    try:
        return _submit(control, order)
    except StoreError as error:
        return NotTaken(order.refs[0], error)


def description_of(token: str) -> str:
    """What a job is described by, so that it is found again by its token alone."""
    return f"icehouse {token}"


def _submit(control: Control, order: Order) -> OrderTaken:
    what, batch = f"{control.client.store}: {order.token}", control.batch
    if not _TOKEN.fullmatch(order.token):
        raise Invalid(f"{what}: no order can have that token")
    operation = _operation(order)
    _ = control.account
    manifest = write_manifest(order)
    with manifest.body:
        location = _put(control, order.token, manifest)
    bucket, _, prefix = (batch.reports or batch.manifests).partition("/")
    report: dict[str, Any] = {"Enabled": True, "Format": REPORT, "ReportScope": "AllTasks"}
    report["Bucket"] = _arn(batch.role, bucket)
    if prefix.strip("/"):
        report["Prefix"] = prefix.rstrip("/")
    if control.client.options.expected_owner:
        report["ExpectedBucketOwner"] = control.client.options.expected_owner
    answer = control.ask(
        "CreateJob",
        what,
        ConfirmationRequired=False,
        Operation=operation,
        Report=report,
        ClientRequestToken=order.token,
        Manifest={"Spec": {"Format": FORMAT, "Fields": list(manifest.fields)}, "Location": location},
        Description=description_of(order.token),
        Priority=batch.priority,
        RoleArn=batch.role,
    )
    id = str(answer.members.get("JobId") or "")
    if answer.status != 200 or not JOB_ID.fullmatch(id):
        raise Unavailable(f"{what}: the answer is broken", words=f"HTTP {answer.status} without a job's id")
    return OrderTaken(id, at_of(answer, what), answer.request_id)


def _operation(order: Order) -> dict[str, Any]:
    if order.act is OrderAct.CHECKSUM:
        if order.algorithm not in LENGTHS:
            raise Invalid(f"{order.container}: S3 computes no such checksum: {order.algorithm}")
        return {"S3ComputeObjectChecksum": {"ChecksumAlgorithm": order.algorithm, "ChecksumType": "FULL_OBJECT"}}
    tier = _TIERS.get(order.tier) if order.tier is not None else None
    if tier is None:
        raise Invalid(f"{order.container}: S3 Batch Operations restores by the tiers standard and bulk alone")
    if order.days is not None and order.days < 1:
        raise Invalid(f"{order.container}: a restore lasts 1 day or more")
    days = {} if order.days is None else {"ExpirationInDays": order.days}
    return {"S3InitiateRestoreObject": {**days, "GlacierJobTier": tier}}


def _put(control: Control, token: str, manifest: Manifest) -> dict[str, str]:
    """Put the manifest where nothing lies, or find the very same there; where it lies."""
    client = control.client
    bucket, _, prefix = control.batch.manifests.partition("/")
    ref = Ref(client.store, bucket, f"{prefix}{token}.csv")
    what, etag = ref_address(ref), manifest.md5.hex()
    there = _there(control, ref, etag)
    if there is None:
        try:
            answer = client.ask(
                "PutObject",
                what,
                Bucket=bucket,
                Key=ref.key,
                Body=manifest.body,
                ContentLength=manifest.size,
                ContentMD5=base64.b64encode(manifest.md5).decode(),
                ContentType="text/csv",
                # A manifest that a KMS key encrypts can't be read by the service, and has no MD5 as its ETag.
                ServerSideEncryption="AES256",
                IfNoneMatch="*",
            )
            there = (str(answer.members.get("ETag") or ""), str(answer.members.get("VersionId") or ""))
        except Conflict:
            there = _there(control, ref, etag)
            if there is None:
                raise
    found, version = there[0].strip('"'), there[1]
    if found != etag:
        raise Conflict(f"{what}: something else lies there")
    location = {"ObjectArn": f"{_arn(control.batch.role, bucket)}/{ref.key}", "ETag": found}
    return {**location, "ObjectVersionId": version} if version not in ("", "null") else location


def _there(control: Control, ref: Ref, etag: str) -> tuple[str, str] | None:
    """ETag and version of what lies at `ref`; None where nothing does as far as these credentials may know."""
    described = describe_one(control.client, ref)
    if described.entry is not None:
        if described.entry.etag != etag:
            raise Conflict(f"{ref_address(ref)}: something else lies there")
        return described.entry.etag, ""
    if isinstance(described.error, NotFound | Denied):
        return None
    assert described.error is not None
    raise described.error


def _arn(role: str, bucket: str) -> str:
    """The name of a bucket in the partition of AWS that the role is of."""
    return f"arn:{role.split(':')[1]}:s3:::{bucket}"
