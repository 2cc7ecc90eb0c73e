"""`python -m icehouse.sim.dnanexus`: start the stand-in, or describe a fixture."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from icehouse.sim.clock import parse_iso
from icehouse.sim.dnanexus import fixtures
from icehouse.sim.dnanexus.fixtures.rows import job_rows, object_rows
from icehouse.sim.dnanexus.opening import open_world
from icehouse.sim.dnanexus.server import application, ready_line
from icehouse.sim.dnanexus.world import Settings
from icehouse.sim.server import address, end_with_parent, listen, serve


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="icehouse sim dnanexus", description="A DNAnexus on this machine that archives; loopback only."
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 picks a free one (default)")
    parser.add_argument("--data", type=Path, help="folder that keeps changes; a temporary one if absent")
    parser.add_argument("--speed", type=float, help="simulated seconds per second; 3600 makes an hour a second")
    parser.add_argument("--start", help="simulated time to start at, ISO 8601 (default: now)")
    parser.add_argument("--seed", default="icehouse", help="what synthetic data is computed from")
    parser.add_argument(
        "--fixture", action="append", default=[], metavar="NAME", help=f"sample data: {', '.join(fixtures.NAMES)}"
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the starting process is gone")
    parser.add_argument("--describe", metavar="NAME", help="print a fixture's objects and jobs as JSON lines and exit")
    return parser


def _describe(wish: argparse.Namespace, start: float) -> None:
    with tempfile.TemporaryDirectory(prefix="icehouse-dx-") as scratch:
        world = open_world(Settings(Path(scratch), (wish.describe,), wish.seed, start))
        for rows in (object_rows(world), job_rows(world)):
            sys.stdout.writelines(json.dumps(row) + "\n" for row in rows)
        world.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns the exit code: 0, or 2 for wrong usage (unknown fixture, port taken, unusable folder)."""
    parser = _parser()
    wish = parser.parse_args(argv)
    try:
        start = parse_iso(wish.start) if wish.start else time.time()
        if wish.speed is not None and not 0 < wish.speed <= 1e9:
            raise ValueError("--speed is a positive number")
        if wish.describe:
            _describe(wish, start)
            return 0
        if wish.exit_with_parent:
            end_with_parent()
        with tempfile.TemporaryDirectory(prefix="icehouse-dx-") as scratch:
            settings = Settings(wish.data or Path(scratch), tuple(wish.fixture), wish.seed, start, wish.speed)
            sock = listen(wish.port)
            world = open_world(settings)
            world.origin = address(sock)
            serve(application(world), sock, ready_line(world, world.origin), world.close)
    except (ValueError, OSError) as problem:
        parser.exit(2, f"{parser.prog}: {problem}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
