"""The console's log: what went wrong, for whoever looks into it; never a local variable, never on screen."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

NAME = "console.log"


def log_into(folder: Path) -> Callable[[str], None]:
    """A writer of lines to the log in `folder`; the file is made with the first line, for this user alone."""

    def write(line: str) -> None:
        descriptor = os.open(folder / NAME, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        with open(descriptor, "a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(line + "\n")

    return write
