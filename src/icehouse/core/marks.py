"""Marks: what was picked by hand, as identities that survive sorting, filtering, navigation and restart."""

from __future__ import annotations

from dataclasses import dataclass

from .refs import FolderRef, Ref, folder_address, ref_address

Target = Ref | FolderRef
"""What an operation is about: one object, or everything under a folder."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark.  `pattern` is a glob below the folder, "" for all of it; objects have none."""

    target: Target
    pattern: str = ""

    def __post_init__(self) -> None:
        if self.pattern and isinstance(self.target, Ref):
            raise ValueError("a single object has no pattern")

    def __str__(self) -> str:
        if isinstance(self.target, Ref):
            return ref_address(self.target)
        return folder_address(self.target) + self.pattern
