"""Leaves when the terminal has gone, whatever else hangs; nothing that matters lives in this process.

Textual spins at a full core when its terminal dies while SIGHUP is ignored, with its event loop blocked on a queue
whose reader has gone: only a thread of our own, and `os._exit`, are sure to end that (facts/tui.md §2.5).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EVERY = 0.5
"""Seconds between two looks at the terminal."""

GRACE = 1.5
"""Seconds that an orderly way out may take after a signal, before the other way is taken."""

_SIGNALS = (signal.SIGHUP, signal.SIGTERM)


class Watchdog:
    """Watches the terminal from a daemon thread, and turns SIGHUP and SIGTERM into a fast, clean end."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._over = threading.Event()
        self._parent = os.getppid()
        self.told: int | None = None
        """The signal that ended the console, None where it was no signal."""

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            if not os.isatty(0):
                if not self._over.is_set():
                    os._exit(128 + signal.SIGHUP)
                return
            if os.getppid() != self._parent:  # the terminal may be there still: give it back first
                self._handle(signal.SIGHUP, None)
                return

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.told is not None:
            return
        self.told = number
        threading.Thread(target=self._insist, args=(number,), name="last-way-out", daemon=True).start()
        self._leave()

    def _insist(self, number: int) -> None:
        if not self._over.wait(GRACE):
            os._exit(128 + number)

    @contextmanager
    def watching(self) -> Iterator[Watchdog]:
        """Watch while the block runs; the handlers from before are put back."""
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, self._handle)
        threading.Thread(target=self._watch, name="terminal-watch", daemon=True).start()
        try:
            yield self
        finally:
            self._over.set()
            for number, handler in before.items():
                signal.signal(number, handler)
