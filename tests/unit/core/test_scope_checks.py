"""The static checks of a scope: only what is certain is told, and what is certain of a small scope is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.globs import compiled
from icehouse.core.refs import Ref
from icehouse.core.scope_checks import never, problems
from icehouse.core.scope_globs import meets, takes
from icehouse.core.scope_hides import hides
from icehouse.core.scopes import Cover, Facts, Rule, Scope, Verdict, about, decide, matches
from icehouse.core.states import State
from tests.unit.scope_rules import COVERS, FOLDERS, GLOBS, KEYS, narrowed, objects, rules

HERE, PROJECT = COVERS
DAY = timedelta(days=1)
MARCH = datetime(2024, 3, 1, tzinfo=UTC)


def keep(**asked: Any) -> Rule:
    return Rule(Verdict.KEEP, "why", **asked)


def told(*listed: Rule, covers: tuple[Cover, ...] = COVERS) -> list[tuple[int, str, str, int | None]]:
    found = problems(Scope("s", covers, listed))
    return [(each.rule, each.kind, each.words, each.by) for each in found]


NEVER: list[tuple[dict[str, Any], str]] = [
    ({"store": "other"}, "nothing that it names is covered by this scope"),
    ({"store": "lab", "container": PROJECT.container}, "nothing that it names is covered by this scope"),
    ({"objects": (Ref("lab", "elsewhere", "a"),)}, "nothing that it names is covered by this scope"),
    ({"min_size": 2, "max_size": 1}, "no size is both that large and that small"),
    ({"older": DAY, "younger": DAY}, "nothing is both that old and that young"),
    ({"after": MARCH, "before": MARCH}, "no date is both after the one and before the other"),
    ({"properties": (("a", "1"), ("a", "2"))}, "no object has two values of the property a"),
    ({"intermediate": True, "made_by": "person"}, "an intermediate is made by a job, never by a person"),
    (
        {"folders": ("raw/",), "globs": ("work/**", "/top/*.bam")},
        "its globs begin at the top, and none of them leads into its folders",
    ),
    (
        {"folders": ("raw/",), "objects": (Ref("lab", "bucket", "work/a"),)},
        "none of its objects lies where its other conditions ask",
    ),
    (
        {"globs": ("*.gz",), "objects": (Ref("lab", "bucket", "work/a"),)},
        "none of its objects lies where its other conditions ask",
    ),
    ({"store": "dx", "folders": ("/raw/",)}, "no path in a project begins with a slash; write raw/"),
]


@pytest.mark.parametrize(("asked", "words"), NEVER)
def test_a_rule_that_contradicts_itself_or_names_what_is_not_covered_is_pointed_out(
    asked: dict[str, Any], words: str
) -> None:
    assert told(keep(**asked)) == [(0, "never", words, None)]


MAY = [
    {"min_size": 1, "max_size": 1},
    {"older": DAY, "younger": 2 * DAY},
    {"after": MARCH, "before": MARCH + DAY},
    {"properties": (("a", "1"), ("a", None))},
    {"intermediate": False, "made_by": "person"},
    {"folders": ("raw/",), "globs": ("raw/**", "work/*")},
    {"folders": ("raw/r1/",), "globs": ("raw/*/x",)},
    {"folders": ("raw/",), "globs": ("*.bam",)},
    {"folders": ("raw/",), "objects": (Ref("lab", "bucket", "work/a", "v1"),)},
    {"folders": ("/raw/",)},
    {"store": "dx", "folders": ("/raw/", "raw/")},
]


@pytest.mark.parametrize("asked", MAY)
def test_a_rule_that_may_match_is_left_alone(asked: dict[str, Any]) -> None:
    assert told(keep(**asked)) == []


HIDDEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"tags": frozenset({"x"})}),
    ({"globs": ("*",)}, {}),
    ({"globs": ("**",)}, {"folders": ("raw/",)}),
    ({"folders": ("raw/",)}, {"folders": ("raw/r1/", "raw/")}),
    ({"folders": ("raw/",)}, {"globs": ("raw/**/*.gz",)}),
    ({"folders": ("raw/",)}, {"objects": (Ref("lab", "bucket", "raw/a"),)}),
    ({"globs": ("raw/**",)}, {"folders": ("raw/r1/",)}),
    ({"globs": ("*.gz",)}, {"globs": ("*.fastq.gz", "*.bcl.gz")}),
    ({"globs": ("*.xml", "*.bam")}, {"globs": ("RunInfo.xml",)}),
    ({"globs": ("?.bam",)}, {"objects": (Ref("lab", "bucket", "raw/a.bam"),)}),
    ({"min_size": 5}, {"min_size": 6, "max_size": 9}),
    ({"max_size": 9}, {"max_size": 8}),
    ({"older": DAY}, {"older": 2 * DAY}),
    ({"younger": 2 * DAY}, {"younger": DAY}),
    ({"after": MARCH}, {"after": MARCH + DAY}),
    ({"before": MARCH}, {"before": MARCH}),
    ({"kinds": frozenset({"applet", "workflow"})}, {"kinds": frozenset({"applet"})}),
    ({"tags": frozenset({"a", "b"})}, {"tags": frozenset({"b"})}),
    ({"owners": frozenset({"a", "b"})}, {"owners": frozenset({"b"}), "shared": True}),
    ({"properties": (("a", None),)}, {"properties": (("b", "2"), ("a", "1"))}),
    ({"states": frozenset({State.LIVE})}, {"states": frozenset({State.LIVE}), "made_by": "job"}),
    ({"words": frozenset({"GLACIER"})}, {"words": frozenset({"GLACIER"})}),
    ({"shared": True}, {"shared": True, "copyable": False}),
    ({"store": "lab"}, {"container": "bucket"}),
    ({"objects": (Ref("lab", "bucket", "a"), Ref("lab", "bucket", "b"))}, {"objects": (Ref("lab", "bucket", "b"),)}),
    (
        {"objects": (Ref("lab", "bucket", "a", "v"),)},
        {"objects": (Ref("lab", "bucket", "moved", "v"),), "folders": ("raw/",)},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("wide", "narrow"), HIDDEN)
def test_a_rule_that_an_earlier_one_hides_is_pointed_out_with_the_one_that_hides_it(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    between = keep(globs=("*.none",), folders=("nowhere/",))
    skip = Rule(Verdict.SKIP, "why", **narrow)
    words = "rule 2 takes all that this one could match, and says keep"
    assert told(between, keep(**wide), skip) == [(2, "hidden", words, 1)]


def test_a_rule_that_is_wider_than_the_one_before_it_is_left_alone() -> None:
    for wide, narrow in HIDDEN:
        if wide != narrow and not hides(keep(**narrow), keep(**wide)):
            assert told(keep(**narrow), keep(**wide)) == []


def test_an_object_known_by_its_key_is_not_one_known_by_its_version() -> None:
    by_key, by_version = Ref("lab", "bucket", "v"), Ref("lab", "bucket", "v", "v")
    assert told(keep(objects=(by_key,)), keep(objects=(by_version,))) == []
    assert told(keep(objects=(by_version,)), keep(objects=(by_key,))) == []


def test_what_hides_in_one_container_alone_hides_nothing_in_two() -> None:
    assert told(keep(store="lab"), keep()) == []
    assert told(keep(store="lab"), keep(), covers=(HERE,)) == [
        (1, "hidden", "rule 1 takes all that this one could match, and says keep", 0)
    ]


@settings(max_examples=400)
@given(st.lists(rules(), min_size=1, max_size=5), objects())
def test_a_rule_with_a_problem_never_decides(listed: list[Rule], facts: Facts) -> None:
    bad = {each.rule for each in problems(Scope("s", COVERS, tuple(listed)))}
    assert decide(listed, facts).rule not in bad


@settings(max_examples=400)
@given(narrowed(), objects())
def test_what_a_hidden_rule_matches_the_hiding_one_matches(pair: tuple[Rule, Rule], facts: Facts) -> None:
    wide, narrow = pair
    if hides(wide, narrow) and about(wide, Cover(facts.ref.store, facts.ref.container)) and matches(narrow, facts):
        assert matches(wide, facts)


@settings(max_examples=300)
@given(st.lists(rules(), min_size=2, max_size=6))
def test_the_quick_search_finds_what_comparing_all_with_all_finds(listed: list[Rule]) -> None:
    expected: list[tuple[int, int | None]] = []
    earlier: list[int] = []
    for number, rule in enumerate(listed):
        places = {cover for cover in COVERS if about(rule, cover)}
        if never(rule, places):
            expected.append((number, None))
            continue
        by = [
            each
            for each in earlier
            if hides(listed[each], rule) and all(about(listed[each], place) for place in places)
        ]
        expected += [(number, by[0])] if by else []
        earlier += [] if by else [number]
    assert [(each.rule, each.by) for each in problems(Scope("s", COVERS, tuple(listed)))] == expected


@pytest.mark.parametrize("wide", GLOBS)
@pytest.mark.parametrize("narrow", GLOBS)
def test_a_glob_that_takes_another_matches_whatever_that_one_matches(wide: str, narrow: str) -> None:
    found = [key for key in KEYS if compiled(narrow).match(key)]
    if takes(wide, narrow):
        assert all(compiled(wide).match(key) for key in found)
    for folder in FOLDERS:
        assert meets(narrow, folder) or not any(key.startswith(folder) for key in found)


def test_a_thousand_rules_are_compared_with_few_others_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counted(wide: Rule, narrow: Rule) -> bool:
        nonlocal asked
        asked += 1
        return hides(wide, narrow)

    monkeypatch.setattr("icehouse.core.scope_hides.hides", counted)
    listed = [keep(globs=(f"*.x{n}", f"p{n}/**")) for n in range(500)] + [keep(folders=(f"f{n}/",)) for n in range(500)]
    assert told(*listed, replace(listed[0], tags=frozenset({"t"})))[0][::3] == (1000, 0)
    assert asked < 5_000


def test_rules_of_plain_names_are_compared_with_none_that_name_others(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counted(wide: Rule, narrow: Rule) -> bool:
        nonlocal asked
        asked += 1
        return hides(wide, narrow)

    monkeypatch.setattr("icehouse.core.scope_hides.hides", counted)
    listed = [keep(globs=tuple(f"name{n}.{each}" for each in range(5))) for n in range(1000)]
    again = keep(objects=(Ref(HERE.store, HERE.container, "d/name7.3"),))
    assert told(*listed, again)[0][::3] == (1000, 7)
    assert asked < 10
