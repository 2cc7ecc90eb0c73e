"""The stand-in as a process: ready line, a quick end, and changes that survive it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from tests.sim.outcome import outcome
from tests.standin import StandIn, StandInError

RESTORE = {"Days": 3, "GlacierJobParameters": {"Tier": "Standard"}}


def test_the_ready_line_tells_all_that_a_client_needs() -> None:
    with StandIn("small", "bulk:12:DEEP_ARCHIVE") as s3:
        assert {"endpoint", "access_key", "secret_key", "region", "buckets", "admin"} <= s3.ready.keys()
        assert s3.endpoint.startswith("http://127.0.0.1:")
        assert s3.buckets == ["bulk", "small"]
        assert s3.boto3_client().list_objects_v2(Bucket="bulk")["KeyCount"] == 12
        headers = s3.boto3_client().head_bucket(Bucket="bulk")["ResponseMetadata"]["HTTPHeaders"]
        assert headers["x-icehouse-standin"].startswith("s3; speed=")
        assert (headers["server"], bool(headers["x-amz-request-id"])) == ("AmazonS3", True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_though_connections_are_open(number: signal.Signals) -> None:
    with StandIn("small") as s3:
        client = s3.boto3_client()
        client.list_buckets()
        idle = socket.create_connection(("127.0.0.1", int(s3.endpoint.rpartition(":")[2])))
        assert s3.process is not None
        began = time.monotonic()
        s3.process.send_signal(number)
        assert s3.process.wait(5) == 0
        assert time.monotonic() - began < 2.5
        idle.close()


def test_wrong_usage_is_one_line_and_exit_code_2() -> None:
    for words in (["--fixture", "nothing"], ["--fixture", "bulk:0:GLACIER"], ["--speed", "-1"], ["--start", "soon"]):
        run = subprocess.run(
            [sys.executable, "-m", "icehouse.sim.s3", *words], capture_output=True, text=True, timeout=20
        )
        assert (run.returncode, run.stdout, "Traceback" in run.stderr) == (2, "", False)
    with pytest.raises(StandInError), StandIn("small", "small"):
        pass


@pytest.mark.parametrize("crash", [False, True])
def test_changes_clock_and_log_survive_a_restart(tmp_path: Path, crash: bool) -> None:
    cold, gone = "run1/sample10.fastq.gz", "run1/sample01.fastq.gz"
    with StandIn("small", data=tmp_path) as s3:
        s3.freeze()
        client = s3.boto3_client()
        client.create_bucket(Bucket="mine")
        s3.bucket("mine", versioning="Enabled")
        version = client.put_object(Bucket="mine", Key="a", Body=b"kept", Metadata={"m": "1"})["VersionId"]
        client.delete_object(Bucket="small", Key=gone)
        client.restore_object(Bucket="small", Key=cold, RestoreRequest=RESTORE)
        upload = client.create_multipart_upload(Bucket="mine", Key="part")["UploadId"]
        client.upload_part(Bucket="mine", Key="part", UploadId=upload, PartNumber=1, Body=b"piece")
        s3.switch(expiry_base="request")
        s3.step(hours=1)
        then, seq = s3.now(), s3.last_seq()
        restoring = s3.state("small", cold)
        if crash:
            s3.kill()
    with StandIn("small", data=tmp_path) as s3:
        client = s3.boto3_client()
        assert s3.now() == pytest.approx(then)
        assert s3.admin("GET", "/clock")["frozen"] is True
        assert s3.state("small", cold) == restoring
        assert outcome(client.head_object, Bucket="small", Key=gone) == (404, "404")
        assert client.get_object(Bucket="mine", Key="a", VersionId=version)["Body"].read() == b"kept"
        assert client.list_parts(Bucket="mine", Key="part", UploadId=upload)["Parts"][0]["Size"] == 5
        assert s3.admin("GET", "/switches")["expiry_base"] == "request"
        assert [line["seq"] for line in s3.log()][: seq + 1] == list(range(1, seq + 2))
        other = client.put_object(Bucket="mine", Key="a", Body=b"new")["VersionId"]
        assert other != version


def test_it_ends_with_the_process_that_started_it() -> None:
    script = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'icehouse.sim.s3', '--exit-with-parent']\n"
        "p = subprocess.Popen(command, stdout=subprocess.PIPE)\n"
        "sys.stdout.write(p.stdout.readline().decode())\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    pid = json.loads(run.stdout)["pid"]
    end = time.monotonic() + 5
    while time.monotonic() < end and _alive(pid):
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_the_clock_runs_at_its_speed_and_says_so() -> None:
    with StandIn("small", speed=3600, start="2030-01-01T00:00:00Z") as s3:
        first = s3.admin("GET", "/clock")
        assert first["now"].startswith("2030-01-01T0")
        assert (first["speed"], first["frozen"]) == (3600, False)
        began = time.monotonic()
        before = s3.now()
        while time.monotonic() - began < 0.3:
            s3.boto3_client().list_buckets()
        after, lasted = s3.now(), time.monotonic() - began
        assert after - before == pytest.approx(lasted * 3600, rel=0.5)
        headers = s3.boto3_client().list_buckets()["ResponseMetadata"]["HTTPHeaders"]
        assert ("2030" in headers["date"], headers["x-icehouse-standin"]) == (True, "s3; speed=3600")


def test_a_signal_ends_it_though_requests_are_under_way() -> None:
    with StandIn("imaging") as s3:
        rows = s3.boto3_client().list_objects_v2(Bucket="imaging-platform", Prefix="projects/2021_04_CPJUMP1/backend/")
        large = max((row for row in rows["Contents"] if row["StorageClass"] == "STANDARD"), key=lambda row: row["Size"])
        body = s3.boto3_client().get_object(Bucket="imaging-platform", Key=large["Key"])["Body"]
        body.read(1_000_000)
        s3.fault("latency", operations=["ListBuckets"], latency_ms=60_000)
        waiting = threading.Thread(target=outcome_of_hanging_call, args=(s3,))
        waiting.start()
        while s3.faults()[0]["hits"] == 0:
            time.sleep(0.01)
        began = time.monotonic()
        assert s3.stop() == 0
        assert time.monotonic() - began < 3.5
        waiting.join(10)


def outcome_of_hanging_call(s3: StandIn) -> None:
    with contextlib.suppress(HTTPClientError, ClientError):
        s3.boto3_client().list_buckets()


def test_a_client_that_goes_away_stops_the_bytes() -> None:
    with StandIn("imaging") as s3:
        client = s3.boto3_client()
        rows = client.list_objects_v2(Bucket="imaging-platform", Prefix="projects/2021_04_CPJUMP1/backend/")["Contents"]
        large = max((row for row in rows if row["StorageClass"] == "STANDARD"), key=lambda row: row["Size"])
        body = client.get_object(Bucket="imaging-platform", Key=large["Key"])["Body"]
        body.read(1000)
        body.close()
        end = time.monotonic() + 5
        while not (lines := s3.log(operation="GetObject")) and time.monotonic() < end:
            time.sleep(0.01)
        assert 1000 <= lines[0]["bytes_sent"] < large["Size"] / 10
