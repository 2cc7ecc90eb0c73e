"""Files that share a path stay two in every list: each order, filter, page, position, search and live listing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.catalogue import view as view_module
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.rows import FolderRow, ObjectRow, Row, SortBy
from icehouse.services import browse
from icehouse.services.house import House
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import house_of
from tests.unit.catalogue.unordered import KEEP, OPEN, UnorderedStore, file

WHOLE = Address("s", "c", "")
RUNS = FolderRef("s", "c", "runs/")
ENTRIES = [
    *(file(f"runs/{i // 3 % 100:03}", 1000 - i, size=i % 4, at=i % 6, state=i % 3) for i in range(600)),
    *(file(f"runs/{i}/twin", 2000 + i) for i in range(5)),
]


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = house_of(tmp_path, UnorderedStore(ENTRIES, page=70))
    scan(house, WHOLE)
    return house


@pytest.mark.parametrize("threshold", [0, 10_000], ids=["built in a thread", "built at once"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("by", ["name", "size", "changed", "state"])
def test_every_order_holds_each_file_once_and_gives_its_place_back(house, monkeypatch, by, descending, threshold):
    monkeypatch.setattr(view_module, "AT_ONCE", threshold)
    view = browse.open_folder(house, RUNS)
    assert view is not None
    assert view.wait(20)
    view.sort(by, descending)
    assert view.wait(20)
    rows = view.rows(0, view.count)
    assert (view.count, view.folders) == (605, 5)
    assert len({row.ref for row in rows}) == 605
    for position in range(0, 605, 7):
        assert view.position_of(rows[position].ref) == position
    assert view.rows(195, 10) == rows[195:205]
    files = [row for row in rows if isinstance(row, ObjectRow)]
    assert [_place(row, by) for row in files] == sorted((_place(row, by) for row in files), reverse=descending)
    view.filter("01 state:archiving")
    assert view.wait(20)
    found = view.rows(0, view.count)
    told = [e for e in ENTRIES if "01" in e.ref.key[5:] and e.standing.word == "archival" and e.ref.key.count("/") == 1]
    assert {row.ref for row in found} == {entry.ref for entry in told}
    assert [view.position_of(row.ref) for row in found] == list(range(len(told)))
    view.close()


def _place(row: ObjectRow, by: SortBy):
    value = {"size": row.size, "changed": row.modified, "state": row.standing.state.value, "name": ""}[by]
    if by == "state":
        value = ["live", "archiving", "archived"].index(str(value))
    return value, row.name, row.ref.version


def test_a_position_is_that_of_the_id_and_not_of_the_path(house: House):
    view = browse.open_folder(house, RUNS)
    assert view is not None
    view.sort("name", False)
    twins = [row for row in view.rows(0, view.count) if isinstance(row, ObjectRow) and row.name == "007"]
    assert len(twins) == 6
    places = [view.position_of(row.ref) for row in twins]
    assert places == list(range(places[0] or 0, (places[0] or 0) + 6))
    assert view.position_of(replace(twins[0].ref, version="file-none")) is None
    assert view.position_of(Ref("s", "c", "runs/twin", f"file-{2001:024}")) is None
    view.close()


def test_the_catalogue_is_asked_for_a_file_by_its_id_wherever_it_lies(house: House):
    moved = Ref("s", "c", "where/it/was", f"file-{2003:024}")
    found = browse.catalogued(house, moved)
    assert found is not None
    assert found.ref == replace(moved, key="runs/3/twin")
    assert browse.catalogued(house, replace(moved, version="file-none")) is None
    by_path = browse.catalogued(house, Ref("s", "c", "runs/3/twin"))
    assert by_path == found


def test_a_search_finds_both_of_two_files_with_one_path_page_by_page(house: House):
    found: list[Row] = []
    following: str | None = None
    while True:
        page = browse.search(house, "s", "c", "runs/007", following, limit=4)
        found.extend(page.rows)
        following = page.following
        if following is None:
            break
    assert sorted(row.ref for row in found) == sorted(e.ref for e in ENTRIES if e.ref.key == "runs/007")


def test_traits_and_tags_are_kept_for_details_from_the_catalogue_and_a_live_listing(house: House):
    both = (4 + 5 * n for n in range(200) if (4 + 5 * n) % 7 == 6 and 400 < 4 + 5 * n <= 1000)
    number = next(both)
    version = f"file-{number:024}"
    row = browse.catalogued(house, Ref("s", "c", "", version))
    listed = [row for page in browse.live(house, RUNS) for row in page if isinstance(row, ObjectRow)]
    shown = next(row for row in listed if row.ref.version == version)
    for each in (row, shown):
        assert each is not None
        assert (each.traits, each.tags) == (OPEN, KEEP)


def test_a_live_listing_is_in_order_a_page_at_a_time_and_whole_where_that_is_asked(house: House):
    pages = list(browse.live(house, RUNS))
    assert len(pages) == 9
    assert [row.name for row in pages[0] if isinstance(row, FolderRow)] == ["0", "1", "2", "3", "4"]
    for page in pages:
        names = [(row.name, row.ref.version) for row in page if isinstance(row, ObjectRow)]
        assert names == sorted(names)
    (whole,) = browse.live(house, RUNS, in_order=True)
    names = [(row.name, row.ref.version) for row in whole if isinstance(row, ObjectRow)]
    assert (names, len(names)) == (sorted(names), 600)
    assert {row.ref for page in pages for row in page} == {row.ref for row in whole}
    assert [row.rollup.objects for row in whole if isinstance(row, FolderRow) and row.rollup] == [1] * 5


def test_a_file_that_moves_while_its_folder_is_open_is_never_shown_under_its_old_path(tmp_path: Path):
    told = [file("a/1", 1), file("a/2", 2), file("a/3", 3), file("b/2", 2)]
    house = house_of(tmp_path, UnorderedStore(script=told, page=3))
    opened: list[browse.FolderView] = []

    def look(_: object) -> None:
        if not opened:
            found = browse.open_folder(house, FolderRef("s", "c", "a/"))
            assert found is not None
            found.sort("size")
            opened.append(found)

    scan(house, WHOLE, progress=look)
    view = opened[0]
    assert [row.ref for row in view.rows(0, 10)] == [told[0].ref, told[3].ref, told[2].ref]
    view.refresh()
    assert [row.ref for row in view.rows(0, 10)] == [told[0].ref, told[2].ref]
    view.close()


def test_an_open_list_of_a_folder_that_its_files_have_left_ends_empty_and_mixes_nothing_up(tmp_path: Path):
    store = UnorderedStore(files := [file(f"a/{i}", i) for i in range(6)], page=3)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    view = browse.open_folder(house, FolderRef("s", "c", "a/"))
    assert view is not None
    assert len(view.rows(0, 10)) == 6
    store.entries = [replace(each, ref=replace(each.ref, key=f"b/{i}")) for i, each in enumerate(files)]
    scan(house, Address("s", "c", "b/"))
    assert all(isinstance(row, ObjectRow) and row.ref.key.startswith("a/") for row in view.rows(0, 10))
    view.refresh()
    assert view.rows(0, 10) == []
    view.close()
