"""Handing an order over: its list of objects is put first, then one job is created, once for a token."""

from __future__ import annotations

import base64
import re
from typing import Any

from icehouse.core.errors import Conflict, Denied, Invalid, NotFound, StoreError, Unavailable
from icehouse.core.orders import Order, OrderAct, OrderTaken
from icehouse.core.refs import Ref, ref_address
from icehouse.core.restores import Tier
from icehouse.stores.changing import NotTaken

from ..describing import describe_one
from .control import JOB_ID, Control, at_of
from .following import description_of, find_order, job_of
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
    except OSError as full:
        line = f"{control.client.store}: the list of objects can't be kept here until it is sent: {full.strerror}"
        return NotTaken(order.refs[0], Unavailable(line))


def _submit(control: Control, order: Order) -> OrderTaken:
    what, batch = f"{control.client.store}: {order.token}", control.batch
    if not _TOKEN.fullmatch(order.token):
        raise Invalid(f"{what}: no order can have that token")
    operation = _operation(order)
    _ = control.account
    _check_region(control, order.container)
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
    work = {
        "Operation": operation,
        "Manifest": {"Spec": {"Format": FORMAT, "Fields": list(manifest.fields)}, "Location": location},
    }
    try:
        answer = control.ask(
            "CreateJob",
            what,
            ConfirmationRequired=False,
            Report=report,
            ClientRequestToken=order.token,
            Description=description_of(order.token),
            Priority=batch.priority,
            RoleArn=batch.role,
            **work,
        )
    except Invalid as refused:
        if refused.words.startswith("IdempotencyException") and (first := _first(control, order.token, work, what)):
            return first
        raise
    id = str(answer.members.get("JobId") or "")
    if answer.status != 200 or not JOB_ID.fullmatch(id):
        raise Unavailable(f"{what}: the answer is broken", words=f"HTTP {answer.status} without a job's id")
    return OrderTaken(id, at_of(answer, what), answer.request_id)


def _check_region(control: Control, bucket: str) -> None:
    """A job is made in the region of its objects; Invalid where AWS has them in another than this store's."""
    here = control.client.region
    there = control.client.region_of(bucket)
    if there != here:
        raise Invalid(f"{bucket} is in {there}, and jobs are made in {here}: name a store of that region")


def _first(control: Control, token: str, work: dict[str, Any], what: str) -> OrderTaken | None:
    """The job of that token where it does this very work, and only the config has another role or priority now."""
    id = find_order(control, token)
    if id is None:
        return None
    answer = control.read("DescribeJob", what, JobId=id)
    job = job_of(answer.members, id, what)
    if {name: job.get(name) for name in work} != work:
        return None
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
    if not _lies_there(control, ref, etag):
        try:
            client.ask(
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
        except Conflict:
            if not _lies_there(control, ref, etag):
                raise
    # Without a version: a repeated submission must be the same to the letter, and the ETag says which bytes are meant.
    return {"ObjectArn": f"{_arn(control.batch.role, bucket)}/{ref.key}", "ETag": etag}


def _lies_there(control: Control, ref: Ref, etag: str) -> bool:
    """Whether this very manifest lies at `ref`; False where nothing does as far as these credentials may know."""
    described = describe_one(control.client, ref)
    if described.entry is None:
        if isinstance(described.error, NotFound | Denied):
            return False
        assert described.error is not None
        raise described.error
    if described.entry.etag != etag:
        raise Conflict(f"{ref_address(ref)}: something else lies there")
    return True


def _arn(role: str, bucket: str) -> str:
    """The name of a bucket in the partition of AWS that the role is of."""
    return f"arn:{role.split(':')[1]}:s3:::{bucket}"
