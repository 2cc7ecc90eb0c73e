"""The presets, on what the fixtures tell of themselves: the counts and bytes of each rule as literal tables.

The tables were counted from the fixtures' descriptions by folders and endings, with no code of ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icehouse.core.refs import Ref
from icehouse.core.scope_checks import problems
from icehouse.core.scope_presets import PRESETS, SHARED
from icehouse.core.scopes import Cover, Facts, Scope, Verdict, decide
from icehouse.core.states import Standing, State
from icehouse.core.text import is_safe
from icehouse.settings.scope_text import new_scope
from icehouse.settings.scopes import scope_of
from tests import dnanexus_standin, standin

NOW = datetime(2026, 10, 3, tzinfo=UTC)
UNDECIDED = "undecided"
TAGGED, FOLDERS, PROFILES = "tagged as final", "in a folder of results", "profiles that an assay was made for"
READS, RAW = "reads as the sequencer wrote them", "raw data of a run"
PAPERS = "papers of a run, without which its data can't be read right"
IMAGES = "images as the microscope wrote them"
MADE_AGAIN = "a later job consumed it, and its own job can make it again"
BY_NAME = "made again from the images by the same pipeline"
APPS = "made here; results can't be made again without it"
MAY, MAY_NOT = (rule.reason for rule in SHARED.rules)

SEQUENCING = {
    ("analyses", TAGGED): (960, 4_821_095_523_491),
    ("analyses", FOLDERS): (40, 182_551_773),
    ("analyses", MADE_AGAIN): (939, 6_401_809_767_937),
    ("analyses", UNDECIDED): (21, 74_845_222_056),
    ("assets", APPS): (1, 0),
    ("assets", UNDECIDED): (5, 74_448_896),
    ("azure-cohort", UNDECIDED): (144, 580_797_309_289),
    ("deliveries", READS): (54, 317_030_962_593),
    ("deliveries", UNDECIDED): (16, 103_079_215_224),
    ("embargo", UNDECIDED): (10, 5_701_291_213),
    ("half-cold", READS): (48, 281_490_187_734),
    ("partner-azure", MAY): (20, 69_093_783_169),
    ("partner-copies", MAY): (48, 283_500_967_048),
    ("partner-joint", MAY): (20, 71_214_549_484),
    ("partner-locked", MAY_NOT): (7, 1_887_436_815),
    ("partner-view", MAY): (20, 66_177_959_467),
    ("references", UNDECIDED): (32, 55_476_495_662),
    ("runs-2024", READS): (1_248, 6_763_180_127_263),
    ("runs-2024", RAW): (96, 5_154_379_251_087),
    ("runs-2024", PAPERS): (192, 254_535_772),
    ("runs-2024", UNDECIDED): (16, 103_079_215_224),
    ("runs-2025", READS): (938, 5_170_357_588_108),
    ("runs-2025", RAW): (75, 3_837_959_416_422),
    ("runs-2025", PAPERS): (144, 191_381_434),
    ("runs-2025", UNDECIDED): (29, 7_526_593_906),
    ("scratch", UNDECIDED): (10, 5_197_655_648),
    ("tools", APPS): (5, 0),
    ("tools", UNDECIDED): (2, 0),
    ("unlicensed", UNDECIDED): (10, 4_266_463_815),
}
"""By project and reason: objects and bytes; all projects that the owner sees."""

IMAGING = {
    ("imaging-platform", IMAGES): (30_064, 161_874_828_303),
    ("imaging-platform", PROFILES): (312, 7_135_886_338),
    ("imaging-platform", BY_NAME): (1_560, 10_004_841_950),
    ("imaging-platform", UNDECIDED): (538, 41_273_512_477_116),
    ("imaging-scratch", UNDECIDED): (25, 778_198),
    ("imaging-versions", PROFILES): (42, 2_075_055),
}
"""By bucket and reason: current objects and bytes.  Undecided: tarballs, backends, a mixed folder, two tables."""

ALONE = {
    "shared with me (where I may copy)": (115, 491_874_695_983),
    "apps, applets and workflows": (6, 0),
    "final results": (1_354, 4_828_416_036_657),
    "sequencer data": (32_907, 21_970_219_245_764),
    "intermediates": (2_980, 11_087_033_414_608),
}
"""What each preset decides where no other stands before it."""

Row = tuple[str, Facts]


def sequencing() -> Iterator[Row]:
    for row in dnanexus_standin.describe("sequencing"):
        if row["level"] == "NONE":
            continue
        path = f"{row['folder']}/{row['name']}".lstrip("/")
        yield (
            row["title"],
            Facts(
                ref=Ref("dx", row["project"], path, row["id"]),
                size=row["size"] or 0,
                modified=NOW,
                standing=Standing(State.LIVE, row["state"]),
                as_of=NOW,
                kind=row["class"],
                tags=frozenset(row["tags"]),
                properties=row["properties"],
                owner=row["user"],
                job=row["job"],
                intermediate=row["intermediate"],
                shared=row["billTo"] == "org-partner_lab",
                copyable=not row["restricted"],
            ),
        )


def imaging() -> Iterator[Row]:
    for row in standin.describe("imaging"):
        if row["latest"] and not row["marker"]:
            standing = Standing(State.UNKNOWN, row["class"])
            ref = Ref("lab-s3", row["bucket"], row["key"])
            yield row["bucket"], Facts(ref, row["size"], NOW, standing, NOW, shared=False, copyable=True)


def counted(scope: Scope, rows: list[Row]) -> dict[tuple[str, str], tuple[int, int]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for title, facts in rows:
        decision = decide(scope.rules, facts)
        reason = UNDECIDED if decision.rule is None else scope.rules[decision.rule].reason
        assert (decision.rule is None) == (decision.verdict is Verdict.UNDECIDED)
        sums = found[title, reason]
        sums[0] += 1
        sums[1] += facts.size or 0
    return {key: (objects, size) for key, (objects, size) in found.items()}


def covers(rows: list[Row]) -> list[Cover]:
    return sorted({Cover(facts.ref.store, facts.ref.container) for _, facts in rows})


@pytest.fixture(scope="module")
def worlds() -> tuple[list[Row], list[Row]]:
    return list(sequencing()), list(imaging())


def test_the_presets_decide_what_the_fixtures_hold_as_the_tables_say(
    tmp_path: Path, worlds: tuple[list[Row], list[Row]]
) -> None:
    dx, s3 = worlds
    both = scope_of(new_scope("both", covers(dx + s3)), tmp_path / "both.toml")
    assert counted(both, dx + s3) == SEQUENCING | IMAGING
    assert counted(scope_of(new_scope("dx", covers(dx)), tmp_path / "dx.toml"), dx) == SEQUENCING
    assert counted(scope_of(new_scope("s3", covers(s3)), tmp_path / "s3.toml"), s3) == IMAGING


def test_each_preset_alone_decides_what_is_its_own(tmp_path: Path, worlds: tuple[list[Row], list[Row]]) -> None:
    rows = [*worlds[0], *worlds[1]]
    alone: Mapping[str, tuple[int, int]] = {}
    for name in PRESETS:
        sums = counted(scope_of(new_scope("one", covers(rows), [name]), tmp_path / "one.toml"), rows)
        told = [each for (_, reason), each in sums.items() if reason != UNDECIDED]
        alone = {**alone, name: (sum(each[0] for each in told), sum(each[1] for each in told))}
    assert alone == ALONE


def test_lineage_that_was_not_read_leaves_intermediates_undecided(
    tmp_path: Path, worlds: tuple[list[Row], list[Row]]
) -> None:
    dx = [(title, replace(facts, intermediate=None)) for title, facts in worlds[0]]
    found = counted(scope_of(new_scope("dx", covers(dx)), tmp_path / "dx.toml"), dx)
    assert found["analyses", UNDECIDED] == (939 + 21, 6_401_809_767_937 + 74_845_222_056)
    assert ("analyses", MADE_AGAIN) not in found


def test_every_preset_is_explained_in_plain_text_and_holds_no_rule_that_another_hides() -> None:
    every = [Cover("dx", "project-" + "A" * 24), Cover("lab", "bucket")]
    rules = tuple(rule for preset in PRESETS.values() for rule in preset.rules_for(every))
    assert problems(Scope("all", tuple(every), rules)) == []
    assert {rule.preset for rule in rules} == set(PRESETS)
    for preset in PRESETS.values():
        assert is_safe(preset.sentence)
        assert preset.sentence.endswith(".")


def test_what_only_dnanexus_tells_is_asked_of_its_stores_alone() -> None:
    project = "project-" + "A" * 24
    final = PRESETS["final results"]
    two = final.rules_for([Cover("dx", project), Cover("lab", "bucket"), Cover("dx", project), Cover("eu", project)])
    assert [rule.store for rule in two if rule.tags] == ["dx", "eu"]
    assert not any(rule.tags for rule in final.rules_for([Cover("lab", "bucket")]))


def test_a_preset_is_narrowed_and_overridden_where_it_is_named(tmp_path: Path) -> None:
    text = new_scope("a", [Cover("dx", "project-" + "A" * 24), Cover("lab", "bucket")], ["final results"])
    rules = scope_of(f'{text}verdict = "skip"\nreason = "no"\nfolder = "old/"\nstore = "lab"\n', tmp_path / "a").rules
    assert {(rule.verdict, rule.reason, rule.folders, rule.store) for rule in rules} == {
        (Verdict.SKIP, "no", ("old/",), "lab")
    }
    assert not any(rule.tags for rule in rules)
