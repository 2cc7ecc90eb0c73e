"""A process that lists for a stream of another: ``python -m icehouse.stores.s3.hand``, told what to do by a pipe.

It logs in by the same chain as its parent, of which it inherited the environment, and ends as soon as the pipe is
closed, whatever closed it.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress

import msgspec

from icehouse.core.errors import IcehouseError
from icehouse.core.refs import FolderRef, folder_address
from icehouse.garbage import seldom
from icehouse.giving_way import give_way

from . import listing
from .client import Client
from .frames import HELLO, Asked, Setting, failed, framed, next_frame, told, wish_of
from .options import parse_options
from .pages import expect_many
from .paging import ask_here


def main() -> None:
    """Answer what comes by the standard input, until it is closed."""
    give_way(0)  # no more than its parent did, but for a session of its own
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to answer
    out = os.dup(sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    source = sys.stdin.buffer
    first = next_frame(source.read)
    if first is None:
        return
    hand = _Hand(msgspec.msgpack.decode(first[1], type=Setting), out)
    while (frame := next_frame(source.read)) is not None:
        hand.take(frame[0], msgspec.msgpack.decode(frame[1], type=Asked))
    os._exit(0)


class _Hand:
    """As many threads as there are wishes at once."""

    def __init__(self, setting: Setting, out: int) -> None:
        listing.PAGE = setting.size
        self._client = Client(setting.store, parse_options(setting.store, setting.options))
        self._folder = FolderRef(setting.store, setting.container, setting.prefix)
        self._out = out
        self._writing = threading.Lock()
        self._wishes: queue.SimpleQueue[tuple[int, Asked]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._free = 0
        expect_many()
        with suppress(IcehouseError):  # who asks will hear of it
            _ = self._client.wire
        seldom()
        self._say(framed(HELLO))

    def take(self, number: int, asked: Asked) -> None:
        with self._lock:
            more = not self._free
            self._free -= not more
        self._wishes.put((number, asked))
        if more:
            threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._answer(*self._wishes.get())
            with self._lock:
                self._free += 1

    def _answer(self, number: int, asked: Asked) -> None:
        client = self._client
        client.showed_restores = client.showed_restores or asked.shown
        began = time.thread_time()
        try:
            page = ask_here(client, self._folder, wish_of(asked))
            answer = told(page._replace(work=time.thread_time() - began), shown=client.showed_restores)
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent has to hear of it
            answer = failed(error, folder_address(self._folder))
        self._say(framed(number, answer))

    def _say(self, frame: bytes) -> None:
        with self._writing:
            view = memoryview(frame)
            while view:
                view = view[os.write(self._out, view) :]


def _gone(_: object) -> None:
    """Nobody reads what is written: the parent is gone."""
    os._exit(0)


if __name__ == "__main__":
    threading.excepthook = _gone
    main()
