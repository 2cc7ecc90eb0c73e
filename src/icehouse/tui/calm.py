"""A Textual app with this console's manners: silent at rest, safe against names, mute about locals when it falls."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from icehouse.core.text import safe

from .frames import Frame
from .safety import Net
from .themes import TERMINAL, chosen

Result = TypeVar("Result")


class Calm(App[Result], Generic[Result]):
    """The base of the console and of its tests' small apps."""

    ENABLE_COMMAND_PALETTE = False  # Textual's has a spinner; ours is a dialog
    NOTIFICATION_TIMEOUT = 5

    def __init__(self, *, ascii: bool = False, theme: str = "", log_line: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self.ascii_only = ascii
        self.fell_with: str = ""
        """The one line about the exception that ended the app, "" where none did."""
        self._log_line = log_line
        self.register_theme(TERMINAL)
        self.theme = chosen(theme, frozenset(BUILTIN_THEMES))
        # Textual chooses between greys and no colour before it knows the theme; NO_COLOR means none
        self._filters = [NoColor() if isinstance(each, Monochrome) else each for each in self._filters]
        self._filters.append(Net())
        self._frame = Frame()

    def on_app_focus(self, event: events.AppFocus) -> None:
        """Another window was left or entered: no reason to paint anything."""
        event.prevent_default()

    def on_app_blur(self, event: events.AppBlur) -> None:
        """See `on_app_focus`."""
        event.prevent_default()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Hand on only what the terminal does not show already."""
        if isinstance(renderable, LayoutUpdate | ChopsUpdate) and not self.is_headless and not self._batch_count:
            renderable = self._frame.changes(renderable, screen.outer_size)
        super()._display(screen, renderable)

    def redraw(self) -> None:
        """Paint everything anew, whatever the terminal shows."""
        self._frame.forget()
        self.refresh(layout=True)

    def on_mount(self) -> None:
        """After a pause (ctrl+z), nothing is known of the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self.redraw())

    def _fatal_error(self) -> None:
        """End on an unhandled exception: one line for people, the stack without locals for the log.

        Textual's own prints every local variable, and with them whatever secret or name they hold.
        """
        kind, error, _ = sys.exc_info()
        name = kind.__name__ if kind else "error"
        self.fell_with = safe(f"{name}: {error}")
        if self._log_line:
            for line in traceback.format_exc().splitlines():
                self._log_line(safe(line))
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        """Never let an error render itself."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._fatal_error()

    def panic(self, *renderables: Any) -> None:
        """Textual's other way to end: without what it wanted to print."""
        self.fell_with = self.fell_with or "the console could not go on"
        self._close_messages_no_wait()
