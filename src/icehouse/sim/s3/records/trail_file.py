"""CloudTrail's files: events as gzipped JSON, and a digest beside each."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any


def trail_files(
    events: Sequence[Mapping[str, Any]], account: str, prefix: str, region: str, unique: str, at: datetime
) -> Iterable[tuple[str, dict[str, str], bytes]]:
    """The log file of some events and the digest beside it: key, headers and body of each."""
    root = f"{prefix.rstrip('/')}/AWSLogs/{account}" if prefix.strip("/") else f"AWSLogs/{account}"
    day, headers = f"{at:%Y/%m/%d}", {"content-type": "application/json", "content-encoding": "gzip"}
    name = f"{account}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{unique}.json.gz"
    key = f"{root}/CloudTrail/{region}/{day}/{name}"
    body = gzip.compress(json.dumps({"Records": events}, separators=(",", ":")).encode(), mtime=0)
    yield key, headers, body
    digest = {
        "awsAccountId": account,
        "digestStartTime": f"{at:%Y-%m-%dT%H:00:00Z}",
        "digestEndTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "digestS3Object": "",
        "digestSignatureAlgorithm": "SHA256withRSA",
        "logFiles": [
            {
                "s3Object": key,
                "hashValue": hashlib.sha256(gzip.decompress(body)).hexdigest(),
                "hashAlgorithm": "SHA-256",
            }
        ],
    }
    name = f"{account}_CloudTrail-Digest_{region}_data-events_{region}_{at:%Y%m%dT%H%M%SZ}_{unique[:4]}.json.gz"
    yield (
        f"{root}/CloudTrail-Digest/{region}/{day}/{name}",
        headers,
        gzip.compress(json.dumps(digest).encode(), mtime=0),
    )
