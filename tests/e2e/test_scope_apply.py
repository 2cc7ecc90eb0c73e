"""Applying a scope: only where rules or a catalogue changed, a draft beside its saved state, and over a rescan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.scopes import Cover, Sums, Verdict
from icehouse.services import scope_verdicts
from icehouse.services.house import House, open_house
from icehouse.services.scan import scan
from icehouse.services.scope_diff import diff
from icehouse.services.scope_drafts import Draft
from icehouse.services.scope_explain import explain
from icehouse.services.scopes import Opened, covering, make, open_scope
from tests.standin import StandIn

FIRST, SECOND = Cover("lab-s3", "small"), Cover("lab-s3", "second")
SECOND_KEYS = {"raw/a.tif": 10, "raw/b.tif": 20, "tmp/c.tmp": 30}


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("small") as standin:
        standin.freeze()
        client = standin.boto3_client()
        client.create_bucket(Bucket="second")
        for key, size in SECOND_KEYS.items():
            client.put_object(Bucket="second", Key=key, Body=b"x" * size)
        yield standin


@pytest.fixture
def house(s3: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    config = tmp_path / "config.toml"
    config.write_text(f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n')
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    opened = open_house(str(config), str(tmp_path / "state"))
    for cover in (FIRST, SECOND):
        assert scan(opened, Address(cover.store, cover.container, "")).complete
    yield opened
    opened.close()


@pytest.fixture
def core(house: House) -> Opened:
    opened = make(house, "core", (FIRST, SECOND), ())
    draft = Draft(house, opened)
    draft.mark([FolderRef("lab-s3", "small", "run1/"), FolderRef("lab-s3", "second", "raw/")], Verdict.KEEP, "asked")
    return draft.save()


def written(house: House) -> dict[str, tuple[int, int]]:
    """Which verdict files there are, each with what changes when it is written."""
    found = {path.name: path.stat() for path in house.paths.verdicts.iterdir()}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def of(house: House, opened: Opened, cover: Cover) -> str:
    return scope_verdicts.verdict_files(house, opened).path(cover).name


def test_nothing_is_applied_again_where_nothing_changed(house: House, core: Opened) -> None:
    first = scope_verdicts.apply(house, core)
    before = written(house)
    assert len(before) == 2
    assert scope_verdicts.apply(house, core) == first
    assert written(house) == before
    assert first.fresh
    assert first.complete


def test_a_rule_about_one_container_leaves_the_verdicts_on_the_others_alone(house: House, core: Opened) -> None:
    scope_verdicts.apply(house, core)
    before = written(house)
    text = core.text.replace('folder = "raw/"', 'folder = "tmp/"')
    assert text != core.text
    core.path.write_text(text)
    changed = open_scope(house, "core")
    assert scope_verdicts.standing(house, changed) is None
    assert scope_verdicts.apply(house, changed).sums.keep == Sums(16, 544_029 + 30)
    after = written(house)
    assert after[of(house, changed, FIRST)] == before[of(house, changed, FIRST)]
    assert after[of(house, changed, SECOND)] != before[of(house, changed, SECOND)]


def test_another_reason_applies_nothing_again(house: House, core: Opened) -> None:
    scope_verdicts.apply(house, core)
    before = written(house)
    core.path.write_text(core.text.replace("asked", "asked by Ada"))
    told = scope_verdicts.apply(house, open_scope(house, "core"))
    assert {line.rule.reason for line in told.rules} == {"asked by Ada"}
    assert written(house) == before


def test_a_rescan_makes_only_that_container_be_applied_again(house: House, core: Opened, s3: StandIn) -> None:
    scope_verdicts.apply(house, core)
    before = written(house)
    s3.boto3_client().put_object(Bucket="second", Key="raw/new.tif", Body=b"x" * 5)
    try:
        assert scan(house, Address("lab-s3", "second", "")).complete
        stale = scope_verdicts.standing(house, core)
        assert stale is not None
        assert not stale.fresh
        told = scope_verdicts.apply(house, core)
    finally:
        s3.boto3_client().delete_object(Bucket="second", Key="raw/new.tif")
    assert told.fresh
    assert told.sums.keep == Sums(18, 544_029 + 35)
    after = written(house)
    assert after[of(house, core, FIRST)] == before[of(house, core, FIRST)]
    assert after[of(house, core, SECOND)] != before[of(house, core, SECOND)]


def test_a_draft_is_counted_beside_the_saved_scope_and_becomes_it_when_saved(house: House, core: Opened) -> None:
    saved = scope_verdicts.apply(house, core)
    before = written(house)
    draft = Draft(house, core)
    draft.mark([Ref("lab-s3", "second", "tmp/c.tmp")], Verdict.SKIP, "temporary")
    told = draft.standing()
    assert (told.sums.skip, told.undecided.objects) == (Sums(1, 30), saved.undecided.objects - 1)
    assert {name: each for name, each in written(house).items() if name in before} == before
    found = diff(house, core, draft.opened)
    assert (found.a, found.b) == ("core (saved)", "core (draft)")
    assert found.pairs == {(Verdict.UNDECIDED, Verdict.SKIP): Sums(1, 30)}
    opened = draft.save()
    assert scope_verdicts.standing(house, opened) == told
    assert set(written(house)) == set(before)


def test_a_draft_that_is_thrown_away_leaves_nothing(house: House, core: Opened) -> None:
    scope_verdicts.apply(house, core)
    before = written(house)
    draft = Draft(house, core)
    draft.remove(1)
    draft.standing()
    assert len(written(house)) == 4
    draft.discard()
    assert written(house) == before


def test_a_stop_leaves_what_was_applied_before(house: House, core: Opened) -> None:
    first = scope_verdicts.apply(house, core)
    core.path.write_text(core.text.replace('folder = "raw/"', 'folder = "tmp/"'))
    with pytest.raises(UsageError, match="stopped"):
        scope_verdicts.apply(house, open_scope(house, "core"), stop=lambda: True)
    core.path.write_text(core.text)
    assert scope_verdicts.standing(house, core) == first


def test_a_container_that_was_never_scanned_is_unknown_and_not_empty(house: House, core: Opened) -> None:
    other = Cover("lab-s3", "never")
    draft = Draft(house, make(house, "more", (FIRST, other), ()))
    told = draft.standing()
    assert not told.complete
    assert [line.coverage is None for line in told.covers] == [False, True]
    assert scope_verdicts.unknown_covers(house, draft.opened) == (other,)
    with pytest.raises(UsageError, match="lab-s3:never/ was never scanned"):
        explain(house, draft.opened, Ref("lab-s3", "never", "a"))


def test_the_explanation_of_every_object_agrees_with_its_verdict(house: House, core: Opened) -> None:
    scope_verdicts.apply(house, core)
    for cover in core.scope.covers:
        found = scope_verdicts.verdicts(house, core, cover)
        assert found is not None
        try:
            for row in found.objects(None):
                why = explain(house, core, row.ref, compose=False)
                decided = found.of(row.ref)
                assert (None if why.rule is None else why.rule.number - 1) == decided
        finally:
            found.close()


def test_scopes_that_cover_a_container_are_found_and_marks_outside_refused(house: House, core: Opened) -> None:
    make(house, "small", (FIRST,), ())
    assert [each.name for each in covering(house, "lab-s3", "second")] == ["core"]
    assert [each.name for each in covering(house, "lab-s3", "small")] == ["core", "small"]
    with pytest.raises(UsageError, match="is not covered"):
        Draft(house, open_scope(house, "small")).mark(
            [Mark(FolderRef("lab-s3", "second", ""), "*.tif")], Verdict.KEEP, "x"
        )
