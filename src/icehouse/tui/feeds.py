"""The one bridge between services and screens: threads that read, and messages that bring what they found.

Threads never touch a widget.  They are daemons of our own rather than Textual's workers, whose pool is waited for at
the end (six seconds for a store that does not answer: facts/tui.md).  A group holds one read: a newer one supersedes
the older, whose result is then dropped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.message import Message

from icehouse.core.errors import IcehouseError
from icehouse.core.text import safe

if TYPE_CHECKING:
    from textual.app import App

T = TypeVar("T")
TELL_EVERY = 0.25
"""Seconds between two tellings of one read: the eye needs no more, and a slow link can't take more."""


class Fed(Message):
    """Something a read found; `deliver` runs in the screen's thread if the read is still wanted."""

    def __init__(self, turn: Turn, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.turn = turn
        self.deliver = deliver


class Turn:
    """One read.  Its work asks `stopped` between steps and may `tell` what it has so far."""

    def __init__(self, app: App[Any], group: str) -> None:
        self.group = group
        self._app = app
        self._over = threading.Event()
        self._told = 0.0

    def stopped(self) -> bool:
        """Whether nobody waits for this read any more."""
        return self._over.is_set()

    def stop(self) -> None:
        """Nobody waits any more."""
        self._over.set()

    def wait(self, seconds: float) -> bool:
        """Rest for that long, less when stopped; whether it was stopped."""
        return self._over.wait(seconds)

    def tell(self, deliver: Callable[[], None], *, always: bool = False) -> None:
        """Have `deliver` run in the screen's thread, at most four times a second; what is dropped comes at the end."""
        now = time.monotonic()
        if self.stopped() or (not always and now - self._told < TELL_EVERY):
            return
        self._told = now
        self._app.post_message(Fed(self, deliver))


class Feeds:
    """The reads under way, one a group."""

    def __init__(self, app: App[Any], complain: Callable[[str], None]) -> None:
        self._app = app
        self._complain = complain
        self._turns: dict[str, Turn] = {}

    def read(
        self,
        group: str,
        work: Callable[[Turn], T],
        done: Callable[[T], None],
        failed: Callable[[str], None] | None = None,
    ) -> Turn:
        """Do `work` in a thread, then `done` with its result or `failed` with one line in the screen's thread."""
        self.drop(group)
        turn = self._turns[group] = Turn(self._app, group)

        def run() -> None:
            try:
                result = work(turn)
            except IcehouseError as error:
                line = str(error)
                turn.tell(lambda: (failed or self._complain)(line), always=True)
            except Exception as error:  # noqa: BLE001 - a read that fails must never end the console
                line = safe(f"unexpected {type(error).__name__}: {error}")
                turn.tell(lambda: (failed or self._complain)(line), always=True)
            else:
                turn.tell(lambda: done(result), always=True)

        threading.Thread(target=run, name=f"feed-{group}", daemon=True).start()
        return turn

    def drop(self, group: str) -> None:
        """Nobody waits for that group's read any more."""
        turn = self._turns.pop(group, None)
        if turn is not None:
            turn.stop()

    def running(self, group: str) -> bool:
        """Whether a read of that group is wanted still."""
        return group in self._turns

    def deliver(self, message: Fed) -> None:
        """Run what a read brought, unless it came too late."""
        if not message.turn.stopped():
            message.deliver()

    def close(self) -> None:
        """Nobody waits for anything any more."""
        for group in list(self._turns):
            self.drop(group)
