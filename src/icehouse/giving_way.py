"""Giving way to whoever sits before a screen: less urgent than they, for the system's scheduler."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress

_SESSION = "/proc/self/autogroup"
_PAUSE = 0.11  # s; the system takes one such wish of ordinary users in a tenth of a second, from all of them together
_PATIENCE = 10.0  # s
STEPS = 10


def give_way(by: int = STEPS) -> None:
    """Be less urgent by so many steps of ``nice``; and if this process leads a session, have all of that be as urgent.

    Linux weighs sessions against each other before it weighs what runs within each (sched(7), "The autogroup
    feature"), so that against another session's the nice of a process alone counts for nothing.  Where either can't be
    had, it stays as it is; where the system is asked too often, a thread asks again for some seconds.
    """
    with suppress(OSError):
        urgency = os.nice(by)
        if urgency and os.getsid(0) == os.getpid():
            try:
                _weigh(urgency)
            except BlockingIOError:
                threading.Thread(target=_weigh_in_time, args=(urgency,), daemon=True).start()


def _weigh_in_time(urgency: int) -> None:
    end = time.monotonic() + _PATIENCE
    with suppress(OSError):
        while time.monotonic() < end:
            time.sleep(_PAUSE)
            with suppress(BlockingIOError):
                _weigh(urgency)
                return


def _weigh(urgency: int) -> None:
    with open(_SESSION, "w") as session:
        session.write(str(urgency))
