"""What `icehouse jobs` and `icehouse job` say in figures, and that each says of what it is."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from icehouse.cli import job as one
from icehouse.cli import jobs as many
from icehouse.cli.follow import standing
from icehouse.core.jobs import Job, JobState, Progress
from icehouse.core.rows import ScanStanding

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
JOB = Job(
    "abcd12345678", "f" * 64, "restore", "lab-s3", "lab-s3:small/run1/", JobState.WATCHING, NOW, NOW,
    Progress(15, 9, 9, 3, 6, 269 * 1024, 1024, {"notneeded": 6}), tier="bulk",
)  # fmt: skip


def test_a_share_of_bytes_says_that_it_is_one() -> None:
    assert "ready 3 (0 % of bytes)" in standing(JOB)


def test_the_bytes_of_a_job_are_told_as_those_that_are_to_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    one._tell_job(JOB, {}, ())
    assert re.search(r"objects +15, 269 KiB to come back\n", capsys.readouterr().out)


def test_why_a_scan_stopped_stands_in_a_column_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    scan = ScanStanding(
        store="lab-s3", container="small", prefix="", running=False, complete=False, objects=30, bytes=1,
        requests=1, rate=0.0, pid=0, started=NOW, updated=NOW, error="denied",
    )  # fmt: skip
    cells = many._scan_cells(scan, {})
    assert dict(zip(many._SCANS, cells, strict=True))["why"] == "denied"
    assert all(many._SCANS[1:])
