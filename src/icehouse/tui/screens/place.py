"""Where Browse is: the stores, a store's containers, or a folder."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from icehouse.core.refs import FolderRef


@dataclass(frozen=True, slots=True)
class Place:
    """What is open: nothing (the stores), a store, or a folder of one of its containers."""

    store: str = ""
    container: str = ""
    prefix: str = ""

    @property
    def folder(self) -> FolderRef | None:
        """The folder that is open, None above the containers."""
        return FolderRef(self.store, self.container, self.prefix) if self.container else None

    @property
    def above(self) -> tuple[Place, Hashable] | None:
        """Where one comes from, and the row that leads here; None at the top."""
        if self.prefix:
            parent = self.prefix[:-1].rpartition("/")
            return replace(self, prefix=parent[0] + parent[1]), self.folder
        if self.container:
            return Place(self.store), self.folder
        return (Place(), self.store) if self.store else None
