"""A scope file as blocks: what stands above the rules, and each rule with the comments that belong to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from icehouse.core.errors import UsageError

from .scope_cut import statements

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Block:
    """One ``[[rule]]``: the comments right above it, its lines and the comments right below; the empty lines after it.

    `rest` are comments that stand apart before the next rule, as headings of sections do; they stay where they are
    when the rule goes.
    """

    body: str
    space: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole file: joined, its parts are the text that was cut."""

    head: str
    blocks: tuple[Block, ...]
    newline: str = "\n"

    def __str__(self) -> str:
        return self.head + "".join(block.body + block.space + block.rest for block in self.blocks)

    def taken(self, index: int) -> Sheet:
        """Without the block `index`; comments that stand apart stay."""
        gone, head = self.blocks[index], self.head
        blocks = [*self.blocks[:index], *self.blocks[index + 1 :]]
        if index:
            blocks[index - 1] = replace(blocks[index - 1], rest=blocks[index - 1].rest + gone.rest)
        else:
            head += gone.rest
        return replace(self, head=head, blocks=_closed(blocks) if index == len(blocks) else tuple(blocks))

    def put(self, index: int, body: str, *, after: bool = False) -> Sheet:
        """With a block so that it is the one of `index`.

        Right before the block that is there now, or `after` the one before it and thus before comments apart.
        """
        blocks, head, new = list(self.blocks), self.head, Block(_ended(body, self.newline), self.newline)
        if not index:
            head = _apart(head, self.newline)
        else:
            before = blocks[index - 1]
            if after:
                new, before = replace(new, rest=before.rest), replace(before, rest="")
            blocks[index - 1] = self._parted(before)
        blocks.insert(index, new)
        return replace(self, head=head, blocks=_closed(blocks) if index == len(blocks) - 1 else tuple(blocks))

    def swapped(self, index: int, body: str) -> Sheet:
        """With another body for the block `index`."""
        blocks = list(self.blocks)
        blocks[index] = replace(blocks[index], body=body)
        return replace(self, blocks=tuple(blocks))

    def _parted(self, block: Block) -> Block:
        """A block with an empty line at its end, so that none of its comments meets the next rule."""
        if block.rest:
            return replace(block, rest=_apart(block.rest, self.newline))
        return replace(block, body=_ended(block.body, self.newline), space=block.space or self.newline)


def cut(text: str) -> Sheet:
    """The blocks of a text that is TOML.  UsageError where its rules stand in one list instead."""
    found = statements(text)
    if any(each.root == "rule" and not each.rule and not each.block for each in found):
        raise UsageError("the rules of this file stand in one list; write each as a [[rule]] to edit them here")
    starts = [each for each in found if each.rule]
    newline = "\r\n" if "\r\n" in text else "\n"
    if not starts:
        return Sheet(text, (), newline)
    ends = [0] * (len(starts) + 1)
    for each in found:
        ends[each.block] = each.end
    begins = [_above(text, last, start.begin) for last, start in zip(ends, starts, strict=False)]
    blocks = []
    for begin, end, following in zip(begins, ends[1:], [*begins[1:], len(text)], strict=True):
        below = _run(text, end, following, comments=True)
        space = _run(text, below, following, comments=False)
        blocks.append(Block(text[begin:below], text[below:space], text[space:following]))
    return Sheet(text[: begins[0]], tuple(blocks), newline)


def _above(text: str, least: int, begin: int) -> int:
    """Where the comments begin that stand right above `begin`, at `least` or behind."""
    for line in reversed(_LINE.findall(text, least, begin)):
        if not line.lstrip().startswith("#"):
            break
        begin -= len(line)
    return begin


def _run(text: str, begin: int, most: int, *, comments: bool) -> int:
    """Where the comments, or the empty lines, end that stand right at `begin`."""
    for line in _LINE.findall(text, begin, most):
        if line.lstrip().startswith("#") != comments:
            break
        begin += len(line)
    return begin


def _closed(blocks: list[Block]) -> tuple[Block, ...]:
    """The blocks of a file that ends with its last rule."""
    if blocks and not blocks[-1].rest:
        blocks[-1] = replace(blocks[-1], space="")
    return tuple(blocks)


def _ended(text: str, newline: str) -> str:
    return text if not text or text.endswith("\n") else text + newline


def _apart(text: str, newline: str) -> str:
    """`text` with an empty line at its end, where there is any."""
    text = _ended(text, newline)
    return text if not text or text.endswith(("\n\n", "\n\r\n")) else text + newline
