"""`make bench`: every benchmark of this folder, each in a process of its own.

Usage: python -m tests.bench [NAME...] [-- WORDS]   (all where none is named; WORDS go to each that is run)
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PARTS = frozenset({"contenders", "measuring", "ours", "raw", "rows", "server"})
"""What benchmarks are made with, and are none themselves."""


def main() -> int:
    """Run them one after the other; exit code 1 where one failed."""
    there = sorted({path.stem for path in Path(__file__).parent.glob("[!_]*.py")} - PARTS)
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    words = sys.argv[cut + 1 :]
    wanted = sys.argv[1:cut] or there
    unknown = [name for name in wanted if name not in there]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there is {', '.join(there)}", file=sys.stderr)
        return 2
    failed = []
    for name in wanted:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"tests.bench.{name}", *words], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
