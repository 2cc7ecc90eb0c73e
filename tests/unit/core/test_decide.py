"""The plain evaluation of a scope: three answers, the first match decides, and unknown never skips."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.refs import Ref
from icehouse.core.scopes import Cover, Decision, Facts, Rule, Verdict, about, decide, matches, rules_digest
from icehouse.core.states import UNKNOWN, Standing, State

KEEP, SKIP, UNDECIDED = Verdict.KEEP, Verdict.SKIP, Verdict.UNDECIDED
NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)
HERE = Cover("lab", "runs")
FACTS = Facts(
    ref=Ref("lab", "runs", "raw/r1/a.fastq.gz", "v1"),
    size=1000,
    modified=NOON - timedelta(days=30),
    standing=Standing(State.LIVE, "STANDARD"),
    as_of=NOON,
    kind="file",
    tags=frozenset({"final"}),
    properties={"study": "rare"},
    owner="user-ana",
    job="",
    intermediate=False,
    shared=False,
    copyable=True,
)
UNTOLD = replace(
    FACTS, size=None, modified=None, standing=UNKNOWN, tags=None, properties=None, owner=None, job=None,
    intermediate=None, shared=None, copyable=None,
)  # fmt: skip

FITTING: list[dict[str, Any]] = [
    {"store": "lab"},
    {"container": "runs"},
    {"folders": ("other/", "raw/")},
    {"globs": ("*.bam", "raw/**/*.fastq.gz")},
    {"min_size": 1000, "max_size": 1000},
    {"older": timedelta(days=30)},
    {"younger": timedelta(days=31)},
    {"before": NOON, "after": NOON - timedelta(days=30)},
    {"kinds": frozenset({"file", "record"})},
    {"tags": frozenset({"final", "other"})},
    {"properties": (("study", "rare"),)},
    {"properties": (("study", None),)},
    {"words": frozenset({"STANDARD"})},
    {"states": frozenset({State.LIVE})},
    {"owners": frozenset({"user-ana"})},
    {"made_by": "person"},
    {"intermediate": False},
    {"shared": False, "copyable": True},
    {"objects": (Ref("lab", "runs", "elsewhere", "v1"),)},
    {"objects": (Ref("lab", "runs", "raw/r1/a.fastq.gz"),)},
]
MISSING: list[dict[str, Any]] = [
    {"store": "dx"},
    {"container": "run"},
    {"folders": ("raw/r10/",)},
    {"globs": ("raw/*.fastq.gz",)},
    {"min_size": 1001},
    {"max_size": 999},
    {"older": timedelta(days=31)},
    {"younger": timedelta(days=30)},
    {"before": NOON - timedelta(days=30)},
    {"kinds": frozenset({"applet"})},
    {"tags": frozenset({"finals"})},
    {"properties": (("study", "rare"), ("lane", None))},
    {"words": frozenset({"GLACIER"})},
    {"states": frozenset({State.ARCHIVED})},
    {"owners": frozenset({"user-ben"})},
    {"made_by": "job"},
    {"intermediate": True},
    {"copyable": False},
    {"objects": (Ref("lab", "runs", "raw/r1/a.fastq.gz", "v2"), Ref("dx", "runs", "raw/r1/a.fastq.gz"))},
]
UNTELLABLE: list[dict[str, Any]] = [
    {"min_size": 0},
    {"max_size": 999},
    {"older": timedelta(days=1)},
    {"tags": frozenset({"final"})},
    {"properties": (("study", None),)},
    {"words": frozenset({"STANDARD"})},
    {"states": frozenset({State.ARCHIVED})},
    {"owners": frozenset({"user-ana"})},
    {"made_by": "job"},
    {"intermediate": False},
    {"shared": True},
    {"copyable": True},
]


def rule(verdict: Verdict = KEEP, **asked: Any) -> Rule:
    return Rule(verdict, "a reason", **asked)


@pytest.mark.parametrize("asked", [{}, *FITTING])
def test_what_fits_matches(asked: dict[str, Any]) -> None:
    assert matches(rule(**asked), FACTS) is True


def test_a_folder_is_not_the_beginning_of_a_name() -> None:
    assert matches(rule(folders=("raw/r1/",)), FACTS) is True
    assert matches(rule(folders=("raw/r1/",)), replace(FACTS, ref=Ref("lab", "runs", "raw/r10/a"))) is False
    with pytest.raises(ValueError, match="plate10"):
        rule(folders=("raw/r",))


@pytest.mark.parametrize("asked", MISSING)
def test_what_does_not_fit_does_not_match(asked: dict[str, Any]) -> None:
    assert matches(rule(**asked), FACTS) is False


@pytest.mark.parametrize("asked", UNTELLABLE)
def test_what_is_not_told_is_neither(asked: dict[str, Any]) -> None:
    assert matches(rule(**asked), UNTOLD) is None
    assert matches(rule(store="dx", **asked), UNTOLD) is False


@pytest.mark.parametrize("asked", UNTELLABLE)
def test_a_rule_that_asks_what_is_not_told_neither_keeps_nor_skips(asked: dict[str, Any]) -> None:
    for verdict in (KEEP, SKIP):
        assert decide([rule(verdict, **asked)], UNTOLD) == Decision(UNDECIDED, None, (0,))


def test_where_a_rule_may_keep_no_later_one_skips() -> None:
    may = rule(KEEP, tags=frozenset({"final"}))
    assert decide([may, rule(SKIP)], UNTOLD) == Decision(UNDECIDED, None, (0,))
    assert decide([may, rule(SKIP), rule(KEEP)], UNTOLD) == Decision(UNDECIDED, None, (0,))
    assert decide([may, rule(KEEP)], UNTOLD) == Decision(KEEP, 1)
    assert decide([rule(SKIP), may], UNTOLD) == Decision(SKIP, 0)


def test_where_a_rule_may_skip_a_later_one_keeps_or_skips_for_sure() -> None:
    may = rule(SKIP, intermediate=True)
    assert decide([may, rule(KEEP)], UNTOLD) == Decision(KEEP, 1)
    assert decide([may, rule(SKIP)], UNTOLD) == Decision(SKIP, 1)
    assert decide([may], UNTOLD) == Decision(UNDECIDED, None, (0,))


rules_of = st.lists(
    st.builds(lambda v, a: rule(v, **a), st.sampled_from([KEEP, SKIP]), st.sampled_from(FITTING + MISSING))
)


@given(rules_of)
def test_with_everything_told_the_first_match_decides(rules: list[Rule]) -> None:
    first = next((n for n, each in enumerate(rules) if matches(each, FACTS)), None)
    wanted = Decision(UNDECIDED) if first is None else Decision(rules[first].verdict, first)
    assert decide(rules, FACTS) == wanted


@given(rules_of)
def test_what_is_not_told_never_turns_into_skip(rules: list[Rule]) -> None:
    told, untold = decide(rules, FACTS), decide(rules, replace(UNTOLD, modified=FACTS.modified))
    if told.verdict is KEEP:
        assert untold.verdict is not SKIP


def test_a_reason_or_a_place_in_a_file_changes_no_digest_and_a_condition_does() -> None:
    one = rule(globs=("*.bam",))
    other = rule(SKIP, container="elsewhere", min_size=3)
    digest = rules_digest([one, other], HERE)
    assert rules_digest([replace(one, reason="said better", preset="p"), other], HERE) == digest
    assert rules_digest([one, replace(other, min_size=4)], HERE) == digest
    assert rules_digest([replace(one, globs=("*.cram",)), other], HERE) != digest
    assert rules_digest([replace(one, verdict=SKIP), other], HERE) != digest
    assert rules_digest([other, one], HERE) != digest
    assert rules_digest([one], HERE) != digest


def test_a_rule_is_about_the_containers_that_it_names() -> None:
    assert about(rule(), HERE)
    assert not about(rule(store="dx"), HERE)
    assert not about(rule(objects=(Ref("lab", "other", "a"),)), HERE)
    assert about(rule(objects=(Ref("lab", "other", "a"), Ref("lab", "runs", "a"))), HERE)
