"""A stand-in, a config and a state folder for a console of a test's own, and the console on a pty."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.standin import StandIn
from tests.tui.terminal import Terminal


class Place:
    """Where a console of a test lives, and how it and the commands are started."""

    def __init__(self, folder: Path, s3: StandIn) -> None:
        self.config, self.state, self.s3 = folder / "config.toml", folder / "state", s3
        self.config.write_text(
            f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n'
        )

    def environment(self) -> dict[str, str]:
        """The environment for our processes."""
        return {**self.s3.environment(), "ICEHOUSE_CONFIG": str(self.config), "ICEHOUSE_STATE": str(self.state)}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `icehouse …` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "icehouse", *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=90,
        )

    def scan(self, bucket: str) -> None:
        """Scan a bucket."""
        done = self.command("scan", f"lab-s3:{bucket}/", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["complete"] is True

    def console(
        self,
        *,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str] | None = None,
        argv: Sequence[str] = (),
        **more,
    ) -> Terminal:
        """The console on a pty."""
        command = list(argv) or [sys.executable, "-m", "icehouse"]
        return Terminal(command, env={**self.environment(), **(env or {})}, size=size, **more)


@contextmanager
def place(folder: Path, *fixtures: str, speed: float | None = None) -> Iterator[Place]:
    """A stand-in with these fixtures and a place to look at it from; workers are stopped at the end."""
    with StandIn(*fixtures, speed=speed) as s3:
        here = Place(folder, s3)
        try:
            yield here
        finally:
            stop = here.state / "STOP"
            if here.state.exists():
                stop.touch()
            end_workers(here)


def end_workers(here: Place, *stores: str) -> None:
    """End the workers that this place's ledger names for `stores` (`lab-s3` for none), if there are any."""
    ledger = here.state / "ledger.sqlite"
    if not ledger.exists():
        return
    import signal

    from icehouse.services.house import open_house
    from icehouse.services.worker import worker_of

    house = open_house(str(here.config), str(here.state))
    try:
        for store in stores or ("lab-s3",):
            standing = worker_of(house, store)
            if standing.pid and standing.alive:
                with suppress(ProcessLookupError):
                    os.kill(standing.pid, signal.SIGTERM)
    finally:
        house.close()
