"""One scanner at a time: a lock that ends with the process that holds it, however that ends."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from icehouse.core.clock import Clock

from .base import plainly

_ATTEMPTS = 10
_PAUSE = 0.05
"""Whoever asks `is_held` holds the lock for a moment; a scanner tries for half a second."""


class Turn:
    """A held lock.  `end` gives it back; so does the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def end(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


def take_turn(path: Path, clock: Clock) -> Turn | None:
    """The lock at `path`, or None where another process has it."""
    with plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for attempt in range(_ATTEMPTS):
        if attempt:
            clock.sleep(_PAUSE)
        if _lock(descriptor, fcntl.LOCK_EX):
            return Turn(descriptor)
    os.close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Whether some process has the lock at `path` now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True
