"""The two faces behind one command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; without a command, open the console."""
    raise SystemExit("not built yet")
