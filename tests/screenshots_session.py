"""A console that is driven and drawn: what every tour of the screenshots is made with."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from icehouse.services.house import open_house
from icehouse.tui.app import Console
from tests.names import sitecustomize
from tests.tui.house import Place

SECONDS = 90.0

NARROW, WIDE = (80, 24), (120, 40)


def text_of(app: Console) -> str:
    """What is on screen, as text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


class Session:
    """A console being driven, and the folder its pictures go to."""

    def __init__(self, app: Console, pilot: Pilot[int], folder: Path, suffix: str) -> None:
        self.app, self.pilot, self.folder, self.suffix = app, pilot, folder, suffix

    async def until(self, words: str | Callable[[], bool]) -> None:
        """Wait until `words` are on screen (or a condition holds); AssertionError at the end of all patience."""
        end = time.monotonic() + SECONDS
        while not (words() if callable(words) else words in text_of(self.app)):
            if time.monotonic() > end:
                raise AssertionError(f"{words!r} never showed:\n{text_of(self.app)}")
            await self.pilot.pause(0.05)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def stand_on(self, name: str) -> None:
        """Move the cursor to the row that begins with `name`."""
        await self.press("g")
        rows = self.app.room.list
        for position in range(rows.source.count):
            row = rows.source.rows(position, 1)[0].row
            if str(getattr(row, "name", "")).startswith(name):
                rows.go(position)
                await self.pilot.pause()
                return
        raise AssertionError(f"no row {name!r}:\n{text_of(self.app)}")

    async def to_write(self) -> None:
        """Switch to write mode, as an operator does: asked for, and said yes to."""
        await self.press("w")
        await self.until("Switch to write")
        await self.press("tab", "enter")
        await self.until("WRITE")

    async def shot(self, name: str) -> None:
        """Save a picture."""
        await self.pilot.pause(0.1)
        svg = self.app.export_screenshot(title="icehouse")
        svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)  # a picture asks no server for a font
        svg = re.sub(r"\n\s*\n+", "\n", svg)
        (self.folder / f"{name}{self.suffix}.svg").write_text(svg)


@asynccontextmanager
async def opened(here: Place, folder: Path, size: tuple[int, int] = NARROW, screen: str = "") -> AsyncIterator[Session]:
    """A console at this place in a terminal of `size`, at `screen` ("" for the usual); its pictures go to `folder`."""
    house = open_house(str(here.config), str(here.state))
    try:
        app = Console(house, ascii=False, screen=screen)
        async with app.run_test(size=size) as pilot:
            yield Session(app, pilot, folder, "" if size == NARROW else f"-{size[0]}x{size[1]}")
    finally:
        house.close()


def draw(here: Place, tours: Callable[[tuple[int, int]], Coroutine[object, object, None]]) -> None:
    """Take both sizes of a tour at this place."""
    os.environ.update(here.environment(), PYTHONPATH=str(Path(sitecustomize.__file__).parent))
    for size in (NARROW, WIDE):
        asyncio.run(tours(size))
