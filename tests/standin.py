"""Starts an S3 stand-in as its own process, for any test.

with StandIn("small") as s3:
    s3.freeze()
    client = s3.boto3_client()
    client.restore_object(Bucket="small", Key=..., RestoreRequest=...)
    s3.step(hours=6)
    [line for line in s3.log(operation="RestoreObject") if line["accepted"]]
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

READY_SECONDS = 20.0
STOP_SECONDS = 5.0

_loader: Any = None
"""What has read AWS's models once, for all clients: they are large."""


class StandInError(RuntimeError):
    """The stand-in did not start, or refused what it was asked to do."""


class StandIn:
    """One stand-in process; `fixtures` by name, `data` the folder to keep (a temporary one if None).

    `start` freezes nothing: call `freeze` before anything that depends on the clock.
    """

    def __init__(
        self,
        *fixtures: str,
        data: Path | None = None,
        speed: float | None = None,
        start: str | None = None,
        port: int = 0,
        extra: Sequence[str] = (),
    ) -> None:
        command = [sys.executable, "-m", "icehouse.sim.s3", "--port", str(port), "--exit-with-parent"]
        for name in fixtures:
            command += ["--fixture", name]
        if data is not None:
            command += ["--data", str(data)]
        if speed is not None:
            command += ["--speed", str(speed)]
        if start is not None:
            command += ["--start", start]
        self._command = [*command, *extra]
        self.process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}
        self.endpoint = self.control = ""
        self.access_key = ""
        self.secret_key = ""
        self.region = ""
        self.buckets: list[str] = []

    def __enter__(self) -> StandIn:
        """Start it and wait for its JSON line."""
        process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.process = process
        assert process.stdout is not None
        assert process.stderr is not None
        watchdog = threading.Timer(READY_SECONDS, process.kill)
        watchdog.start()
        line = process.stdout.readline()
        watchdog.cancel()
        if not line:
            process.wait()
            words = process.stderr.read().decode("utf-8", "replace")
            self._close_pipes()
            raise StandInError(f"the stand-in ended with {process.returncode}: {words.strip()}")
        self._errors: deque[bytes] = deque(maxlen=200)
        threading.Thread(target=self._errors.extend, args=(process.stderr,), daemon=True).start()
        self.ready = json.loads(line)
        self.endpoint, self.control = self.ready["endpoint"], self.ready["control"]
        self.access_key, self.secret_key = self.ready["access_key"], self.ready["secret_key"]
        self.region = self.ready["region"]
        self.buckets = self.ready["buckets"]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """End it with SIGTERM; returns its exit code.  Killed after five seconds."""
        process = self.process
        assert process is not None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        code = process.wait()
        self._close_pipes()
        return code

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        assert self.process is not None
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def environment(self, who: str = "owner") -> dict[str, str]:
        """This process's environment with what the AWS chain needs to reach the stand-in as `owner`, `reader`,
        `recipient`, or by the name of a session."""
        keys = self.ready["credentials"][who]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        if "session_token" in keys:
            kept |= {"AWS_SESSION_TOKEN": keys["session_token"], "AWS_CREDENTIAL_EXPIRATION": keys["expires"]}
        return {
            **kept,
            "AWS_ACCESS_KEY_ID": keys["access_key"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def boto3_client(self, who: str = "owner", service: str = "s3", **config: Any) -> Any:
        """A plain boto3 client as `owner`, `reader`, `recipient` or a session, path-style, SigV4, one attempt;
        `config` goes to botocore.  `service` s3control is asked by its own name, see tests/names."""
        import boto3
        import botocore.session
        from botocore.config import Config

        global _loader
        core = botocore.session.Session()
        _loader = _loader or core.get_component("data_loader")
        core.register_component("data_loader", _loader)
        keys = self.ready["credentials"][who]
        settings: dict[str, Any] = {
            "signature_version": "s3v4" if service == "s3" else "v4",
            "s3": {"addressing_style": "path"},
            "retries": {"total_max_attempts": 1},
            "connect_timeout": 5,
            "read_timeout": 30,
        }
        session: Any = boto3.session.Session(
            aws_access_key_id=keys["access_key"],
            aws_secret_access_key=keys["secret_key"],
            aws_session_token=keys.get("session_token"),
            region_name=self.region,
            botocore_session=core,
        )
        endpoint = self.control if service == "s3control" else self.endpoint
        return session.client(service, endpoint_url=endpoint, config=Config(**{**settings, **config}))

    def admin(self, method: str, path: str, wish: dict[str, Any] | None = None) -> Any:
        """Call a steering route, such as `admin("GET", "/clock")`; raises StandInError with its words when refused."""
        body = None if wish is None else json.dumps(wish).encode()
        request = urllib.request.Request(self.ready["admin"] + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise StandInError(refused.read().decode()) from refused

    def now(self) -> float:
        """Simulated seconds since 1970."""
        return float(self.admin("GET", "/clock")["epoch"])

    def freeze(self) -> None:
        """Stop the clock; `step` still moves it."""
        self.admin("POST", "/clock", {"frozen": True})

    def run(self, speed: float) -> None:
        """Let the clock run at a speed."""
        self.admin("POST", "/clock", {"frozen": False, "speed": speed})

    def step(self, seconds: float = 0.0, *, hours: float = 0.0, days: float = 0.0) -> None:
        """Move the clock ahead at once."""
        self.admin("POST", "/clock", {"step_seconds": seconds + hours * 3600 + days * 86400})

    def set_clock(self, instant: str) -> None:
        """Set the clock to an ISO 8601 instant."""
        self.admin("POST", "/clock", {"set": instant})

    def fault(self, kind: str, **fields: Any) -> None:
        """Add a fault: error, latency, drop_before, half_body, lost_reply or garbage; fields as in sim/s3/faults.py."""
        self.admin("POST", "/faults", {"rules": [{"kind": kind, **fields}]})

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, with `matched` and `hits`."""
        found: list[dict[str, Any]] = self.admin("GET", "/faults")["rules"]
        return found

    def clear_faults(self) -> None:
        """Drop every fault."""
        self.admin("DELETE", "/faults")

    def switch(self, **switches: Any) -> None:
        """Set switches, such as expedited_capacity=False; see sim/s3/switches.py."""
        self.admin("POST", "/switches", switches)

    def bucket(self, name: str, **options: Any) -> dict[str, Any]:
        """Set a bucket's options (requester_pays, owner, versioning, deny=[{actions, prefix}]); returns them all."""
        found: dict[str, Any] = self.admin("POST", f"/buckets/{name}", options)
        return found

    def state(self, bucket: str, key: str) -> list[dict[str, Any]]:
        """All versions of a key as the stand-in knows them, newest first."""
        query = urllib.parse.urlencode({"bucket": bucket, "key": key})
        found: list[dict[str, Any]] = self.admin("GET", f"/state?{query}")["versions"]
        return found

    def sink(self, bucket: str, key: str, tier: str = "ARCHIVE_ACCESS") -> None:
        """Let an Intelligent-Tiering object of 128 KiB or more sink to an archive tier, as months would."""
        self.admin("POST", "/state", {"bucket": bucket, "key": key, "tier": tier})

    def session(self, name: str, seconds: float, who: str = "owner") -> dict[str, Any]:
        """Temporary credentials with the rights of `who` for so many simulated seconds.

        From then on `boto3_client(name)` and `environment(name)` use them.
        """
        made: dict[str, Any] = self.admin("POST", "/session", {"name": name, "who": who, "seconds": seconds})
        self.ready["credentials"][name] = made
        return made

    def log_bucket(self, source: str, target: str, prefix: str = "", partitioned: str = "") -> None:
        """Let `source` log its requests into `target`; `partitioned` is empty, `EventTime` or `DeliveryTime`.

        Lines are delivered by the simulated clock, see the switch `log_delay_seconds`, or by `deliver_logs`.
        """
        wish: dict[str, Any] = {"TargetBucket": target, "TargetPrefix": prefix}
        if partitioned:
            wish["TargetObjectKeyFormat"] = {"PartitionedPrefix": {"PartitionDateSource": partitioned}}
        self.boto3_client().put_bucket_logging(Bucket=source, BucketLoggingStatus={"LoggingEnabled": wish})

    def trail(self, bucket: str, prefix: str, watch: Sequence[str]) -> None:
        """Deliver CloudTrail data events on the buckets of `watch` below a prefix of `bucket`; none ends it."""
        self.admin("POST", "/trail", {"bucket": bucket, "prefix": prefix, "watch": list(watch)})

    def inventory(self, bucket: str, target: str, **wish: Any) -> dict[str, Any]:
        """Write an S3 Inventory of `bucket` as it is now into `target`: its manifest's `bucket` and `key`, its `rows`.

        `wish` has any of prefix, id, format, versions, fields, filter and rows; see sim/s3/inventory.py.
        """
        found: dict[str, Any] = self.admin("POST", "/inventory", {"bucket": bucket, "target": target, **wish})
        return found

    def deliver_logs(self) -> int:
        """Deliver at once every log line and event that waits; returns how many objects that made."""
        return int(self.admin("POST", "/logs", {"deliver": True})["delivered"])

    def waiting_logs(self) -> int:
        """How many log lines and events wait to be delivered."""
        return int(self.admin("GET", "/logs")["waiting"])

    def log(self, since: int = 0, operation: str | None = None) -> list[dict[str, Any]]:
        """The request log after `since`, of one operation if named."""
        query = {"since": str(since), **({"operation": operation} if operation else {})}
        url = f"{self.ready['admin']}/log?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return [json.loads(line) for line in answer]

    def last_seq(self) -> int:
        """The number of the last logged request, to be given to `log(since=…)`."""
        with urllib.request.urlopen(f"{self.ready['admin']}/log?limit=0", timeout=60) as answer:
            return int(answer.headers["x-icehouse-seq"])

    def clear_log(self) -> None:
        """Forget all logged requests; numbering goes on."""
        self.admin("DELETE", "/log")


def describe(fixture: str) -> Iterator[dict[str, Any]]:
    """The oracle: every object of a fixture as the stand-in plants it (bucket, key, size, class, tier, state, …)."""
    command = [sys.executable, "-m", "icehouse.sim.s3", "--describe", fixture]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise StandInError(f"no fixture {fixture!r}")
