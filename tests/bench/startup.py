"""How long it takes to start: CPU time of the commands that must be quick, and of the console to its first paint.

Usage: python -m tests.bench.startup [--runs 15]

Byte code is kept, as it is where a program is installed.  The console is measured on a terminal of its own, up to the
moment at which the name of its store is on screen, all its threads included: with nothing in its state folder, and with
a catalogue of 100,000 objects.
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import measuring
from .contenders import environment
from .server import serving

COMMANDS = {"--version": 150, "--help": 150, "info": 150, "jobs": 500}
"""Milliseconds of CPU time that each may take."""

FIRST_PAINT = 500
OBJECTS = 100_000
_STORE = b"lab-s3"
_PROGRAM = (sys.executable, "-m", "icehouse")


def command(words: list[str], env: Mapping[str, str]) -> tuple[float, float]:
    """CPU and wall time of one run in milliseconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*_PROGRAM, *words], env=env, capture_output=True, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used * 1000, wall * 1000


def modules(words: list[str], env: Mapping[str, str]) -> int:
    """How many modules one run imports."""
    told = (
        f"import sys; from icehouse.__main__ import main; sys.argv[1:] = {words!r}\n"
        "try: main()\nexcept SystemExit: pass\nprint(len(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", told], env=env, capture_output=True, text=True, check=True)
    return int(done.stderr.splitlines()[-1])


def first_paint(env: Mapping[str, str], seconds: float = 30.0) -> tuple[float, float]:
    """CPU and wall time of the console in milliseconds until the name of its store is written."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(_PROGRAM[0], _PROGRAM, env)
    try:
        written = b""
        while _STORE not in written:
            ready, _, _ = select.select([terminal], [], [], seconds)
            if not ready:
                raise TimeoutError(f"nothing was painted within {seconds} s")
            written += os.read(terminal, 65536)
        return cpu_of(pid) * 1000, (time.perf_counter() - began) * 1000
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def cpu_of(pid: int) -> float:
    """Seconds of CPU time that a process has used so far, by its own clock (clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)


def house(folder: Path, endpoint: str) -> dict[str, str]:
    """A config with one store and an empty state folder, as an environment."""
    folder.mkdir()
    config = folder / "config.toml"
    config.write_text(f'[stores.lab-s3]\nkind = "s3"\nregion = "us-east-1"\nendpoint_url = "{endpoint}"\n')
    own = {"ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(folder / "state"), "TERM": "xterm-256color"}
    return measuring.installed({**environment(endpoint, folder), **own}, folder.parent / "bytecode")


def told(name: str, runs: list[tuple[float, float]], budget: int, more: str) -> Iterator[str]:
    """The cells of one line: medians against what is allowed."""
    cpu, wall = (statistics.median(run[n] for run in runs) for n in (0, 1))
    yield name
    yield f"{cpu:.0f}"
    yield f"{min(run[0] for run in runs):.0f}-{max(run[0] for run in runs):.0f}"
    yield f"{budget}{'' if cpu <= budget else ' OVER'}"
    yield f"{wall:.0f}"
    yield more


def main() -> int:
    """Measure; exit code 1 where a budget is not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.startup")
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print(f"{measuring.machine()} · {measuring.load()}\n")
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as scratch, serving(OBJECTS) as served:
        empty, scanned = house(Path(scratch) / "empty", served.endpoint), house(Path(scratch) / "full", served.endpoint)
        for word, budget in COMMANDS.items():
            command([word], empty)
            taken = [command([word], empty) for _ in range(runs)]
            rows.append(tuple(told(f"icehouse {word}", taken, budget, f"{modules([word], empty)} modules")))
        command(["scan", "lab-s3:bench/", "--quiet"], scanned)
        for name, env in (("nothing scanned", empty), (f"{OBJECTS:,} objects scanned", scanned)):
            first_paint(env)
            taken = [first_paint(env) for _ in range(runs)]
            rows.append(tuple(told(f"console, {name}", taken, FIRST_PAINT, "to the first paint")))
    print(measuring.table(("", "CPU ms", "min-max", "allowed", "wall ms", ""), rows))
    return 1 if any("OVER" in row[3] for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
