"""`icehouse sim`: become a stand-in of a store, a process of its own."""

from __future__ import annotations

import importlib.util
import os
import sys

import click

from icehouse.core.errors import UsageError

STAND_INS = ("s3", "dnanexus")


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Its own options: icehouse sim s3 --help",
)
@click.argument("system", metavar="SYSTEM", type=click.Choice(STAND_INS))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def command(system: str, options: tuple[str, ...]) -> int:
    """Run a stand-in of SYSTEM (s3, dnanexus) on loopback, with its own clock and faults.

    It prints one JSON line when it is ready, and stops on SIGTERM.
    """
    need_demo_extra()
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", f"icehouse.sim.{system}", *options])  # noqa: S606


def need_demo_extra() -> None:
    """Refuse in one line where what the stand-ins are made of is not installed."""
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the stand-ins need the demo extra ({' and '.join(missing)} missing)",
            hint="install it: python -m pip install 'icehouse[demo]'",
        )
