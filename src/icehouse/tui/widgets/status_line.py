"""The line above the marks: how far what is on screen can be trusted, or the last thing that was said."""

from __future__ import annotations

import time

from icehouse.present.cells import Cell, Tone, wide

from .words_line import WordsLine

RULE = 3
"""Cells between left and right that make a rule of them."""

SAID_FOR = 8.0
"""Seconds for which something said stays, unless the next thing happens earlier."""


class StatusLine(WordsLine):
    """Standing words at the left, position in the list at the right; a message takes the left for a while.

    A message that needs the room takes that of the position as well.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(rule=True, id=id)
        self._standing: tuple[str, Tone] = ("", Tone.FAINT)
        self._position = ""
        self._message: tuple[str, Tone] | None = None
        self._until = 0.0

    def tell(self, words: str, tone: Tone, position: str) -> None:
        """What the screen has to say of itself."""
        self._standing, self._position = (words, tone), position
        self._show()

    def announce(self, words: str, *, danger: bool = False) -> None:
        """Say something once; it goes away by itself."""
        self._message = (words, Tone.DANGER if danger else Tone.STRONG)
        self._until = time.monotonic() + SAID_FOR
        self.set_timer(SAID_FOR + 0.1, self._expire)
        self._show()

    def hush(self) -> bool:
        """Take the message away; whether there was one."""
        had = self._message is not None
        self._message = None
        self._show()
        return had

    def _expire(self) -> None:
        if self._message is not None and time.monotonic() >= self._until:
            self.hush()

    def _show(self) -> None:
        words, tone = self._message or self._standing
        left = [Cell("─ ", Tone.FAINT), Cell(words, tone)] if words else []
        right = [Cell(f" {self._position}", Tone.FAINT)] if self._position else []
        needed = sum(wide(cell.text) for cell in (*left, *right)) + RULE
        self.say(left, [] if self._message and needed > self.content_size.width else right)
