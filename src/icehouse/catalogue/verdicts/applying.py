"""Applying the rules of a scope to everything in a container."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from icehouse.catalogue.reader import Reader
from icehouse.core.scopes import Rule

from .told import Applied


def apply(
    reader: Reader,
    rules: Sequence[Rule],
    where: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Applied | None:
    """Decide about each object of `reader`'s container, exactly as `core.scopes.decide` would, and keep it at `where`.

    All of the scope's rules are given, in order, also those about other containers.  The file takes the place of an
    earlier one when it is whole, never before; what that one tells of the same state of the catalogue is used again
    for the rules before the first that differs.  `progress` is told objects done, and of how many, a few times a
    second; None where `stop` said so, and all is as it was.  Works over a connection of its own, with bounded memory.
    CatalogueError where the catalogue has gone (a rescan took its place: open a new reader), is damaged, or `where`
    can't be written.
    """
    raise NotImplementedError
