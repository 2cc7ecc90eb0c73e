"""Progress on stderr: one line that is written over on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time

from icehouse.present.cells import cut, wide

from .output import shown

_TERMINAL_EVERY = 0.25
_FILE_EVERY = 15.0


class ProgressLine:
    """The one progress line of a command; at most four times a second on a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        """`quiet` shows nothing at all."""
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + (0.0 if self._terminal else _FILE_EVERY)
        self._width = 0

    def show(self, text: str) -> None:
        """Show `text`, if it is time to."""
        if self._quiet or time.monotonic() < self._next:
            return
        if not self._terminal:
            self._next = time.monotonic() + _FILE_EVERY
            print(shown(text), file=sys.stderr, flush=True)
            return
        self._next = time.monotonic() + _TERMINAL_EVERY
        line = cut(shown(text), _columns() - 1)
        sys.stderr.write("\r" + line + " " * max(0, self._width - wide(line)))
        sys.stderr.flush()
        self._width = wide(line)

    def clear(self) -> None:
        """Take the line away, so that what follows starts at the margin."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0


def _columns() -> int:
    import shutil

    return max(20, shutil.get_terminal_size().columns)
