"""Batch jobs by plain boto3: a bucket of one's own, manifests put as text, jobs brought to their end."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.standin import StandIn

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"


@lru_cache(maxsize=4)
def _clients(s3: StandIn) -> tuple[Any, Any]:
    return s3.boto3_client(), s3.boto3_client(service="s3control")


@dataclass
class Batch:
    """Jobs about one bucket, which holds manifests and reports as well."""

    s3: StandIn
    bucket: str

    def __post_init__(self) -> None:
        self.client, self.control = _clients(self.s3)
        self._count = 0

    def put(self, key: str, word: str = "GLACIER", body: bytes = b"x") -> str | None:
        """An object; its version."""
        answer = self.client.put_object(Bucket=self.bucket, Key=key, Body=body, StorageClass=word)
        return str(answer["VersionId"]) if "VersionId" in answer else None

    def manifest(self, *lines: str, bucket: str | None = None) -> dict[str, str]:
        """Put lines, each behind the bucket's name, as a manifest; where it lies."""
        self._count += 1
        body = "".join(f"{self.bucket if bucket is None else bucket},{line}\n" for line in lines).encode()
        key = f"manifests/{self._count}.csv"
        etag = self.client.put_object(Bucket=self.bucket, Key=key, Body=body)["ETag"]
        return {"ObjectArn": f"arn:aws:s3:::{self.bucket}/{key}", "ETag": etag}

    def wish(self, location: dict[str, str], fields: str = "Bucket Key", **more: Any) -> dict[str, Any]:
        """What CreateJob is asked for: a restore of three days, unless `more` says otherwise."""
        self._count += 1
        return {
            "AccountId": ACCOUNT,
            "ConfirmationRequired": False,
            "Operation": {"S3InitiateRestoreObject": {"ExpirationInDays": 3, "GlacierJobTier": "STANDARD"}},
            "Report": self.report(),
            "ClientRequestToken": f"{self.bucket}-{self._count}",
            "Manifest": {
                "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": fields.split()},
                "Location": location,
            },
            "Priority": 1,
            "RoleArn": ROLE,
            **more,
        }

    def report(self, scope: str = "AllTasks", bucket: str | None = None) -> dict[str, Any]:
        """A report that is asked for."""
        arn = f"arn:aws:s3:::{self.bucket if bucket is None else bucket}"
        return {
            "Enabled": True,
            "Bucket": arn,
            "Format": "Report_CSV_20180820",
            "ReportScope": scope,
            "Prefix": "reports",
        }

    def create(self, *lines: str, **more: Any) -> str:
        """A job about lines of a manifest."""
        return str(self.control.create_job(**self.wish(self.manifest(*lines), **more))["JobId"])

    def job(self, id: str) -> dict[str, Any]:
        """How it stands."""
        found: dict[str, Any] = self.control.describe_job(AccountId=ACCOUNT, JobId=id)["Job"]
        return found

    def finish(self, id: str) -> dict[str, Any]:
        """How it ended, a while later."""
        self.s3.step(600)
        return self.job(id)

    def run(self, *lines: str, **more: Any) -> list[list[str]]:
        """The report's rows of a job that is done."""
        id = self.create(*lines, **more)
        assert self.finish(id)["Status"] == "Complete"
        return self.rows(id)

    def told(self, id: str) -> dict[str, Any]:
        """The manifest of a report."""
        answer = self.client.get_object(Bucket=self.bucket, Key=f"reports/job-{id}/manifest.json")
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found

    def rows(self, id: str) -> list[list[str]]:
        """All rows of a report, whose MD5s hold."""
        rows: list[list[str]] = []
        for result in self.told(id)["Results"]:
            body = self.client.get_object(Bucket=result["Bucket"], Key=result["Key"])["Body"].read()
            assert hashlib.md5(body).hexdigest() == result["MD5Checksum"]
            rows += csv.reader(io.StringIO(body.decode(), newline=""))
        return rows

    def state(self, key: str) -> str:
        """The state of the current version of a key."""
        return str(self.s3.state(self.bucket, key)[0]["state"])
