"""The console over a million objects, on a real terminal: first rows, key to paint, bytes on the wire, memory.

Usage: python -m tests.bench.tui [--keys 1000000] [--shape flat|tree] [--scope]

From a key to the paint of the row it leads to: first at rest, then while scans of the same bucket run beside it.
`--scope` has a scope of 40 rules judge all of it as well.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.tui.terminal import Terminal

from . import measuring
from .server import serving
from .startup import cpu_of, house

KEYS = ["j", "k", "\x1b[6~", "j", "\x1b[5~", "\x04", "\x15", "G", "g"]
"""Each leads to another row than the one before, round after round from the first row."""

ROUNDS = 12
ENOUGH = 250
"""Keys to press while scans run, one scan after the other: of fewer the slowest twentieth is chance."""

BAR = 50
"""Milliseconds from a key to its paint, for 95 of a hundred keys."""

_CURSOR = re.compile(rb"\x1b\[(?:\d+;)*7(?:;\d+)*m")
"""What is shown in reverse: the row under the cursor, and nothing else in a list."""

DOWN = {"flat": ["frames/"], "tree": ["run-0000/", "plate-000/"]}
"""By shape the folders from the bucket down to objects."""

_ICEHOUSE = (sys.executable, "-m", "icehouse")


class Timed(Terminal):
    """A terminal that notes when what arrived, and reads the screen only when somebody looks."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.arrived: list[tuple[float, bytes]] = []
        self._seen = 0
        super().__init__(_ICEHOUSE, env=env)

    def _read(self) -> None:
        while not self._stopping.is_set():
            try:
                ready, _, _ = select.select([self.fd], [], [], 0.1)
                data = os.read(self.fd, 65536) if ready else b" "[:0]
            except OSError:
                return
            if data:
                with self._lock:
                    self.arrived.append((time.perf_counter(), data))
                    self.raw += data
            elif ready:
                return

    def display(self) -> list[str]:
        """The screen's lines as text, what has arrived by now included."""
        with self._lock:
            new, self._seen = bytes(self.raw[self._seen :]), len(self.raw)
            self._stream.feed(re.sub(rb"\x1b\[[>?=][0-9;]*[$]?[upq]", b"", new))
        return super().display()

    def painted(self, keys: str, seconds: float = 20.0) -> float:
        """Seconds from a key to the first paint of a row under the cursor."""
        seen, began = len(self.arrived), time.perf_counter()
        self.send(keys)
        while time.perf_counter() - began < seconds:
            for at, data in self.arrived[seen:]:
                if _CURSOR.search(data):
                    return at - began
            time.sleep(0.0005)
        raise TimeoutError(f"nothing was painted for {keys!r}:\n{self.text()}")

    def position(self) -> str:
        """Where the cursor is, and among how many."""
        return " ".join(self.display()[-3].split()[-3:])


def opened(env: Mapping[str, str]) -> tuple[Timed, float]:
    """A console in the bucket, and the seconds from the key that opened it to its first rows."""
    term = Timed(env)
    term.wait_for("lab-s3", 60)
    term.wait_for("bench", 60)
    term.quiet(0.3)
    began = time.perf_counter()
    term.send("\r")
    term.wait(lambda: term.display()[0].startswith("lab-s3 › bench") and " of " in term.position(), "rows", 60)
    return term, time.perf_counter() - began


def deeper(term: Timed, shape: str) -> None:
    """Go down to where the objects are."""
    for folder in DOWN[shape]:
        term.wait_for(f" {folder}", 60)
        term.send("\r")
        term.wait(partial(_stands, term, folder), folder, 60)
        term.quiet(0.3)
    print(f"  in {' › '.join(DOWN[shape])}: {term.position()}")


def _stands(term: Timed, folder: str) -> bool:
    return f" › {folder}" in term.display()[0]


@dataclass
class Keys:
    """Keys pressed so far: milliseconds to each paint, and bytes by key."""

    times: list[float] = field(default_factory=list)
    sizes: dict[str, list[int]] = field(default_factory=dict)

    def press(self, term: Timed, going: Callable[[], bool] = lambda: True) -> None:
        """Round after round, for as long as it is `going`."""
        term.send("jg")
        term.quiet(0.3)
        for _ in range(ROUNDS):
            for key in KEYS:
                if not going():
                    return
                before = term.sent
                self.times.append(term.painted(key) * 1000)
                time.sleep(0.12)  # as a person would; what arrives by then belongs to the key
                self.sizes.setdefault(key, []).append(term.sent - before)

    def kept(self, what: str) -> bool:
        """Tell of them; whether the bar was kept."""
        times = sorted(self.times)
        p95 = times[int(len(times) * 0.95)]
        print(
            f"{what}: {len(times)} keys, to paint median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms "
            f"(bar {BAR}), longest {times[-1]:.0f} ms"
        )
        told = (("j", "move"), ("\x1b[6~", "page"), ("G", "end"))
        sizes = [f"{name} {statistics.median(self.sizes[key]):.0f}" for key, name in told if key in self.sizes]
        print(f"  bytes: {', '.join(sizes)}", flush=True)
        return p95 <= BAR


def measure(term: Timed, what: str) -> bool:
    """Key-to-paint times and bytes of every key; whether the bar was kept."""
    keys = Keys()
    keys.press(term)
    return keys.kept(what)


def measure_during_scans(term: Timed, env: Mapping[str, str]) -> bool:
    """The same while the bucket is scanned again and again."""
    keys, scans = Keys(), list[str]()
    while len(keys.times) < ENOUGH:
        with scanning(env) as scan:
            began, before = time.perf_counter(), len(keys.times)
            keys.press(term, lambda scan=scan: scan.poll() is None)  # type: ignore[misc]
            code = scan.wait()
            scans.append(f"{time.perf_counter() - began:.1f} s (exit code {code})")
        if len(keys.times) == before:
            print("a scan was over before the first key")
            break
    kept = keys.kept("during scans")
    print(f"  those scans: {', '.join(scans)}", flush=True)
    return kept


def weight(term: Timed) -> str:
    """What the console has in memory, and had at most."""
    status = Path(f"/proc/{term.pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return f"{resident / 1024:.0f} MiB resident, {measuring.peak_kib(term.pid) / 1024:.0f} at most (bar 300)"


def scanning(env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A scan of the bucket as the console starts one: a process with a session of its own."""
    command = [*_ICEHOUSE, "scan", "lab-s3:bench/", "--quiet"]
    return subprocess.Popen(command, env=dict(env), stdout=subprocess.DEVNULL, start_new_session=True)


def main() -> int:
    """Measure a live listing, a scan, the catalogue at rest, and during a scan; exit code 1 where a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tui")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--shape", choices=DOWN, default="flat")
    parser.add_argument("--scope", action="store_true")
    wish = parser.parse_args()
    print(f"{measuring.machine()} · {measuring.load()} · {wish.keys:,} keys, {wish.shape}", flush=True)
    kept = True
    with (
        tempfile.TemporaryDirectory(prefix="icehouse-bench-") as scratch,
        serving(wish.keys, wish.shape) as served,
    ):
        env = house(Path(scratch) / "house", served.endpoint)
        term, rows = opened(env)
        print(f"live: first rows {rows * 1000:.0f} ms, {weight(term)}", flush=True)
        term.close()
        began = time.perf_counter()
        code = scanning(env).wait()
        print(f"scan: {time.perf_counter() - began:.1f} s, searchable, exit code {code}", flush=True)
        term, rows = opened(env)
        print(f"scanned: first rows {rows * 1000:.0f} ms")
        deeper(term, wish.shape)
        kept &= measure(term, "at rest")
        kept &= measure_during_scans(term, env)
        began = time.perf_counter()
        term.send("s")
        term.wait_for("size↓", 60)
        print(f"sorted by size: {time.perf_counter() - began:.2f} s")
        print(f"console: {weight(term)}")
        before, used = term.quiet(), cpu_of(term.pid)
        time.sleep(5)
        print(f"at rest for 5 s: {term.sent - before} bytes (bar 0), {(cpu_of(term.pid) - used) * 1000:.0f} ms of CPU")
        term.close()
        if wish.scope:
            kept &= scoped(env, wish.shape)
    return 0 if kept else 1


def scoped(env: Mapping[str, str], shape: str) -> bool:
    """The same with a scope: the time to its counts, its rules, and verdicts beside Browse's rows."""
    rules = "".join(
        f'[[rule]]\nverdict = "{"keep" if n % 2 else "skip"}"\nreason = "rule {n}"\nglob = "*{n}?.*"\n'
        for n in range(10, 50)
    )
    folder = Path(env["ICEHOUSE_CONFIG"]).parent / "scopes"
    folder.mkdir()
    (folder / "bench.toml").write_text(f'name = "bench"\ncovers = ["lab-s3:bench"]\n{rules}')
    began = time.perf_counter()
    term = Timed(env)
    with term:
        term.wait_for("2 shows", 300)
        print(f"scope: 40 rules counted {time.perf_counter() - began:.1f} s after the start")
        term.send("2")
        term.wait(lambda: "counting" not in term.text() and "$/month" in term.text(), "the rules", 120)
        term.quiet(0.5)
        kept = measure(term, "scope's rules")
        term.send("1")
        term.quiet(0.5)
        term.send("\r")
        term.quiet(0.5)
        deeper(term, shape)
        kept &= measure(term, "with verdicts")
        print(f"console: {weight(term)}")
    return kept


if __name__ == "__main__":
    raise SystemExit(main())
