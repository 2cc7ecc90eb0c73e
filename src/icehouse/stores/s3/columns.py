"""Taking many lines of an access log apart at once, column by column, as one line after the other costs more.

Each line here has six quotes and is proven by itself to be a line, as strictly as one that is read alone; where any of
them is peculiar in the least, none is taken, and whoever asked looks at each.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

from .oddlines import SIGNATURES

_MOST_TAILS, _LONGEST_TAIL = 1000, 500
"""So many ends of lines are remembered at once, of so many characters at most."""

STATUSES = {"-": 0} | {str(status): status for status in range(100, 600)}
"""What HTTP has, and none."""

_WORD = re.compile(r"\S+")
_LONGEST_NUMBER = 18


class Columns(NamedTuple):
    """What lines tell, each list in the order of the lines; all as it is written."""

    buckets: Sequence[str]
    times: Sequence[str]
    addresses: Sequence[str]
    requesters: Sequence[str]
    ids: Sequence[str]
    operations: Sequence[str]
    keys: Sequence[str]
    uris: Sequence[str]
    statuses: Sequence[str]
    errors: Sequence[str]
    sent: Sequence[str]
    sizes: Sequence[str]
    agents: Sequence[str]
    versions: Sequence[str]
    signed: Sequence[str]


class Tails:
    """From the kind of signature of a line to the first word of the next: few differ, each is looked at once."""

    def __init__(self, ways: Container[str]) -> None:
        """`ways` is what may stand where a line says how it was signed."""
        self._ways = ways
        self.known: dict[str, str] = {}

    def way(self, tail: str) -> str | None:
        """How the request was signed, as the end of its line says it; None where that is no plain end."""
        end, _, owner = tail.partition("\n")
        words = end.split(" ", 3)
        if (
            len(words) < 3
            or words[0] not in SIGNATURES
            or not words[1]
            or words[2] not in self._ways
            or not words[-1]
            or not owner
            or " " in owner
            or "\n" in owner
        ):
            return None
        if len(self.known) > _MOST_TAILS:
            self.known.clear()
        if len(tail) <= _LONGEST_TAIL:
            self.known[tail] = words[2]
        return words[2]


def columns_of(parts: Sequence[str], count: int, tails: Tails) -> Columns | None:
    """The columns of `count` lines, which `parts` are between their six quotes each; None where one is not plain.

    There is one line break between two lines each, and no other.
    """
    # From the agent of one line to the URI of the next; from that of the last to that of the first at the begin.  Each
    # has nine words behind its line break, which is proven with what is before it.
    begins = [end.rsplit(" ", 9) for end in (f"{parts[-1]}\n{parts[0]}", *parts[6:-1:6])]
    front = list(zip(*begins, strict=False))
    if len(front) != 10 or any(front[9]) or not all(map(all, front[1:9])) or front[3].count("+0000]") != count:
        return None
    # Status, error, sent, size and two times: six words in spaces each.
    middle = "\n".join(parts[2::6]).split(" ")
    if (
        len(middle) != 7 * count + 1
        or middle[7:-1:7].count("\n") != count - 1
        or middle[0]
        or middle[-1]
        or middle.count("") != 2
    ):
        return None
    statuses, errors, sent, sizes = middle[1::7], middle[2::7], middle[3::7], middle[4::7]
    if (
        not all(map(STATUSES.__contains__, statuses))
        or (errors.count("-") != count and not all(map(_WORD.fullmatch, errors)))
        or not _are_numbers(sent + sizes + middle[5::7] + middle[6::7])
    ):
        return None
    versions, signed, known, way_of = [], [], tails.known.get, tails.way
    for back in (*front[0][1:], front[0][0]):
        words = back.split(" ", 3)
        if len(words) != 4:
            return None
        begin, version, host, tail = words
        way = known(tail) or way_of(tail)
        if begin or not version or not host or way is None:
            return None
        versions.append(version)
        signed.append(way)
    _, buckets, times, _, addresses, requesters, ids, operations, keys, _ = front
    return Columns(
        buckets,
        times,
        addresses,
        requesters,
        ids,
        operations,
        keys,
        parts[1::6],
        statuses,
        errors,
        sent,
        sizes,
        parts[5::6],
        versions,
        signed,
    )


def _are_numbers(column: list[str]) -> bool:
    """Whether each, none of which is empty, is ``-`` or a number that is not too long."""
    told = "".join(column)
    if not told.isascii() or max(map(len, column)) > _LONGEST_NUMBER:
        return False
    others = told.encode().translate(None, b"0123456789")
    return not others or others == b"-" * column.count("-")
