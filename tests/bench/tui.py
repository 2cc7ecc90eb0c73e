"""The console over a million objects: first rows, key to paint, memory, bytes on the wire; on a real pty.

Usage: python -m tests.bench.tui [FIXTURE]   (default: million)
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.tui.house import Place, place
from tests.tui.terminal import Terminal

KEYS = ["j", "k", "\x1b[6~", "j", "\x1b[5~", "\x04", "\x15", "G", "g"] * 12


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def painted(term: Terminal, keys: str, seconds: float = 20.0) -> float:
    """Seconds from a key to the first byte of its frame."""
    before, began = term.sent, time.perf_counter()
    term.send(keys)
    while term.sent == before:
        if time.perf_counter() - began > seconds:
            raise TimeoutError(f"nothing was painted for {keys!r}:\n{term.text()}")
        time.sleep(0.0005)
    return time.perf_counter() - began


def opened(here: Place, bucket: str, path: str) -> tuple[Terminal, float, float]:
    """A console on the deepest folder of `bucket`, the time to its first screen, and to that folder's first rows."""
    began = time.perf_counter()
    term = here.console()
    term.wait_for("lab-s3", 30)
    first = time.perf_counter() - began
    term.wait_for(bucket, 30)
    term.quiet(0.3)
    began = time.perf_counter()
    term.send("\r")
    term.wait_for(path, 30)
    return term, first, time.perf_counter() - began


def measure(term: Terminal, what: str) -> None:
    """Key-to-paint times and bytes of every key, once around."""
    times: list[float] = []
    sizes: dict[str, list[int]] = {}
    for key in KEYS:
        before = term.sent
        times.append(painted(term, key))
        term.quiet(0.15)
        sizes.setdefault(key, []).append(term.sent - before)
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    print(f"{what}: key to paint median {statistics.median(times) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (bar 50)")
    for key, name in (("j", "move"), ("\x1b[6~", "page"), ("G", "end")):
        print(f"{what}: {name} {statistics.mean(sizes[key]):.0f} bytes (bars: move 400, page 8192)")


def main() -> int:
    """Measure a live listing, then the catalogue."""
    fixture = sys.argv[1] if len(sys.argv) > 1 else "million"
    with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as scratch, place(Path(scratch), fixture) as here:
        bucket = here.s3.buckets[0]
        term, first, rows = opened(here, bucket, f"lab-s3 › {bucket}")
        term.wait(lambda: term.cursor_row() is not None, "rows")
        print(f"live: first screen {first:.2f} s, first rows {rows:.2f} s (bar 1), {rss_mib(term.pid):.0f} MiB")
        term.close()
        began = time.perf_counter()
        scan = [sys.executable, "-m", "icehouse", "scan", f"lab-s3:{bucket}/", "--quiet"]
        done = subprocess.run(scan, env=here.environment(), capture_output=True, timeout=900)
        print(f"scan: {time.perf_counter() - began:.0f} s, exit code {done.returncode}")
        term, first, rows = opened(here, bucket, f"lab-s3 › {bucket}")
        term.wait(lambda: term.cursor_row() is not None, "rows")
        print(f"scanned: first screen {first:.2f} s, first rows {rows:.2f} s (bar 1)")
        for _ in range(6):  # down to where the objects are
            where = term.display()[0]
            term.send("\r")
            term.quiet(0.4)
            if term.display()[0] == where:
                break
        print(f"at: {term.display()[0].strip()}; {term.display()[-3].split()[-3:]}")
        measure(term, "scanned")
        began = time.perf_counter()
        term.send("s")
        term.wait_for("size↓", 30)
        print(f"scanned: sorted {time.perf_counter() - began:.2f} s")
        print(f"scanned: {rss_mib(term.pid):.0f} MiB resident (bar 300)")
        before = term.quiet()
        time.sleep(3)
        print(f"scanned: {term.sent - before} bytes in 3 s at rest (bar 0)")
        term.close()
        scoped(here, bucket)
    return 0


def scoped(here: Place, bucket: str) -> None:
    """The same with a scope: the time to its counts, its rules, its tree, and verdicts beside Browse's rows."""
    rules = "".join(
        f'[[rule]]\nverdict = "{"keep" if n % 2 else "skip"}"\nreason = "rule {n}"\nglob = "*{n}?.*"\n'
        for n in range(10, 50)
    )
    folder = here.config.parent / "scopes"
    folder.mkdir(exist_ok=True)
    (folder / "bench.toml").write_text(f'name = "bench"\ncovers = ["lab-s3:{bucket}"]\n{rules}')
    began = time.perf_counter()
    with here.console() as term:
        term.wait_for("2 shows", 120)
        print(f"scope: 40 rules counted {time.perf_counter() - began:.1f} s after the start")
        term.send("2")
        term.wait(lambda: "counting" not in term.text() and "$/month" in term.text(), "the rules", 60)
        term.quiet(0.5)
        measure(term, "scope rules")
        term.send("G")
        term.quiet(0.3)
        for _ in range(6):  # down to where the objects are
            where = term.display()[0]
            term.send("\r")
            term.quiet(0.6)
            if term.display()[0] == where or "Why, in scope" in term.text():
                break
        term.send("\x1b")
        term.quiet(0.5)
        print(f"at: {term.display()[0].strip()}; {term.display()[-3].split()[-3:]}")
        if int(term.display()[-3].split()[-1].replace(",", "")) > 100:
            measure(term, "scope tree")
        print(f"scope: {rss_mib(term.pid):.0f} MiB resident (bar 300)")


if __name__ == "__main__":
    raise SystemExit(main())
