"""The two faces behind one command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icehouse.services.house import House


def open_console(house: House, screen: str) -> int:
    """Open the console on that screen ("": its first), Textual imported only now."""
    from icehouse.tui.app import run

    return run(house, screen=screen)


def main() -> None:
    """Run the command line; without a command, open the console."""
    from icehouse.cli.main import main as command_line

    sys.exit(command_line(open_console))


if __name__ == "__main__":
    main()
