"""Edits of a scope's text: comments and order stay to the byte, and two people's edits merge as text."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.errors import ConfigError, UsageError
from icehouse.core.refs import Ref
from icehouse.core.scope_presets import PRESETS
from icehouse.core.scopes import Cover, Rule, Verdict
from icehouse.settings.scope_blocks import cut
from icehouse.settings.scope_text import (
    add_preset,
    add_rule,
    move_rule,
    new_scope,
    remove_rule,
    replace_rule,
    set_key,
    set_value,
    spell_out,
)
from icehouse.settings.scope_writing import rule_text
from icehouse.settings.scopes import scope_of
from tests.unit.scope_rules import any_rules

PLAIN = Rule(Verdict.SKIP, "made again")

TEXT = '''\
# Why this file exists:
#   the core must keep what it can't make again.

name = "core"   # ours
covers = [
  "lab:bucket",  # the platform
  # the runs come later
  "dx:project-AAAAAAAAAAAAAAAAAAAAAAAA",
]

# ---- what instruments wrote ----

# reads
[[rule]]
verdict = "keep"  # always
reason = "as the sequencer wrote it"
glob = [
  "*.fastq.gz",  # reads
  "*.cram",
]
# size = ">1MiB"

# papers
[[rule]]
    verdict = 'keep'
    reason = """
[[rule]]  # this is no rule
of a run"""
    glob = ["RunInfo.xml"]
[rule.property]
study = "rare"

[[rule]]
include = "site.toml"
# ---- what pipelines made ----

[[rule]]
preset = "final results"


# the last word
[[ rule ]]
reason = "temporary # not a comment"
verdict = "skip"
size = [">1KiB", "<1MiB"]
older = "1w"
# the end
'''
REASONS = ("as the sequencer wrote it", "[[rule]]  # this is no rule\nof a run", "in a folder of results", "profiles")


@pytest.fixture(autouse=True)
def site(tmp_path: Path) -> Path:
    (tmp_path / "site.toml").write_text('[[rule]]\nverdict = "keep"\nreason = "site"\n')
    return tmp_path


def order(text: str, folder: Path) -> list[str]:
    """What each [[rule]] is, in order."""
    found: dict[tuple[bool, int], str] = {}
    for rule in scope_of(text, folder / "core.toml").rules:
        key = (rule.origin.included, rule.origin.number)
        found.setdefault(key, rule.preset or rule.reason.split()[0].strip())
    return list(found.values())


def test_the_cut_text_joined_is_the_text() -> None:
    sheet = cut(TEXT)
    assert str(sheet) == TEXT
    assert [block.body.splitlines()[0] for block in sheet.blocks] == [
        "# reads", "# papers", "[[rule]]", "[[rule]]", "# the last word",
    ]  # fmt: skip
    assert [block.rest for block in sheet.blocks] == ["", "", "", "", ""]
    assert sheet.blocks[2].body == '[[rule]]\ninclude = "site.toml"\n# ---- what pipelines made ----\n'
    assert sheet.blocks[4].body.endswith("# the end\n")


def test_a_rule_moves_with_its_comments_and_nothing_else_changes(site: Path) -> None:
    moved = move_rule(TEXT, 5, 1)
    last = TEXT[TEXT.index("# the last word") :]
    rest = TEXT[: TEXT.index("\n\n# the last word")]
    first = rest.index("# reads")
    assert moved == rest[:first] + last + "\n" + rest[first:]
    assert order(moved, site) == ["temporary", "as", "[[rule]]", "site", "final results"]


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("to", range(1, 6))
def test_any_rule_moves_to_any_place_and_back(site: Path, number: int, to: int) -> None:
    before = order(TEXT, site)
    moved = move_rule(TEXT, number, to)
    wanted = list(before)
    wanted.insert(to - 1, wanted.pop(number - 1))
    assert order(moved, site) == wanted
    assert order(move_rule(moved, to, number), site) == before
    assert sorted(filter(str.strip, moved.split("\n"))) == sorted(filter(str.strip, TEXT.split("\n")))


def test_headings_of_sections_stay_where_they_are(site: Path) -> None:
    text = TEXT.replace("# ---- what pipelines made ----\n", "\n# ---- what pipelines made ----\n")
    moved = move_rule(text, 3, 1)
    lines = moved.splitlines()
    made = lines.index("# ---- what pipelines made ----")
    assert lines[made + 1 : made + 4] == ["", "[[rule]]", 'preset = "final results"']
    assert lines.index('include = "site.toml"') < lines.index("# reads") < made
    assert lines.index("# ---- what instruments wrote ----") < lines.index('include = "site.toml"')
    down = move_rule(text, 1, 3).splitlines()
    assert down.index('include = "site.toml"') < down.index("# reads") < down.index("# ---- what pipelines made ----")


def test_a_rule_that_is_added_stands_above_the_one_of_its_number(site: Path) -> None:
    added = add_rule(TEXT, PLAIN, 2)
    assert added == TEXT.replace("# papers\n", f"{rule_text(PLAIN)}\n# papers\n")
    assert add_rule(TEXT, PLAIN) == f"{TEXT}\n{rule_text(PLAIN)}"
    assert add_rule(TEXT, PLAIN, 6) == add_rule(TEXT, PLAIN)
    assert order(add_rule(TEXT, PLAIN, 1), site)[0] == "made"


def test_a_rule_that_is_removed_takes_its_comments_along() -> None:
    begin, end = TEXT.index("# papers"), TEXT.index('[[rule]]\ninclude = "site.toml"')
    assert remove_rule(TEXT, 2) == TEXT[:begin] + TEXT[end:]
    assert remove_rule(TEXT, 5) == TEXT[: TEXT.index("\n\n# the last word")]


def test_removing_what_was_added_gives_the_text_back() -> None:
    for at in range(1, 7):
        assert remove_rule(add_rule(TEXT, PLAIN, at), at) == TEXT


def rule_of(text: str, folder: Path, number: int) -> Rule:
    return next(
        rule
        for rule in scope_of(text, folder / "core.toml").rules
        if rule.origin.number == number and not rule.origin.included
    )


def test_a_reason_that_is_changed_changes_one_line(site: Path) -> None:
    rule = rule_of(TEXT, site, 1)
    changed = replace_rule(TEXT, 1, replace(rule, reason='"raw" data'))
    assert changed == TEXT.replace('reason = "as the sequencer wrote it"', 'reason = "\\"raw\\" data"')


def test_a_verdict_that_is_changed_keeps_its_comment_and_place(site: Path) -> None:
    rule = rule_of(TEXT, site, 1)
    changed = replace_rule(TEXT, 1, replace(rule, verdict=Verdict.SKIP))
    assert changed == TEXT.replace('"keep"  # always', '"skip"  # always')


def test_comments_inside_a_list_that_is_changed_come_to_stand_above_it(site: Path) -> None:
    changed = replace_rule(TEXT, 1, replace(rule_of(TEXT, site, 1), globs=("*.bam",)))
    assert changed == TEXT.replace('glob = [\n  "*.fastq.gz",  # reads\n  "*.cram",\n]', '# reads\nglob = "*.bam"')


def test_conditions_come_and_go_one_by_one(site: Path) -> None:
    rule = rule_of(TEXT, site, 2)
    more = replace_rule(TEXT, 2, replace(rule, folders=("raw/",), shared=True, properties=()))
    assert more == TEXT.replace('[rule.property]\nstudy = "rare"\n', "").replace(
        '    glob = ["RunInfo.xml"]\n', 'folder = "raw/"\n    glob = ["RunInfo.xml"]\nshared = true\n'
    )


def test_a_bound_that_stays_stays_as_it_was_written_and_one_that_changes_is_written_anew(site: Path) -> None:
    rule = rule_of(TEXT, site, 5)
    assert replace_rule(TEXT, 5, rule) == TEXT
    same = replace_rule(TEXT, 5, replace(rule, tags=frozenset({"x"})))
    assert same == TEXT.replace('older = "1w"\n', 'older = "1w"\ntag = "x"\n')
    other = replace_rule(TEXT, 5, replace(rule, max_size=2**30))
    assert other == TEXT.replace('size = [">1KiB", "<1MiB"]\n', 'min_size = 1025\nmax_size = "1GiB"\n')


def test_a_preset_becomes_a_rule_of_its_own_where_it_is_replaced(site: Path) -> None:
    changed = replace_rule(TEXT, 4, PLAIN)
    assert changed == TEXT.replace('preset = "final results"\n', 'verdict = "skip"\nreason = "made again"\n')


def test_one_key_of_a_preset_is_set_and_taken_out_again() -> None:
    changed = set_key(TEXT, 4, "reason", "asked for")
    assert changed == TEXT.replace('preset = "final results"\n', 'preset = "final results"\nreason = "asked for"\n')
    assert set_key(changed, 4, "reason", None) == TEXT
    assert set_key(set_key(TEXT, 4, "property", {"a b": "c"}), 4, "shared", True) == TEXT.replace(
        'preset = "final results"\n', 'preset = "final results"\nproperty = {"a b" = "c"}\nshared = true\n'
    )


def test_values_above_the_rules_are_set_in_place() -> None:
    assert set_value(TEXT, "name", "new") == TEXT.replace('"core"   # ours', '"new"   # ours')
    assert set_value(TEXT, "copy_class", "GLACIER") == TEXT.replace(
        'AAAA",\n]\n', 'AAAA",\n]\ncopy_class = "GLACIER"\n'
    )
    assert set_value(TEXT, "covers", ["lab:other"]) == TEXT.replace(
        'covers = [\n  "lab:bucket",  # the platform\n  # the runs come later\n  '
        '"dx:project-AAAAAAAAAAAAAAAAAAAAAAAA",\n]',
        '# the platform\n# the runs come later\ncovers = [\n  "lab:other",\n]',
    )


def test_a_preset_is_spelled_out_in_its_place(site: Path) -> None:
    covers = (Cover("dx", "project-" + "A" * 24),)
    spelled = spell_out(TEXT, 4, covers)
    before, after = scope_of(TEXT, site / "x").rules, scope_of(spelled, site / "x").rules
    assert after == before
    assert [rule.origin.number for rule in after] == [1, 2, 1, 4, 5, 6, 7]
    assert not any(rule.preset for rule in after)
    assert spelled.replace(spelled[spelled.index('\n[[rule]]\nverdict = "keep"\nreason = "tagged') : spelled.index(
        "\n\n# the last word")], "") == TEXT.replace('\n[[rule]]\npreset = "final results"\n', "")  # fmt: skip


def test_windows_line_ends_and_a_byte_order_mark_stay(site: Path) -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n")
    for edited in (
        move_rule(text, 5, 1),
        add_rule(text, replace(PLAIN, objects=(Ref("a", "b", "c"),)), 2),
        remove_rule(text, 3),
        set_value(text, "covers", ["a:b", "c:d"]),
        set_key(text, 1, "glob", ["a" * 60, "b" * 60]),
    ):
        assert edited.startswith("\ufeff#")
        assert edited.count("\n") == edited.count("\r\n")


def test_a_file_without_a_line_end_or_empty_lines_is_edited_as_well(site: Path) -> None:
    text = 'name="a"\ncovers=["lab:bucket"]\n' + '[[rule]]\nverdict="keep"\nreason="a"\n' * 2 + "# the end"
    assert add_rule(text, PLAIN).endswith(f"# the end\n\n{rule_text(PLAIN)}")
    assert order(move_rule(add_rule(text, PLAIN), 3, 1), site) == ["made", "a", "a"]
    assert move_rule(text, 2, 1).count("# the end") == 1
    assert add_rule('name="a"\ncovers=["lab:bucket"]', PLAIN) == (
        f'name="a"\ncovers=["lab:bucket"]\n\n{rule_text(PLAIN)}'
    )


def test_what_is_not_there_or_can_not_be_edited_is_told() -> None:
    listed = 'name="a"\ncovers=["a:b"]\nrule = [{verdict="keep", reason="x"}]\n'
    for edit, line in [
        (lambda: move_rule(TEXT, 6, 1), "there is no rule 6; the numbers are 1 to 5"),
        (lambda: add_rule(TEXT, PLAIN, 7), "there is no rule 7; the numbers are 1 to 6"),
        (lambda: remove_rule('name="a"', 1), "there are no rules"),
        (lambda: remove_rule(listed, 1), "the rules of this file stand in one list; write each as a [[rule]] to edit"),
        (lambda: set_key(TEXT, 1, "golb", "x"), "golb: a rule has no such key"),
        (lambda: set_value(TEXT, "nam", "x"), "nam: a scope has no such key; there is name, covers"),
        (lambda: add_preset(TEXT, "all"), "'all' is no preset; there is shared with me"),
        (lambda: spell_out(TEXT, 1, ()), "rule 1 is no preset"),
        (lambda: add_rule("a = 1\na = 2", PLAIN), "this scope: a: stands a second time in line 2"),
    ]:
        with pytest.raises(UsageError) as caught:
            edit()
        assert str(caught.value).startswith(line)


def test_marks_that_a_file_can_not_hold_are_refused_with_what_to_do() -> None:
    many = replace(PLAIN, objects=tuple(Ref("lab", "bucket", f"{number:04}" + "é" * 1_000) for number in range(1_100)))
    text = add_rule(TEXT, many)
    with pytest.raises(UsageError, match="larger than its file may be; mark folders in place of objects"):
        add_rule(text, many)


def test_the_order_of_properties_is_part_of_a_rule() -> None:
    text = 'name = "a"\ncovers = ["a:b"]\n[[rule]]\nverdict = "keep"\nreason = "x"\nproperty = {a = "1", b = "2"}\n'
    changed = replace_rule(text, 1, Rule(Verdict.KEEP, "x", properties=(("b", "2"), ("a", "1"))))
    assert changed == text.replace('{a = "1", b = "2"}', '{b = "2", a = "1"}')


def test_a_new_scope_explains_its_presets(tmp_path: Path) -> None:
    text = new_scope("core", [Cover("lab", "bucket")], ["final results"])
    assert text.startswith("# What has to be kept.")
    assert "# Final results. What an analysis was made for" in text
    assert len({rule.preset for rule in scope_of(new_scope("a", [Cover("a", "b")]), tmp_path).rules}) == len(PRESETS)
    with pytest.raises(ConfigError, match="new scope: covers: a:b stands there twice"):
        new_scope("core", [Cover("a", "b")] * 2)


@settings(max_examples=150, deadline=None)
@given(any_rules(), st.integers(1, 6), st.integers(1, 5))
def test_any_rule_is_added_replaced_and_moved_and_all_other_lines_stay(rule: Rule, at: int, number: int) -> None:
    added = add_rule(TEXT, rule, at)
    assert remove_rule(added, at) == TEXT
    replaced = replace_rule(added, at, PLAIN)
    assert replaced == add_rule(TEXT, PLAIN, at)
    again = replace_rule(replaced, at, rule)
    assert again == added
    assert remove_rule(move_rule(again, at, number), number).split() == TEXT.split()


def merged(folder: Path, base: str, one: str, other: str) -> str:
    """The merge of two edits as git makes it.  A conflict fails."""
    for name, text in (("base", base), ("one", one), ("other", other)):
        (folder / name).write_bytes(text.encode())
    done = subprocess.run(
        ["git", "merge-file", "-p", "one", "base", "other"], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


EDITS = [
    *((f"move {number} to {to}", lambda text, n=number, to=to: move_rule(text, n, to)) for number, to in
      [(1, 2), (2, 1), (3, 5), (5, 3), (1, 5), (5, 1)]),
    *((f"add at {at}", lambda text, at=at: add_rule(text, PLAIN, at)) for at in range(1, 7)),
    ("remove 3", lambda text: remove_rule(text, 3)),
    ("widen what is covered", lambda text: set_value(text, "covers", ["lab:bucket", "lab:more"])),
]  # fmt: skip


@pytest.mark.parametrize(("what", "edit"), EDITS, ids=[what for what, _ in EDITS])
def test_an_edit_in_the_console_and_another_persons_edit_of_a_reason_merge_as_text(
    tmp_path: Path, what: str, edit: object
) -> None:
    assert callable(edit)
    mine = edit(TEXT)
    assert mine != TEXT
    moved = {"move 1 to 2": 1, "move 1 to 5": 1, "move 5 to 1": 5, "move 5 to 3": 5, "move 2 to 1": 1}.get(what)
    for number, reason in ((1, "as the sequencer wrote it"), (5, "temporary # not a comment")):
        if number == moved:
            continue  # both edited the same lines: of neighbours that swap, git takes the shorter for the moved one
        theirs = TEXT.replace(reason, "because we say so")
        both = merged(tmp_path, TEXT, mine, theirs)
        assert both == mine.replace(reason, "because we say so")
        scope_of(both, tmp_path / "core.toml")


def test_two_people_who_mark_in_different_places_merge_as_text(tmp_path: Path) -> None:
    one = add_rule(TEXT, PLAIN, 1)
    other = add_rule(TEXT, replace(PLAIN, reason="theirs"), 4)
    assert order(merged(tmp_path, TEXT, one, other), tmp_path) == [
        "made", "as", "[[rule]]", "site", "theirs", "final results", "temporary",
    ]  # fmt: skip


def test_marks_in_one_rule_merge_where_they_lie_apart(tmp_path: Path) -> None:
    refs = tuple(Ref("lab", "bucket", f"k{number}") for number in range(6))
    base = add_rule(TEXT, replace(PLAIN, objects=refs), 1)
    one = replace_rule(base, 1, replace(PLAIN, objects=refs[1:]))
    other = replace_rule(base, 1, replace(PLAIN, objects=(*refs, Ref("lab", "bucket", "more"))))
    both = scope_of(merged(tmp_path, base, one, other), tmp_path / "x").rules[0]
    assert both.objects == (*refs[1:], Ref("lab", "bucket", "more"))
