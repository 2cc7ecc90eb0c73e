"""What the stores are like and what their containers are called, as far as anybody has told so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef
from icehouse.core.rows import ContainerRow
from icehouse.core.text import SafeText, safe
from icehouse.present.manners import PLAIN, Manner

if TYPE_CHECKING:
    from icehouse.services.house import House

    from .app import Console
    from .feeds import Turn


class Known:
    """Remembered while the console is open: manners by store, names by store and container."""

    def __init__(self) -> None:
        self.manners: dict[str, Manner] = {}
        self.names: dict[tuple[str, str], str] = {}

    def manner(self, store: str) -> Manner:
        """How that store is spoken about."""
        return self.manners.get(store, PLAIN)

    def called(self, store: str, container: str) -> str:
        """What people call that container, raw."""
        return self.names.get((store, container)) or container

    def folder(self, folder: FolderRef) -> SafeText:
        """A folder by its path, a whole container by what people call it."""
        return safe(folder.prefix or self.called(folder.store, folder.container))

    def address(self, mark: Mark) -> str:
        """What is marked, for people: with the name of its container where it has one; raw."""
        target = mark.target
        path = target.prefix if isinstance(target, FolderRef) else target.key
        return f"{target.store}:{self.called(target.store, target.container)}/{path}{mark.pattern}"

    def take(self, rows: Iterable[ContainerRow]) -> None:
        """Remember what these are called."""
        self.names.update({(row.store, row.name): row.title for row in rows if row.title.strip()})


def manner_of(house: House, store: str) -> Manner:
    """Ask a store's features, once; for a thread, as the first use may ask the server."""
    told = house.store(store).features
    return Manner(
        told.container_word,
        told.titled,
        told.ids,
        told.previews,
        told.previews,
        told.ordered,
        bool(told.needs_describe),
    )


def learn(console: Console, store: str) -> None:
    """Find out what `store` is like, in a thread; a store that does not answer stays unknown until the next time."""
    known = console.known
    if not store or store in known.manners or store not in console.house.config.stores:
        return

    def done(manner: Manner) -> None:
        known.manners[store] = manner
        for room in console.rooms.values():
            room.learned(store)
        console.tell()

    console.feeds.read(f"learn {store}", lambda _: manner_of(console.house, store), done, lambda _: None)


def recall(console: Console) -> None:
    """Take the names that the catalogue remembers."""

    def work(_: Turn) -> list[ContainerRow]:
        from icehouse.services.browse import sums

        found = sums(console.house)
        return [ContainerRow(each.store, each.container, title=each.title) for each in found if each.title]

    console.feeds.read("names", work, console.known.take, lambda _: None)
