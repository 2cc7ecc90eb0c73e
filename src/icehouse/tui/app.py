"""The console: six screens over one list each, the lines around them, and the keys that work everywhere.

It reads the catalogue and the ledger, and carries nothing out itself: it may be killed at any time.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Key, Resize
from textual.widgets import ContentSwitcher

from icehouse.core.errors import IcehouseError
from icehouse.garbage import settle

from .actions import registry
from .actions.everywhere import ACTIONS
from .around import sum_up_marks, tell
from .calm import Calm
from .console_verbs import VERBS
from .feeds import Fed, Feeds, Turn
from .known import Known, recall
from .log import NAME, log_into
from .marked import Marked
from .news import News, Watch
from .scoping import Scoping
from .screens import furnish
from .screens.room import Room
from .watchdog import Watchdog
from .widgets.bottom_bar import BottomBar
from .widgets.context_line import ContextLine
from .widgets.details import Details
from .widgets.key_line import KeyLine
from .widgets.status_line import StatusLine

if TYPE_CHECKING:
    from icehouse.services.house import House

SWITCH_EVERY = 0.001
"""Seconds after which a thread that reads lets the screen's go on: a key waits for several such turns."""

WIDE = 110
"""Columns from which the details have the right half; below they have the whole screen."""


class Console(Calm[int]):
    """The app: what is on screen, which screen, whether it may write; nothing that matters."""

    CSS_PATH: ClassVar[list[str | Path]] = [Path(__file__).parent / "styles" / "console.tcss"]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [*registry.bindings(ACTIONS)]

    def __init__(self, house: House, *, ascii: bool, theme: str = "", screen: str = "") -> None:
        super().__init__(ascii=ascii, theme=theme, log_line=log_into(house.paths.logs))
        self.house = house
        self.write = False
        self._sized = False
        self.news = News()
        self.marked = Marked(house)
        self.known = Known()
        self.scoping = Scoping(self)
        self.feeds = Feeds(self, lambda line: self.say(line, danger=True))
        self.watch_thread = Watch(house, self._told_news)
        self._first = screen if screen in registry.ROOMS else "browse"
        self.rooms: dict[str, Room] = {self._first: furnish(self._first)}
        """The screens by name: the first one alone until it is painted."""

    def compose(self) -> ComposeResult:
        """The frame of every screen."""
        yield ContextLine(id="context")
        with Horizontal(id="body"):
            with ContentSwitcher(initial=self._first, id="rooms"):
                yield from self.rooms.values()
            yield Details(id="details")
        yield StatusLine(id="status")
        yield BottomBar(id="marks")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Paint what is known at once; everything that takes time comes after the first paint."""
        self.room.list.focus()
        self.room.entered()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._furnish()
        settle()
        try:
            self.marked.open()
        except IcehouseError as error:
            self.say(str(error), danger=True)
        self.marks_changed()
        recall(self)
        self.scoping.load()
        self.feeds.read("news", self.watch_thread.run, lambda _: None)
        self.feeds.read("workers", self._wake_workers, lambda _: None)

    def _wake_workers(self, _: Turn) -> None:
        """A job that nobody works on, after a crash or a restart of the machine, goes on when a face is opened."""
        from icehouse.services.worker import ensure_workers

        ensure_workers(self.house)

    @property
    def room(self) -> Room:
        """The screen that is shown."""
        return self.rooms[self.query_one(ContentSwitcher).current or self._first]

    def _furnish(self) -> bool:
        """Make the screens that are missing, what they are made of imported only now; whether there were any."""
        missing = [furnish(name) for name in registry.ROOMS if name not in self.rooms]
        for room in missing:
            room.display = False
            self.rooms[room.room] = room
        if missing:
            self.query_one(ContentSwitcher).mount(*missing)
        return bool(missing)

    def show_room(self, name: str) -> None:
        """Show another screen."""
        switcher = self.query_one(ContentSwitcher)
        if switcher.current != name:
            self.room.left()
            switcher.current = name
            self.query_one(StatusLine).hush()
        self.room.list.focus()
        self.room.entered()
        self.tell()

    def tell(self) -> None:
        """Bring the lines around the list up to date; what did not change is not sent."""
        if self.is_running and self.screen_stack:
            tell(self, self.screen_stack[0])

    def say(self, words: str, *, danger: bool = False) -> None:
        """Say something once, in the line above the marks."""
        self.screen_stack[0].query_one(StatusLine).announce(words, danger=danger)

    def on_resize(self, event: Resize) -> None:
        """Details beside the list where there is room, from the start; over the list where they are asked for."""
        if not self._sized:
            self._sized = True
            self.set_class(event.size.width >= WIDE, "-details")
        self.set_class(event.size.width < WIDE, "-narrow")
        self.call_after_refresh(self.tell)

    def on_key(self, event: Key) -> None:
        """A key that came right behind the one that opened a line to type in is for that line: it is no command.

        So is one that came before a field had the focus and was not looked at before it had: fields let nothing pass
        that they take, and no key of the screen is looked for that a field takes.
        """
        typed, field = getattr(self.screen, "typed_ahead", None), self.focused
        if typed is not None and typed(event):
            event.prevent_default()
        elif (
            event.character
            and field is not None
            and hasattr(field, "insert_text_at_cursor")
            and field.check_consume_key(event.key, event.character)
        ):
            field.insert_text_at_cursor(event.character)
            event.prevent_default()

    def action_act(self, action_id: str) -> None:
        """Do what a key stands for, or say why it can't be done now."""
        if self._furnish():  # a key before the first paint
            self.call_after_refresh(self.action_act, action_id)
            return
        room = self.room
        try:
            action = registry.find(room.room, action_id)
        except KeyError:
            return
        reason = action.why_not(room.situation())
        if reason is not None:
            self.say(f"{action.label}: {reason}")
            return
        verb = room.verb(action_id) or partial(VERBS[action_id], self)
        verb()

    def marks_changed(self) -> None:
        """Sum the marks up anew, in a thread."""
        self.tell()
        sum_up_marks(self)

    def poke(self) -> None:
        """Look at the ledger again: this console has just written to it."""
        self.watch_thread.poked = True

    @on(Fed)
    def _deliver(self, message: Fed) -> None:
        self.feeds.deliver(message)

    def _told_news(self, news: News) -> None:
        self.news = news
        for room in self.rooms.values():
            room.changed()
        self.scoping.look_again()
        self.tell()

    def leave(self) -> None:
        """End at once; threads that read are left behind."""
        for room in self.rooms.values():
            room.closing()
        self.feeds.close()
        self.exit(0)


def run(house: House, *, ascii: bool | None = None, mouse: bool | None = None, screen: str = "") -> int:
    """Open the console on this terminal until the user leaves, on `screen` first; its exit code.

    `ascii` and `mouse` None take the config's word; the mouse stays off over SSH, where its reports flood the link.
    A signal or a dead terminal ends it within two seconds, whatever hangs.
    """
    settings = house.config.console
    with_mouse = (settings.mouse and "SSH_CONNECTION" not in os.environ) if mouse is None else mouse
    console = Console(house, ascii=settings.ascii if ascii is None else ascii, theme=settings.theme, screen=screen)
    sys.setswitchinterval(SWITCH_EVERY)

    def leave() -> None:
        console.call_later(console.leave)

    with Watchdog(leave).watching() as dog:
        console.run(mouse=with_mouse)
    if console.fell_with:
        print(f"icehouse: {console.fell_with}; the log is in {house.paths.logs / NAME}", file=sys.stderr)
        return 1
    return 128 + dog.told if dog.told is not None else 0
