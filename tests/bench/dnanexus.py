"""What a scan of a DNAnexus project costs: requests, seconds, and the peak memory of the process that scans.

Usage: python -m tests.bench.dnanexus [--million]   (10,000 and 200,000 files; --million: a project of 1,000,000 too)

Each scan is `icehouse scan` in a process of its own, at the default of 8 requests at once and 50 a second, against the
stand-in.  Memory is flat where the last line's is about the first one's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.catalogue import say
from tests.dnanexus_standin import DxStandIn

_SCAN = """
import resource, sys
from icehouse.__main__ import main
code = 0
try:
    code = main()
except SystemExit as ended:
    code = ended.code or 0
scale = 1 if sys.platform == "darwin" else 1024
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale)
raise SystemExit(code)
"""


def scanned(dx: DxStandIn, state: Path, address: str) -> tuple[int, float, float]:
    """Requests sent, seconds and peak MiB of one scan."""
    state.mkdir()
    config = state / "config.toml"
    config.write_text(
        f'[stores.dx]\nkind = "dnanexus"\nhost = "{dx.host}"\nport = {dx.port}\nprotocol = "http"\n'
        'token_env = "LAB_TOKEN"\n'
    )
    places = {"ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(state), "LAB_TOKEN": dx.tokens["owner"]}
    before, start = dx.last_seq(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _SCAN, "scan", address, "--quiet"],
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - start
    peak = next(int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("PEAK"))
    return dx.last_seq() - before, seconds, peak / 1024**2


def main() -> None:
    """Scan a folder, a project, and a large project where that is asked for."""
    wide = [("10,000 files (a folder)", "wide", "run00/"), ("200,000 files", "wide", "")]
    million = [("1,000,000 files", "million", "")] if "--million" in sys.argv[1:] else []
    with DxStandIn("million") as dx, tempfile.TemporaryDirectory(prefix="icehouse-bench-") as folder:
        for number, (what, name, prefix) in enumerate([*wide, *million]):
            requests, seconds, peak = scanned(dx, Path(folder) / str(number), f"dx:{dx.project(name)}/{prefix}")
            say(what, f"{requests:,} requests", f"{seconds:.1f} s, peak {peak:.0f} MiB")


if __name__ == "__main__":
    main()
