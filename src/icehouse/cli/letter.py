"""A letter: paragraphs, tables and one command, written once and told both as text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from icehouse.core.text import safe
from icehouse.present.cells import wide

from .crash import without_secrets

_LONGEST = 80
"""So much of a cell is told; a key may have a thousand characters."""

_LINK = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)(?:[^\s/?#]*@)?([^\s/?#@]+)([/?#]\S*)?")


def plain(text: str) -> str:
    """`text` safe to show, and without what a link has behind its host: whoever holds a signed link can use it."""
    return without_secrets(_LINK.sub(_host, safe(text)))


def _host(link: re.Match[str]) -> str:
    return f"{link[1]}{link[2]}{'/…' if link[3] else ''}"


@dataclass(frozen=True, slots=True)
class _Lines:
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Command:
    line: str


@dataclass(frozen=True, slots=True)
class _Table:
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int]


@dataclass(slots=True)
class Letter:
    """What is written so far; whatever comes in is made safe, and escaped in HTML."""

    _blocks: list[_Lines | _Command | _Table] = field(default_factory=list)

    def say(self, *lines: str) -> None:
        """A paragraph of lines."""
        if lines:
            self._blocks.append(_Lines(tuple(plain(line) for line in lines)))

    def command(self, line: str) -> None:
        """A line to be typed, to the letter; it is this house's own."""
        self._blocks.append(_Command(safe(line)))

    def table(self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> None:
        """A table; the columns `right` are numbers."""
        cells = tuple(tuple(_cut(plain(cell)) for cell in row) for row in rows)
        self._blocks.append(_Table(plain(title), tuple(heads), cells, frozenset(right)))

    @property
    def text(self) -> str:
        """All of it as text."""
        return "\n\n".join("\n".join(_text(block)) for block in self._blocks) + "\n"

    @property
    def html(self) -> str:
        """All of it as HTML."""
        return f"<html><body>{''.join(_html(block) for block in self._blocks)}</body></html>\n"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _text(block: _Lines | _Command | _Table) -> list[str]:
    if isinstance(block, _Lines):
        return list(block.lines)
    if isinstance(block, _Command):
        return [f"    {block.line}"]
    body = [block.heads, *block.rows]
    widths = [max(wide(row[at]) for row in body) for at in range(len(block.heads))]
    lines = [block.title]
    for row in body:
        cells = [
            f"{' ' * (width - wide(cell))}{cell}" if at in block.right else f"{cell}{' ' * (width - wide(cell))}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"  {'  '.join(cells)}".rstrip())
    return lines


def _html(block: _Lines | _Command | _Table) -> str:
    if isinstance(block, _Lines):
        return f"<p>{'<br>'.join(escape(line) for line in block.lines)}</p>"
    if isinstance(block, _Command):
        return f"<pre>{escape(block.line)}</pre>"

    def row(cells: Sequence[str], tag: str) -> str:
        told = (
            f"<{tag} align={'right' if at in block.right else 'left'}>{escape(cell)}</{tag}>"
            for at, cell in enumerate(cells)
        )
        return f"<tr>{''.join(told)}</tr>"

    body = "".join(row(cells, "td") for cells in block.rows)
    return f"<p>{escape(block.title)}</p><table cellpadding=4>{row(block.heads, 'th')}{body}</table>"
