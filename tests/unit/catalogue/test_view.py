"""A folder's list: every order, every filter, positions by identity, and what happens while it grows or is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.catalogue import view as view_module
from icehouse.catalogue.base import CatalogueError
from icehouse.catalogue.changes import comparing
from icehouse.core.errors import UsageError
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.rows import FolderRow, ObjectRow, Row, SortBy
from icehouse.core.states import State
from icehouse.services import browse
from icehouse.services.browse import FolderView
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import BEGIN, MemoryStore, entries_of, entry, house_of

WHOLE = Address("s", "c", "")
ORDERS: tuple[SortBy, ...] = ("name", "size", "objects", "changed", "state")


def viewed(tmp_path: Path, keys, prefix: str = "") -> FolderView:
    house = house_of(tmp_path, MemoryStore(entries_of(keys), page=1000))
    scan(house, WHOLE)
    found = browse.open_folder(house, FolderRef("s", "c", prefix))
    assert found is not None
    return found


def names(view: FolderView) -> list[str]:
    return [row.name + ("/" if isinstance(row, FolderRow) else "") for row in view.rows(0, view.count)]


def test_folders_come_first_and_names_stand_in_the_stores_order(tmp_path: Path):
    view = viewed(tmp_path, ["b", "a/1", "a", "Z", "c/d/e", "é", "a0"])
    assert names(view) == ["a/", "c/", "Z", "a", "a0", "b", "é"]
    assert (view.count, view.folders) == (7, 2)


def test_a_folder_of_hostile_names_gives_back_every_identity_exactly(tmp_path: Path):
    keys = [
        "x//",
        "x///y",
        "x/\x1b[2J",
        "x/\x00",
        "x/a/",
        "x/a",
        "x/a/b",
        "x/[bold]",
        "x/..",
        "x/\udcff\udcfe",
        "x/",
        "/x",
    ]
    view = viewed(tmp_path, keys, "x/")
    shown = view.rows(0, view.count)
    refs = {row.ref.key if isinstance(row, ObjectRow) else row.ref.prefix for row in shown}
    assert refs == {"x//", "x/\x1b[2J", "x/\x00", "x/a", "x/a/", "x/[bold]", "x/..", "x/\udcff\udcfe", "x/"}
    for position, row in enumerate(shown):
        assert view.position_of(row.ref) == position


def test_the_whole_tree_can_be_walked_through_views_alone(tmp_path: Path):
    keys = {"/", "//", "///a", "a//b", "a/", "a", "a/b/", "b\n/c", "/a/", "\x7f/\x80"}
    house = house_of(tmp_path, MemoryStore(entries_of(keys)))
    scan(house, WHOLE)
    found, waiting = set(), [FolderRef("s", "c", "")]
    while waiting:
        view = browse.open_folder(house, waiting.pop())
        assert view is not None
        for row in view.rows(0, view.count):
            if isinstance(row, FolderRow):
                waiting.append(row.ref)
            else:
                found.add(row.ref.key)
    assert found == keys


@pytest.mark.parametrize("threshold", [0, 10_000], ids=["built in a thread", "built at once"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("by", ORDERS)
def test_every_order_is_that_of_the_values(tmp_path, monkeypatch, by: SortBy, descending: bool, threshold: int):
    monkeypatch.setattr(view_module, "AT_ONCE", threshold)
    keys = [f"f{i}/{j}" for i in range(7) for j in range(i % 3 + 1)] + [f"o{i:04}" for i in range(650)]
    view = viewed(tmp_path, keys)
    view.sort(by, descending)
    assert view.wait(20)
    assert view.sorted_by == (by, descending)
    rows = view.rows(0, view.count)
    folders = [row for row in rows if isinstance(row, FolderRow)]
    objects = [row for row in rows if isinstance(row, ObjectRow)]
    assert rows == [*folders, *objects]
    assert len({row.ref for row in rows}) == 657
    for values in ([_folder_value(row, by) for row in folders], [_object_value(row, by) for row in objects]):
        assert values == sorted(values, reverse=descending)
    for position in (0, 3, 6, 7, 300, 656):
        assert view.position_of(rows[position].ref) == position
    assert view.rows(199, 3) == rows[199:202]
    assert view.rows(640, 200) == rows[640:]
    assert view.rows(900, 5) == []
    view.close()


def _folder_value(row: FolderRow, by: SortBy):
    assert row.rollup is not None
    cold = row.rollup.sizes.get(State.ARCHIVED, 0) / max(row.rollup.bytes, 1)
    return {
        "name": row.name,
        "size": row.rollup.bytes,
        "objects": row.rollup.objects,
        "changed": row.rollup.newest,
        "state": cold,
    }[by]


def _object_value(row: ObjectRow, by: SortBy):
    rank = list(State).index(row.standing.state)
    return {"name": row.name, "size": row.size, "objects": row.name, "changed": row.modified, "state": rank}[by]


@settings(max_examples=15, deadline=None)
@given(
    st.sets(st.text("abAB%_\\. ", min_size=1, max_size=5), min_size=1, max_size=30), st.text("abAB%_\\.", max_size=2)
)
def test_a_filter_is_a_part_of_the_name_and_its_inverse_is_the_rest(tmp_path_factory, found: set[str], text: str):
    view = viewed(tmp_path_factory.mktemp("state"), found)
    every = set(names(view))
    view.filter(text)
    kept = set(names(view))
    assert kept == {name for name in every if text.lower() in name.lower()}
    view.filter(f"!{text}" if text else "")
    assert set(names(view)) == (every - kept if text else every)


def test_filters_ask_states_words_and_sizes(tmp_path: Path):
    keys = [f"o{i:02}" for i in range(12)] + ["cold/" + str(i) for i in range(2)]
    view = viewed(tmp_path, keys)
    rows = [row for row in view.rows(0, view.count) if isinstance(row, ObjectRow)]

    def shown(text: str) -> set[str]:
        view.filter(text)
        return {row.name for row in view.rows(0, view.count) if isinstance(row, ObjectRow)}

    assert (
        shown("state:archived") == {r.name for r in rows if r.standing.state is State.ARCHIVED} == shown("state:cold")
    )
    assert shown("!state:archived") == {r.name for r in rows if r.standing.state is not State.ARCHIVED}
    glacier = {r.name for r in rows if r.standing.word == "GLACIER"}
    assert shown("word:glacier") == shown("class:GLACIER") == glacier
    assert shown("!class:Glacier") == {r.name for r in rows} - glacier != set()
    assert shown("size>50") == {r.name for r in rows if r.size > 50}
    assert shown("size<=50 o1") == {r.name for r in rows if r.size <= 50 and "o1" in r.name}
    assert shown("size>1G") == set()
    with pytest.raises(UsageError, match="no such state"):
        view.filter("state:frozen")
    assert view.filtered_by == "size>1G"


@pytest.mark.parametrize("text", ["!older>1y", "!class=GLACIER", "!size>>1G", "!size<1x", "type:x", "!class:glacer"])
def test_what_is_no_condition_is_refused_and_leaves_the_rows_as_they_are(tmp_path: Path, text: str):
    view = viewed(tmp_path, ["lot:7", "lot8", "f/older>1y"])
    view.filter("7")
    with pytest.raises(UsageError, match=r"is none of state:cold class:GLACIER|no such class; there is "):
        view.filter(text)
    assert view.filtered_by == "7"
    assert names(view) == ["lot:7"]
    view.filter('"lot:" !"older>1y"')
    assert names(view) == ["lot:7"]


def test_a_row_that_the_filter_hides_has_no_position(tmp_path: Path):
    view = viewed(tmp_path, ["a", "b", "f/1"])
    assert view.position_of(Ref("s", "c", "b")) == 2
    view.filter("a")
    assert view.position_of(Ref("s", "c", "b")) is None
    assert view.position_of(FolderRef("s", "c", "f/")) is None
    for stranger in (Ref("s", "c", "f/1"), Ref("s", "other", "a"), FolderRef("s", "c", ""), Ref("s", "c", "nothing")):
        assert view.position_of(stranger) is None


def test_the_old_order_can_be_read_until_the_new_one_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(view_module, "AT_ONCE", 0)
    view = viewed(tmp_path, [f"{i:05}" for i in range(2000)])
    assert view.wait(20)
    first = view.rows(0, 10)
    told: list[int] = []
    view.on_change = lambda: told.append(view.version)
    with view._lock:
        view.sort("size", descending=True)
        assert view.building
        assert view.rows(0, 10) == first
    assert view.wait(20)
    assert view.rows(0, 10) == view.rows(0, 10)[:10] != first
    assert told == [view.version]


def test_only_the_last_of_many_orders_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(view_module, "AT_ONCE", 0)
    view = viewed(tmp_path, [f"{i:05}" for i in range(2000)])
    for text in ("1", "12", "123", "1234"):
        view.filter(text)
    view.sort("size", descending=True)
    assert view.wait(20)
    assert (names(view), view.filtered_by, view.sorted_by) == (["01234"], "1234", ("size", True))
    assert view.error is None


def test_an_order_that_can_t_be_built_is_told_of_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise CatalogueError("catalogue: no space left on the device")

    told: list[str] = []
    view = viewed(tmp_path, [f"{i:05}" for i in range(2000)])
    view.on_change = lambda: told.append(str(view.error))
    with monkeypatch.context() as patched:
        patched.setattr(view_module, "AT_ONCE", 0)
        patched.setattr(view_module, "build", full)
        view.filter("7*7")
        assert view.wait(20)
    assert told == ["catalogue: no space left on the device"]
    assert (view.filtered_by, view.count, view.building) == ("", 2000, False)
    view.filter("1999")
    assert view.wait(20)
    assert (names(view), view.error) == (["01999"], None)


def test_a_view_grows_with_the_first_scan_and_takes_up_a_rescan(tmp_path: Path):
    store = MemoryStore(entries_of(f"a/{i:03}" for i in range(300)), page=100)
    house = house_of(tmp_path, store)
    views: list[FolderView] = []
    counts: list[tuple[int, bool, int]] = []

    def look(_: object) -> None:
        if not views:
            view = browse.open_folder(house, FolderRef("s", "c", "a/"))
            assert view is not None
            views.append(view)
        views[0].refresh()
        counts.append((views[0].count, views[0].rollup.complete, len(views[0].rows(0, 1000))))

    scan(house, WHOLE, progress=look)
    assert counts[0] == (100, False, 100)
    assert counts[-1] == (300, True, 300)
    view = views[0]
    assert not view.refresh()
    store.entries = entries_of(f"a/{i:03}" for i in range(100, 350))
    scan(house, WHOLE)
    before: list[Row] = view.rows(0, 400)
    assert len(before) == 300
    assert view.refresh()
    assert view.count == 250
    assert view.position_of(Ref("s", "c", "a/100")) == 0


def test_a_view_that_is_open_reads_on_while_its_file_is_replaced_and_removed(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(comparing, "FEW", 0)
    store = MemoryStore(entries_of(f"{i:05}" for i in range(3000)), page=1000)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    view = browse.open_folder(house, FolderRef("s", "c", ""))
    assert view is not None
    store.entries = []
    scan(house, WHOLE)
    assert [row.name for row in view.rows(2990, 20)] == [f"{i:05}" for i in range(2990, 3000)]
    assert view.refresh()
    assert view.count == 0


@pytest.mark.parametrize("whole", [True, False], ids=["a rescan", "a scan of the folder alone"])
def test_rows_are_never_read_by_the_numbers_of_another_generation(tmp_path: Path, monkeypatch, whole: bool):
    monkeypatch.setattr(view_module, "AT_ONCE", 0)
    monkeypatch.setattr(comparing, "FEW", 0)
    store = MemoryStore(entries_of(f"f/{i:05}" for i in range(3000)), page=1000)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    view = browse.open_folder(house, FolderRef("s", "c", "f/"))
    assert view is not None
    view.sort("size", descending=True)
    assert view.wait(20)
    old = [row.ref for row in view.rows(0, 3000)]
    store.entries = entries_of([f"f/{i:05}" for i in range(0, 6000, 2)])
    scan(house, WHOLE if whole else Address("s", "c", "f/"))
    with view._lock:
        assert view.refresh()
        between = [row.ref for row in view.rows(0, 3000)]
    if whole:
        assert between in ([], old)
    else:  # brought up to date in place: what is still there keeps its number
        assert set(between) <= {each.ref for each in store.entries}
    assert view.wait(20)
    new = [row.ref for row in view.rows(0, 3000)]
    assert new == [Ref("s", "c", f"f/{i:05}") for i in range(5998, -1, -2)]
    assert [view.position_of(ref) for ref in new[:3]] == [0, 1, 2]
    view.close()


def test_a_large_growing_folder_shows_a_chosen_order_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(view_module, "AT_ONCE", 0)
    store = MemoryStore(entries_of(f"f/{i:05}" for i in range(2000)), page=100)
    house = house_of(tmp_path, store)
    views: list[FolderView] = []

    def look(_: object) -> None:
        if not views:
            view = browse.open_folder(house, FolderRef("s", "c", "f/"))
            assert view is not None
            views.append(view)
            view.sort("size", descending=True)
        views[0].refresh()

    scan(house, WHOLE, progress=look)
    view = views[0]
    assert view.wait(20)
    view.refresh()
    assert view.wait(20)
    assert [row.ref for row in view.rows(0, 2)] == [Ref("s", "c", "f/01999"), Ref("s", "c", "f/01998")]
    assert view.count == 2000


def test_the_shares_of_a_folder_add_up(tmp_path: Path):
    entries = [
        entry("f/live", 10),
        entry("f/cold", 30, entries_of("ab")[1].standing),
        entry("f/way", 40, entries_of("abcd")[3].standing),
        entry("f/unknown", 20, entries_of("abcdef")[5].standing),
    ]
    house = house_of(tmp_path, MemoryStore(sorted(entries, key=lambda e: e.ref.key)))
    scan(house, WHOLE)
    whole = browse.rollup(house, FolderRef("s", "c", "f/"))
    assert whole is not None
    shares = whole.shares()
    assert (shares.live, shares.cold, shares.way, shares.unknown) == (0.1, 0.3, 0.4, 0.2)
    assert whole.newest == BEGIN


def test_search_finds_folders_and_objects_page_by_page(tmp_path: Path):
    keys = [f"plate{i}/img_{j:02}.tiff" for i in range(12) for j in range(20)] + ["IMG_01.tiff", "img/x", "a%b"]
    house = house_of(tmp_path, MemoryStore(entries_of(keys), page=1000))
    scan(house, WHOLE)

    def found(text: str, limit: int = 7) -> list[str]:
        names: list[str] = []
        following: str | None = None
        while True:
            page = browse.search(house, "s", "c", text, following, limit=limit)
            assert len(page.rows) <= limit
            names += [row.ref.key if isinstance(row, ObjectRow) else row.ref.prefix for row in page.rows]
            following = page.following
            if following is None:
                return names

    assert sorted(found("img_01")) == sorted([k for k in keys if "img_01" in k.lower()])
    assert sorted(found("plate1/img_0")) == [f"plate1/img_0{i}.tiff" for i in range(10)]
    assert found("late1/") == ["plate1/"]
    assert sorted(found("plate1")) == ["plate1/", "plate10/", "plate11/"]
    assert sorted(found("te1/IMG_1")) == [f"plate1/img_1{i}.tiff" for i in range(10)]
    assert found("%") == ["a%b"]
    assert found("nothing like it") == []
    assert found("") == []


def test_a_live_listing_asks_for_no_page_before_it_is_wanted_and_shows_the_catalogues_sums(tmp_path: Path):
    store = MemoryStore(entries_of([f"o{i}" for i in range(9)] + ["f/1", "f/2"]))
    house = house_of(tmp_path, store)
    pages = browse.live(house, FolderRef("s", "c", ""))
    first = next(pages)
    assert [type(row) for row in first] == [FolderRow, ObjectRow, ObjectRow, ObjectRow]
    assert isinstance(first[0], FolderRow)
    assert first[0].rollup is None
    scan(house, WHOLE)
    rows = [row for page in browse.live(house, FolderRef("s", "c", "")) for row in page]
    assert len(rows) == 10
    assert isinstance(rows[0], FolderRow)
    assert rows[0].rollup is not None
    assert (rows[0].rollup.objects, rows[0].rollup.complete) == (2, True)


def test_stores_and_containers_are_rows_with_their_sums(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of("abc")))
    assert [(row.name, row.scanned, row.rollup) for row in browse.stores(house)] == [("s", 0, None)]
    assert [(row.name, row.rollup) for row in browse.containers(house, "s")] == [("c", None)]
    before = browse.summary_version(house)
    scan(house, WHOLE)
    assert browse.summary_version(house) != before
    store, container = browse.stores(house)[0], browse.containers(house, "s", ask=False)[0]
    assert store.rollup is not None
    assert (store.scanned, store.rollup.objects, store.rollup.complete) == (1, 3, True)
    assert container.coverage is not None
    assert container.coverage.by_store is not None
