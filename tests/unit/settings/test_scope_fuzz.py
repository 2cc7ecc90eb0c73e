"""Scope files cut, mixed up and made up: each is a scope or one line, and no edit loses a byte of what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.errors import ConfigError, UsageError
from icehouse.core.text import is_safe
from icehouse.settings.scope_blocks import cut
from icehouse.settings.scope_cut import statements
from icehouse.settings.scope_rules import KEYS
from icehouse.settings.scope_source import At, parsed, rule_tables
from icehouse.settings.scope_text import move_rule, remove_rule, set_key, set_value
from icehouse.settings.scopes import load_scope, scope_of
from tests.unit.settings.test_scope_text import TEXT

NOWHERE = Path("/nowhere/core.toml")
HERE = At("x")

_values = st.sampled_from([
    '"a"', "'b'", '"""c\n[[rule]]\n"""', "'''\n# d\n'''", '["a", "b"]', '[\n  "a",  # x ]\n  # "y"\n  "b",\n]', "true",
    "3", "2024-01-01", '{a = "b"}', '{a = "]", "c d" = "# e"}', '">1KiB"', '"90d"', '"keep"', '"a/"', "[]", '""',
    '"\\"]\\\\"', '"final results"', "'\"'", '""""a"""', '["""\n""", \'\'\'"\'\'\']',
])  # fmt: skip
_keys = st.sampled_from([*KEYS, "preset", "name", "property.a", '"tag"', "'owner'", 'property."b.c"'])
_lines = st.one_of(
    st.builds(lambda key, value, note: f"{key} = {value}{note}\n", _keys, _values, st.sampled_from(["", "  # n", " "])),
    st.sampled_from(["\n", "# note\n", "  # [[rule]]\n", "[rule.property]\n", "\t\n", '# """\n', "#\n\n"]),
)
_rules = st.lists(_lines, max_size=5).map(lambda lines: '[[rule]]\nverdict = "keep"\nreason = "x"\n' + "".join(lines))


@settings(max_examples=400, deadline=None)
@given(st.lists(_lines, max_size=3), st.lists(_rules, max_size=4), st.booleans())
def test_a_made_up_file_is_cut_as_its_parser_reads_it(top: list[str], rules: list[str], windows: bool) -> None:
    text = "".join(top) + "".join(rules)
    if windows:
        text = text.replace("\n", "\r\n")
    try:
        tables = rule_tables(parsed(text, HERE), HERE)
    except ConfigError:
        return
    sheet = cut(text)
    assert str(sheet) == text
    assert len(sheet.blocks) == len(tables)
    for block, table in zip(sheet.blocks, tables, strict=True):
        assert rule_tables(parsed(block.body, HERE), HERE) == [table]
        assert {each.root for each in statements(block.body) if not each.rule} == set(table)
    if not tables:
        return
    moved = move_rule(text, len(tables), 1)
    assert sorted(filter(None, map(str.strip, moved.split("\n")))) == sorted(
        filter(None, map(str.strip, text.split("\n")))
    )
    assert rule_tables(parsed(remove_rule(text, 1), HERE), HERE) == tables[1:]
    for key in ("glob", "property", "verdict"):
        changed = rule_tables(parsed(set_key(text, 1, key, "new"), HERE), HERE)
        assert changed[0] == {**tables[0], key: "new"}
        assert changed[1:] == tables[1:]


def line_of(act: Callable[[], object]) -> str:
    """The one line that `act` is refused with, "" where it is not."""
    try:
        act()
    except UsageError as error:
        return str(error)
    return ""


@settings(max_examples=300, deadline=None)
@given(
    begin=st.integers(0, len(TEXT)),
    end=st.integers(0, len(TEXT)),
    between=st.one_of(st.text(max_size=5), st.sampled_from("\"'[]{}#\n=")),
)
def test_a_file_that_was_mixed_up_is_a_scope_or_gets_one_line(begin: int, end: int, between: str) -> None:
    text = TEXT.replace('include = "site.toml"', 'preset = "final results"')
    text = text[:begin] + between + text[end:]
    line = line_of(lambda: scope_of(text, NOWHERE))
    assert is_safe(line)
    assert not line or line.startswith(f"{NOWHERE}: ")
    if not line and not line_of(lambda: cut(text)):
        assert str(cut(text)) == text
        assert scope_of(set_value(text, "name", "new"), NOWHERE).name == "new"


@settings(max_examples=200)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_a_scope_or_get_one_line(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_bytes(raw)
    line = line_of(lambda: load_scope(path))
    assert line.startswith(f"{path}: ")
    assert is_safe(line)
