"""Globs taken apart, so that a folder is asked once and a name by its end: which of many patterns match it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from icehouse.core.globs import compiled

_SPECIAL = re.compile(r"[*?\[\]]")


def halves(glob: str) -> tuple[str | None, str | None]:
    """What a glob asks of the folder and of the name in it, each a glob of its own; None for nothing.

    That of a folder is matched against its prefix, followed by ``x`` where there is one for the name as well.
    UsageError as `core.globs.compiled`.
    """
    compiled(glob)
    body = glob.lstrip("/")
    head, _, name = body.rpartition("/")
    if not name or (len(name) > 1 and not name.strip("*")):
        return glob, None
    if "/" not in glob.rstrip("/"):
        return None, name
    return (f"{head}/x" if head else "/x"), name


def decoded(raw: bytes) -> str:
    """A name as rules see it."""
    return raw.decode("utf-8", "surrogateescape")


class Names:
    """Globs on names, numbered in their order; most are answered by a look at how the name ends."""

    def __init__(self, globs: Sequence[str]) -> None:
        self._always = 0
        self._exact: dict[bytes, int] = {}
        self._endings: dict[bytes, tuple[int, list[tuple[bytes, int, re.Pattern[str] | None]]]] = {}
        self._ends: list[tuple[bytes, int]] = []
        self._starts: list[tuple[bytes, int]] = []
        self._others: list[tuple[re.Pattern[str], int]] = []
        for number, glob in enumerate(globs):
            self._sort(glob, 1 << number)

    def matching(self, name: bytes, asked: int) -> int:
        """A bit for each glob that matches `name`; only those in `asked` are sure to be there."""
        found = self._always
        dot = name.rfind(b".")
        if dot >= 0:
            ending = self._endings.get(name[dot:])
            if ending is not None:
                found |= ending[0]
                for text, bit, pattern in ending[1]:
                    if name.endswith(text) and (pattern is None or pattern.match(decoded(name))):
                        found |= bit
        if self._exact:
            found |= self._exact.get(name, 0)
        for text, bit in self._ends:
            if name.endswith(text):
                found |= bit
        for text, bit in self._starts:
            if name.startswith(text):
                found |= bit
        for pattern, bit in self._others:
            if bit & asked and pattern.match(decoded(name)):
                found |= bit
        return found

    def _sort(self, glob: str, bit: int) -> None:
        """Put a glob where it is answered fastest.  Text that is not UTF-8 is left to the regular expression."""
        pattern = compiled(glob)
        start, end = _literal_ends(glob)
        if not _clean(glob):
            self._others.append((pattern, bit))
        elif start == glob:
            self._exact[glob.encode()] = self._exact.get(glob.encode(), 0) | bit
        elif not glob.strip("*"):
            self._always |= bit
        elif glob.lstrip("*") == end:
            self._by_end(end.encode(), bit, None)
        elif glob.rstrip("*") == start:
            self._starts.append((start.encode(), bit))
        elif "." in end:
            self._by_end(end.encode(), bit, pattern)
        else:
            self._others.append((pattern, bit))

    def _by_end(self, end: bytes, bit: int, pattern: re.Pattern[str] | None) -> None:
        """A name that ends so has its last dot where `end` has it: by that the globs to try are found."""
        dot = end.rfind(b".")
        if dot < 0:
            self._ends.append((end, bit))
            return
        sure, more = self._endings.get(end[dot:], (0, []))
        if dot == 0 and pattern is None:
            sure |= bit
        else:
            more.append((end, bit, pattern))
        self._endings[end[dot:]] = sure, more


def _literal_ends(glob: str) -> tuple[str, str]:
    """The text before the first and behind the last special character; the whole glob twice where it has none."""
    found = [each.start() for each in _SPECIAL.finditer(glob)]
    return (glob[: found[0]], glob[found[-1] + 1 :]) if found else (glob, glob)


def _clean(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
