"""S3 Control's XML: what CreateJob asks for, read strictly, and what is told of jobs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from icehouse.sim.clock import iso
from icehouse.sim.s3.errors import S3Error, not_implemented
from icehouse.sim.s3.jobs import Job
from icehouse.sim.s3.jobs_tags import Tags, read_tags
from icehouse.sim.s3.wire import Node, element, parse

XMLNS: Final = "http://awss3control.amazonaws.com/doc/2018-08-20/"

_ARN: Final = re.compile(r"arn:[^:]+:s3:.*", re.DOTALL)
_MODELLED: Final = ("S3InitiateRestoreObject", "S3ComputeObjectChecksum")
_ALGORITHMS: Final = ("CRC32", "CRC32C", "CRC64NVME", "MD5", "SHA1", "SHA256", "SHA512")
_CSV: Final = "S3BatchOperations_CSV_20180820"
_MOST: Final = 2**31 - 1


def document(root: str, inner: str) -> bytes:
    """A whole answer around already rendered children."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{XMLNS}">{inner}</{root}>'.encode()


def refusal(error: S3Error, request_id: str, host_id: str) -> bytes:
    """The body of an error answer, which is another than S3's own."""
    told = element("Code", error.code) + element("Message", error.message)
    ids = element("RequestId", request_id) + element("HostId", host_id)
    return document("ErrorResponse", f"<Error>{told}</Error>{ids}")


def parse_create(body: bytes) -> dict[str, Any]:
    """What a CreateJobRequest asks for, in words that JSON keeps.  The service's errors for what does not go (§4c)."""
    if XMLNS.encode() not in body:
        raise S3Error("MalformedXML")
    root = parse(body, "CreateJobRequest")
    root.only(
        "ConfirmationRequired", "Operation", "Report", "ClientRequestToken", "Manifest", "Description", "Priority",
        "RoleArn", "Tags", "ManifestGenerator",
    )  # fmt: skip
    if root.all("ManifestGenerator"):
        raise not_implemented("CreateJob with a ManifestGenerator")
    if len(root.all("Tags")) > 1:
        raise S3Error("MalformedXML")
    tags = [tag for node in root.all("Tags") for tag in read_tags(node)]
    return {
        **({"tags": tags} if tags else {}),
        "token": _text(root, "ClientRequestToken", most=64),
        "description": _text(root, "Description", most=256) if root.all("Description") else "",
        "priority": _number(root, "Priority"),
        "role": _text(root, "RoleArn", most=2048),
        "confirm": _flag(root, "ConfirmationRequired"),
        **_operation(_one(root, "Operation")),
        "manifest": _manifest(_one(root, "Manifest")),
        "report": _report(_one(root, "Report")),
    }


def parse_tagging(body: bytes) -> Tags:
    """What a PutJobTaggingRequest asks for."""
    if XMLNS.encode() not in body:
        raise S3Error("MalformedXML")
    root = parse(body, "PutJobTaggingRequest")
    root.only("Tags")
    return read_tags(_one(root, "Tags"))


def _operation(node: Node) -> dict[str, Any]:
    if len(node.children) != 1:
        raise S3Error("InvalidRequest", "Exactly one operation must be given")
    what = node.children[0]
    if what.name not in _MODELLED:
        raise not_implemented(f"CreateJob with {what.name}")
    if what.name == "S3ComputeObjectChecksum":
        what.only("ChecksumAlgorithm", "ChecksumType")
        algorithm, kind = what.get("ChecksumAlgorithm") or "CRC64NVME", what.get("ChecksumType") or "FULL_OBJECT"
        if algorithm.startswith("XXHASH"):
            raise not_implemented(f"checksum {algorithm}")
        if algorithm not in _ALGORITHMS or kind not in ("FULL_OBJECT", "COMPOSITE"):
            raise S3Error("MalformedXML")
        return {"operation": what.name, "algorithm": algorithm, "kind": kind}
    what.only("ExpirationInDays", "GlacierJobTier")
    tier = what.get("GlacierJobTier") or "STANDARD"
    if tier not in ("STANDARD", "BULK"):
        # "S3 Batch Operations supports STANDARD and BULK retrieval tiers, but not the EXPEDITED retrieval tier."
        raise S3Error("InvalidRequest", f"GlacierJobTier {tier} is not supported")
    days = _number(what, "ExpirationInDays") if what.all("ExpirationInDays") else None
    if days == 0:
        raise S3Error("InvalidRequest", "ExpirationInDays must be 1 or greater")
    return {"operation": what.name, "tier": tier.capitalize(), "days": days}


def _manifest(node: Node) -> dict[str, Any]:
    node.only("Spec", "Location")
    spec, location = _one(node, "Spec"), _one(node, "Location")
    spec.only("Format", "Fields")
    location.only("ObjectArn", "ETag", "ObjectVersionId")
    if spec.get("Format") == "S3InventoryReport_CSV_20161130":
        raise not_implemented("a job whose manifest is an inventory")
    fields = [field.text for field in _one(spec, "Fields").all("member")]
    wrong = set(fields) - {"Ignore", "Bucket", "Key", "VersionId"}
    if spec.get("Format") != _CSV or wrong or fields.count("Bucket") != 1 or fields.count("Key") != 1:
        raise S3Error("InvalidRequest", "The format of the manifest, or its fields, are invalid")
    arn = _text(location, "ObjectArn", most=2000)
    if not _ARN.fullmatch(arn):
        raise S3Error("InvalidRequest", "ObjectArn is not the ARN of an object")
    return {
        "arn": arn,
        "etag": _text(location, "ETag", most=1024),
        "version": location.get("ObjectVersionId") or "",
        "fields": fields,
    }


def _report(node: Node) -> dict[str, Any]:
    node.only("Bucket", "Format", "Enabled", "Prefix", "ReportScope", "ExpectedBucketOwner")
    enabled = _flag(node, "Enabled")
    scope, bucket = node.get("ReportScope") or "AllTasks", node.get("Bucket") or ""
    if scope not in ("AllTasks", "FailedTasksOnly") or node.get("Format") not in (None, "Report_CSV_20180820"):
        raise S3Error("MalformedXML")
    if enabled and (not _ARN.fullmatch(bucket) or node.get("Format") is None):
        raise S3Error("InvalidRequest", "A report needs a bucket and a format")
    prefix = _text(node, "Prefix", most=512).rstrip("/") if node.all("Prefix") else ""
    owner = node.get("ExpectedBucketOwner") or ""
    return {"enabled": enabled, "bucket": bucket, "prefix": prefix, "scope": scope, "owner": owner}


def _one(node: Node, name: str) -> Node:
    found = node.all(name)
    if len(found) != 1:
        raise S3Error("MalformedXML")
    return found[0]


def _text(node: Node, name: str, *, most: int) -> str:
    text = _one(node, name).text
    if not 1 <= len(text) <= most:
        raise S3Error("InvalidRequest", f"{name} must have 1 to {most} characters")
    return text


def _number(node: Node, name: str) -> int:
    text = _one(node, name).text
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > _MOST:
        raise S3Error("MalformedXML")
    return int(text)


def _flag(node: Node, name: str) -> bool:
    text = node.get(name) or "false"
    if text not in ("true", "false"):
        raise S3Error("MalformedXML")
    return text == "true"


def described(job: Job, now: float, region: str) -> str:
    """All that DescribeJob tells of a job."""
    wish, report, manifest = job.wish, job.wish["report"], job.wish["manifest"]
    inner = element("JobId", job.id) + element("ConfirmationRequired", wish["confirm"])
    inner += element("Description", wish["description"]) if wish["description"] else ""
    inner += element("JobArn", f"arn:aws:s3:{region}:{job.account}:job/{job.id}") + element("Status", job.status)
    spec = element("Format", _CSV)
    spec += f"<Fields>{''.join(element('member', field) for field in manifest['fields'])}</Fields>"
    where = element("ObjectArn", manifest["arn"])
    where += element("ObjectVersionId", manifest["version"]) if manifest["version"] else ""
    where += element("ETag", manifest["etag"])
    inner += f"<Manifest><Spec>{spec}</Spec><Location>{where}</Location></Manifest>"
    inner += f"<Operation>{_told_operation(wish)}</Operation>" + element("Priority", job.priority)
    inner += _progress(job, now)
    inner += element("StatusUpdateReason", job.update_reason) if job.update_reason else ""
    reasons = "".join(
        f"<member>{element('FailureCode', code)}{element('FailureReason', reason)}</member>"
        for code, reason in job.reasons
    )
    inner += f"<FailureReasons>{reasons}</FailureReasons>" if reasons else ""
    told = element("Bucket", report["bucket"]) if report["bucket"] else ""
    told += element("Format", "Report_CSV_20180820") + element("Enabled", report["enabled"])
    told += element("Prefix", report["prefix"]) if report["prefix"] else ""
    told += element("ReportScope", report["scope"])
    told += element("ExpectedBucketOwner", report["owner"]) if report["owner"] else ""
    inner += f"<Report>{told}</Report>" + element("CreationTime", iso(job.created))
    inner += element("TerminationDate", iso(job.ended)) if job.ended is not None else ""
    inner += element("RoleArn", wish["role"])
    if job.suspended is not None:
        inner += element("SuspendedDate", iso(job.suspended)) + element("SuspendedCause", "AWAITING_CONFIRMATION")
    return f"<Job>{inner}</Job>"


def _told_operation(wish: dict[str, Any]) -> str:
    if wish["operation"] == "S3ComputeObjectChecksum":
        inner = element("ChecksumAlgorithm", wish["algorithm"]) + element("ChecksumType", wish["kind"])
    else:
        inner = "" if wish["days"] is None else element("ExpirationInDays", wish["days"])
        inner += element("GlacierJobTier", wish["tier"].upper())
    return f"<{wish['operation']}>{inner}</{wish['operation']}>"


def _progress(job: Job, now: float) -> str:
    if job.total is None:
        return ""
    worked = now - job.began if job.status == "Active" and job.began is not None else job.worked
    inner = element("TotalNumberOfTasks", job.total) + element("NumberOfTasksSucceeded", job.succeeded)
    inner += element("NumberOfTasksFailed", job.failed)
    inner += f"<Timers>{element('ElapsedTimeInActiveSeconds', int(worked))}</Timers>"
    return f"<ProgressSummary>{inner}</ProgressSummary>"


def listed(jobs: Sequence[Job], now: float, following: str) -> str:
    """A page of ListJobs."""
    inner = element("NextToken", following) if following else ""
    rows = []
    for job in jobs:
        row = element("JobId", job.id)
        row += element("Description", job.wish["description"]) if job.wish["description"] else ""
        row += element("Operation", job.wish["operation"]) + element("Priority", job.priority)
        row += element("Status", job.status) + element("CreationTime", iso(job.created))
        row += element("TerminationDate", iso(job.ended)) if job.ended is not None else ""
        rows.append(f"<member>{row}{_progress(job, now)}</member>")
    return inner + f"<Jobs>{''.join(rows)}</Jobs>"
