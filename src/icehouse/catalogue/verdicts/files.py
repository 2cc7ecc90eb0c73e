"""Where verdicts lie: one file for each scope and container."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from icehouse.core.scopes import Cover


@dataclass(frozen=True, slots=True)
class VerdictFiles:
    """The verdict files of one scope, in `directory`, which is made where it is needed.

    `scope_key` tells scopes apart and is a file name's worth of ASCII letters, digits, ``-`` and ``_``.
    """

    directory: Path
    scope_key: str

    def path(self, cover: Cover) -> Path:
        """The file of one container, whether or not it is there."""
        raise NotImplementedError

    def keep(self, covers: Iterable[Cover]) -> None:
        """Remove the files of this scope for all other containers."""
        raise NotImplementedError

    def remove(self) -> None:
        """Remove all files of this scope, as of a draft that was thrown away."""
        raise NotImplementedError
