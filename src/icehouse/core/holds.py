"""A hold: somebody's reason why an object, or everything in a folder, must not be archived or destroyed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .clock import Instant
from .marks import Target
from .refs import FolderRef, Ref


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold: what it is on, why, by whom, and since when (host's clock).

    `by_id` tells that the target's version is its whole identity in its store, so that the hold follows the object
    wherever it is moved or renamed within its container.
    """

    id: str
    target: Target
    reason: str
    by: str
    at: Instant
    by_id: bool = False


def held_among(holds: Iterable[Hold], refs: Sequence[Ref], *, everywhere: bool = False) -> Mapping[Ref, Hold]:
    """Which of `refs` are held, each with one of the holds on it.

    A hold by id is on that id, one with a version on that version of its key, any other on every version of its key;
    a folder's is on everything below it.  A ref without a version is taken for the held one: what is not known is
    never free.  `everywhere`: a hold by id counts in all containers of its store, as an act on all copies reaches
    them.
    """
    index = _Index(holds, everywhere)
    found = {ref: index.on(ref) for ref in refs}
    return {ref: hold for ref, hold in found.items() if hold is not None}


class _Index:
    """Holds by what they are found with, so that a thousand refs are asked about at once."""

    def __init__(self, holds: Iterable[Hold], everywhere: bool) -> None:
        self._everywhere = everywhere
        self._ids: dict[tuple[str, str, str], Hold] = {}
        self._keys: dict[tuple[str, str, str], list[Hold]] = {}
        self._folders: dict[FolderRef, Hold] = {}
        for hold in holds:
            target = hold.target
            if isinstance(target, FolderRef):
                self._folders.setdefault(target, hold)
                continue
            if hold.by_id and target.version is not None:
                self._ids.setdefault(self._id(target, target.version), hold)
            self._keys.setdefault((target.store, target.container, target.key), []).append(hold)

    def _id(self, ref: Ref, version: str) -> tuple[str, str, str]:
        return ref.store, "" if self._everywhere else ref.container, version

    def on(self, ref: Ref) -> Hold | None:
        """The first hold on `ref`, by id, by key, or by a folder above it."""
        if ref.version is not None and (found := self._ids.get(self._id(ref, ref.version))):
            return found
        for hold in self._keys.get((ref.store, ref.container, ref.key), ()):
            version = hold.target.version if isinstance(hold.target, Ref) else None
            if version is None or ref.version is None or version == ref.version:
                return hold
        if not self._folders:
            return None
        ends = (0, *(at + 1 for at, char in enumerate(ref.key) if char == "/"))
        above = (self._folders.get(FolderRef(ref.store, ref.container, ref.key[:end])) for end in ends)
        return next((hold for hold in above if hold is not None), None)
