"""Single keys within a block of a scope file: changed in place, put where they belong, taken out; comments stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from .scope_cut import Statement, comments_in, statements, taken_apart


def edited(text: str, changes: Mapping[str, str | None], order: Sequence[str], newline: str) -> str:
    """`text` with each key of `changes` given that value, as TOML, or taken out where it is None.

    `text` is one block, or all that stands above the rules.  A key that is new stands after those that `order` names
    before it.  A comment on a line that goes, or inside a value that is replaced, becomes a line of its own.
    """
    for key, value in changes.items():
        text = _changed(text, key, value if value is None else value.replace("\n", newline), order, newline)
    return text


def _changed(text: str, key: str, value: str | None, order: Sequence[str], newline: str) -> str:
    found = [each for each in statements(text) if each.root == key and not each.rule]
    if value is not None and len(found) == 1 and not found[0].heading and found[0].path == found[0].root:
        return _replaced(text, found[0], value, newline)
    text = "".join(_without(text, found, newline))
    return text if value is None else _added(text, key, value, order, newline)


def _replaced(text: str, there: Statement, value: str, newline: str) -> str:
    """The statement with another value; its comment stays on the last line, those inside come to stand above."""
    old = taken_apart(text[there.begin : there.end])
    indent = old.before[: len(old.before) - len(old.before.lstrip())]
    above = "".join(f"{indent}{comment}{newline}" for comment in old.within)
    return text[: there.begin] + above + old.before + value + old.after + text[there.end :]


def _without(text: str, gone: Sequence[Statement], newline: str) -> Iterator[str]:
    """What is left of `text` without some statements; their comments stay as lines."""
    at = 0
    for each in gone:
        yield text[at : each.begin]
        yield from (f"{comment}{newline}" for comment in comments_in(text[each.begin : each.end]))
        at = each.end
    yield text[at:]


def _added(text: str, key: str, value: str, order: Sequence[str], newline: str) -> str:
    """With a new statement: after the keys that come before it, else right below the heading, else on top."""
    before = set(order[: order.index(key)])
    found = statements(text)
    plain = list(takewhile(lambda each: each.rule or not each.heading, found))
    least = plain[0].begin if plain else len(text)
    at = max((each.end for each in plain if each.rule or each.root in before), default=least)
    line = f"{key} = {value}{newline}"
    if at and not text[:at].endswith("\n"):
        line = newline + line
    return text[:at] + line + text[at:]
