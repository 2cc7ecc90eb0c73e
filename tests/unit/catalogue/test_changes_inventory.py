"""An inventory against what was known: it is old and knows of no restore, and nothing is called gone by it alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from icehouse.catalogue.changes import comparing
from icehouse.catalogue.files import Files
from icehouse.catalogue.loading import Loader
from icehouse.core.changes import ChangeKind
from icehouse.core.clock import Instant
from icehouse.core.columns import ObjectColumns
from icehouse.core.entries import Entry
from icehouse.core.errors import Denied, Invalid
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.states import UNKNOWN, Standing, State
from icehouse.present.changes import caveats, scan_words
from icehouse.services import browse
from icehouse.services.absent import ask_absent
from icehouse.services.house import House
from icehouse.services.scan import scan
from icehouse.services.sweep import sweep
from tests.unit.catalogue.fakes import BEGIN, IT, STANDINGS, MemoryStore, QuickClock, entry, house_of
from tests.unit.catalogue.looking import folders_in, folders_of, objects_in
from tests.unit.catalogue.test_changes import compared, told

LIVE, COLD, RESTORED = STANDINGS[0], STANDINGS[1], STANDINGS[4]


@pytest.fixture(params=[True, False], ids=["row by row", "a new file"])
def brought_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(comparing, "FEW", 1000 if request.param else -1)
    monkeypatch.setattr(comparing, "SHARE", -1.0)
    return bool(request.param)


def load(
    house: House,
    entries: list[Entry],
    prefix: str = "",
    taken: Instant = BEGIN + timedelta(days=1000),
    confirm: int = 0,
) -> None:
    kinds = list(dict.fromkeys(each.standing for each in entries))
    loader = Loader(Files(house.paths.catalogue, "s", "c"), prefix, taken)
    try:
        loader.add(
            ObjectColumns(
                keys=[each.ref.key for each in entries],
                sizes=[each.size for each in entries],
                modified=[int((each.modified or BEGIN).timestamp() * 1e6) for each in entries],
                etags=[each.etag for each in entries],
                standings=[kinds.index(each.standing) for each in entries],
                kinds=kinds,
            )
        )
        asking = partial(ask_absent, house.store("s"), writer=None, most=confirm)
        loader.publish(requests=2, seconds=lambda: 1.0, each=lambda _: None, ask=asking if confirm else None)
    finally:
        loader.close()


def reason(house: House, key: str) -> str:
    found = browse.catalogued(house, Ref("s", "c", key))
    assert found is not None
    return found.reason


@contextmanager
def scanned(folder: Path, entries: list[Entry]) -> Iterator[tuple[House, MemoryStore]]:
    store = MemoryStore(entries)
    house = house_of(folder, store, QuickClock(0.0))
    scan(house, Address("s", "c", ""))
    yield house, store


def kinds_told(house: House) -> list[tuple[ChangeKind, str]]:
    return [(each.kind, each.ref.key) for each in told(house)]


def test_an_inventory_calls_nothing_gone_and_tells_of_no_restore(tmp_path: Path, brought_in: bool):
    before = [
        entry("a/gone", 5), entry("a/same", 1), entry("b/cold", 2, LIVE), entry("b/fell", 3, RESTORED),
        entry("c/written", 4),
    ]  # fmt: skip
    with scanned(tmp_path, before) as (house, store):
        after = [
            entry("a/same", 1), entry("b/cold", 2, COLD), entry("b/fell", 3, Standing(State.ARCHIVED, "DEEP_ARCHIVE")),
            entry("c/new", 9), entry("c/written", 40),
        ]  # fmt: skip
        load(house, after)
        assert kinds_told(house) == [
            (ChangeKind.MISSING, "a/gone"), (ChangeKind.CHANGED, "c/written"), (ChangeKind.COLD, "b/cold"),
            (ChangeKind.NEW, "c/new"),
        ]  # fmt: skip
        assert store.described == []
        held = [replace(before[0], standing=UNKNOWN), *after]
        assert {key: told[3] for key, told in objects_in(Files(house.paths.catalogue, "s", "c")).items()} == {
            each.ref.key: each.standing for each in held
        }
        assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(held)
        assert reason(house, "a/gone") == "not in the inventory, and not confirmed to be gone"
        load(house, after)
        assert kinds_told(house) == [], "it is told once"
        assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(held)
        found = compared(house)[-1]
        assert (found.inventory, found.since_inventory) == (True, False)
        assert scan_words(found, found.at).startswith("inventory 1 of ")
        assert "nothing is called gone by it alone" in caveats(found)[0]
        store.entries = [*before[1:4], entry("c/written", 40)]
        scan(house, Address("s", "c", ""))
        assert kinds_told(house) == [
            (ChangeKind.GONE, "a/gone"), (ChangeKind.GONE, "c/new"), (ChangeKind.BACK, "b/cold")
        ]  # fmt: skip
        assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(store.entries)
        assert compared(house)[0].since_inventory


def test_a_tier_that_an_inventory_tells_is_a_change_where_a_describe_told_another(tmp_path: Path, brought_in: bool):
    live, asked, listed = (Standing(state, IT) for state in (State.LIVE, State.RESTORING, State.UNKNOWN))
    deep = Standing(State.ARCHIVED, IT, f"{IT}/DEEP_ARCHIVE_ACCESS")
    before = [entry("a/asked", 1, asked), entry("a/listed", 1, listed), entry("a/sank", 1, live)]
    with scanned(tmp_path, before) as (house, _):
        load(house, [entry(each.ref.key, 1, deep) for each in before])
        assert kinds_told(house) == [(ChangeKind.COLD, "a/sank")]
        load(house, [entry("a/asked", 1, deep), entry("a/listed", 1, deep), entry("a/sank", 1, live)])
        assert kinds_told(house) == [(ChangeKind.BACK, "a/sank")]


def test_what_was_asked_for_itself_after_an_inventory_was_taken_is_newer_than_that(tmp_path: Path, brought_in: bool):
    live, listed = Standing(State.LIVE, IT), Standing(State.UNKNOWN, IT)
    deep = Standing(State.ARCHIVED, IT, f"{IT}/DEEP_ARCHIVE_ACCESS")
    before = [entry("a/back", 1, listed), entry("a/other", 1, listed)]
    with scanned(tmp_path, before) as (house, store):
        taken = house.clock.now()
        store.truth = {"a/back": live, "a/other": live}
        sweep(house, FolderRef("s", "c", ""))
        load(house, [entry("a/back", 1, deep), entry("a/other", 2, deep)], taken=taken)
        assert kinds_told(house) == [(ChangeKind.CHANGED, "a/other")]
        files = Files(house.paths.catalogue, "s", "c")
        assert {key: told[3] for key, told in objects_in(files).items()} == {"a/back": live, "a/other": deep}
        assert folders_in(files) == folders_of([entry("a/back", 1, live), entry("a/other", 2, deep)])
        load(house, [entry("a/back", 1, deep), entry("a/other", 2, deep)])
        assert kinds_told(house) == [(ChangeKind.COLD, "a/back")]


def test_an_inventory_of_a_folder_leaves_the_rest_as_it_was(tmp_path: Path, brought_in: bool):
    before = [entry("a/1"), entry("b/1"), entry("b/2")]
    with scanned(tmp_path, before) as (house, _):
        load(house, [entry("b/1", 7)], "b/")
        assert kinds_told(house) == [(ChangeKind.MISSING, "b/2"), (ChangeKind.CHANGED, "b/1")]
        assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(
            [entry("a/1"), entry("b/1", 7), entry("b/2", standing=UNKNOWN)]
        )


def test_what_an_inventory_lacks_is_gone_only_where_it_was_asked_for_and_not_found(tmp_path: Path, brought_in: bool):
    before = [entry(f"a/{number}") for number in range(4)]
    with scanned(tmp_path, before) as (house, store):
        store.entries = before[:2]
        store.truth = {"a/3": Denied("not yours")}
        load(house, [before[0]], confirm=10)
        assert sorted(store.described) == ["a/1", "a/2", "a/3"]
        assert kinds_told(house) == [(ChangeKind.GONE, "a/2"), (ChangeKind.MISSING, "a/1"), (ChangeKind.MISSING, "a/3")]
        told = "not in the inventory, and not confirmed to be gone: "
        assert reason(house, "a/1") == f"{told}it is there all the same"
        assert reason(house, "a/3") == f"{told}not yours"
        held = [before[0], *(replace(before[number], standing=UNKNOWN) for number in (1, 3))]
        assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(held)


def test_the_first_inventory_has_nothing_to_be_held_against(tmp_path: Path, brought_in: bool):
    house = house_of(tmp_path, MemoryStore(), QuickClock(0.0))
    load(house, [entry("a/1")])
    assert compared(house) == []
    load(house, [entry("a/1"), entry("a/2")])
    assert kinds_told(house) == [(ChangeKind.NEW, "a/2")]
    load(house, [entry("a/1"), entry("a/2")])
    assert [each.objects for each in compared(house)] == [0, 1]


def test_sizes_that_add_up_to_more_than_a_sum_holds_are_refused_and_nothing_is_seen(tmp_path: Path):
    with scanned(tmp_path, [entry("a")]) as (house, _):
        files = Files(house.paths.catalogue, "s", "c")
        before = objects_in(files)
        with pytest.raises(Invalid, match="add up to more"):
            load(house, [replace(entry(f"k{i}"), size=1 << 62) for i in range(2)])
        assert objects_in(files) == before
