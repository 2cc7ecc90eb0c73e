"""How long the command line takes to start: CPU time and modules of the commands that must be quick."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15
BUDGET_MS = {"--version": 150, "--help": 150, "info": 150, "jobs": 500}


def cpu_ms(words: list[str], env: dict[str, str]) -> tuple[float, float]:
    """CPU and wall time of one run in milliseconds."""
    before, start = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-m", "icehouse", *words], env=env, capture_output=True, check=True)
    after, end = os.times(), time.perf_counter()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used * 1000, (end - start) * 1000


def modules(words: list[str], env: dict[str, str]) -> int:
    """How many modules one run imports."""
    told = (
        f"import sys; from icehouse.__main__ import main; sys.argv[1:] = {words!r}\n"
        "try: main()\nexcept SystemExit: pass\nprint(len(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", told], env=env, capture_output=True, text=True, check=True)
    return int(done.stderr.splitlines()[-1])


def main() -> int:
    """Measure; exit code 1 where a budget is not kept."""
    over = 0
    with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as folder:
        config = Path(folder) / "config.toml"
        config.write_text('[stores.lab-s3]\nkind = "s3"\n')
        env = {**os.environ, "ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": f"{folder}/state"}
        for word, budget in BUDGET_MS.items():
            cpu_ms([word], env)
            runs = [cpu_ms([word], env) for _ in range(RUNS)]
            cpu = statistics.median(run[0] for run in runs)
            wall = statistics.median(run[1] for run in runs)
            over += cpu > budget
            kept = "ok" if cpu <= budget else "OVER"
            loaded = modules([word], env)
            print(f"icehouse {word:10} cpu {cpu:4.0f} ms ({kept}, of {budget})  wall {wall:4.0f} ms  {loaded} modules")
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
