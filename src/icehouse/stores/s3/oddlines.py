"""Reading a line of an access log that holds quotes in odd places, which its client put there.

Such a line is taken where there is exactly one way to read it: that is then the true one, as what S3 meant is always
among the ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_MOST_QUOTES = 32
"""A line with more quotes is not tried in every way."""

_WORD = r'[^\s"]+'
_COUNT = "(?:-|([0-9]{1,18}))"
_FRONT = re.compile(
    rf"{_WORD} {_WORD} \[[0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}:[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}} \+0000\] "
    rf"{_WORD} {_WORD} {_WORD} {_WORD} {_WORD} "
)
MIDDLE = re.compile(rf" (?:-|([1-5][0-9][0-9])) (\S+) {_COUNT} {_COUNT} (?:-|[0-9]{{1,18}}) (?:-|[0-9]{{1,18}}) ")
_BACK = re.compile(rf' {_WORD} {_WORD} (?:-|SigV2|SigV4A?) {_WORD} (?:-|AuthHeader|QueryString)(?: [^"]*)?')
SIGNATURES = frozenset({"-", "SigV2", "SigV4", "SigV4A"})

Counts = tuple[str | Any, ...]
"""Status, error, bytes sent and size; a number that is ``-`` is None."""

Fields = tuple[list[str], str, Counts, str, list[str]]
"""The ten parts before the URI (a time is two, the last is empty), URI, counts, agent, and the parts behind it, the
first of which is empty."""


def read_oddly(line: str) -> Fields | str:
    """The fields of a line with quotes in odd places, where there is exactly one way to read it; else why not."""
    front = _FRONT.match(line)
    if front is None:
        return "not a line of an access log"
    if line.count('"') > _MOST_QUOTES:
        return "too many quotes"
    ways = _ways(line, front.end())
    fields = next(ways, None)
    if fields is None:
        return "fields that are missing or do not fit"
    if next(ways, None) is not None:
        return "its quotes can be read in more than one way"
    return (front[0].split(" "), *fields)


def _ways(line: str, begin: int) -> Iterator[tuple[str, Counts, str, list[str]]]:
    """Every way to read what follows the key: URI, status to turn-around, referer, agent, and what is behind it."""
    last = line.rfind('"') + 1
    for end in _field_ends(line, begin):
        middle = MIDDLE.match(line, end)
        if middle is None:
            continue
        for after in _field_ends(line, middle.end()):
            if line[after : after + 1] != " ":
                continue
            # No quote is behind the agent, so that it ends at the last one, or is none.
            close = after + 2 if line[after + 1 : after + 2] == "-" else last if last > after + 2 else 0
            if close >= last and line[after + 1 : after + 2] in ("-", '"') and _BACK.fullmatch(line, close):
                back = line[close:].split(" ")
                yield _text(line, begin, end), middle.groups(), _text(line, after + 1, close), back


def _field_ends(line: str, begin: int) -> Iterator[int]:
    """Where the field that begins at `begin`, quoted or ``-``, may end."""
    if line[begin : begin + 1] == "-":
        yield begin + 1
    elif line[begin : begin + 1] == '"':
        at = line.find('"', begin + 1)
        while at >= 0:
            yield at + 1
            at = line.find('"', at + 1)


def _text(line: str, begin: int, end: int) -> str:
    return line[begin + 1 : end - 1] if line[begin] == '"' else "-"
