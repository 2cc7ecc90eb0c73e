"""What can be said of globs without any name: what they begin with, and whether one takes all that another takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from .globs import compiled

_WILD: Final = re.compile(r"[*?\[]")
_ALL: Final = ("*", "**", "**/*", "**/**")


@lru_cache(maxsize=8192)
def _matcher(glob: str) -> Callable[[str], object]:
    """More of them than `compiled` keeps: all globs of a large scope are asked in turn."""
    return compiled(glob).match


def matches_glob(glob: str, path: str) -> bool:
    """Whether `glob` matches `path`."""
    return _matcher(glob)(path) is not None


def literal(glob: str) -> bool:
    """Whether nothing in `glob` is wild."""
    return _WILD.search(glob) is None


def fixed_start(glob: str) -> str | None:
    """What every path begins with that `glob` matches; None where it may match at any depth, or that can't be told."""
    if "/" not in glob.rstrip("/"):
        return None
    body = glob.lstrip("/")
    wild = _WILD.search(body)
    return body if wild is None else body[: wild.start()]


def meets(glob: str, folder: str) -> bool:
    """Whether `glob` may match something in `folder`; True where that can't be told."""
    start = fixed_start(glob)
    return start is None or start.startswith(folder) or folder.startswith(start)


def takes(wide: str, narrow: str) -> bool:
    """Whether `wide` surely matches every path that `narrow` matches."""
    if wide == narrow or wide in _ALL:
        return True
    if (top := all_of_folder(wide)) is not None:
        return (fixed_start(narrow) or "").startswith(top)
    if "/" in wide or "/" in narrow:
        return False
    if literal(narrow):
        return not literal(wide) and matches_glob(wide, narrow)
    ends = ending(wide), ending(narrow)
    return ends[0] is not None and ends[1] is not None and ends[1].endswith(ends[0])


def all_of_folder(glob: str) -> str | None:
    """The folder that `glob` takes whole, from the top: ``raw/`` of ``raw/**``; None where it is another kind."""
    body = glob.removesuffix("**")
    if not body.endswith("/") or _WILD.search(body) or fixed_start(glob) is None:
        return None
    return body.lstrip("/") or None


def ending(glob: str) -> str | None:
    """The ending that is all that a glob like ``*.bam`` asks; None where it is another kind."""
    return glob[1:] if glob.startswith("*") and len(glob) > 1 and not _WILD.search(glob, 1) else None
