"""Rows of a large folder by position: the same as sorting all of them gives, from anchors, and never by a long walk."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from icehouse.catalogue import finishing, lanes, ranks
from icehouse.catalogue import view as view_module
from icehouse.catalogue.base import connect
from icehouse.catalogue.filters import parse_filter
from icehouse.catalogue.finishing import index_up
from icehouse.catalogue.lanes import Lane, Wanted, build, prompt
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.schema import changing
from icehouse.catalogue.view import FolderView
from icehouse.core.refs import Address, FolderRef
from icehouse.core.rows import FolderRow, ObjectRow, SortBy
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import MemoryStore, entry, house_of
from tests.unit.catalogue.making import large
from tests.unit.catalogue.unordered import UnorderedStore, file

ORDERS: tuple[SortBy, ...] = ("name", "size", "changed", "state")
TEXTS = ("", "7", "o0012", "!9", "state:cold", "!state:cold", "size>90", "word:glacier size<20 1", "nothing")
ROWS = 3_000
Here = tuple[Reader, int]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finishing, "LARGE", 50)
    monkeypatch.setattr(ranks, "STEP", 16)
    monkeypatch.setattr(ranks, "_FEW", 4)
    monkeypatch.setattr(ranks, "_MOST", 40)
    monkeypatch.setattr(lanes, "_FIRST", 5)
    monkeypatch.setattr(lanes, "_RARE", 12)
    monkeypatch.setattr(lanes, "_SOME", 400)
    monkeypatch.setattr(view_module, "AT_ONCE", 10)


@pytest.fixture(scope="module")
def by_name(tmp_path_factory: pytest.TempPathFactory) -> Here:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finishing, "LARGE", 50)
        patch.setattr(ranks, "STEP", 16)
        return large(tmp_path_factory.mktemp("large"), ROWS), ROWS


@pytest.fixture(scope="module")
def by_id(tmp_path_factory: pytest.TempPathFactory) -> Here:
    """Objects of which several have one name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finishing, "LARGE", 50)
        patch.setattr(ranks, "STEP", 16)
        store = UnorderedStore([file(f"o{i * 7 % 90:03}", i, size=i % 5, at=i % 9) for i in range(300)], page=1000)
        house = house_of(tmp_path_factory.mktemp("ids"), store)
        scan(house, Address("s", "c", ""))
        from icehouse.catalogue.files import Files

        reader = Reader.open(Files(house.paths.catalogue, "s", "c"))
        assert reader is not None
        return reader, 300


def lane_of(reader: Reader, by: SortBy, descending: bool, text: str, early: Callable[[Lane], None]) -> Lane:
    wanted = Wanted("objects", 1, by, descending, parse_filter(text, reader.standings))
    lane = build(reader, wanted, lambda: False, early)
    assert lane is not None
    return lane


@pytest.mark.parametrize("kind", ["by_name", "by_id"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("by", ORDERS)
def test_rows_from_anchors_are_those_of_sorting_everything(request, kind: str, by: SortBy, descending: bool, text: str):
    reader, _ = request.getfixturevalue(kind)
    wanted = Wanted("objects", 1, by, descending, parse_filter(text, reader.standings))
    plain = build(reader, wanted, lambda: False)
    assert plain is not None
    assert plain.numbers is not None
    numbers = list(plain.numbers)
    seen: list[Lane] = []
    lane = lane_of(reader, by, descending, text, seen.append)
    shown = [lane, *filter(None, [prompt(reader, wanted, len(numbers))])]
    some = random.Random(7)
    for each in shown:
        assert each.count == len(numbers)
        for start in {0, len(numbers) - 7, *(some.randrange(len(numbers) + 1) for _ in range(6))} - {-7, -6, -1}:
            start = max(0, start)
            assert list(each.at(reader.connection, start, start + 7)) == numbers[start : start + 7]
        for position in {0, len(numbers) // 2, len(numbers) - 1} if numbers else ():
            assert each.position(reader.connection, numbers[position]) == position
        for number in set(range(1, 300, 37)) - set(numbers):
            assert each.position(reader.connection, number) is None
    for each in seen:
        assert list(each.at(reader.connection, 0, each.count)) == numbers[: each.count]
        assert each.count < len(numbers)


def steps_of(reader: Reader, act: Callable[[], object], every: int = 200) -> int:
    """Thousands of instructions of SQLite, about; a row walked over costs ten."""
    told: list[int] = []

    def count() -> None:
        told.append(1)

    reader.connection.set_progress_handler(count, every)
    try:
        act()
    finally:
        reader.connection.set_progress_handler(None, every)
    return len(told) * every


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("by", ORDERS)
def test_no_position_is_far(tmp_path_factory, by_name: Here, by: SortBy, descending: bool):
    reader, number = by_name
    lane = prompt(reader, Wanted("objects", 1, by, descending, parse_filter("", reader.standings)), number)
    assert lane is not None
    for start in (0, 777, number // 2, number - 10):
        assert steps_of(reader, lambda start=start: lane.at(reader.connection, start, start + 10)) < 1_500  # type: ignore[misc]
        number_there = lane.at(reader.connection, start, start + 1)[0]
        assert steps_of(reader, lambda n=number_there: lane.position(reader.connection, n)) < 3_000  # type: ignore[misc]
    without = Lane(lane.kind, lane.folder, lane.count, lane.descending, lane.order)
    control = steps_of(reader, lambda: without.at(reader.connection, number // 2, number // 2 + 10))
    assert control > 3_000, "the control: without anchors the middle is far"


@pytest.mark.parametrize("by", ORDERS)
def test_every_walk_is_a_search_in_an_index_by_the_whole_key(by_name: Here, monkeypatch, by: SortBy):
    reader, _ = by_name
    asked: list[str] = []
    reader.connection.set_trace_callback(asked.append)
    lane = lane_of(reader, by, False, "", lambda lane: None)
    lane.at(reader.connection, 1000, 1010)
    reader.connection.set_trace_callback(None)
    walks = [each for each in asked if "OFFSET" in each and "INDEXED BY" in each]
    assert len(walks) > ROWS / 20
    for walk in walks[1:3] + walks[-1:]:
        plan = [row[-1] for row in reader.connection.execute(f"EXPLAIN QUERY PLAN {walk}")]
        assert len(plan) == 1, "and sorts nothing"
        key = "name>?" if by == "name" else f"({lane.order.columns[0]},name)>(?,?)"
        assert f"objects_by_{by} (folder=? AND {key})" in plan[0]


CHANGES = {
    "comes": "INSERT INTO objects (folder, name, size, etag, standing) SELECT 1, 'new', 1, '', min(id) FROM standings",
    "goes": "DELETE FROM objects WHERE name = 'o000007'",
    "is renamed": "UPDATE objects SET name = 'other' WHERE name = 'o000007'",
    "grows": "UPDATE objects SET size = size + 1 WHERE name = 'o000007'",
    "is changed": "UPDATE objects SET modified = 5 WHERE name = 'o000007'",
    "is restated": "UPDATE objects SET standing = (SELECT max(id) FROM standings WHERE id <> standing) "
    "WHERE name = 'o000007'",
    "is told again": "UPDATE objects SET size = size, standing = standing, name = name",
}
DROPPED = {
    "comes": set(ORDERS), "goes": set(ORDERS), "is renamed": set(ORDERS), "grows": {"size"}, "is changed": {"changed"},
    "is restated": {"state"}, "is told again": set[str](),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_anchors_go_when_an_object(tmp_path: Path, what: str):
    reader = large(tmp_path, 200)
    lane = prompt(reader, Wanted("objects", 1, "size", False, parse_filter("", reader.standings)), 200)
    assert lane is not None
    writer = connect(reader.path)
    with changing(writer):
        writer.execute(CHANGES[what])
    kept = {row[0] for row in writer.execute("SELECT DISTINCT by FROM anchors")}
    assert set(ORDERS) - kept == DROPPED[what]
    assert len(lane.at(reader.connection, 100, 110)) == 10, "a list that is open reads on"
    near = lane.position(reader.connection, lane.at(reader.connection, 100, 101)[0])
    assert near in (99, 100, 101), "until it takes up what has changed"
    index_up(writer)
    assert {row[0] for row in writer.execute("SELECT DISTINCT by FROM anchors")} == set(ORDERS)
    reader.changed()
    for by in ORDERS:
        again = prompt(reader, Wanted("objects", 1, by, False, parse_filter("", reader.standings)), 200)
        plain = build(reader, Wanted("objects", 1, by, False, parse_filter("", reader.standings)), lambda: False)
        assert again is not None
        assert plain is not None
        assert list(again.at(reader.connection, 40, 60)) == list(plain.at(reader.connection, 40, 60))
    writer.close()
    reader.close()


def test_the_first_rows_of_a_filter_are_shown_before_all_are_counted(tmp_path: Path, monkeypatch):
    reader = large(tmp_path, 2000)
    held, told = threading.Event(), threading.Event()
    counted = ranks.of_index

    def slowly(*args, **options):
        assert held.wait(20)
        return counted(*args, **options)

    monkeypatch.setattr(lanes, "of_index", slowly)
    view = FolderView(reader, FolderRef("s", "c", ""), told.set)
    view.filter("o001")
    assert told.wait(20)
    assert (view.count, view.building, view.filtered_by) == (5, True, "o001")
    assert [row.name for row in view.rows(0, 50)] == [f"o00100{i}" for i in range(5)]
    held.set()
    assert view.wait(20)
    assert (view.count, view.building) == (1000, False)
    assert [row.name for row in view.rows(995, 50)] == [f"o00199{i}" for i in range(5, 10)]
    view.close()


def test_a_large_folder_opens_and_sorts_without_building_anything(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(lanes, "of_index", None)
    monkeypatch.setattr(lanes, "_sorted", None)
    reader = large(tmp_path, 2000)
    view = FolderView(reader, FolderRef("s", "c", ""))
    for by in ORDERS:
        view.sort(by, descending=True)
        assert not view.building
        rows = view.rows(995, 10)
        assert len(rows) == 10
        assert [view.position_of(row.ref) for row in rows] == list(range(995, 1005))
    view.close()


def test_objects_of_no_date_stand_before_all_others_and_states_in_their_order(tmp_path: Path):
    reader = large(tmp_path, 400)
    view = FolderView(reader, FolderRef("s", "c", ""))
    view.sort("changed")
    rows = [row for row in view.rows(0, 400) if isinstance(row, ObjectRow)]
    assert [row.modified is None for row in rows] == sorted((row.modified is None for row in rows), reverse=True)
    assert sum(row.modified is None for row in rows) == 37
    view.sort("state")
    words = [row.standing.word for row in view.rows(0, 400) if isinstance(row, ObjectRow)]
    assert sorted(set(words), key=words.index) == ["STANDARD", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"]
    view.close()


def test_a_folder_of_many_folders_is_had_in_every_order(tmp_path: Path):
    store = MemoryStore([entry(f"f{i:03}/x", size=i * 7 % 23 + 1, at=i * 3 % 17) for i in range(200)], page=1000)
    house = house_of(tmp_path, store)
    scan(house, Address("s", "c", ""))
    from icehouse.services import browse

    view = browse.open_folder(house, FolderRef("s", "c", ""))
    assert view is not None
    assert {"folders_by_size", "folders_by_state", "folders_by_changed"} <= view.reader.indexes
    every: tuple[SortBy, ...] = ("name", "size", "objects", "changed", "state")
    for by in every:
        for descending in (False, True):
            view.sort(by, descending)
            assert view.wait(20)
            rows = view.rows(0, 200)
            assert [view.position_of(row.ref) for row in rows] == list(range(200))
            assert len({row.ref for row in rows}) == 200
            if by == "size":
                sizes = [row.rollup.bytes for row in rows if isinstance(row, FolderRow) and row.rollup is not None]
                assert sizes == sorted(sizes, reverse=descending)
    view.close()


@pytest.mark.parametrize("by", ORDERS)
@pytest.mark.parametrize("text", ["size>10", "state:cold", "!state:cold", "word:glacier size>10", "state:cold size<50"])
def test_a_filter_begins_every_walk_at_the_key_and_never_at_its_own_condition(by_name: Here, by: SortBy, text: str):
    reader, _ = by_name
    asked: list[str] = []
    wanted = Wanted("objects", 1, by, False, parse_filter(text, reader.standings))
    reader.connection.set_trace_callback(asked.append)
    lane = build(reader, wanted, lambda: False, lambda lane: None)
    reader.connection.set_trace_callback(None)
    assert lane is not None
    walks = [each for each in asked if "OFFSET" in each and "INDEXED BY" in each]
    assert len(walks) > 5
    key = "name>?" if by == "name" else f"({lane.order.columns[0]},name)>(?,?)"
    for walk in walks[1:]:
        plan = [row[-1] for row in reader.connection.execute(f"EXPLAIN QUERY PLAN {walk}")]
        assert len(plan) == 1
        assert f"objects_by_{by} (folder=? AND {key})" in plan[0]


def test_the_first_rows_of_a_filter_are_not_walked_to_where_their_order_can_begin_by_it(by_name: Here):
    reader, _ = by_name
    for by, text in (("size", "size>90"), ("state", "word:INTELLIGENT_TIERING")):
        wanted = Wanted("objects", 1, by, False, parse_filter(text, reader.standings))  # type: ignore[arg-type]
        seen: list[Lane] = []

        def first(lane: Lane, seen: list[Lane] = seen) -> None:
            seen.append(lane)
            reader.connection.set_progress_handler(None, 1)

        told: list[int] = []
        reader.connection.set_progress_handler(lambda told=told: told.append(1), 100)  # type: ignore[misc]
        build(reader, wanted, lambda: False, first)
        reader.connection.set_progress_handler(None, 1)
        assert seen
        assert len(told) < 15
