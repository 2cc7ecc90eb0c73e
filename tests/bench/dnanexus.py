"""What a scan of a DNAnexus project costs: requests, seconds, and the peak memory of the process that scans.

Usage: python -m tests.bench.dnanexus [--million]   (10,000 and 200,000 files; --million: a project of 1,000,000 too)

First a walk of 10,000 files in 100 pages by one lane and by several, with 60 ms added to every answer; the stand-in
shares the processor, so that the ratio is a lower bound.  Then scans, each `icehouse scan` in a process of its own, at
the default of 8 requests at once and 50 a second, against the stand-in.  Memory is flat where the last line's is about
the first one's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from icehouse.core.refs import FolderRef
from icehouse.stores.dnanexus import finding, walking
from icehouse.stores.dnanexus.store import DnanexusStore
from tests.bench.catalogue import say
from tests.dnanexus_standin import DxStandIn

_TOKEN = "BENCH_DX_TOKEN"
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


def walked(dx: DxStandIn, folder: FolderRef, *, alone: int) -> tuple[int, float]:
    """Requests sent and seconds of one walk in pages of 100, of which so many are asked for by one lane."""
    store = DnanexusStore(
        "dx",
        {"host": dx.host, "port": dx.port, "protocol": "http", "token_env": _TOKEN, "max_per_second": None},
    )
    page, walking._ALONE, before = finding.PAGE, alone, walking._ALONE
    finding.PAGE = 100
    since, start = dx.last_seq(), time.perf_counter()
    try:
        found = [entry.ref.version for page in store.walk(folder) for entry in page.entries]
    finally:
        finding.PAGE, walking._ALONE = page, before
        store.close()
    seconds = time.perf_counter() - start
    if len(found) != 10_000 or len(set(found)) != 10_000:
        raise SystemExit(f"{len(found)} files were found where there are 10,000")
    return dx.last_seq() - since, seconds


def in_lanes(dx: DxStandIn) -> None:
    """One lane against several, in turns."""
    os.environ[_TOKEN] = dx.tokens["owner"]
    folder = FolderRef("dx", dx.project("wide"), "run00/")
    dx.fault("latency", operations=["system/findDataObjects"], latency_ms=60)
    took: dict[str, list[float]] = {"one lane": [], "8 lanes": []}
    asked: dict[str, int] = {}
    for _ in range(3):
        for name, alone in (("one lane", 10**9), ("8 lanes", 12)):
            asked[name], seconds = walked(dx, folder, alone=alone)
            took[name].append(seconds)
    dx.clear_faults()
    for name, seconds_each in took.items():
        ratio = median(took["one lane"]) / median(seconds_each)
        say(f"100 pages at 60 ms, {name}", f"{asked[name]} requests", f"{median(seconds_each):.1f} s, {ratio:.1f} x")


def main() -> None:
    """Walk a folder by one lane and by several; scan a folder, a project, and a large one where that is asked for."""
    wide = [("10,000 files (a folder)", "wide", "run00/"), ("200,000 files", "wide", "")]
    million = [("1,000,000 files", "million", "")] if "--million" in sys.argv[1:] else []
    with DxStandIn("million") as dx, tempfile.TemporaryDirectory(prefix="icehouse-bench-") as folder:
        in_lanes(dx)
        for number, (what, name, prefix) in enumerate([*wide, *million]):
            requests, seconds, peak = scanned(dx, Path(folder) / str(number), f"dx:{dx.project(name)}/{prefix}")
            say(what, f"{requests:,} requests", f"{seconds:.1f} s, peak {peak:.0f} MiB")


if __name__ == "__main__":
    main()
