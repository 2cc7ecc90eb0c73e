"""Where the catalogue of a container lies on disk, and how a new one takes the place of an old one.

``STORE@CONTAINER.HASH@N-TAG.sqlite`` is what readers see (the highest N); ``….next`` is a rescan in the making.
Publishing is one rename, so that a reader sees the old or the new one, whole; whoever has the old one open keeps
reading it.  The tag is never used again: SQLite deletes journals by name when the last reader of a removed file goes.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from .base import plainly

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one container's catalogue in `directory`."""

    directory: Path
    store: str
    container: str

    @property
    def stem(self) -> str:
        """What all its files begin with: readable, safe on any file system, and never shared by two containers."""
        mark = hashlib.sha256(f"{self.store}\0{self.container}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
        store, container = (
            quote(name, safe="", errors="surrogatepass")[:_LONGEST] for name in (self.store, self.container)
        )
        return f"{store}@{container}.{mark}"

    def visible(self) -> Path | None:
        """The file that readers use, or None where nothing was scanned yet."""
        return max(self._numbered("sqlite"), default=(0, None))[1]

    def coming(self) -> Path | None:
        """The unfinished rescan that is to replace the visible one, if there is one."""
        return max(self._numbered("next"), default=(0, None))[1]

    def fresh(self, *, hidden: bool) -> Path:
        """The path of a new generation: visible at once, or hidden until it is published."""
        kind = "next" if hidden else "sqlite"
        taken = [number for each in ("sqlite", "next") for number, _ in self._numbered(each)]
        return self.directory / f"{self.stem}@{max(taken, default=0) + 1}-{secrets.token_hex(4)}.{kind}"

    def publish(self, path: Path) -> Path:
        """Let a hidden, closed generation take the place of all others; the new path."""
        shown = path.with_suffix(".sqlite")
        with plainly(path):
            os.replace(path, shown)
        self.clear_older(shown)
        return shown

    @property
    def workshop(self) -> Path:
        """The folder where a generation is made out of an inventory; what a crash left in it is worth nothing."""
        return self.directory / f"{self.stem}.load"

    def adopt(self, path: Path) -> Path:
        """Let a whole, closed generation from the workshop be what readers see, in the place of all others."""
        shown = self.fresh(hidden=False)
        with plainly(path):
            os.replace(path, shown)
        self.clear_older(shown)
        return shown

    def clear_older(self, keep: Path) -> None:
        """Remove the generations before `keep`, as a crash between two steps may have left one."""
        for _, path in self._numbered("sqlite"):
            if path != keep:
                self.remove(path)

    def remove(self, path: Path) -> None:
        """Delete one generation with its journals."""
        with plainly(path):
            for each in _with_journals(path):
                each.unlink(missing_ok=True)

    @property
    def aside(self) -> Path | None:
        """The file that was set aside, where nothing has taken its place yet."""
        path = self._aside
        with plainly(path):
            return path if path.exists() and self.visible() is None else None

    @property
    def _aside(self) -> Path:
        return self.directory / f"{self.stem}.damaged"

    def set_aside(self, path: Path) -> Path:
        """Move a damaged file out of the way, over an earlier damaged one; where it lies now."""
        aside = self._aside
        with plainly(path):
            for each in _with_journals(path)[1:]:
                each.unlink(missing_ok=True)
            if path.exists():
                os.replace(path, aside)
        return aside

    def _numbered(self, kind: str) -> list[tuple[int, Path]]:
        pattern = re.compile(re.escape(self.stem) + r"@([0-9]+)-[0-9a-f]+\." + kind)
        with plainly(self.directory):
            if not self.directory.is_dir():
                return []
            names = os.listdir(self.directory)
        return [(int(found[1]), self.directory / name) for name in names if (found := pattern.fullmatch(name))]


def _with_journals(path: Path) -> list[Path]:
    return [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]
