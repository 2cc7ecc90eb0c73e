"""Several processes that list for one stream: each asks and reads pages, this one only plans and takes them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict

import msgspec

from icehouse.core.errors import Unavailable
from icehouse.core.refs import FolderRef, folder_address

from . import listing
from .client import Client
from .frames import HELLO, Setting, Told, asked, framed, next_frame, page_of
from .paging import Paged, Wish

_MOST = 4
_LEAVE = 1.0
"""Seconds in which a process may end by itself."""


def processes_for(client: Client) -> int:
    """How many processes may list: as the options say, else as many as there are cores, up to four.

    One where to log in may ask the user for a code: each process would ask again, and wait.
    """
    options = client.options
    if options.processes == 1 or client.may_ask:
        return 1
    if options.processes is not None:
        return options.processes
    return min(_MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


class Crew:
    """The processes of one stream.  For any number of threads."""

    def __init__(self, client: Client, folder: FolderRef, number: int) -> None:
        """Start `number` processes; none has answered yet."""
        self._client = client
        self._what = folder_address(folder)
        options = {name: value for name, value in asdict(client.options).items() if name not in ("batch", "processes")}
        setting = framed(HELLO, Setting(client.store, options, folder.container, folder.prefix, listing.PAGE))
        # A page comes within the time-outs of each of its steps; twice that is a process that hangs.
        self._patience = 2 * (client.options.connect_timeout + client.options.read_timeout) + 60.0
        self._lock = threading.Lock()
        self._hands = [_Hand(setting) for _ in range(number)]

    @property
    def size(self) -> int:
        """How many processes there are."""
        return len(self._hands)

    @property
    def ready(self) -> bool:
        """Whether there are processes to ask, and all of them have begun."""
        alive = [hand for hand in self._hands if hand.alive]
        return bool(alive) and all(hand.begun for hand in alive)

    def ask(self, wish: Wish) -> Paged:
        """Have a wish carried out by whoever has least to do.  Unavailable where that process ended."""
        client = self._client
        with self._lock:
            alive = [hand for hand in self._hands if hand.alive]
            if not alive:
                raise Unavailable(f"{self._what}: the processes that list have ended")
            hand = min(alive, key=lambda each: each.waiting)
            answer = hand.send(wish, shown=client.showed_restores)
        if not answer.ready.wait(self._patience):
            hand.end(0.0)
        if answer.frame is None:
            raise Unavailable(f"{self._what}: a process that lists ended")
        told = msgspec.msgpack.decode(answer.frame, type=Told)
        client.showed_restores = client.showed_restores or told.shown
        return page_of(told)

    def close(self) -> None:
        """End the processes."""
        for hand in self._hands:
            hand.hang_up()
        for hand in self._hands:
            hand.end(_LEAVE)


class _Answer:
    """A frame that is waited for; None where none will come."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.frame: bytes | None = None


class _Hand:
    """One process, and who reads what it says."""

    def __init__(self, setting: bytes) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "icehouse.stores.s3.hand"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # without a terminal, on which nobody but this process may ask
        )
        self._lock = threading.Lock()
        self._open: dict[int, _Answer] = {}
        self._number = 0
        self.alive = True
        self.begun = False
        self._write(setting)
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def waiting(self) -> int:
        """How many answers are waited for."""
        return len(self._open)

    def send(self, wish: Wish, *, shown: bool) -> _Answer:
        """Pass a wish on; the answer comes later."""
        answer = _Answer()
        with self._lock:
            self._number += 1
            if self.alive:
                self._open[self._number] = answer
            else:
                answer.ready.set()
            self._write(framed(self._number, asked(wish, shown=shown)))
        return answer

    def hang_up(self) -> None:
        """Close the pipe, which ends the process."""
        assert self._process.stdin is not None
        with self._lock:
            _quietly(self._process.stdin.close)

    def end(self, seconds: float) -> None:
        """See it end, within so many seconds by itself."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _write(self, frame: bytes) -> None:
        assert self._process.stdin is not None
        pipe = self._process.stdin
        _quietly(lambda: (pipe.write(frame), pipe.flush()))

    def _read(self) -> None:
        assert self._process.stdout is not None
        source = self._process.stdout
        while (frame := next_frame(source.read)) is not None:
            number, body = frame
            self.begun = self.begun or number == HELLO
            answer = self._open.pop(number, None)
            if answer is not None:
                answer.frame = body
                answer.ready.set()
        with self._lock:
            self.alive = False
            left, self._open = self._open, {}
        for answer in left.values():
            answer.ready.set()
        source.close()


def _quietly(act: Callable[[], object]) -> None:
    """A pipe that nobody reads any more is found out by who reads its answers."""
    try:
        act()
    except (OSError, ValueError):
        return
