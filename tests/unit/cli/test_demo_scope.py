"""The demo's scope is one that the console can read, and it is left alone where it is there."""

from __future__ import annotations

from icehouse.cli.demo_scope import NAME, PROJECTS, write_demo_scope
from icehouse.core.scope_checks import problems
from icehouse.settings.scopes import load_scope

IDS = {f"project-{n}" + "0" * 23: name for n, name in enumerate(PROJECTS)}


def test_the_demos_scope_covers_both_systems_and_no_rule_is_in_vain(tmp_path):
    path = write_demo_scope(tmp_path / "scopes", "lab-s3", "dx", IDS)
    assert path is not None
    scope = load_scope(path)
    assert scope.name == NAME
    assert {cover.store for cover in scope.covers} == {"lab-s3", "dx"}
    assert {cover.container for cover in scope.covers} >= set(IDS)
    assert not [each for each in problems(scope) if each.kind == "hidden"]


def test_a_scope_that_was_edited_in_a_demo_that_is_kept_stays(tmp_path):
    path = write_demo_scope(tmp_path, "lab-s3", "dx", IDS)
    assert path is not None
    path.write_text("mine")
    write_demo_scope(tmp_path, "lab-s3", "dx", IDS)
    assert path.read_text() == "mine"


def test_other_sample_data_get_no_scope(tmp_path):
    assert write_demo_scope(tmp_path, "lab-s3", "dx", {"project-1": "small"}) is None
    assert not list(tmp_path.iterdir())
