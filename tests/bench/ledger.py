"""How long a reader waits while a worker commits 500 outcomes a second.

Usage: python -m tests.bench.ledger [SECONDS]   (15 by default)
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from icehouse.core.outcomes import Outcome
from icehouse.engine.recording import Recorder
from icehouse.ledger import jobs, leases
from icehouse.ledger.session import Ledger
from icehouse.ledger.steps import Accepted, Ended
from icehouse.settings.clock import SystemClock
from tests.unit.ledger.plans import approved, plan_of

PER_SECOND = 500


def write(path: Path, seconds: float) -> None:
    """Commit `PER_SECOND` outcomes a second, with their intents and audit entries, as a worker does."""
    ledger, clock = Ledger(path), SystemClock()
    lease = leases.claim(ledger, clock, "bench")
    assert isinstance(lease, leases.Lease)
    plan = plan_of(int(PER_SECOND * seconds))
    job = approved(ledger, plan)
    recorder = Recorder(ledger, clock, lease)
    print("ready", flush=True)
    started = clock.monotonic()
    written = 0
    for task in iter(lambda: recorder.take(job, "s", 100), []):
        for one in task:
            recorder.note(Accepted(one, clock.now(), clock.now(), "request", "requested"))
            recorder.note(Ended(one, Outcome.OK, clock.now(), "restored"))
            written += 1
        time.sleep(max(0.0, started + written / PER_SECOND - clock.monotonic()))
    recorder.writer.close()
    print(f"{written / (clock.monotonic() - started):.0f}", flush=True)


def main() -> int:
    """Run writer and reader side by side and print what the reader waited."""
    if sys.argv[1:2] == ["write"]:
        write(Path(sys.argv[2]), float(sys.argv[3]))
        return 0
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        Ledger(path).close()
        command = [sys.executable, "-m", "tests.bench.ledger", "write", str(path), str(seconds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            ledger, waits = Ledger(path), list[float]()
            while writer.poll() is None:
                begun = time.perf_counter()
                ledger.version()
                found = jobs.every(ledger)
                jobs.items(ledger, found[0].id, limit=50)
                waits.append((time.perf_counter() - begun) * 1000)
                time.sleep(0.25)
            rate = writer.stdout.read().strip()
    cuts = statistics.quantiles(waits, n=20)
    print(f"writer {rate} outcomes/s; {len(waits)} reads at 4 Hz (jobs and a page of items):")
    print(
        f"  median {statistics.median(waits):.1f} ms, p95 {cuts[18]:.1f} ms, longest {max(waits):.1f} ms (limit 50 ms)"
    )
    return 0 if cuts[18] < 50 else 1


if __name__ == "__main__":
    raise SystemExit(main())
