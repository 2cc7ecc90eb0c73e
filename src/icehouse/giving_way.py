"""Giving way to whoever sits before a screen: less urgent than they, for the system's scheduler."""

from __future__ import annotations

import os
from contextlib import suppress

_SESSION = "/proc/self/autogroup"
STEPS = 10


def give_way(by: int = STEPS) -> None:
    """Be less urgent by so many steps of ``nice``; and if this process leads a session, have all of that be as urgent.

    Linux weighs sessions against each other before it weighs what runs within each (sched(7), "The autogroup
    feature"), so that against another session's the nice of a process alone counts for nothing.  Where either can't be
    had, it stays as it is.
    """
    with suppress(OSError):
        urgency = os.nice(by)
        if os.getsid(0) == os.getpid():
            with open(_SESSION, "w") as session:
                session.write(str(urgency))
