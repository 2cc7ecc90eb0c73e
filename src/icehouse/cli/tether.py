"""What ties the processes of a demo to it: they end when it ends, in whatever way that was.

The demo holds a lock on a file in its state folder; the system takes it away with the process, even after `kill -9`.
Every other process on that state folder waits for that lock in a thread, at no cost, and ends when it gets it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from pathlib import Path

from icehouse.core.errors import UsageError

_HELD, _GUESTS = "demo.lock", "demo.guests"
_GRACE = 3.0
_TIED = "ICEHOUSE_TIED_TO"
"""Handed down from the demo and its guests to what they start: a process that begins when the demo is gone must end."""


class Tether:
    """The demo's end of it."""

    def __init__(self, state: Path) -> None:
        """Take the lock; from now on, processes on `state` are tied to this one.  UsageError: another demo has it."""
        self._held, self._guests = state / _HELD, state / _GUESTS
        self._guests.touch(mode=0o600)
        self._handle = os.open(self._held, os.O_RDWR | os.O_CREAT, 0o600)
        end = time.monotonic() + 1.0  # whoever only looks at the lock has it for a moment
        while not _free(self._handle, fcntl.LOCK_EX):
            if time.monotonic() > end:
                raise UsageError(f"{state}: another demo runs on this folder")
            time.sleep(0.02)
        os.environ[_TIED] = str(state)

    def cut(self, seconds: float = 2 * _GRACE) -> bool:
        """Let go, and wait until every process that was tied has ended; False when one has not within `seconds`."""
        os.close(self._handle)
        guests = os.open(self._guests, os.O_RDWR)
        try:
            end = time.monotonic() + seconds
            while not _free(guests, fcntl.LOCK_EX):
                if time.monotonic() > end:
                    return False
                time.sleep(0.02)
        finally:
            os.close(guests)
            self._held.unlink(missing_ok=True)
        return True


def abandoned(state: Path) -> bool:
    """Whether a demo on `state` was killed before it could clean up."""
    try:
        handle = os.open(state / _HELD, os.O_RDWR)
    except OSError:
        return False
    try:
        return _free(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def follow_demo(state: Path) -> None:
    """End this process when the demo that runs on `state` ends; nothing where there is none, or none any more.

    A process that a demo or one of its guests started ends at once (SystemExit) where the demo has ended before it.
    """
    try:
        held = os.open(state / _HELD, os.O_RDWR)
        guests = os.open(state / _GUESTS, os.O_RDWR)
    except OSError:
        _orphaned(state)
        return
    if _free(held, fcntl.LOCK_SH):  # a demo that was killed left its file; nobody holds it
        os.close(held)
        os.close(guests)
        _orphaned(state)
        return
    os.environ[_TIED] = str(state)
    fcntl.flock(guests, fcntl.LOCK_SH | fcntl.LOCK_NB)  # kept open, and so held, as long as this process lives
    threading.Thread(target=_end_with, args=(held,), name="tether", daemon=True).start()


def _orphaned(state: Path) -> None:
    """End a process that was started for a demo which is gone by now; else nothing."""
    if os.environ.get(_TIED) == str(state):
        raise SystemExit(1)


def _end_with(held: int) -> None:
    """Wait for the demo's lock, then end: politely, and after a while at once."""
    fcntl.flock(held, fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def _free(handle: int, how: int) -> bool:
    """Whether the lock could be had at once; it is held then."""
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
