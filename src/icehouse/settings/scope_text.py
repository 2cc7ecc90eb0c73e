"""Edits of a scope file's text: one rule or one value at a time, every comment and the order of all else kept.

Rules are named by their number in the file, from 1, as `Origin.number` and the errors have them.  Each edit is read
again and compared with what was meant; UsageError where the two differ, and the text stays what it was.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from icehouse.core.errors import ConfigError, UsageError
from icehouse.core.scope_presets import PRESETS
from icehouse.core.scopes import Cover, Rule

from .scope_blocks import Sheet, cut
from .scope_keys import edited
from .scope_rules import KEYS, rule_in
from .scope_source import MARK, At, parsed, rule_tables, too_large
from .scope_writing import list_out, rule_text, text_out, value_out, written
from .scopes import TOP, scope_of, spelled

_AT: Final = At("this scope")
_ORDER: Final = ("include", "preset", *KEYS)
_SIZES: Final = ("size", "min_size", "max_size")
_OPENING: Final = "What has to be kept.  The first rule that matches decides; what none decides is undecided."
_WIDTH: Final = 100


def add_rule(text: str, rule: Rule, at: int | None = None) -> str:
    """`text` with another rule, as number `at`; None: after all others."""
    return add_text(text, rule_text(rule), at)


def add_preset(text: str, name: str, at: int | None = None) -> str:
    """`text` with a preset by its name, under the sentence that explains it."""
    return add_text(text, _preset_text(name), at)


def add_text(text: str, block: str, at: int | None = None, *, close: bool = False) -> str:
    """`text` with one more ``[[rule]]``, written out, its comments above it.

    It stands right above the rule that is number `at` now, or `close` to the one before it.
    """
    added = rule_tables(parsed(block, _AT), _AT)

    def change(sheet: Sheet, tables: list[dict[str, Any]]) -> Sheet:
        index = len(tables) if at is None else _index(at, len(tables) + 1)
        tables[index:index] = added
        return sheet.put(index, block.replace("\n", sheet.newline), after=close)

    return _checked(text, change)


def remove_rule(text: str, number: int) -> str:
    """`text` without a rule and the comments right above it."""

    def change(sheet: Sheet, tables: list[dict[str, Any]]) -> Sheet:
        index = _index(number, len(tables))
        del tables[index]
        return sheet.taken(index)

    return _checked(text, change)


def move_rule(text: str, number: int, to: int) -> str:
    """`text` with a rule and its comments moved, so that its number is `to`."""

    def change(sheet: Sheet, tables: list[dict[str, Any]]) -> Sheet:
        index, goal = _index(number, len(tables)), _index(to, len(tables))
        if index == goal:
            return sheet
        tables.insert(goal, tables.pop(index))
        return sheet.taken(index).put(goal, sheet.blocks[index].body, after=goal > index)

    return _checked(text, change)


def replace_rule(text: str, number: int, rule: Rule) -> str:
    """`text` with `rule` in place of another; what both say stays as its author wrote it."""
    wanted = written(rule)
    new = rule_tables(parsed(rule_text(rule), _AT), _AT)[0]

    def change(sheet: Sheet, tables: list[dict[str, Any]]) -> Sheet:
        index = _index(number, len(tables))
        changes = _changes(tables[index], new, wanted)
        tables[index] = {key: value for key, value in tables[index].items() if key not in changes} | {
            key: new[key] for key in changes if key in new
        }
        return sheet.swapped(index, edited(sheet.blocks[index].body, changes, _ORDER, sheet.newline))

    after = _checked(text, change)
    if rule_in(_AT, rule_tables(parsed(after, _AT), _AT)[number - 1]) != rule:
        raise UsageError(f"rule {number} can't be edited here as it is written; edit the file")
    return after


def set_key(text: str, number: int, key: str, value: object) -> str:
    """`text` with one key of a rule set, as a preset's verdict or reason; None takes it out."""
    if key not in _ORDER:
        raise UsageError(f"{key}: a rule has no such key")
    said = None if value is None else value_out(value)

    def change(sheet: Sheet, tables: list[dict[str, Any]]) -> Sheet:
        index = _index(number, len(tables))
        _put(tables[index], key, said)
        return sheet.swapped(index, edited(sheet.blocks[index].body, {key: said}, _ORDER, sheet.newline))

    return _checked(text, change)


def set_value(text: str, key: str, value: str | Iterable[str]) -> str:
    """`text` with `name`, `covers`, `copy_class` or `versions` set."""
    if key not in TOP:
        raise UsageError(f"{key}: a scope has no such key; there is {', '.join(TOP)}")
    said = text_out(value) if isinstance(value, str) else list_out([text_out(each) for each in value], broad=True)
    mark, plain = _marked(text)
    sheet = cut(plain)
    after = f"{mark}{Sheet(edited(sheet.head, {key: said}, TOP, sheet.newline), sheet.blocks, sheet.newline)}"
    meant = parsed(text, _AT)
    _put(meant, key, said)
    return _same(after, meant)


def spell_out(text: str, number: int, covers: Iterable[Cover]) -> str:
    """`text` with the rules of a preset in its place, to be changed one by one; its comments stand above the first."""
    tables = rule_tables(parsed(text, _AT), _AT)
    table = tables[_index(number, len(tables))]
    if "preset" not in table:
        raise UsageError(f"rule {number} is no preset")
    first, *others = spelled(table, _AT, tuple(covers))
    text = replace_rule(text, number, first)
    for offset, rule in enumerate(others, 1):
        text = add_text(text, rule_text(rule), number + offset, close=True)
    return text


def new_scope(name: str, covers: Iterable[Cover], presets: Iterable[str] = tuple(PRESETS)) -> str:
    """The text of a new scope: its name, what it covers, and presets by name with their sentences."""
    listed = list_out([text_out(str(cover)) for cover in covers], broad=True)
    head = f"# {_OPENING}\nname = {text_out(name)}\ncovers = {listed}\n"
    text = head + "".join(f"\n{_preset_text(preset)}" for preset in presets)
    scope_of(text, Path("new scope"))
    return text


def _preset_text(name: str) -> str:
    if name not in PRESETS:
        raise UsageError(f"{name!r} is no preset; there is {', '.join(PRESETS)}")
    lines = textwrap.wrap(f"{name[0].upper()}{name[1:]}. {PRESETS[name].sentence}", _WIDTH)
    return "".join(f"# {line}\n" for line in lines) + f"[[rule]]\npreset = {text_out(name)}\n"


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], wanted: Mapping[str, str]) -> dict[str, str | None]:
    """What has to be written where a rule is replaced: the keys of a size together, as they may be told in two ways."""
    changes: dict[str, str | None] = {}
    said = _conditions(old)
    for key in _ORDER:
        if key in _SIZES or (key not in old and key not in new):
            continue
        if key != "property" and key in old and key in new and old[key] == new[key]:
            continue  # of properties the order counts as well
        if key not in old or key not in new or said is None or _conditions({**old, key: new[key]}) != said:
            changes[key] = wanted.get(key)
    if said is None or _sizes(said) != _sizes(_conditions(new)):
        changes |= {key: wanted.get(key) for key in _SIZES if key in old or key in new}
    return changes


def _conditions(table: Mapping[str, Any]) -> Rule | None:
    """The rule in a table, None where it is an include or a preset."""
    return None if "include" in table or "preset" in table else rule_in(_AT, table)


def _sizes(rule: Rule | None) -> tuple[int | None, int | None] | None:
    return None if rule is None else (rule.min_size, rule.max_size)


def _put(table: dict[str, Any], key: str, said: str | None) -> None:
    if said is None:
        table.pop(key, None)
    else:
        table[key] = parsed(f"it = {said}", _AT)["it"]


def _index(number: int, count: int) -> int:
    if not 1 <= number <= count:
        raise UsageError(f"there is no rule {number}; the numbers are 1 to {count}" if count else "there are no rules")
    return number - 1


def _checked(text: str, change: Callable[[Sheet, list[dict[str, Any]]], Sheet]) -> str:
    """The text after `change`, which makes the same of the blocks and of the tables."""
    meant = parsed(text, _AT)
    tables = rule_tables(meant, _AT)
    mark, plain = _marked(text)
    sheet = cut(plain)
    if len(sheet.blocks) != len(tables):
        raise UsageError("the rules of this file can't be told apart as they are written; edit the file")
    after = f"{mark}{change(sheet, tables)}"
    return _same(after, meant | ({"rule": tables} if tables else {}))


def _same(after: str, meant: dict[str, Any]) -> str:
    if too_large(after):
        raise UsageError("the scope would be larger than its file may be; mark folders in place of objects")
    try:
        same = {"rule": []} | parsed(after, _AT) == {"rule": []} | meant
    except ConfigError:
        same = False
    if not same:
        raise UsageError("this can't be edited here as it is written; edit the file")
    return after


def _marked(text: str) -> tuple[str, str]:
    """The byte order mark, if any, and the text behind it."""
    return (MARK, text[1:]) if text.startswith(MARK) else ("", text)
