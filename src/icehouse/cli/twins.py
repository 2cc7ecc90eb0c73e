"""Several objects of one path, as stores that go by ids allow: told apart by their ids where people read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import TypeVar

from icehouse.core.refs import FolderRef, Ref

T = TypeVar("T")


def told_apart(found: Iterable[T], ref_of: Callable[[T], Ref | FolderRef]) -> Iterator[tuple[T, str]]:
    """Each item with what to put behind its path: its id where its neighbour has the same path, "" elsewhere.

    The items come with equal paths next to each other.
    """

    def place(item: T) -> tuple[str, str, str]:
        ref = ref_of(item)
        return ref.store, ref.container, ref.prefix if isinstance(ref, FolderRef) else ref.key

    for _, group in groupby(found, key=place):
        alike = list(group)
        for item in alike:
            ref = ref_of(item)
            version = ref.version if isinstance(ref, Ref) else None
            yield item, f"  ({version})" if version and len(alike) > 1 else ""
