"""The embedded stores of the demo: stand-ins as child processes, side by side, and a config that names them."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from icehouse.core.errors import UsageError
from icehouse.settings.paths import find_paths

from .demo_deliveries import demo_deliveries
from .demo_scope import BUCKET, write_demo_scope

FIXTURES = {
    "s3": ("imaging", "hostile", "small", "deliveries", "million"),
    "dnanexus": ("sequencing", "hostile", "small", "deliveries", "million"),
}
"""The sample data that each stand-in has."""
DEFAULTS = {"s3": ("imaging", "hostile", "small", "deliveries"), "dnanexus": ("sequencing", "deliveries")}
"""What it has where nothing was said."""
_SMALLEST = "small"
_ACCOUNT = "111122223333"
"""Whose the embedded S3 is."""

_READY_SECONDS = 60.0
_STOP_SECONDS = 5.0


class StandIn:
    """One stand-in, a child that ends with this process; begun and waited for apart, so that two start at once."""

    def __init__(self, system: str, name: str, folder: Path, speed: float, fixtures: Sequence[str]) -> None:
        """The stand-in of `system`, to be the store `name`; it keeps its data and log below `folder`."""
        self.system, self.name = system, name
        self.log = folder / f"{system}.log"
        self.ready: dict[str, object] = {}
        self._command = [
            sys.executable, "-m", f"icehouse.sim.{system}", "--port", "0", "--data", str(folder / system),
            "--speed", f"{speed:g}", "--exit-with-parent",
            *(word for fixture in fixtures for word in ("--fixture", fixture)),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it, without waiting."""
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )

    def await_ready(self) -> None:
        """Wait until it answers.  UsageError with its last words when it does not."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], _READY_SECONDS)
        line = process.stdout.readline() if readable else b""
        try:
            self.ready = json.loads(line)
        except ValueError:
            words = self.log.read_text(errors="replace").strip().splitlines()
            raise UsageError(f"the embedded {self.name} did not start: {words[-1] if words else 'no answer'}") from None

    def tell_to_end(self) -> None:
        """Send it SIGTERM."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def await_end(self, until: float) -> None:
        """Wait until it has ended; at `until`, by the monotonic clock, it is killed."""
        process = self._process
        if process is None:
            return
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def endpoint(self) -> str:
        """Its address."""
        return str(self.ready["endpoint"])

    @property
    def admin(self) -> str:
        """Where its clock and faults are steered."""
        return str(self.ready["admin"])


class EmbeddedS3(StandIn):
    """An S3."""

    def table(self) -> str:
        """How the config names it; whose it is, so that its records tell our own requests from others'."""
        told = {"region": self.ready["region"], "endpoint_url": self.endpoint, "expected_owner": _ACCOUNT}
        lines = [f'{key} = "{value}"' for key, value in told.items()]
        return "\n".join([f"[stores.{self.name}]", 'kind = "s3"', *lines, ""])

    def environment(self, folder: Path) -> dict[str, str]:
        """What to export so that any AWS tool works on it, and finds no other account."""
        return {
            "AWS_ACCESS_KEY_ID": str(self.ready["access_key"]),
            "AWS_SECRET_ACCESS_KEY": str(self.ready["secret_key"]),
            "AWS_DEFAULT_REGION": str(self.ready["region"]),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


class EmbeddedDnanexus(StandIn):
    """A DNAnexus."""

    def table(self) -> str:
        """How the config names it: the login is in the environment."""
        where = [f'{key} = "{self.ready[key]}"' for key in ("protocol", "host")]
        return "\n".join([f"[stores.{self.name}]", 'kind = "dnanexus"', *where, f"port = {self.ready['port']}", ""])

    def environment(self, folder: Path) -> dict[str, str]:
        """What to export so that ``dx`` works on it, and leaves the user's own login and folder alone."""
        told = self.ready["env"]
        assert isinstance(told, dict)
        return {**{str(key): str(value) for key, value in told.items()}, "DX_USER_CONF_DIR": str(folder / "dx-conf")}


Embedded = EmbeddedS3 | EmbeddedDnanexus


class EmbeddedStores:
    """The stand-ins of a demo with its config and state; as a context they are started and stopped."""

    def __init__(self, folder: Path, speed: float, fixtures: Sequence[str]) -> None:
        """Keep everything below `folder`; `fixtures` are asked of every stand-in that has them."""
        self.config, self.state, self._folder = folder / "config.toml", folder / "state", folder
        self.s3 = EmbeddedS3("s3", "lab-s3", folder, speed, _of("s3", fixtures))
        self.dx = EmbeddedDnanexus("dnanexus", "dx", folder, speed, _of("dnanexus", fixtures))
        self.all: tuple[Embedded, ...] = (self.s3, self.dx)

    def __enter__(self) -> EmbeddedStores:
        """Start them at once, wait until all answer, write the config.  UsageError where one does not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            for each in self.all:
                each.begin()
            paths = find_paths(str(self.config), str(self.state), {})
            for each in self.all:
                each.await_ready()
            self._write_config()
            self._write_scope(paths.scopes)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        self.stop()

    def _write_config(self) -> None:
        """Both stores, and where deliveries are looked for in them."""
        buckets, projects = self.s3.ready["buckets"], self.dx.ready["projects"]
        assert isinstance(buckets, list)
        assert isinstance(projects, dict)
        deliveries = demo_deliveries(self.s3.name, buckets, self.dx.name, projects.values())
        self.config.write_text("\n".join(each.table() for each in self.all) + deliveries)

    def _write_scope(self, folder: Path) -> None:
        """A backup scope over both, where the sample data are those that it is about."""
        buckets, projects = self.s3.ready["buckets"], self.dx.ready["projects"]
        assert isinstance(buckets, list)
        assert isinstance(projects, dict)
        if BUCKET in buckets:
            write_demo_scope(folder, self.s3.name, self.dx.name, projects)

    def stop(self) -> None:
        """End all with SIGTERM, after five seconds with SIGKILL."""
        for each in self.all:
            each.tell_to_end()
        until = time.monotonic() + _STOP_SECONDS
        for each in self.all:
            each.await_end(until)

    @property
    def ended(self) -> Embedded | None:
        """One that has ended by itself; None while all run."""
        return next((each for each in self.all if not each.running), None)

    def environment(self) -> dict[str, str]:
        """What to export so that Icehouse, ``dx`` and any AWS tool work on the demo alone."""
        env = {"ICEHOUSE_CONFIG": str(self.config), "ICEHOUSE_STATE": str(self.state)}
        for each in self.all:
            env |= each.environment(self._folder)
        return env


def _of(system: str, fixtures: Sequence[str]) -> tuple[str, ...]:
    """The sample data that this stand-in has of what was asked for; a name that none has is its own to refuse."""
    if not fixtures:
        return DEFAULTS[system]
    known = {name for names in FIXTURES.values() for name in names}
    return tuple(name for name in fixtures if name in FIXTURES[system] or name not in known) or (_SMALLEST,)
