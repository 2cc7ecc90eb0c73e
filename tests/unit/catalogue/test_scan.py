"""A scan puts into the catalogue exactly what the walk told, and never says complete when it was not."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.catalogue.base import CatalogueError
from icehouse.catalogue.files import Files
from icehouse.catalogue.turns import take_turn
from icehouse.core.errors import NotFound, Refused, Unavailable, UsageError
from icehouse.core.refs import Address, FolderRef
from icehouse.core.states import State
from icehouse.services import browse
from icehouse.services.scan import STOPPED, scan, scanning
from tests.unit.catalogue.fakes import MemoryStore, QuickClock, entries_of, entry, house_of
from tests.unit.catalogue.looking import folders_in, folders_of, objects_in, objects_of

WHOLE = Address("s", "c", "")
_names = st.one_of(
    st.sampled_from(
        ["", "a", "b", "a.txt", "plate1", "plate10", "..", "\x00", "\x1b[31m", "%", "_", "\udcff", "é", "e\u0301", "🧊"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), max_size=4),
)
keys = st.lists(_names, min_size=1, max_size=6).map("/".join).filter(bool)


@settings(max_examples=60, deadline=None)
@given(st.sets(keys, max_size=60), st.integers(1, 20))
def test_the_catalogue_holds_exactly_the_keys_it_was_told_and_the_naive_sums(found: set[str], page: int):
    entries = entries_of(found)
    with TemporaryDirectory() as state:
        house = house_of(Path(state), MemoryStore(entries, page=page))
        report = scan(house, WHOLE)
        files = Files(house.paths.catalogue, "s", "c")
        assert objects_in(files) == objects_of(entries)
        assert folders_in(files) == folders_of(entries)
    assert (report.objects, report.bytes) == (len(entries), sum(each.size for each in entries))
    assert report.complete


@settings(max_examples=20, deadline=None)
@given(st.sets(keys, min_size=8, max_size=60), st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_a_scan_broken_off_again_and_again_ends_as_one_that_was_not(found: set[str], breaks: list[int]):
    entries = entries_of(found)
    with TemporaryDirectory() as state:
        store = MemoryStore(entries, page=2)
        house = house_of(Path(state), store)
        store.failure = Unavailable("s:c/: the line is down")
        for pages in breaks:
            store.fail_after = pages
            report = scan(house, WHOLE)
            if report.complete:
                break
            assert "the line is down" in report.error
        store.fail_after = None
        report = scan(house, WHOLE)
        files = Files(house.paths.catalogue, "s", "c")
        assert report.complete
        assert objects_in(files) == objects_of(entries)
        assert folders_in(files) == folders_of(entries)


def test_a_walk_that_raises_leaves_numbers_that_are_at_least_and_a_reason(tmp_path: Path):
    store = MemoryStore(entries_of(f"a/{i}" for i in range(20)))
    store.fail_after, store.failure = 3, Unavailable("s:c/: no answer")
    house = house_of(tmp_path, store)
    report = scan(house, WHOLE)
    assert (report.complete, report.objects, report.error) == (False, 9, "s:c/: no answer")
    assert report.cause is store.failure
    whole = browse.containers(house, "s")[0]
    assert whole.rollup is not None
    assert whole.coverage is not None
    assert (whole.rollup.objects, whole.rollup.complete, whole.coverage.error) == (9, False, "s:c/: no answer")
    standing = scanning(house)[0]
    assert (standing.running, standing.resumable, standing.error) == (False, True, "s:c/: no answer")


def test_a_walk_that_ends_without_saying_so_is_not_complete(tmp_path: Path):
    store = MemoryStore(entries_of(f"a/{i}" for i in range(20)))
    store.fail_after = 3
    report = scan(house_of(tmp_path, store), WHOLE)
    assert not report.complete
    assert "without saying" in report.error


def test_a_container_that_is_not_there_leaves_no_trace(tmp_path: Path):
    store = MemoryStore()
    store.fail_after, store.failure = 0, NotFound("s:c/: no such bucket")
    house = house_of(tmp_path, store)
    with pytest.raises(NotFound):
        scan(house, WHOLE)
    assert browse.open_folder(house, FolderRef("s", "c", "")) is None
    assert scanning(house) == []


def test_a_stop_keeps_what_was_got_and_the_next_scan_goes_on_from_there(tmp_path: Path):
    entries = entries_of(f"a/{i}" for i in range(20))
    store = MemoryStore(entries)
    house = house_of(tmp_path, store)
    report = scan(house, WHOLE, stop=lambda: len(store.walks) == 1)
    assert (report.complete, report.error) == (False, STOPPED)
    again = scan(house, WHOLE)
    assert again.complete
    assert store.walks == [None, "3"]
    assert again.requests == 7
    assert objects_in(Files(house.paths.catalogue, "s", "c")) == objects_of(entries)


def test_progress_grows_and_every_step_can_be_seen_by_a_reader(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of(f"a/{i:03}" for i in range(30))))
    seen: list[tuple[int, int]] = []

    def look(progress):
        row = browse.containers(house, "s")[0]
        assert row.rollup is not None
        seen.append((progress.objects, row.rollup.objects))

    scan(house, WHOLE, progress=look)
    assert seen[0] == (3, 3)
    assert seen[-1] == (30, 30)
    assert all(told == read for told, read in seen)


def test_a_rescan_stays_hidden_until_it_is_complete(tmp_path: Path):
    store = MemoryStore(entries_of(f"a/{i}" for i in range(10)))
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    old = browse.rollup(house, FolderRef("s", "c", ""))
    store.entries = entries_of(f"b/{i}" for i in range(40))
    seen = []
    scan(house, WHOLE, progress=lambda _: seen.append(browse.rollup(house, FolderRef("s", "c", "a/"))))
    assert old is not None
    assert [each.objects for each in seen if each is not None][:-1] == [10] * (len(seen) - 1)
    assert seen[-1] is not None
    assert (seen[-1].objects, seen[-1].complete) == (0, True)
    assert objects_in(Files(house.paths.catalogue, "s", "c")) == objects_of(store.entries)


def test_a_rescan_that_fails_leaves_the_old_one_whole(tmp_path: Path):
    store = MemoryStore(entries_of(f"a/{i}" for i in range(10)))
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    store.fail_after, store.failure = 1, Unavailable("gone away")
    assert not scan(house, WHOLE).complete
    row = browse.containers(house, "s")[0]
    assert row.rollup is not None
    assert (row.rollup.objects, row.rollup.complete) == (10, True)


def test_a_scan_of_a_folder_takes_the_place_of_that_folder_alone(tmp_path: Path):
    keys = [f"{top}/{sub}/{i}" for top in ("a", "b", "plate1", "plate10") for sub in ("x", "y") for i in range(5)]
    before = entries_of(keys)
    store = MemoryStore(before)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    changed = [e for e in before if not e.ref.key.startswith("plate1/")]
    changed += [entry(f"plate1/{name}", size=1000 + i, at=10_000 + i) for i, name in enumerate(("x/0", "z/0", "z/n//"))]
    store.entries = sorted(changed, key=lambda e: e.ref.key)
    scan(house, Address("s", "c", "plate1/"))
    files = Files(house.paths.catalogue, "s", "c")
    assert objects_in(files) == objects_of(store.entries)
    assert folders_in(files) == folders_of(store.entries)
    assert len(list(house.paths.catalogue.glob("*@c.*"))) == 1


def test_a_folder_that_is_empty_now_goes_away_with_the_empty_ones_above_it(tmp_path: Path):
    before = entries_of(["a/b/c/1", "a/b/c/2", "d/1"])
    store = MemoryStore(before)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    store.entries = before[2:]
    assert scan(house, Address("s", "c", "a/b/c/")).complete
    files = Files(house.paths.catalogue, "s", "c")
    assert folders_in(files) == folders_of(store.entries)


def test_a_folder_scanned_alone_is_complete_and_what_is_above_it_is_not(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of(["a/b/1", "a/c/1", "d/1"])))
    assert scan(house, Address("s", "c", "a/b")).objects == 1
    told = {path: browse.rollup(house, FolderRef("s", "c", path)) for path in ("", "a/", "a/b/", "d/")}
    assert {path: (r.objects, r.complete) for path, r in told.items() if r is not None} == {
        "": (1, False),
        "a/": (1, False),
        "a/b/": (1, True),
        "d/": (0, False),
    }
    scan(house, Address("s", "c", "d/"))
    assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(
        entries_of(["a/b/1"]) + [entry("d/1", 15, at=2, standing=entries_of("abc")[2].standing)]
    )


def test_another_folder_is_not_scanned_over_an_unfinished_scan_unless_it_is_thrown_away(tmp_path: Path):
    store = MemoryStore(entries_of(f"a/{i}" for i in range(20)))
    house = house_of(tmp_path, store)
    scan(house, WHOLE, stop=lambda: True)
    with pytest.raises(Refused, match="not finished"):
        scan(house, Address("s", "c", "a/"))
    assert scan(house, Address("s", "c", "a/"), fresh=True).complete


def test_an_object_told_twice_is_there_once_as_it_was_told_last(tmp_path: Path):
    first, again = entry("a/1", size=5), entry("a/1", size=9, standing=entries_of("ab")[1].standing)
    entries = [first, entry("a/2", size=3), again, entry("b", size=2)]
    house = house_of(tmp_path, MemoryStore(entries, page=2))
    report = scan(house, WHOLE)
    files = Files(house.paths.catalogue, "s", "c")
    assert objects_in(files) == objects_of(entries[1:])
    assert folders_in(files) == folders_of(entries[1:])
    assert (report.objects, report.bytes) == (3, 14)


def test_a_second_scanner_is_refused_in_one_line(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of("ab")))
    files = Files(house.paths.catalogue, "s", "c")
    turn = take_turn(house.paths.locks / f"scan-{files.stem}.lock", house.clock)
    assert turn is not None
    with pytest.raises(Refused, match="s:c is being scanned already"):
        scan(house, WHOLE)
    turn.end()
    assert scan(house, WHOLE).complete


def test_a_store_alone_is_not_something_to_scan(tmp_path: Path):
    with pytest.raises(UsageError):
        scan(house_of(tmp_path, MemoryStore()), Address("s", "", ""))


def test_an_empty_container_is_complete_with_nothing_in_it(tmp_path: Path):
    report = scan(house_of(tmp_path, MemoryStore()), WHOLE)
    assert (report.objects, report.complete, report.by_state) == (0, True, {})


@pytest.mark.parametrize("harm", ["header", "middle", "empty", "other version"])
def test_a_damaged_file_is_set_aside_and_the_next_scan_makes_a_new_one(tmp_path: Path, harm: str):
    entries = entries_of(f"{i // 50}/{i}" for i in range(3000))
    store = MemoryStore(entries, page=500)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    files = Files(house.paths.catalogue, "s", "c")
    path = files.visible()
    assert path is not None
    size = path.stat().st_size
    with path.open("r+b") as file:
        if harm == "empty":
            file.truncate(0)
        else:
            file.seek({"header": 0, "middle": 8192, "other version": 60}[harm])
            file.write(b"\xa5" * {"header": 100, "middle": size - 12288, "other version": 4}[harm])
    with suppress(CatalogueError):
        view = browse.open_folder(house, FolderRef("s", "c", "0/"))
        if view is not None:
            view.rows(0, 50)
    assert browse.set_aside(house, FolderRef("s", "c", "")) == house.paths.catalogue / f"{files.stem}.damaged"
    assert scan(house, WHOLE).complete
    assert browse.set_aside(house, FolderRef("s", "c", "")) is None
    assert objects_in(files) == objects_of(entries)
    assert [each.name for each in house.paths.catalogue.glob("*.damaged")] == [f"{files.stem}.damaged"]


def test_a_damaged_unfinished_scan_starts_over(tmp_path: Path):
    entries = entries_of(f"{i // 50}/{i}" for i in range(3000))
    store = MemoryStore(entries, page=500)
    house = house_of(tmp_path, store)
    scan(house, WHOLE, stop=lambda: True)
    path = Files(house.paths.catalogue, "s", "c").visible()
    assert path is not None
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (path.stat().st_size - 12288))
    assert scan(house, WHOLE).complete
    assert objects_in(Files(house.paths.catalogue, "s", "c")) == objects_of(entries)


def test_a_damaged_summary_is_set_aside_and_filled_again(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of("abc")))
    scan(house, WHOLE)
    (house.paths.catalogue / "summary.sqlite").write_bytes(b"not a database at all" * 100)
    assert browse.containers(house, "s")[0].rollup is None
    scan(house, WHOLE)
    row = browse.containers(house, "s")[0]
    assert row.rollup is not None
    assert row.rollup.objects == 3


def test_a_full_disk_is_one_clear_line_and_the_scan_can_go_on(tmp_path: Path):
    entries = entries_of(f"{i // 50}/{i:0200}" for i in range(3000))
    store = MemoryStore(entries, page=100)
    house = house_of(tmp_path, store)
    import icehouse.catalogue.renew as renew

    def cramped(*args, **kwargs):
        writer = begin(*args, **kwargs)
        writer.connection.execute("PRAGMA max_page_count = 60")
        return writer

    begin = renew.begin
    import icehouse.services.scan as module

    module.begin = cramped  # type: ignore[attr-defined]
    try:
        with pytest.raises(CatalogueError, match="the disk is full") as told:
            scan(house, WHOLE)
    finally:
        module.begin = begin  # type: ignore[attr-defined]
    assert "\n" not in str(told.value)
    assert scan(house, WHOLE).complete
    assert objects_in(Files(house.paths.catalogue, "s", "c")) == objects_of(entries)
    assert store.walks[1] is not None


def test_a_state_folder_that_can_not_be_written_is_one_clear_line(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of("abc")))
    house.paths.catalogue.write_text("a file stands where the folder belongs")
    with pytest.raises(CatalogueError) as told:
        scan(house, WHOLE)
    assert "\n" not in str(told.value)


def test_the_report_tells_objects_and_bytes_by_state(tmp_path: Path):
    entries = entries_of(f"{i}" for i in range(12))
    report = scan(house_of(tmp_path, MemoryStore(entries), QuickClock(0.0)), WHOLE)
    assert report.by_state[State.ARCHIVED] == 4
    assert sum(report.bytes_by_state.values()) == report.bytes
