"""The two faces behind one command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from icehouse.garbage import importing, put_off

if TYPE_CHECKING:
    from icehouse.services.house import House


def open_console(house: House, screen: str) -> int:
    """Open the console on that screen ("": its first), Textual imported only now."""
    put_off()  # until the first paint
    from icehouse.tui.app import run

    return run(house, screen=screen)


def main() -> None:
    """Run the command line; without a command, open the console."""
    with importing():
        from icehouse.cli.main import main as command_line

    sys.exit(command_line(open_console))


if __name__ == "__main__":
    main()
