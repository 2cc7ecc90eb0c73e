"""Running a program as a process of its own and measuring all of it: time, CPU time, memory, lines that it printed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took, with all that it started: seconds, MiB, and what it printed.

    `peak` is that of the largest of its processes, `processes` how many of them there were at once.
    """

    wall: float
    cpu: float
    peak: float
    processes: int
    code: int
    printed: Path
    said: str

    def lines(self) -> int:
        """How many lines it printed."""
        with self.printed.open("rb") as text:
            return sum(piece.count(b"\n") for piece in iter(lambda: text.read(1 << 20), b""))

    def last(self) -> str:
        """The last line that it printed."""
        with self.printed.open("rb") as text:
            text.seek(max(0, self.printed.stat().st_size - 400))
            return (text.read().decode(errors="replace").strip().splitlines() or [""])[-1]


def run(command: Sequence[str], env: Mapping[str, str], folder: Path, limit: float = 1800.0) -> Run:
    """Run `command` to its end; what it prints goes into a file in `folder`.

    Memory is what the kernel tells of each process by itself (VmHWM), looked at as long as it lives: `ru_maxrss` would
    begin with what this process has.  CPU time is that of the process and of those it has waited for.
    """
    printed = folder / "printed"
    with printed.open("wb") as out, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True
        )
        watched = _Watched(process.pid)
        watched.start()
        timer = threading.Timer(limit, process.kill)
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        watched.end()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
    cpu = used.ru_utime + used.ru_stime
    return Run(wall, cpu, watched.peak / 1024, watched.most, process.returncode, printed, said)


class _Watched(threading.Thread):
    """Looks at the memory of a process and of its children as long as they live."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.most = pid, 0, 1
        self._over = threading.Event()

    def run(self) -> None:
        """Until it is over."""
        while not self._over.wait(_LOOK_EVERY):
            family = [self.pid, *children(self.pid)]
            self.most = max(self.most, len(family))
            self.peak = max([self.peak, *(peak_kib(pid) for pid in family)])

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


def children(pid: int) -> list[int]:
    """The children of a process, and theirs."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except OSError:
        return found
    return found + [below for child in found for below in children(child)]


def peak_kib(pid: int) -> int:
    """The most memory that a process has had so far, in KiB; 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def installed(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """`env` with Python's byte code kept in `folder`, as it is kept once a program is installed."""
    kept = {name: value for name, value in env.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder)}


def machine() -> str:
    """What this runs on."""
    model = memory = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            memory = f"{int(line.split()[1]) / (1 << 20):.0f} GiB"
    return f"{os.cpu_count()} cores ({model}), {memory}, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d')}"


def load() -> str:
    """How busy the machine was before: figures taken on a busy one are worth little."""
    return f"load {os.getloadavg()[0]:.1f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as it stands in a README, its columns lined up; all but the first to the right."""
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {cells[0].ljust(len(first))} | {' | '.join(others)} |"

    rule = "|".join("-" * (width + 1) + ":" for width in widths[1:])
    return "\n".join([line(head), f"|{'-' * (widths[0] + 2)}|{rule}|", *map(line, rows)])
