"""Filters in and out: globs on the path below what was chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from .errors import UsageError

_LONGEST = 1024
_ANY = "[^/]*"


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The glob as a regular expression over a whole relative path.

    ``*`` (any characters, also none) and ``?`` (one) stay within one folder; ``[abc]``, ``[a-z]`` and ``[!abc]`` are
    sets, which never hold a slash.  ``**`` as a whole part crosses folders: ``a/**/c`` takes ``a/c`` as well; within
    a part it is a ``*``.  A pattern without a slash matches the last part of the path at any depth (``*.tiff``); one
    that ends in a slash takes everything below that folder; one that begins with a slash begins at the top.

    UsageError for an empty glob, one of more than 1,024 characters, and a set that is open or has a range backwards.
    A match takes no more steps than the product of the lengths of pattern and path, mostly as many as their sum.
    """
    if not pattern or len(pattern) > _LONGEST:
        raise UsageError(f"glob {pattern[:40]!r}: a glob has 1 to {_LONGEST} characters")
    body = pattern.lstrip("/")
    parts = (body + "**" if body.endswith("/") or not body else body).split("/")
    if "/" not in pattern.rstrip("/"):
        parts.insert(0, "**")
    runs: list[list[str]] = [[]]
    for part in parts:
        if len(part) > 1 and not part.strip("*"):
            runs.append([])
        else:
            runs[-1].append(_part(part, pattern))
    return re.compile(_joined(runs), re.DOTALL)


def _joined(runs: Sequence[Sequence[str]]) -> str:
    """The regular expression of runs of parts, of which any number of folders lie between one and the next.

    A run takes as many folders as it has parts, so the first place where it fits leaves most to the next one and no
    other has to be tried: hence the atomic groups, without which the time grows exponentially.
    """
    first, last = runs[0], runs[-1]
    if len(runs) == 1:
        return "/".join(first) + r"\Z"
    begin = "".join(f"{part}/" for part in first)
    middle = "".join(rf"(?>(?:|.*?/){'/'.join(run)}/)" for run in runs[1:-1] if run)
    if not last:
        return rf"(?>{begin}){middle}.*\Z"
    skip = "(?>.*/|)" if len(last) == 1 else "(?:.*/|)"
    return rf"(?>{begin}){middle}{skip}{'/'.join(last)}\Z"


def _part(part: str, pattern: str) -> str:
    """The regular expression of one part: what stands between its stars, each taken at the first place it fits."""
    first, *others = _between_stars(part, pattern)
    if not others:
        return first
    *inner, last = others
    rest = "".join(f"(?>{_ANY}?{piece})" for piece in inner if piece)
    return f"{first}{rest}{_ANY}{last}" if last else f"{first}{rest}{_ANY}+"


def _between_stars(part: str, pattern: str) -> Iterator[str]:
    piece: list[str] = []
    i = 0
    while i < len(part):
        char = part[i]
        if char == "*":
            yield "".join(piece)
            piece.clear()
        elif char == "?":
            piece.append("[^/]")
        elif char == "[":
            begin = i + 2 if part.startswith("!", i + 1) else i + 1
            end = part.find("]", begin + 1)  # a ] at the beginning is a member
            if end < 0:
                raise UsageError(f"glob {pattern!r}: a set [ is never closed")
            members = _members(part[begin:end], pattern)
            piece.append(f"[^/{members}]" if begin == i + 2 else f"(?!/)[{members}]")
            i = end
        else:
            piece.append(re.escape(char))
        i += 1
    yield "".join(piece)


def _members(text: str, pattern: str) -> str:
    """The inside of a set for a regular expression; a - between two characters is a range."""
    out: list[str] = []
    i = 0
    while i < len(text):
        low = high = text[i]
        if i + 2 < len(text) and text[i + 1] == "-":
            high = text[i + 2]
            i += 2
        if low > high:
            raise UsageError(f"glob {pattern!r}: the range {low}-{high} is backwards")
        out.append(re.escape(low) if low == high else f"{re.escape(low)}-{re.escape(high)}")
        i += 1
    return "".join(out)


def chooser(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool]:
    """A test on relative paths: matches any of `include` (all, where there are none) and none of `exclude`."""
    wanted = [compiled(pattern).match for pattern in include]
    unwanted = [compiled(pattern).match for pattern in exclude]

    def chosen(path: str) -> bool:
        if wanted and not any(match(path) for match in wanted):
            return False
        return not any(match(path) for match in unwanted)

    return chosen
