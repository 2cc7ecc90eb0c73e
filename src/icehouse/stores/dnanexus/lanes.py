"""Several windows of a search at once: who is idle takes the next, or gets a part of one that goes on for long.

Lanes become fewer when the platform says that it is asked too much, and more again while it does not.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from icehouse.core.entries import Entry
from icehouse.core.refs import FolderRef, folder_address

from .client import in_milliseconds
from .finding import Found
from .patience import patiently
from .trail import Trail
from .windows import Window, parts_of
from .wire import Closed

_FINE_FOR = 20
"""Pages without a refusal after which there is one lane more again."""

_MOST_KEPT = 20
"""So many pages of a window are remembered, for it may be split after any of them; later it is walked to its end."""

_POLL = 0.2

Search = Callable[[Window], Found]


@dataclass(frozen=True, slots=True)
class Step:
    """A page of a window: what is new in it, and the windows that take its place, none where it was the last."""

    window: int
    entries: tuple[Entry, ...]
    instead: tuple[tuple[int, Window], ...]


class Lanes:
    """The threads that walk windows, and what they have still to do."""

    def __init__(
        self,
        folder: FolderRef,
        search: Search,
        identity: Callable[[Entry], object],
        windows: Sequence[Window],
        lanes: int,
    ) -> None:
        """`search` asks for one page of a window; nothing is asked yet."""
        self._folder = folder
        self._search = search
        self._identity = identity
        self._lanes = self._allowed = max(1, lanes)
        self._fine = 0
        self._busy = 0
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._waiting = deque(enumerate(windows))
        self._next = len(windows)
        self._told: queue.Queue[Step | BaseException] = queue.Queue(2 * self._lanes)
        self._open = dict(self._waiting)

    def steps(self) -> Iterator[tuple[tuple[Entry, ...], tuple[Window, ...]]]:
        """Each page as it comes, and the windows that are left after it and all before.

        The first error of any lane is raised, after the pages that came before it.
        """
        try:
            for number in range(self._lanes):
                threading.Thread(target=self._work, name=f"dx-lane-{number}", daemon=True).start()
            while self._open:
                step = self._told.get()
                if isinstance(step, BaseException):
                    raise step
                del self._open[step.window]
                self._open.update(step.instead)
                yield step.entries, tuple(self._open.values())
        finally:
            self._stopped.set()
            with self._changed:
                self._changed.notify_all()

    def _work(self) -> None:
        try:
            while (task := self._take()) is not None:
                try:
                    self._walk(*task)
                finally:
                    with self._changed:
                        self._busy -= 1
                        self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - whatever it is ends the walk, in the thread that reads it
            self._tell(error)

    def _take(self) -> tuple[int, Window] | None:
        """The next window, None at the end."""
        with self._changed:
            while not self._stopped.is_set():
                if self._waiting and self._busy < self._allowed:
                    self._busy += 1
                    return self._waiting.popleft()
                if not self._waiting and not self._busy:
                    break
                self._changed.wait(_POLL)
        return None

    def _walk(self, number: int, window: Window) -> None:
        trail = Trail(folder_address(self._folder))
        seen: set[object] = set()
        moments: list[int] = []
        pages = 0
        while not self._stopped.is_set():
            page = self._page(window)
            own = [entry for entry in page.entries if window.holds(entry.created)]
            new = tuple(entry for entry in own if not window.told(self._identity(entry)))
            if page.following is None:
                self._tell(Step(number, new, ()))
                return
            pages += 1
            trail.got(entry.ref.version for entry in page.entries)
            window = replace(window, cursor=trail.go(page.following))
            parts: tuple[Window, ...] = ()
            if pages <= _MOST_KEPT:
                seen.update(map(self._identity, own))
                moments += [in_milliseconds(entry.created) for entry in own if entry.created is not None]
                if moments:
                    parts = parts_of(window, min(moments), max(moments), pages, seen, idle=self._idle() > 0)
                moments = [min(moments), max(moments)] if moments else []
            if parts:
                self._split(number, new, parts)
                return
            self._tell(Step(number, new, ((number, window),)))

    def _split(self, number: int, new: tuple[Entry, ...], parts: Sequence[Window]) -> None:
        with self._changed:
            numbered = tuple((self._next + at, part) for at, part in enumerate(parts))
            self._next += len(parts)
        # Told before anyone can walk them, so that what they tell comes behind it.
        self._tell(Step(number, new, numbered))
        with self._changed:
            self._waiting.extend(numbered)
            self._changed.notify_all()

    def _page(self, window: Window) -> Found:
        """A page, asked for again after a while where the platform says that it is asked too much."""
        page = patiently(lambda: self._search(window), self._pause, self._slower)
        self._faster()
        return page

    def _pause(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Closed(f"{folder_address(self._folder)}: nobody waits for it any more")

    def _slower(self) -> None:
        with self._changed:
            self._allowed, self._fine = max(1, self._allowed // 2), 0

    def _faster(self) -> None:
        with self._changed:
            self._fine += 1
            if self._fine >= _FINE_FOR and self._allowed < self._lanes:
                self._allowed, self._fine = self._allowed + 1, 0
                self._changed.notify_all()

    def _idle(self) -> int:
        """Lanes that have nothing to do and would find nothing."""
        with self._changed:
            return self._allowed - self._busy - len(self._waiting)

    def _tell(self, told: Step | BaseException) -> None:
        while not self._stopped.is_set():
            try:
                self._told.put(told, timeout=_POLL)
            except queue.Full:
                continue
            return
