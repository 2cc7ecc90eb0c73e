"""Globs taken apart, so that a folder is asked once and a name by its end: which of many patterns match it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
    return f"{head}/x", name


def decoded(raw: bytes) -> str:
    """A name as rules see it."""
    return raw.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A glob on names that only a regular expression can answer; over bytes where glob and name are ASCII."""

    text: re.Pattern[str]
    raw: re.Pattern[bytes] | None

    @classmethod
    def of(cls, glob: str) -> _Pattern:
        text = compiled(glob)
        return cls(text, re.compile(text.pattern.encode(), re.DOTALL) if glob.isascii() else None)

    def matches(self, name: bytes) -> bool:
        """Whether it matches a name."""
        if self.raw is not None and name.isascii():
            return self.raw.match(name) is not None
        return self.text.match(decoded(name)) is not None


_Ending = tuple[int, list[tuple[bytes, int, _Pattern | None]]]
"""The bits of globs that match whatever ends so, and longer endings to look for, each with what else it asks."""


class Names:
    """Some of the `globs` on names, which have bits in their order; most are answered by how the name ends."""

    def __init__(self, globs: Sequence[str], asked: int) -> None:
        """Take those whose bits are in `asked`."""
        self._always = 0
        self._exact: dict[bytes, int] = {}
        self._endings: dict[bytes, _Ending] = {}
        self._ends: list[tuple[bytes, int]] = []
        self._starts: list[tuple[bytes, int]] = []
        self._inside: list[tuple[bytes, int]] = []
        self._others: list[tuple[_Pattern, int]] = []
        for number, glob in enumerate(globs):
            if 1 << number & asked:
                self._sort(glob, 1 << number)

    def matching(self, name: bytes) -> int:
        """A bit for each glob that matches `name`."""
        found = self._always
        dot = name.rfind(b".")
        if dot >= 0:
            ending = self._endings.get(name[dot:])
            if ending is not None:
                found |= ending[0]
                for text, bit, pattern in ending[1]:
                    if name.endswith(text) and (pattern is None or pattern.matches(name)):
                        found |= bit
        if self._exact:
            found |= self._exact.get(name, 0)
        for text, bit in self._ends:
            if name.endswith(text):
                found |= bit
        for text, bit in self._starts:
            if name.startswith(text):
                found |= bit
        for text, bit in self._inside:
            if text in name:
                found |= bit
        for pattern, bit in self._others:
            if pattern.matches(name):
                found |= bit
        return found

    def _sort(self, glob: str, bit: int) -> None:
        """Put a glob where it is answered fastest.  Text that is not UTF-8 is left to the regular expression."""
        start, end = _literal_ends(glob)
        inside = glob.strip("*")
        if not _clean(glob):
            self._others.append((_Pattern.of(glob), bit))
        elif start == glob:
            self._exact[glob.encode()] = self._exact.get(glob.encode(), 0) | bit
        elif not inside:
            self._always |= bit
        elif glob.lstrip("*") == end:
            self._by_end(end.encode(), bit, None)
        elif glob.rstrip("*") == start:
            self._starts.append((start.encode(), bit))
        elif glob[0] == glob[-1] == "*" and not _SPECIAL.search(inside):
            self._inside.append((inside.encode(), bit))
        elif "." in end:
            self._by_end(end.encode(), bit, _Pattern.of(glob))
        else:
            self._others.append((_Pattern.of(glob), bit))

    def _by_end(self, end: bytes, bit: int, pattern: _Pattern | None) -> None:
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
