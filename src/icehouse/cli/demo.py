"""`icehouse demo`: an S3 and a DNAnexus on this machine, sample data, a state folder, and the console on top."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from icehouse.core.errors import UsageError

from .embedded import EmbeddedStores
from .output import json_line, tell
from .session import Session
from .sim import need_demo_extra
from .tether import Tether, abandoned

_PREFIX = "icehouse-demo-"


def _let_change(stores: EmbeddedStores) -> None:
    """Let others change a bucket, where the sample data have it."""
    from .demo_changes import let_happen

    let_happen(stores.s3.admin)


_LIFE: tuple[tuple[tuple[str, ...] | Callable[[EmbeddedStores], None], ...], ...] = (
    (
        ("restore", "lab-s3:imaging-platform/projects/2021_04_CPJUMP1/2021_05_B05/images/", "--tier", "bulk",
         "--days", "7", "--yes"),
        ("scan", "lab-s3:imaging-platform/"),
        _let_change,
        ("scan", "lab-s3:imaging-platform/"),
    ),
    (
        ("archive", "dx:analyses/germline-12/work/", "--yes"),
        ("unarchive", "dx:runs-2024/240103_A01295_0100_AH000DRX2/", "--rate", "bulk", "--yes"),
        ("scan", "dx:runs-2024/", "--lineage"),
        ("scan", "dx:analyses/", "--lineage"),
        ("scan", "dx:tools/", "--lineage"),
    ),
    (
        ("hold", "lab-s3:instruments/outbox/held/", "--reason", "reference set of the facility"),
        ("hold", "dx:instrument-deliveries/outbox/held/", "--reason", "reference set of the facility"),
        ("deliveries", "scan"),
        ("deliveries", "tick", "lab-s3:instruments/outbox/nothing-seen/"),
        ("deliveries", "untick", "lab-s3:instruments/outbox/anonymous/"),
    ),
)  # fmt: skip
"""What the demo does by itself, so that Cold, Changes, Deliveries and Jobs show life; those of a lane one by one."""

_FOREIGN = ("AWS_", "DX_")
"""Variables of the user's own accounts, which the demo takes out of its environment and that of its children."""


class Closed(BaseException):
    """The demo was told to end by a signal."""


@click.command()
@click.option("--headless", is_flag=True, help="No console: print one JSON line, then wait for SIGTERM.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep config, state and data here.")
@click.option("--jobs/--no-jobs", default=None, help="Scan and restore something at once (the console's default).")
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), default=3600.0, help="Simulated seconds a second."
)
@click.option("--fixture", "fixtures", multiple=True, help="Sample data; may be given again.")
@click.pass_obj
def command(
    session: Session, headless: bool, keep: Path | None, jobs: bool | None, speed: float, fixtures: tuple[str, ...]
) -> int:
    """Open the console on an embedded S3 and an embedded DNAnexus with sample data.

    An hour passes there every second, and nothing leaves this machine. However the demo is closed, what it started
    ends with it.
    """
    need_demo_extra()
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the demo opens a console, which needs a terminal", hint="for scripts: icehouse demo --headless"
        )
    if not headless:
        tell("starting an S3 and a DNAnexus on this machine …")
    told = _listen()
    try:
        with _folder(keep) as folder, ExitStack() as stack:
            stores = stack.enter_context(EmbeddedStores(folder, speed, fixtures))
            tether = Tether(stores.state)
            stack.callback(tether.cut)
            _use(session, stores)
            if jobs if jobs is not None else not headless:
                _start_life(stores, stack)
            if not headless:
                return session.open_console(session.house, "")
            json_line(_told(stores))
            _wait(told, stores)
    except Closed:
        pass
    return 0


def _told(stores: EmbeddedStores) -> dict[str, object]:
    """All that a script needs to use the demo."""
    return {
        "config": str(stores.config),
        "state": str(stores.state),
        "env": stores.environment(),
        "endpoints": {each.name: each.endpoint for each in stores.all},
        "admin": {each.name: each.admin for each in stores.all},
        "buckets": {stores.s3.name: stores.s3.ready["buckets"]},
        "projects": {stores.dx.name: stores.dx.ready["projects"]},
        "tokens": {stores.dx.name: stores.dx.ready["tokens"]},
        "pid": os.getpid(),
    }


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


def _wait(told: int, stores: EmbeddedStores) -> None:
    """Wait for a signal; UsageError when one of the embedded stores ends before."""
    while (gone := stores.ended) is None:
        select.select([told], [], [], 1.0)
    raise UsageError(f"the embedded {gone.name} ended by itself", hint=f"its last words are in {gone.log}")


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


def _use(session: Session, stores: EmbeddedStores) -> None:
    """Make this process and its children work on the demo alone."""
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    os.environ.update(stores.environment())
    session.use(config=str(stores.config), state=str(stores.state))


def _start_life(stores: EmbeddedStores, stack: ExitStack) -> None:
    """Begin what the demo does by itself, each command in a process of its own; none is begun after the demo's end."""
    over = threading.Event()
    stack.callback(over.set)
    log = stores.state / "logs" / "demo.log"
    for lane in _LIFE:
        threading.Thread(target=_live, args=(lane, stores, log, over), name="demo-life", daemon=True).start()


def _live(
    lane: Sequence[Sequence[str] | Callable[[EmbeddedStores], None]],
    stores: EmbeddedStores,
    log: Path,
    over: threading.Event,
) -> None:
    for act in lane:
        if over.is_set():
            return
        with log.open("ab") as told:
            if callable(act):
                try:
                    act(stores)
                except OSError as problem:
                    told.write(f"{problem}\n".encode())
                continue
            process = subprocess.Popen(
                [sys.executable, "-m", "icehouse", *act, "--json"],
                stdin=subprocess.DEVNULL, stdout=told, stderr=told, start_new_session=True,
            )  # fmt: skip
        process.wait()
