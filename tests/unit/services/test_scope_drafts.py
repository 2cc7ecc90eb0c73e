"""Drafts of a scope: marks become rules, blocks move, and every step can be taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.core.errors import Refused, UsageError
from icehouse.core.globs import compiled
from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.scopes import Rule, Verdict
from icehouse.services.house import House
from icehouse.services.scope_drafts import Draft, block_of
from icehouse.services.scope_history import former, undo_saved
from icehouse.services.scope_marks import rules_of
from icehouse.services.scopes import Opened, open_path, open_scope, scopes
from icehouse.settings.clock import SystemClock
from icehouse.settings.config import Config
from icehouse.settings.paths import Paths

SITE = """\
[[rule]]
verdict = "skip"
reason = "site: scratch"
folder = "scratch/"

[[rule]]
verdict = "skip"
reason = "site: temporary"
glob = "*.tmp"
"""
TEXT = """\
# what we owe the lab
name = "core"
covers = ["lab:data", "lab:more"]

# the papers
[[rule]]
verdict = "keep"
reason = "papers"
glob = "*.pdf"

[[rule]]
include = "site.toml"

# vendors say so
[[rule]]
preset = "final results"

# last of all
[[rule]]
verdict = "skip"
reason = "the rest of old"
folder = "old/"
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    config = tmp_path / "config.toml"
    (tmp_path / "scopes").mkdir()
    (tmp_path / "scopes" / "site.toml").write_text(SITE)
    (tmp_path / "scopes" / "core.toml").write_text(TEXT)
    state = tmp_path / "state"
    (state / "catalogue").mkdir(parents=True)
    return House(Paths(config, state), Config(config), SystemClock())


@pytest.fixture
def core(house: House) -> Opened:
    return open_scope(house, "core")


def reasons(opened: Opened) -> list[str]:
    return [rule.reason for rule in opened.scope.rules]


PLAIN = [
    "papers", "site: scratch", "site: temporary", "in a folder of results", "profiles that an assay was made for",
    "the rest of old",
]  # fmt: skip


def test_a_rule_is_found_in_its_own_block_and_an_included_one_in_that_of_its_include(core: Opened) -> None:
    assert reasons(core) == PLAIN
    assert [block_of(core, number) for number in range(1, 8)] == [1, 2, 2, 3, 3, 4, 5]


def test_includes_that_stand_side_by_side_are_told_apart_also_where_they_include_each_other(
    house: House, core: Opened
) -> None:
    folder = core.path.parent
    (folder / "outer.toml").write_text('[[rule]]\ninclude = "site.toml"\n' + SITE.replace("site:", "outer:"))
    own = '[[rule]]\nverdict = "keep"\nreason = "own"\n'
    core.path.write_text(
        'name = "core"\ncovers = ["lab:data"]\n'
        + "".join(f'[[rule]]\ninclude = "{each}.toml"\n' for each in ("outer", "site", "site"))
        + own
        + '[[rule]]\ninclude = "outer.toml"\n'
    )
    opened = open_path(core.path)
    assert opened.blocks == (1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 5, 5, 5)
    draft = Draft(house, opened)
    assert draft.move(9, 5) == 5
    assert reasons(draft.opened)[3:6] == ["outer: temporary", "own", "site: scratch"]


def test_a_mark_stands_in_front_of_all_rules_and_nothing_else_of_the_text_changes(house: House, core: Opened) -> None:
    draft = Draft(house, core)
    draft.mark([Ref("lab", "data", "a/b.txt"), FolderRef("lab", "data", "c/")], Verdict.KEEP, "asked by Ada")
    assert [rule.verdict for rule in draft.opened.scope.rules[:2]] == [Verdict.KEEP, Verdict.KEEP]
    assert {rule.objects or rule.folders for rule in draft.opened.scope.rules[:2]} == {
        (Ref("lab", "data", "a/b.txt"),), ("c/",),
    }  # fmt: skip
    assert reasons(draft.opened)[2:] == PLAIN
    head, tail = TEXT.split("# the papers\n")
    assert draft.opened.text.startswith(head)
    assert draft.opened.text.endswith("# the papers\n" + tail)


def test_a_second_mark_of_the_same_verdict_and_reason_makes_the_first_rule_longer(house: House, core: Opened) -> None:
    draft = Draft(house, core)
    draft.mark([FolderRef("lab", "data", "c/")], Verdict.KEEP, "asked by Ada")
    draft.mark([FolderRef("lab", "data", "d/")], Verdict.KEEP, "asked by Ada")
    draft.mark([FolderRef("lab", "data", "c/")], Verdict.KEEP, "asked by Ada")
    assert draft.opened.scope.rules[0].folders == ("c/", "d/")
    draft.mark([FolderRef("lab", "data", "e/")], Verdict.SKIP, "asked by Ada")
    draft.mark([FolderRef("lab", "more", "e/")], Verdict.SKIP, "asked by Ada")
    assert len(draft.opened.scope.rules) == len(PLAIN) + 3


@pytest.mark.parametrize("pattern", ["*.bam", "/x/*.bam", "x/*.bam", "x/"])
def test_a_filter_under_a_folder_takes_as_a_rule_what_it_took_as_a_mark(pattern: str) -> None:
    folder = FolderRef("lab", "data", "odd[1]*/deep/")
    (rule,) = rules_of([Mark(folder, pattern)], Verdict.SKIP, "made again")
    below = ["a.bam", "x/a.bam", "x/y/a.bam", "b/x/a.bam", "x/a.txt"]
    for path in below:
        taken = compiled(pattern).match(path) is not None
        key = folder.prefix + path
        matched = all(key.startswith(prefix) for prefix in rule.folders) and compiled(rule.globs[0]).match(key)
        assert bool(matched) == taken, path
    other = "odd1x/deep/x/a.bam"
    assert not (all(other.startswith(prefix) for prefix in rule.folders) and compiled(rule.globs[0]).match(other))


def test_a_pattern_that_would_mean_other_objects_is_refused() -> None:
    mark = Mark(FolderRef("lab", "data", "/raw/"), "a/*.bam")
    with pytest.raises(UsageError, match="has no slash"):
        rules_of([mark], Verdict.KEEP, "why")
    (rule,) = rules_of([replace(mark, pattern="*.bam")], Verdict.KEEP, "why")
    assert (rule.folders, rule.globs) == (("/raw/",), ("*.bam",))


def test_a_mark_outside_of_what_is_covered_and_one_without_a_reason_are_refused(house: House, core: Opened) -> None:
    draft = Draft(house, core)
    with pytest.raises(UsageError, match="lab:other is not covered by scope core"):
        draft.mark([FolderRef("lab", "other", "a/")], Verdict.KEEP, "why")
    with pytest.raises(UsageError, match="a reason is missing"):
        draft.mark([FolderRef("lab", "data", "a/")], Verdict.KEEP, " ")
    with pytest.raises(UsageError, match="nothing is marked"):
        draft.mark([], Verdict.KEEP, "why")
    assert not draft.edits


@pytest.mark.parametrize(
    ("number", "to", "order", "first"),
    [
        (6, 1, [5, 0, 1, 2, 3, 4], 1),
        (1, 6, [1, 2, 3, 4, 5, 0], 6),
        (6, 5, [0, 1, 2, 5, 3, 4], 4),
        (1, 2, [1, 2, 0, 3, 4, 5], 3),
        (4, 5, [0, 1, 2, 5, 3, 4], 5),
        (5, 4, [0, 3, 4, 1, 2, 5], 2),
        (4, 3, [0, 3, 4, 1, 2, 5], 2),
        (1, 1, [0, 1, 2, 3, 4, 5], 1),
    ],
)
def test_a_rule_moves_with_its_preset_and_over_includes_as_a_whole(
    house: House, core: Opened, number: int, to: int, order: list[int], first: int
) -> None:
    draft = Draft(house, core)
    assert draft.move(number, to) == first
    assert reasons(draft.opened) == [PLAIN[each] for each in order]
    for comment in ("# what we owe the lab", "# the papers", "# vendors say so", "# last of all"):
        assert draft.opened.text.count(comment) == 1
    above = draft.opened.text.split("# last of all\n")[1]
    assert above.startswith('[[rule]]\nverdict = "skip"\nreason = "the rest of old"')


def test_an_included_rule_is_neither_moved_nor_removed_here(house: House, core: Opened) -> None:
    draft = Draft(house, core)
    for act in (lambda: draft.move(2, 1), lambda: draft.remove(3)):
        with pytest.raises(UsageError, match=r"site\.toml, which is included; edit it there"):
            act()
    with pytest.raises(UsageError, match="there is no rule 7; the numbers are 1 to 6"):
        draft.remove(7)


def test_every_step_is_taken_back_to_the_byte(house: House, core: Opened) -> None:
    draft = Draft(house, core)
    texts = [draft.opened.text]
    for act in (
        lambda: draft.mark([FolderRef("lab", "data", "c/")], Verdict.KEEP, "why"),
        lambda: draft.move(1, 4),
        lambda: draft.remove(1),
        lambda: draft.spell_out(4),
        lambda: draft.add(Rule(Verdict.SKIP, "big", min_size=1), at=1),
    ):
        act()
        texts.append(draft.opened.text)
    assert draft.edits == 5
    assert len(set(texts)) == 6
    while draft.edits:
        assert draft.opened.text == texts.pop()
        draft.undo()
    assert draft.opened.text == texts.pop() == TEXT
    assert not draft.opened.draft
    with pytest.raises(UsageError, match="nothing was changed"):
        draft.undo()


def test_a_saved_edit_is_taken_back_also_by_another_process_and_not_over_anothers_change(
    house: House, core: Opened
) -> None:
    draft = Draft(house, core)
    draft.remove(1)
    saved = draft.save()
    assert saved.path.read_text() == saved.text != TEXT
    assert not draft.edits
    before = former(house, open_path(core.path))
    assert before is not None
    assert before.text == TEXT
    again, gone = undo_saved(house, open_path(core.path))
    assert (again.text, gone) == (TEXT, "remove rule 1")
    assert core.path.read_text() == TEXT
    with pytest.raises(UsageError, match="no edit"):
        undo_saved(house, again)
    draft = Draft(house, again)
    draft.remove(1)
    saved = draft.save()
    core.path.write_text(saved.text + "# by hand\n")
    with pytest.raises(Refused, match="was changed since"):
        undo_saved(house, open_path(core.path))
    assert core.path.read_text().endswith("# by hand\n")


def test_nothing_is_written_over_what_another_wrote_meanwhile(house: House, core: Opened) -> None:
    draft = Draft(house, core)
    draft.remove(1)
    core.path.write_text(TEXT + "# by hand\n")
    with pytest.raises(Refused, match="somebody changed the file meanwhile"):
        draft.save()
    assert core.path.read_text() == TEXT + "# by hand\n"
    assert draft.edits == 1


def test_marks_survive_the_renaming_of_the_file(house: House, core: Opened) -> None:
    draft = Draft(house, core)
    draft.mark([Ref("lab", "data", "a/b.txt")], Verdict.KEEP, "asked by Ada")
    draft.save()
    core.path.rename(core.path.with_name("other.toml"))
    assert open_scope(house, "core").scope.rules[0].objects == (Ref("lab", "data", "a/b.txt"),)


def test_two_scopes_of_one_name_are_told_apart_by_their_paths(house: House, core: Opened) -> None:
    core.path.with_name("twin.toml").write_text(TEXT)
    with pytest.raises(UsageError, match="core: 2 scopes are called so"):
        open_scope(house, "core")
    assert open_scope(house, str(core.path)).path == core.path


def test_the_list_tells_a_wrong_file_and_leaves_out_what_is_only_included(house: House, core: Opened) -> None:
    core.path.with_name("bad.toml").write_text('name = "bad"\n')
    lines = {line.name: line for line in scopes(house)}
    assert set(lines) == {"core", "bad"}
    assert "covers" in lines["bad"].error
    assert lines["core"].undecided is None
    assert len(lines["core"].unknown) == 2


def test_what_a_killed_console_left_unsaved_is_there_again_and_can_be_taken_back(house: House, core: Opened) -> None:
    draft = Draft.resumed(house, core)
    draft.mark([FolderRef("lab", "data", "c/")], Verdict.KEEP, "why")
    draft.move(1, 2)
    draft.undo()
    assert Draft(house, open_path(core.path)).edits == 0
    again = Draft.resumed(house, open_path(core.path))
    assert (again.edits, again.opened.text, again.last) == (1, draft.opened.text, "keep what was marked")
    again.undo()
    assert again.opened.text == TEXT
    assert Draft.resumed(house, open_path(core.path)).edits == 0


def test_what_was_left_unsaved_does_not_come_back_over_another_text_nor_after_it_was_saved_or_thrown_away(
    house: House, core: Opened
) -> None:
    Draft.resumed(house, core).remove(1)
    core.path.write_text(TEXT + "# by hand\n")
    assert Draft.resumed(house, open_path(core.path)).edits == 0
    core.path.write_text(TEXT)
    draft = Draft.resumed(house, open_path(core.path))
    assert draft.edits == 1
    draft.discard()
    assert (draft.edits, draft.opened.text) == (0, TEXT)
    draft.remove(1)
    saved = draft.save()
    assert Draft.resumed(house, saved).edits == 0
