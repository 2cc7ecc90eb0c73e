"""Starts a DNAnexus stand-in as its own process, for any test.

with DxStandIn("small") as dx:
    dx.freeze()
    subprocess.run(["dx", "whoami"], env=dx.environment("member", conf=tmp_path))
    dx.step(hours=2)
    [line for line in dx.log(operation="project/archive") if line["status"] == 200]
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

READY_SECONDS = 30.0
STOP_SECONDS = 5.0


class DxStandInError(RuntimeError):
    """The stand-in did not start, or refused what it was asked to do."""


class DxRefused(Exception):
    """An API call was refused: `kind`, `message` and `status` as answered."""

    def __init__(self, kind: str, message: str, status: int, headers: dict[str, str]) -> None:
        self.kind = kind
        self.message = message
        self.status = status
        self.headers = headers
        super().__init__(f"{status} {kind}: {message}")


class DxStandIn:
    """One stand-in process; `fixtures` by name, `data` the folder to keep (a temporary one if None).

    Roles are `owner`, `member`, `orgadmin` and `outsider`.  `start` freezes nothing: call `freeze` before anything that
    depends on the clock.
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
        command = [sys.executable, "-m", "icehouse.sim.dnanexus", "--port", str(port), "--exit-with-parent"]
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
        self.endpoint = ""
        self.host = ""
        self.port = 0
        self.tokens: dict[str, str] = {}
        self.projects: dict[str, str] = {}
        """Names by project id, as planted."""

    def __enter__(self) -> DxStandIn:
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
            raise DxStandInError(f"the stand-in ended with {process.returncode}: {words.strip()}")
        self._errors: deque[bytes] = deque(maxlen=200)
        threading.Thread(target=self._errors.extend, args=(process.stderr,), daemon=True).start()
        self.ready = json.loads(line)
        self.endpoint, self.host, self.port = self.ready["endpoint"], self.ready["host"], self.ready["port"]
        self.tokens, self.projects = self.ready["tokens"], self.ready["projects"]
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

    def project(self, name: str) -> str:
        """The id of the one planted project of that name."""
        (found,) = [id_ for id_, named in self.projects.items() if named == name]
        return found

    def environment(self, who: str = "owner", *, conf: Path | None = None, project: str = "") -> dict[str, str]:
        """This process's environment with what dxpy and dx need to reach the stand-in as somebody.

        `conf` is the folder where dx keeps what it is told; `project` the one that is selected.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("DX_") and name.lower() not in {"http_proxy", "https_proxy", "all_proxy"}
        }
        context = json.dumps({"auth_token_type": "Bearer", "auth_token": self.tokens[who]})
        found = {**kept, **self.ready["env"], "DX_SECURITY_CONTEXT": context}
        if conf is not None:
            found["DX_USER_CONF_DIR"] = str(conf)
        if project:
            found["DX_PROJECT_CONTEXT_ID"] = project
        return found

    def call(self, path: str, told: dict[str, Any] | None = None, *, who: str | None = "owner") -> Any:
        """One plain API call, such as `call("project-…/describe")`; raises DxRefused.  `who` None is not logged in."""
        headers = {"Content-Type": "application/json"}
        if who is not None:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        url = f"{self.endpoint}/{path}"
        request = urllib.request.Request(url, data=json.dumps(told or {}).encode(), headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            error = json.load(refused)["error"]
            headers = {name.lower(): value for name, value in refused.headers.items()}
            raise DxRefused(error["type"], error["message"], refused.code, headers) from refused

    def find(self, who: str = "owner", **told: Any) -> list[dict[str, Any]]:
        """All results of findDataObjects, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("system/findDataObjects", told, who=who)
            found += page["results"]
            if page["next"] is None:
                return found
            told["starting"] = page["next"]

    def admin(self, method: str, path: str, wish: dict[str, Any] | None = None) -> Any:
        """Call a steering route, such as `admin("GET", "/clock")`; raises DxStandInError when it is refused."""
        body = None if wish is None else json.dumps(wish).encode()
        request = urllib.request.Request(self.ready["admin"] + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise DxStandInError(refused.read().decode()) from refused

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
        """Add a fault: error, latency, drop_before, half_body, lost_reply or garbage; fields as in sim/faults.py.

        Operations are `project/archive`, `system/findDataObjects`, `part/put`, `bytes/get` …; globs `object`, `project`
        and `user` narrow it down.
        """
        self.admin("POST", "/faults", {"rules": [{"kind": kind, **fields}]})

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, with `matched` and `hits`."""
        found: list[dict[str, Any]] = self.admin("GET", "/faults")["rules"]
        return found

    def clear_faults(self) -> None:
        """Drop every fault."""
        self.admin("DELETE", "/faults")

    def switch(self, **switches: Any) -> None:
        """Set switches, such as archival_download=True; see sim/dnanexus/switches.py."""
        self.admin("POST", "/switches", switches)

    def expire_token(self, who: str, *, expired: bool = True) -> None:
        """Let somebody's token expire, or be good again."""
        self.admin("POST", "/tokens", {"user": f"user-{who}", "expired": expired})

    def state(self, name: str) -> dict[str, Any]:
        """An object and all its copies, also hidden ones, or a project with its counts by state."""
        kind = "project" if name.startswith("project-") else "object"
        found: dict[str, Any] = self.admin("GET", f"/state?{urllib.parse.urlencode({kind: name})}")
        return found

    def states(self, name: str) -> dict[str, str]:
        """The archival state of a file in each project that holds it."""
        return {copy["project"]: copy["state"] for copy in self.state(name)["copies"]}

    def change(self, name: str, **wish: Any) -> None:
        """Change an object by hand: project and state (due_seconds), flagged, object_state."""
        self.admin("POST", "/state", {"object": name, **wish})

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


def describe(fixture: str, start: str | None = None) -> Iterator[dict[str, Any]]:
    """The oracle: every object of a fixture, in each project that holds it, as the stand-in plants it.

    project, title, billTo, restricted and the owner's level (`NONE` where he may not look); id, class, folder, name,
    size, state (archival, of files), open, hidden, tags, properties, types, created and modified in ms; user, job and
    executable that made it, the jobs that took it in as `used`, and `intermediate`: whether one that is done did, and
    the owner can still describe the job that made it.  See sim/dnanexus/fixtures/rows.py.  Times are those of one that
    started at `start`, or now.
    """
    return (row for row in _told(fixture, start) if row["class"] != "job")


def describe_jobs(fixture: str) -> Iterator[dict[str, Any]]:
    """Every job of a fixture: id, project, title, seen (by the owner), name, state, inputs and outputs by id …"""
    return (row for row in _told(fixture) if row["class"] == "job")


def _told(fixture: str, start: str | None = None) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "icehouse.sim.dnanexus", "--describe", fixture]
    command += ["--start", start] if start is not None else []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise DxStandInError(f"no fixture {fixture!r}")
