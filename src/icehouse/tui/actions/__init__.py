"""What can be done on each screen, as data: it feeds key bindings, help, the command palette and the key line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, folder_address, ref_address
from icehouse.core.rows import ContainerRow, FolderRow, ObjectRow, StoreRow
from icehouse.present.manners import PLAIN, Manner

if TYPE_CHECKING:
    from icehouse.core.deliveries import DeliveryRow
    from icehouse.core.jobs import Job


@dataclass(frozen=True, slots=True)
class Situation:
    """What an action may depend on, as it is when the key is pressed.

    `scope` is the name of the one that is worked on, `edits` how many of its changes are not saved, `rules` how many
    it has, and `covered` whether it covers where one is.  `delivery` is the one under the cursor or above it, `level`
    how far down in it one is: "" for the checklist, ``objects`` or ``evidence``; `strokes` is how many changes of
    ticks can be taken back.  `kind` is the one kind of changes that is shown, "" for all.
    """

    room: str
    write: bool = False
    store: str = ""
    container: str = ""
    prefix: str = ""
    row: object | None = None
    marks: tuple[Mark, ...] = ()
    scanned: bool = False
    scanning: bool = False
    ranging: bool = False
    filtered: str = ""
    searched: str = ""
    job: Job | None = None
    rows: int = 0
    scope: str = ""
    edits: int = 0
    rules: int = 0
    covered: bool = False
    level: str = ""
    delivery: DeliveryRow | None = None
    strokes: int = 0
    kind: str = ""
    manners: Mapping[str, Manner] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """What the store calls its containers."""
        return self.manners.get(self.store, PLAIN).container

    @property
    def manner(self) -> Manner | None:
        """How the one store of what is chosen is; None where there are several, or nobody knows yet."""
        stores = {mark.target.store for mark in self.chosen} or {self.store}
        return self.manners.get(stores.pop()) if len(stores) == 1 else None

    @property
    def folder(self) -> FolderRef | None:
        """The folder that is open, None above the containers."""
        return FolderRef(self.store, self.container, self.prefix) if self.container else None

    @property
    def chosen(self) -> tuple[Mark, ...]:
        """What an action takes: the marks, else the row under the cursor."""
        if self.marks:
            return self.marks
        return (Mark(self.row.ref),) if isinstance(self.row, FolderRow | ObjectRow) else self._container()

    def _container(self) -> tuple[Mark, ...]:
        row = self.row
        return (Mark(FolderRef(row.store, row.name, "")),) if isinstance(row, ContainerRow) else ()

    @property
    def here(self) -> str:
        """The address of what the cursor is on, or of the folder that is open."""
        row = self.row
        if isinstance(row, FolderRow):
            return folder_address(row.ref)
        if isinstance(row, ObjectRow):
            return ref_address(row.ref)
        if isinstance(row, ContainerRow):
            return f"{row.store}:{row.name}/"
        if isinstance(row, StoreRow):
            return f"{row.name}:"
        return self.place

    @property
    def place(self) -> str:
        """The address of the folder that is open."""
        if self.folder is not None:
            return folder_address(self.folder)
        return f"{self.store}:" if self.store else ""


def always(_: Situation) -> str | None:
    """No reason against it."""
    return None


def anywhere(_: Situation) -> bool:
    """Offered on every store."""
    return True


def no_twin(_: Situation) -> str:
    """Nothing on the command line does the same: it is about the screen alone."""
    return ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    `keys` as Textual names them, the first one is shown; `label` is for the key line, `words` for help and palette.
    `enabled` gives the reason why not, or None; `twin` the command line that does the same, or "".  `dangerous`
    ones change a store or cost money: they need write mode.  `rank` orders the key line, 0 keeps out of it, as does
    not being `offered` by the store that one is on.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    words: str
    rank: int = 0
    dangerous: bool = False
    enabled: Callable[[Situation], str | None] = field(default=always, repr=False)
    twin: Callable[[Situation], str] = field(default=no_twin, repr=False)
    offered: Callable[[Situation], bool] = field(default=anywhere, repr=False)

    def why_not(self, now: Situation) -> str | None:
        """Why it can't be done now, None where it can.  Read-only stands before every other reason."""
        if self.dangerous and not now.write:
            return "read-only: w switches to write"
        return self.enabled(now)


_NAMES = {
    "space": "space", "enter": "enter", "slash": "/", "question_mark": "?", "colon": ":", "asterisk": "*",
    "backspace": "bksp", "comma": ",", "plus": "+", "minus": "-", "pageup": "pgup", "pagedown": "pgdn", "escape": "esc",
}  # fmt: skip


def key_name(key: str) -> str:
    """A key as people write it: ``/`` for ``slash``, ``^r`` for ``ctrl+r``."""
    if key.startswith("ctrl+"):
        return "^" + key[5:]
    return _NAMES.get(key, key)
