"""The text of a scope file cut into statements: where each key and heading begins and ends, never inside a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PIECE: Final = re.compile(
    r'"""[^"\\]*+(?:(?:\\.|"{1,2}+(?!"))[^"\\]*+)*+"{3,5}'  # may end in up to two quotes of its own
    r"|'''[^']*+(?:'{1,2}+(?!')[^']*+)*+'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[{]|[\]}]|\n",
    re.DOTALL,
)
_HEADING: Final = re.compile(r"\[\[?\s*(.*?)\s*\]\]?\s*(?:#.*)?\Z", re.DOTALL)
_RULE: Final = re.compile(r"""\[\[[ \t]*(?:rule|"rule"|'rule')[ \t]*\]\]""")
_PART: Final = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.)?""")


@dataclass(frozen=True, slots=True)
class Statement:
    """A ``key = value`` or a heading, from its line's first character to the end of its last line.

    `begin` and `end` are offsets in the text, `line` counts from 1, `path` is the key as it reads, `root` its first
    part, `block` the number of the ``[[rule]]`` that it stands in, 0 above them all.  `heading` tells ``[…]`` apart,
    `rule` a ``[[rule]]``.
    """

    begin: int
    end: int
    line: int
    path: str
    root: str
    block: int
    heading: bool = False
    rule: bool = False


def statements(text: str) -> list[Statement]:
    """All statements in their order; of a text that is not TOML, what can be told of it."""
    found: list[Statement] = []
    block = line = 0
    inside = ""  # the root of a heading below a [[rule]], as in [rule.property]
    at = 0
    while at < len(text):
        end = _end(text, at)
        line += 1
        stripped = text[at:end].strip()
        if stripped and not stripped.startswith("#"):
            heading, rule = stripped.startswith("["), _RULE.match(stripped) is not None
            if rule:
                block, inside = block + 1, ""
                path = root = ""
            elif heading:
                parts = _parts((_HEADING.match(stripped) or re.match("(.*)", stripped))[1])  # type: ignore[index]
                inside = root = parts[1] if parts[0] == "rule" and len(parts) > 1 else parts[0]
                path = ".".join(parts[1:] if parts[0] == "rule" else parts)
            else:
                parts = _parts(stripped)
                root = inside or parts[0]
                path = ".".join([inside, *parts] if inside else parts)
            found.append(Statement(at, end, line, path, root, block, heading, rule))
        line += text.count("\n", at, end - 1)
        at = end
    return found


def _end(text: str, at: int) -> int:
    """Where the statement or line that begins at `at` ends: at the first line end outside of texts and brackets."""
    depth = 0
    while (piece := _PIECE.search(text, at)) is not None:
        at = piece.end()
        if piece[0] in "[{":
            depth += 1
        elif piece[0] in "]}":
            depth = max(0, depth - 1)
        elif piece[0] == "\n" and not depth:
            return at
    return len(text)


def _parts(written: str) -> list[str]:
    """The parts of a dotted key that a statement begins with."""
    return _dotted(written)[0]


def _dotted(written: str) -> tuple[list[str], int]:
    parts: list[str] = []
    at = 0
    while (part := _PART.match(written, at)) is not None:
        parts.append(next(each for each in part.groups() if each is not None))
        at = part.end()
        if not part[4]:
            break
    return parts or [""], at


@dataclass(frozen=True, slots=True)
class Written:
    """A ``key = value`` taken apart: joined, `before`, `value` and `after` are the statement.

    `before` ends behind the equals sign, `after` holds a comment on the last line and the line end; `within` are the
    comments inside the value.
    """

    before: str
    value: str
    after: str
    within: tuple[str, ...] = ()


def taken_apart(statement: str) -> Written:
    """A statement that is no heading in its parts."""
    begin = statement.index("=", _dotted(statement)[1]) + 1
    begin += len(statement[begin:]) - len(statement[begin:].lstrip(" \t"))
    comments = [piece for piece in _PIECE.finditer(statement, begin) if piece[0].startswith("#")]
    end = len(statement.rstrip())
    if comments and comments[-1].end() >= end:
        end = comments.pop().start()
    value = statement[begin:end].rstrip()
    within = tuple(piece[0].rstrip() for piece in comments)
    return Written(statement[:begin], value, statement[begin + len(value) :], within)


def comments_in(statement: str) -> list[str]:
    """The comments of a statement, each as it stands."""
    return [piece[0].rstrip() for piece in _PIECE.finditer(statement) if piece[0].startswith("#")]
