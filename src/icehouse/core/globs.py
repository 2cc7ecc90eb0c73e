"""Filters in and out: globs on the path below what was chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from .errors import UsageError

_LONGEST = 1024
_MOST_WILDCARDS = 12
_SET_SPECIAL = re.compile(r"([\\^\[\]&~|])")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The glob as a regular expression over a whole relative path.

    ``*`` and ``?`` stay within one folder, ``**`` crosses folders, ``[abc]`` and ``[!abc]`` are sets.  A pattern
    without a slash matches the last part of the path at any depth (``*.tiff``); one that ends in a slash takes
    everything below that folder.  UsageError for an empty or over-long one, an open set, and anything that could
    take a regular expression long: runs of ``*`` are folded into one.
    """
    if not pattern or len(pattern) > _LONGEST:
        raise UsageError(f"glob {pattern[:40]!r}: a glob has 1 to {_LONGEST} characters")
    if len(re.findall(r"\*+", pattern)) > _MOST_WILDCARDS:
        raise UsageError(f"glob {pattern[:40]!r}: more than {_MOST_WILDCARDS} wildcards")
    anywhere = "/" not in pattern.rstrip("/")
    body = pattern.lstrip("/")
    if body.endswith("/"):
        body += "**"
    return re.compile(("(?:.*/)?" if anywhere else "") + _translate(body, pattern), re.DOTALL)


def _translate(body: str, pattern: str) -> str:
    out: list[str] = []
    i = 0
    while i < len(body):
        c = body[i]
        if c == "*":
            j = i
            while j < len(body) and body[j] == "*":
                j += 1
            if j - i >= 2 and j < len(body) and body[j] == "/" and (i == 0 or body[i - 1] == "/"):
                out.append("(?:.*/)?")  # a/**/b also means a/b
                j += 1
            else:
                out.append(".*" if j - i >= 2 else "[^/]*")
            i = j
            continue
        if c == "?":
            out.append("[^/]")
        elif c == "[":
            end = body.find("]", i + 2 if body[i + 1 : i + 2] in ("!", "]") else i + 1)
            if end < 0:
                raise UsageError(f"glob {pattern!r}: a set [ is never closed")
            members = body[i + 1 : end]
            negate = members.startswith("!")
            inner = members[1:] if negate else members
            escaped = _SET_SPECIAL.sub(r"\\\1", inner)
            out.append(f"[^/{escaped}]" if negate else f"[{escaped}]")
            i = end
        else:
            out.append(re.escape(c))
        i += 1
    return "".join(out)


def chooser(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool]:
    """A test on relative paths: matches any of `include` (all, where there are none) and none of `exclude`."""
    wanted = [compiled(p) for p in include]
    unwanted = [compiled(p) for p in exclude]

    def chosen(path: str) -> bool:
        if wanted and not any(p.fullmatch(path) for p in wanted):
            return False
        return not any(p.fullmatch(path) for p in unwanted)

    return chosen
