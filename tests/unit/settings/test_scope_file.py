"""The scope file: what it takes, and the one line that it answers to a mistake, however hostile."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.errors import ConfigError, UsageError
from icehouse.core.refs import Ref
from icehouse.core.scopes import MOST_RULES, Cover, Origin, Rule, Scope, Verdict
from icehouse.core.states import State
from icehouse.core.text import is_safe
from icehouse.settings import scope_source
from icehouse.settings.paths import Paths
from icehouse.settings.scope_rules import rule_in
from icehouse.settings.scope_source import At, parsed
from icehouse.settings.scope_writing import rule_text
from icehouse.settings.scopes import OnlyRules, load_scope, scope_of, scope_paths
from tests.unit.scope_rules import any_rules
from tests.unit.settings.scope_mistakes import HOSTILE, MISTAKES, RULE, TOP, TWICE

PROJECT = "project-" + "A" * 24


def written(tmp_path: Path, text: str | bytes, name: str = "core.toml") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def complaint(tmp_path: Path, text: str | bytes, file: str = "core.toml") -> str:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_scope(path)
    line = str(caught.value)
    assert is_safe(line)
    assert len(line) < 1_000
    assert line.startswith(f"{tmp_path / file}: ")
    return line.removeprefix(f"{tmp_path / file}: ")


EVERYTHING = f"""
name = "core-facility"  # who
covers = ["lab-s3:imaging-platform", "dx:{PROJECT}"]
copy_class = "GLACIER"
versions = "all"

[[rule]]
verdict = "keep"
reason = "as the sequencer wrote it"
store = "lab-s3"
container = "imaging-platform"
folder = ["raw/", "more/"]
glob = ["*.fastq.gz", "*.cram"]
size = [">1MiB", "<=2 GB"]
older = "90d"
younger = "52w"
before = 2024-01-01
after = 2023-01-01T12:30:00+01:00
class = ["file", "record"]
tag = "final"
property = {{study = "rare", "a b" = ""}}
storage = ["GLACIER"]
state = ["archived", "restoring"]
owner = "user-ana"
made_by = "job"
intermediate = true
shared = false
copyable = true
objects = [
  {{ store = "dx", container = "{PROJECT}", key = "a/b", version = "file-1" }},  # by hand
  {{ store = "lab-s3", container = "b", key = "c" }},
]

[[rule]]
verdict = "skip"
reason = "too small"
max_size = "1.5KiB"
min_size = 0
property = ["study", {{assay = "WES"}}]
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, EVERYTHING)
    scope = load_scope(path)
    first = Rule(
        Verdict.KEEP,
        "as the sequencer wrote it",
        store="lab-s3",
        container="imaging-platform",
        folders=("raw/", "more/"),
        globs=("*.fastq.gz", "*.cram"),
        min_size=2**20 + 1,
        max_size=2 * 10**9,
        older=timedelta(days=90),
        younger=timedelta(weeks=52),
        before=datetime(2024, 1, 1, tzinfo=UTC),
        after=datetime(2023, 1, 1, 11, 30, tzinfo=UTC),
        kinds=frozenset({"file", "record"}),
        tags=frozenset({"final"}),
        properties=(("study", "rare"), ("a b", "")),
        words=frozenset({"GLACIER"}),
        states=frozenset({State.ARCHIVED, State.RESTORING}),
        owners=frozenset({"user-ana"}),
        made_by="job",
        intermediate=True,
        shared=False,
        copyable=True,
        objects=(Ref("dx", PROJECT, "a/b", "file-1"), Ref("lab-s3", "b", "c")),
    )
    second = Rule(Verdict.SKIP, "too small", min_size=0, max_size=1536, properties=(("study", None), ("assay", "WES")))
    covers = (Cover("lab-s3", "imaging-platform"), Cover("dx", PROJECT))
    assert scope == Scope("core-facility", covers, (first, second), "GLACIER", "all")
    assert [rule.origin for rule in scope.rules] == [Origin(str(path), 1), Origin(str(path), 2)]


def test_what_is_left_out_is_the_usual(tmp_path: Path) -> None:
    scope = load_scope(written(tmp_path, TOP))
    assert scope == Scope("core", (Cover("lab", "bucket"),), (), "DEEP_ARCHIVE", "current")


def told(line: str, expected: str) -> bool:
    """Whether a line is the expected one, or begins like it where the parser's own words follow."""
    return line == expected or (
        expected.startswith("not TOML: ") and expected.endswith(": ") and line.startswith(expected)
    )


@pytest.mark.parametrize(("text", "line"), MISTAKES)
def test_a_mistake_is_told_in_one_line_that_names_file_rule_and_key(tmp_path: Path, text: str, line: str) -> None:
    assert told(complaint(tmp_path, text), line)


@pytest.mark.parametrize(("text", "line"), TWICE)
def test_a_key_that_stands_twice_is_named_with_its_rule_and_line(tmp_path: Path, text: str, line: str) -> None:
    assert complaint(tmp_path, text) == line


@pytest.mark.parametrize(("raw", "line"), HOSTILE)
def test_a_hostile_file_gets_one_clear_line(tmp_path: Path, raw: bytes, line: str) -> None:
    assert told(complaint(tmp_path, raw), line)


def test_hostile_text_where_text_may_stand_is_kept_to_the_letter(tmp_path: Path) -> None:
    text = TOP + '[[rule]]\nverdict = "keep"\nreason = "\\u001b[2J"\ntag = "\\u202e"\nfolder = "a\\nb/"\n'
    rule = load_scope(written(tmp_path, text)).rules[0]
    assert (rule.reason, rule.tags, rule.folders) == ("\x1b[2J", frozenset({"\u202e"}), ("a\nb/",))


def test_too_many_rules_are_refused_before_any_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icehouse.settings.scopes.rule_in", lambda *_: pytest.fail("a rule was looked at"))
    text = TOP + "[[rule]]\nverdict = 3\n" * 10_000
    assert complaint(tmp_path, text) == "10,000 rules; a scope has at most 1,000: let folders or globs say more"


def test_rules_of_includes_and_presets_count_as_well(tmp_path: Path) -> None:
    written(tmp_path, RULE * 600, "more.toml")
    many = "more than 1,000 rules with those that are included and those of presets"
    assert complaint(tmp_path, TOP + '[[rule]]\ninclude = "more.toml"\n' * 2, "more.toml") == many
    assert complaint(tmp_path, TOP + '[[rule]]\npreset = "sequencer data"\n' * 300) == many
    written(tmp_path, '[[rule]]\ninclude = "nothing.toml"\n' * 600, "more.toml")
    written(tmp_path, "", "nothing.toml")
    assert complaint(tmp_path, TOP + '[[rule]]\ninclude = "more.toml"\n' * 2, "more.toml") == many
    assert len(load_scope(written(tmp_path, TOP + RULE * MOST_RULES)).rules) == MOST_RULES


def test_too_many_globs_are_refused_before_any_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icehouse.settings.scopes.rule_in", lambda *_: pytest.fail("a rule was looked at"))
    text = TOP + RULE + f"glob = {['a'] * 4_000}\n" + RULE + f"glob = {['b'] * 1_001}\n"
    assert complaint(tmp_path, text) == "glob: more than 5,000 globs; let folders or wider globs say more"


def test_globs_that_are_too_long_together_are_refused_before_any_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icehouse.settings.scopes.rule_in", lambda *_: pytest.fail("a rule was looked at"))
    text = TOP + RULE + f"glob = {['*a' * 400] * 400}\n"
    assert complaint(tmp_path, text) == "glob: more than 250,000 characters of globs; let folders say more"


def test_includes_stand_in_the_place_of_their_rule(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    written(tmp_path, RULE.replace("why", "b") + '[[rule]]\ninclude = "../last.toml"\n', "site/more.toml")
    written(tmp_path, RULE.replace("why", "c"), "last.toml")
    text = TOP + RULE.replace("why", "a") + '[[rule]]\ninclude = "site/more.toml"\n' + RULE.replace("why", "d")
    scope = load_scope(written(tmp_path, text))
    assert [rule.reason for rule in scope.rules] == ["a", "b", "c", "d"]
    assert [rule.origin.number for rule in scope.rules] == [1, 1, 1, 3]
    assert [rule.origin.included for rule in scope.rules] == [False, True, True, False]
    assert [Path(os.path.realpath(rule.origin.file)).name for rule in scope.rules] == [
        "core.toml", "more.toml", "last.toml", "core.toml",
    ]  # fmt: skip


def test_a_file_may_be_included_twice_and_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = scope_source.read_text

    def noted(path: Path) -> str:
        read.append(path.name)
        return whole(path)

    monkeypatch.setattr("icehouse.settings.scopes.read_text", noted)
    written(tmp_path, RULE, "more.toml")
    assert len(load_scope(written(tmp_path, TOP + '[[rule]]\ninclude = "more.toml"\n' * 2)).rules) == 2
    assert read == ["core.toml", "more.toml"]


def test_an_include_in_a_circle_is_named_with_the_circle(tmp_path: Path) -> None:
    text = TOP + RULE + '[[rule]]\ninclude = "a.toml"\n'
    (tmp_path / "core.toml").touch()
    (tmp_path / "again.toml").symlink_to(tmp_path / "core.toml")
    written(tmp_path, '[[rule]]\ninclude = "b.toml"\n', "a.toml")
    written(tmp_path, RULE + '[[rule]]\ninclude = "again.toml"\n', "b.toml")
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_scope(path)
    circle = "goes in a circle: core.toml → a.toml → b.toml → core.toml"
    assert str(caught.value) == f"{tmp_path / 'b.toml'}: [[rule]] 2 include: {circle}"
    assert complaint(tmp_path, TOP + '[[rule]]\ninclude = "core.toml"\n') == (
        "[[rule]] 1 include: goes in a circle: core.toml → core.toml"
    )


def test_includes_have_a_depth(tmp_path: Path) -> None:
    for number in range(30):
        written(tmp_path, f'[[rule]]\ninclude = "f{number + 1}.toml"\n', f"f{number}.toml")
    path = written(tmp_path, TOP + '[[rule]]\ninclude = "f0.toml"\n')
    with pytest.raises(ConfigError, match=r"include: files include each other more than 20 deep$"):
        load_scope(path)


def test_a_mistake_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    more = written(tmp_path, RULE + "glob = 3", "more.toml")
    path = written(tmp_path, TOP + '[[rule]]\ninclude = "more.toml"\n')
    with pytest.raises(ConfigError) as caught:
        load_scope(path)
    assert str(caught.value) == f"{more}: [[rule]] 1 glob: expected a text or a list of texts, not a whole number"
    more.unlink()
    unknown = TOP + '[[rule]]\ninclude = "~no-such-user/x.toml"\n'
    assert complaint(tmp_path, unknown).endswith("~no-such-user/x.toml: no such file")
    path.write_text(TOP + '[[rule]]\ninclude = "more.toml"\n')
    assert complaint(tmp_path, path.read_text()) == f"[[rule]] 1 include: {more}: no such file"


def test_what_is_no_file_is_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    for name, line in (("pipe.toml", "is no plain file"), (".", "is a folder, not a file"), ("x", "no such file")):
        with pytest.raises(ConfigError) as caught:
            load_scope(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {line}"
    with pytest.raises(ConfigError, match="is no plain file"):
        load_scope(Path("/dev/zero"))


def test_a_file_of_rules_alone_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(OnlyRules):
        load_scope(written(tmp_path, RULE))


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    text = "\ufeff" + (TOP + RULE).replace("\n", "\r\n")
    assert load_scope(written(tmp_path, text)).rules == (Rule(Verdict.KEEP, "why"),)


def test_the_scopes_lie_beside_the_config(tmp_path: Path) -> None:
    folder = Paths(config=tmp_path / "config.toml", state=tmp_path).scopes
    assert folder == tmp_path / "scopes"
    assert scope_paths(folder) == []
    folder.mkdir()
    for name in ("b.toml", "a.toml", ".a.toml.1", ".hidden.toml", "notes.txt"):
        (folder / name).touch()
    assert scope_paths(folder) == [folder / "a.toml", folder / "b.toml"]


WHERE = ("folder", "glob", "key", "tag", "reason")


def reread(rule: Rule) -> Rule:
    return rule_in(At("x"), parsed(rule_text(rule), At("x"))["rule"][0])  # type: ignore[index]


@settings(max_examples=300)
@given(any_rules())
def test_a_rule_that_is_written_is_read_as_it_was(rule: Rule) -> None:
    text = rule_text(rule)
    assert reread(rule) == rule
    assert all(is_safe(line) or max(line) >= "\u0300" for line in text.splitlines())
    text.encode()


@given(st.text(st.characters(categories=["Cs"]), min_size=1), st.sampled_from(WHERE))
def test_a_name_that_is_not_utf8_is_refused_with_what_to_do(name: str, where: str) -> None:
    plain = Rule(Verdict.KEEP, "why")
    rule = {
        "folder": replace(plain, folders=(f"a{name}/",)),
        "glob": replace(plain, globs=(f"a{name}",)),
        "key": replace(plain, objects=(Ref("a", "b", f"c{name}"),)),
        "tag": replace(plain, tags=frozenset({name})),
        "reason": replace(plain, reason=name),
    }[where]
    with pytest.raises(UsageError) as caught:
        rule_text(rule)
    assert str(caught.value) == (
        "a name that is not UTF-8 can't stand in a scope file; mark its folder, or write a glob with ? in place of "
        "each byte that is not UTF-8"
    )


def test_what_a_file_can_not_hold_is_refused() -> None:
    plain = Rule(Verdict.KEEP, "why")
    for rule, line in [
        (replace(plain, older=timedelta(microseconds=1)), "a span is of whole seconds and 36525 days at most"),
        (replace(plain, reason=" "), "this rule: reason: says nothing; a rule needs a reason"),
        (replace(plain, globs=("[",)), "this rule: glob: glob '[': a set [ is never closed"),
        (replace(plain, container="a/b"), "this rule: container: expected a container's own name"),
    ]:
        with pytest.raises(UsageError) as caught:
            rule_text(rule)
        assert line in str(caught.value)


def test_a_rule_reads_like_a_person_wrote_it() -> None:
    rule = Rule(
        Verdict.KEEP, "as the sequencer wrote it", folders=("raw/",), globs=("*.fastq.gz", "*.cram"), min_size=2**20,
        older=timedelta(days=90), before=datetime(2024, 1, 1, tzinfo=UTC), properties=(("study", "rare"),),
        objects=(Ref("dx", "p", "a", "file-1"), Ref("dx", "p", "Å\u202e")),
    )  # fmt: skip
    assert rule_text(rule) == (
        '[[rule]]\nverdict = "keep"\nreason = "as the sequencer wrote it"\nfolder = "raw/"\n'
        'glob = ["*.fastq.gz", "*.cram"]\nmin_size = "1MiB"\nolder = "90d"\nbefore = 2024-01-01\n'
        'property = {study = "rare"}\nobjects = [\n'
        '  {store = "dx", container = "p", key = "a", version = "file-1"},\n'
        '  {store = "dx", container = "p", key = "Å\\u202e"},\n]\n'
    )


def test_a_scope_that_is_not_saved_yet_is_read_like_one_that_is(tmp_path: Path) -> None:
    written(tmp_path, RULE, "more.toml")
    scope = scope_of(TOP + '[[rule]]\ninclude = "more.toml"\n', tmp_path / "new.toml")
    assert [rule.origin.file for rule in scope.rules] == [str(tmp_path / "more.toml")]
