"""A house over a running stand-in, and its worker as a real process that a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from icehouse.core.marks import Mark
from icehouse.core.restores import RestoreWish, Tier
from icehouse.engine.worker import Options
from icehouse.services import jobs, look, restore, worker
from icehouse.services.house import House, open_house
from tests.standin import StandIn

COUNT = 60
"""How many objects the usual stand-in of these tests holds."""


def open_over(standin: StandIn, folder: Path, monkey: object, **options: object) -> House:
    """A house with store `lab-s3` at the stand-in, its state in `folder`; credentials go into the environment."""
    for name, value in standin.environment().items():
        if name.startswith("AWS_"):
            monkey.setenv(name, value)  # type: ignore[attr-defined]
    config = folder / "config.toml"
    lines = [f"{key} = {str(value).lower()}" for key, value in options.items()]
    config.write_text(
        "\n".join(
            [
                "[stores.lab-s3]",
                'kind = "s3"',
                f'region = "{standin.region}"',
                f'endpoint_url = "{standin.endpoint}"',
                *lines,
            ]
        )
        + "\n"
    )
    return open_house(str(config), str(folder / "state"))


def marks(house: House, *addresses: str) -> list[Mark]:
    """The marks that a user means by these addresses."""
    return [Mark(look.resolve(house, house.address(address))) for address in addresses]


def nobody(_house: House, _store: str) -> None:
    """Starts no worker, where a test starts its own."""


def approve(house: House, address: str, *, tier: Tier = Tier.STANDARD, days: int = 7, speed_up: bool = False) -> str:
    """Plan and approve a restore of `address` without starting a worker; returns the job's id."""
    found = restore.survey(house, marks(house, address))
    plan = restore.freeze(house, found, RestoreWish(tier, days, speed_up))
    return restore.approve(house, plan, how="test", start=nobody)


class Worker:
    """A worker in a process of its own, over the house's config and state."""

    def __init__(self, house: House, *, entry: Sequence[str] = ("-m", "icehouse")) -> None:
        self._command = [
            sys.executable,
            *entry,
            "--config",
            str(house.paths.config),
            "--state",
            str(house.paths.state),
            "worker",
            "--until-idle",
        ]
        self.log = house.paths.logs / "test-worker.log"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(self._command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        """kill -9, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def finish(self, seconds: float = 120.0) -> int:
        """Wait until it ends by itself; its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the worker did not end: {self.log.read_text()}") from None


def until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait for a condition that another process brings about; AssertionError after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        os.sched_yield()
        time.sleep(0.005)


def work(house: House, *, once: bool = False, options: Options | None = None) -> list[worker.WorkerReport]:
    """Carry out every open job in this process, over the wire, until nothing is left."""
    return worker.run(house, ending=threading.Event(), until_idle=True, once=once, options=options)


def outcomes(house: House, job: str) -> dict[str, int]:
    """The job's counts by outcome."""
    return jobs.job(house, job).progress.outcomes


def accepted(s3: StandIn) -> Counter[str]:
    """How often each key's restore was accepted."""
    return Counter(line["key"] for line in s3.log(operation="RestoreObject") if line["accepted"])
