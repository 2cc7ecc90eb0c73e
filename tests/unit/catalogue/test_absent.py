"""Asking about what a rescan did not tell of, where the answers fail to come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.core.changes import ChangeKind
from icehouse.core.errors import Denied, LoginExpired, StoreError, Throttled, Unavailable
from icehouse.core.refs import Ref
from icehouse.core.states import UNKNOWN
from icehouse.services import absent, browse
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import MemoryStore, QuickClock, entry, house_of
from tests.unit.catalogue.looking import objects_in, objects_of
from tests.unit.catalogue.test_changes import WHOLE, bringing_in, catalogue, told


@pytest.mark.parametrize("row_by_row", [True, False])
@pytest.mark.parametrize("trouble", [Unavailable("no answer"), Throttled("slow down")])
def test_objects_that_a_store_which_answers_can_not_look_at_keep_no_rescan_from_being_seen(
    tmp_path: Path, trouble: StoreError, row_by_row: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(absent, "BATCH", 2)
    before = [entry(f"a/{i}") for i in range(6)]
    store = MemoryStore(before)
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    store.entries = [*before[:2], entry("b/new")]
    store.truth = {each.ref.key: trouble for each in before}
    lost = [replace(each, standing=UNKNOWN) for each in before[2:]]
    with bringing_in(row_by_row):
        report = scan(house, WHOLE)
        assert (report.complete, report.error) == (True, "")
        assert store.described == ["a/2", "a/3"], "where nothing of a batch was answered no more is asked"
        assert objects_in(catalogue(house)) == objects_of([*before[:2], *lost, entry("b/new")])
        kinds = [each.kind for each in told(house)]
        assert sorted(kinds, key=str) == [ChangeKind.MISSING] * 4 + [ChangeKind.NEW]
        row = browse.catalogued(house, Ref("s", "c", "a/2"))
        assert row is not None
        assert row.reason == f"no longer listed, and not confirmed to be gone: {trouble}"
        assert scan(house, WHOLE, confirm=0).complete
        kept = browse.catalogued(house, Ref("s", "c", "a/2"))
        assert kept is not None
        assert kept.reason == row.reason, "it was not asked about again"
        store.truth = {"a/2": trouble}
        assert scan(house, WHOLE).complete
        assert [each.kind for each in told(house)] == [ChangeKind.GONE] * 3
        assert objects_in(catalogue(house)) == objects_of([*before[:2], lost[0], entry("b/new")])


@pytest.mark.parametrize("row_by_row", [True, False])
def test_objects_that_may_not_be_looked_at_keep_others_from_being_asked_about_only_once(
    tmp_path: Path, row_by_row: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(absent, "BATCH", 2)
    before = [entry(f"a/{i}") for i in range(6)]
    store = MemoryStore([*before, entry("b")])
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    store.entries = [entry("b")]
    store.truth = {f"a/{i}": Denied("not allowed") for i in range(3)}
    with bringing_in(row_by_row):
        for asked in (["a/0", "a/1"], ["a/2", "a/3", "a/4", "a/5", "a/0", "a/1"], ["a/0", "a/1"]):
            store.described.clear()
            assert scan(house, WHOLE).complete
            assert store.described == asked
    assert sorted(objects_in(catalogue(house))) == ["a/0", "a/1", "a/2", "b"]


def test_a_login_that_ends_while_it_asks_is_what_is_told(tmp_path: Path):
    store = MemoryStore([entry("a/1"), entry("a/2")])
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    store.entries, store.truth = [entry("a/1")], {"a/2": Unavailable("no answer")}
    store.down = LoginExpired("log in again")
    report = scan(house, WHOLE)
    assert (report.complete, report.cause) == (False, store.down)
    assert objects_in(catalogue(house)) == objects_of([entry("a/1"), entry("a/2")])
