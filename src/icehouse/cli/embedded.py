"""The embedded S3 of the demo: a stand-in as a child process, and a config that names it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from icehouse.core.errors import UsageError
from icehouse.settings.paths import find_paths

STORE = "lab-s3"
CONTAINER = "imaging-platform"

_READY_SECONDS = 60.0
_STOP_SECONDS = 5.0


class EmbeddedS3:
    """A stand-in that ends with this process; as a context it is started and stopped."""

    def __init__(self, folder: Path, speed: float, fixtures: Sequence[str]) -> None:
        """Keep the config, the state and the stand-in's data below `folder`."""
        self.config, self.state = folder / "config.toml", folder / "state"
        self.log = folder / "s3.log"
        self._command = [
            sys.executable, "-m", "icehouse.sim.s3", "--port", "0", "--data", str(folder / "s3"),
            "--speed", f"{speed:g}", "--exit-with-parent",
            *(word for name in fixtures for word in ("--fixture", name)),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: dict[str, object] = {}

    def __enter__(self) -> EmbeddedS3:
        """Start it, wait until it answers, write the config.  UsageError with its last words when it does not."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        try:
            self._ready = self._read_ready()
            find_paths(str(self.config), str(self.state), {})
            self.config.write_text(
                f'[stores.{STORE}]\nkind = "s3"\nregion = "{self._ready["region"]}"\nendpoint_url = "{self.endpoint}"\n'
            )
        except BaseException:
            self.stop()
            raise
        return self

    def _read_ready(self) -> dict[str, object]:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], _READY_SECONDS)
        line = process.stdout.readline() if readable else b""
        try:
            ready: dict[str, object] = json.loads(line)
        except ValueError:
            words = self.log.read_text(errors="replace").strip().splitlines()
            raise UsageError(f"the embedded S3 did not start: {words[-1] if words else 'no answer'}") from None
        return ready

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def stop(self) -> None:
        """End it with SIGTERM, after five seconds with SIGKILL."""
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
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
        return str(self._ready["endpoint"])

    @property
    def admin(self) -> str:
        """Where its clock and faults are steered."""
        return str(self._ready["admin"])

    @property
    def buckets(self) -> object:
        """The names of its buckets."""
        return self._ready["buckets"]

    def environment(self) -> dict[str, str]:
        """What to export so that Icehouse and any AWS tool work on the demo, and find no other account."""
        return {
            "AWS_ACCESS_KEY_ID": str(self._ready["access_key"]),
            "AWS_SECRET_ACCESS_KEY": str(self._ready["secret_key"]),
            "AWS_DEFAULT_REGION": str(self._ready["region"]),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "ICEHOUSE_CONFIG": str(self.config),
            "ICEHOUSE_STATE": str(self.state),
        }
