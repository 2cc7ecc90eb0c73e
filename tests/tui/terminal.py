"""A real terminal for tests: a process on a pty, its bytes counted and its screen read by an emulator (pyte)."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

DEADLINE = 20.0


class Terminal:
    """One process with a terminal of its own, 80x24 unless told otherwise.

    Every wait has an end and looks at the screen, never at the clock alone.  `sent` counts the bytes that the process
    wrote, `raw` keeps them.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (80, 24),
        preexec: Callable[[], None] | None = None,
    ) -> None:
        self.columns, self.rows = size
        self.screen = pyte.Screen(self.columns, self.rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self._lock = threading.Lock()
        environ = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM", "SSH_CONNECTION")}
        environ |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", **(env or {})}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:  # the child
            try:
                if preexec:
                    preexec()
                os.execvpe(argv[0], list(argv), environ)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))
        self._status: int | None = None
        self._hung_up = False
        self._stopping = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._stopping.is_set():
            try:
                ready, _, _ = select.select([self.fd], [], [], 0.1)
                if not ready:
                    continue
                data = os.read(self.fd, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                # pyte knows no private modes with '>' or '$'; they draw nothing
                self._stream.feed(re.sub(rb"\x1b\[[>?=][0-9;]*[$]?[upq]", b"", data))

    @property
    def sent(self) -> int:
        """How many bytes the process has written so far."""
        with self._lock:
            return len(self.raw)

    def display(self) -> list[str]:
        """The screen's lines as text."""
        with self._lock:
            return [line.rstrip() for line in self.screen.display]

    def text(self) -> str:
        """The whole screen as one text."""
        return "\n".join(self.display())

    def cursor_row(self) -> int | None:
        """The first line that is shown in reverse from its left edge: where our cursor stands."""
        with self._lock:
            for y in range(self.rows):
                if self.screen.buffer[y][1].reverse:
                    return y
        return None

    def in_reverse(self) -> str:
        """The text that is shown in reverse: the cursor's row, or the choice that has the focus."""
        with self._lock:
            return "".join(
                self.screen.buffer[y][x].data
                for y in range(self.rows)
                for x in range(self.columns)
                if self.screen.buffer[y][x].reverse
            )

    def wait_focus(self, words: str) -> None:
        """Until `words` are shown in reverse: keys sent earlier would go to whatever has the focus until then."""
        self.wait(lambda: words in self.in_reverse(), f"the focus on {words!r}")

    def send(self, keys: str) -> None:
        """Type `keys`."""
        os.write(self.fd, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal another size, as dragging its window does."""
        with self._lock:
            self.columns, self.rows = columns, rows
            self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait(self, seen: Callable[[], object], what: str, seconds: float = DEADLINE) -> None:
        """Until `seen()` is true; AssertionError with the screen after `seconds`."""
        end = time.monotonic() + seconds
        while not seen():
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not show within {seconds} s:\n{self.text()}")
            time.sleep(0.01)

    def wait_for(self, words: str, seconds: float = DEADLINE) -> None:
        """Until `words` are on screen."""
        self.wait(lambda: words in self.text(), repr(words), seconds)

    def wait_gone(self, words: str, seconds: float = DEADLINE) -> None:
        """Until `words` are no longer on screen."""
        self.wait(lambda: words not in self.text(), f"the end of {words!r}", seconds)

    def quiet(self, still: float = 0.5, seconds: float = DEADLINE) -> int:
        """Until nothing was written for `still` seconds; the bytes written by then."""
        end = time.monotonic() + seconds
        last, since = self.sent, time.monotonic()
        while time.monotonic() - since < still:
            if time.monotonic() > end:
                raise AssertionError(f"the terminal never came to rest:\n{self.text()}")
            time.sleep(0.02)
            if self.sent != last:
                last, since = self.sent, time.monotonic()
        return last

    def hang_up(self) -> None:
        """Take the terminal away, as a lost SSH session does."""
        self._stopping.set()
        self._reader.join()
        self._hung_up = True
        os.close(self.fd)

    def ended(self) -> int | None:
        """The wait status once the process is gone, None before."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = status
        return self._status

    def wait_end(self, seconds: float = DEADLINE) -> int:
        """Until the process is gone; its exit code, or minus the signal that ended it."""
        end = time.monotonic() + seconds
        while self.ended() is None:
            if time.monotonic() > end:
                raise AssertionError(f"process {self.pid} is still there after {seconds} s")
            time.sleep(0.01)
        assert self._status is not None
        return os.waitstatus_to_exitcode(self._status)

    def close(self) -> None:
        """End the process if it is still there, and give the terminal back."""
        if self.ended() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait_end()
        if not self._hung_up:
            self.hang_up()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
