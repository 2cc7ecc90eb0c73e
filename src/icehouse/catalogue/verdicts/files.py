"""Where verdicts lie: one file for each scope and container."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from icehouse.catalogue.base import plainly
from icehouse.catalogue.files import Files
from icehouse.core.scopes import Cover

_KEY = re.compile(r"[0-9A-Za-z_-]{1,100}")


@dataclass(frozen=True, slots=True)
class VerdictFiles:
    """The verdict files of one scope, in `directory`, which is made where it is needed.

    `scope_key` tells scopes apart: up to 100 ASCII letters, digits, ``-`` and ``_``.
    """

    directory: Path
    scope_key: str

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.scope_key):
            raise ValueError(f"not a scope's key: {self.scope_key!r}")

    def path(self, cover: Cover) -> Path:
        """The file of one container, whether or not it is there."""
        return self.directory / f"{self.scope_key}@{Files(self.directory, cover.store, cover.container).stem}.verdicts"

    def keep(self, covers: Iterable[Cover]) -> None:
        """Remove the files of this scope for all other containers."""
        kept = {self.path(cover) for cover in covers}
        for path in self._all():
            if path not in kept:
                with plainly(path):
                    path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove all files of this scope, as of a draft that was thrown away."""
        self.keep(())

    def _all(self) -> list[Path]:
        return list(self.directory.glob(f"{self.scope_key}@*.verdicts")) if self.directory.is_dir() else []
