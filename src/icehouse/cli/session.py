"""What every command gets: where things are, and the house, opened when first asked for."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING

from icehouse.core.errors import IcehouseError
from icehouse.core.refs import Address

if TYPE_CHECKING:
    from icehouse.services.house import House
    from icehouse.settings.paths import Paths

INTERRUPTED = 130
"""The exit code of what the user stopped."""

OpenConsole = Callable[["House", str], int]
"""How the console is opened, on a screen ("" for its first); handed in from outside, as the two faces don't know each
other."""

SCREENS = ("browse", "scope", "cold", "deliveries", "jobs", "audit")
"""The screens on which the console can be opened."""


@dataclass
class Session:
    """One run of the command line."""

    open_console: OpenConsole
    config: str | None = None
    state: str | None = None
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    _house: House | None = field(default=None, repr=False)
    _demo: bool = False

    @property
    def house(self) -> House:
        """The house of this config and state, opened once."""
        if self._house is None:
            from icehouse.services.house import open_house

            from .tether import follow_demo

            self._house = open_house(self.config, self.state)
            if not self._demo:
                follow_demo(self._house.paths.state)
        return self._house

    def use(self, *, config: str, state: str) -> None:
        """Work on this config and state, as the demo that holds them."""
        self.config, self.state, self._demo = config, state, True

    @cached_property
    def paths(self) -> Paths:
        """The paths in force, whether or not there is a config."""
        from icehouse.settings.paths import find_paths

        return find_paths(self.config, self.state)

    def address(self, text: str) -> Address:
        """What the user typed, as an address of a configured store; a container's name in it is remembered."""
        found = self.house.address(text)
        typed = text.partition(":")[2].partition("/")[0]
        if found.container and typed not in ("", found.container):
            self.names[(found.store, found.container)] = typed
        return found


class Interrupt:
    """Whether the user has pressed ctrl-C; asked by long work between two steps."""

    def __init__(self) -> None:
        self.pressed = False

    def __call__(self) -> bool:
        """True once ctrl-C was pressed."""
        return self.pressed

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
        print("\nstopping after what is under way; ctrl-C again stops at once", file=sys.stderr)

    @contextmanager
    def listening(self) -> Iterator[Interrupt]:
        """Take ctrl-C as a wish to stop while the block runs; a second one stops it at once."""
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield self
        except IcehouseError:
            if self.pressed:
                raise KeyboardInterrupt from None  # what was left unfinished is the user's wish, not an error
            raise
        finally:
            signal.signal(signal.SIGINT, before)
