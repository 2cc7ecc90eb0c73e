"""Addresses and globs as a shell takes them, for the command lines that actions show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from icehouse.core.marks import Mark, Target
from icehouse.core.refs import Ref
from icehouse.core.text import is_safe, safe

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def quoted(text: str) -> str:
    """`text` as one word of a POSIX shell; characters that can't be shown are spelled in ``$'…'``."""
    if is_safe(text):
        return shlex.quote(text)
    out = []
    for character in text:
        if character in "\\'":
            out.append("\\" + character)
        elif is_safe(character):
            out.append(character)
        else:
            out.extend(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
    return "$'" + "".join(out) + "'"


def command(*words: str) -> str:
    """A command line of ours, its words quoted where they need it; empty ones are left out."""
    return safe(" ".join(["icehouse", *(quoted(word) for word in words if word)]))


def marked(marks: Iterable[Mark], most: int = 3, *, ids: bool = False) -> list[str]:
    """The marks' addresses as arguments; more than `most` are meant to be read from a file.

    With `ids` an object goes by its identity, as another one may lie under the same path.
    """
    every = list(marks)
    if len(every) > most:
        return ["--from-file", "MARKS.txt"]
    words: list[str] = []
    for mark in every:
        words.append(_address(mark.target, ids=ids))
        if mark.pattern:
            words += ["--include", mark.pattern]
    return words


def _address(target: Target, *, ids: bool) -> str:
    if ids and isinstance(target, Ref) and target.version:
        return f"{target.store}:{target.container}/{target.version}"
    return str(Mark(target))
