"""`icehouse demo`: an S3 on this machine, sample data, a state folder of its own, and the console on top."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from icehouse.core.errors import UsageError

from .embedded import CONTAINER, STORE, EmbeddedS3
from .output import json_line, tell
from .session import Session
from .sim import need_demo_extra
from .tether import Tether, abandoned

_PREFIX = "icehouse-demo-"
_FOLDER = "projects/2021_04_CPJUMP1/2021_05_B05/images/"
"""What the demo restores by itself, so that Cold and Jobs show life: eight plates in six classes and states."""


class Closed(BaseException):
    """The demo was told to end by a signal."""


@click.command()
@click.option("--headless", is_flag=True, help="No console: print one JSON line, then wait for SIGTERM.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep config, state and data here.")
@click.option("--jobs/--no-jobs", default=None, help="Scan and restore something at once (the console's default).")
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), default=3600.0, help="Simulated seconds a second."
)
@click.option("--fixture", "fixtures", multiple=True, help="Sample data; may be given again.  [imaging hostile small]")
@click.pass_obj
def command(
    session: Session, headless: bool, keep: Path | None, jobs: bool | None, speed: float, fixtures: tuple[str, ...]
) -> int:
    """Open the console on an embedded S3 with sample data.

    An hour passes there every second, and nothing leaves this machine. However the demo is closed, what it started
    ends with it.
    """
    need_demo_extra()
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the demo opens a console, which needs a terminal", hint="for scripts: icehouse demo --headless"
        )
    if not headless:
        tell("starting an S3 on this machine …")
    told = _listen()
    try:
        with _folder(keep) as folder, ExitStack() as stack:
            s3 = stack.enter_context(EmbeddedS3(folder, speed, fixtures or ("imaging", "hostile", "small")))
            tether = Tether(s3.state)
            stack.callback(tether.cut)
            _use(session, s3)
            if jobs if jobs is not None else not headless:
                _start_life(s3)
            if not headless:
                return session.open_console(session.house)
            json_line(
                {
                    "config": str(s3.config),
                    "state": str(s3.state),
                    "env": s3.environment(),
                    "endpoints": {STORE: s3.endpoint},
                    "admin": {STORE: s3.admin},
                    "buckets": {STORE: s3.buckets},
                    "pid": os.getpid(),
                }
            )
            _wait(told, s3)
    except Closed:
        pass
    return 0


def _listen() -> int:
    """From now on SIGTERM, SIGHUP and SIGINT end the demo by the clean way; the pipe tells of them."""
    told, tell_end = os.pipe()

    def end(number: int, frame: FrameType | None) -> None:
        for known in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(known, signal.SIG_IGN)  # one is enough; the way out is not interrupted
        os.write(tell_end, b".")
        raise Closed

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end)
    return told


def _wait(told: int, s3: EmbeddedS3) -> None:
    """Wait for a signal; UsageError when the embedded S3 ends before."""
    while s3.running:
        select.select([told], [], [], 1.0)
    raise UsageError("the embedded S3 ended by itself", hint=f"its last words are in {s3.log}")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The demo's folder: the one to keep, or a temporary one that goes away; those of killed demos go now."""
    if keep is not None:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield keep.resolve()
        return
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if old.stat().st_uid == os.getuid() and abandoned(old / "state"):
                shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _use(session: Session, s3: EmbeddedS3) -> None:
    """Make this process and its children work on the demo alone."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(s3.environment())
    session.use(config=str(s3.config), state=str(s3.state))


def _start_life(s3: EmbeddedS3) -> None:
    """Scan the sample bucket and bring one folder back, each in a process of its own."""
    with (s3.state / "logs" / "demo.log").open("ab") as log:
        for words in (
            ["scan", f"{STORE}:{CONTAINER}/"],
            ["restore", f"{STORE}:{CONTAINER}/{_FOLDER}", "--tier", "bulk", "--days", "7", "--yes"],
        ):
            subprocess.Popen(
                [sys.executable, "-m", "icehouse", *words, "--json"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
