"""A store without an order, whose files are known by id: the catalogue ends as if each had been told once, in order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.catalogue.files import Files
from icehouse.core.errors import Unavailable
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.states import State
from icehouse.services import browse
from icehouse.services.house import House
from icehouse.services.scan import scan, scanning
from icehouse.services.sweep import cost_of_sweep, hides_states, sweep
from tests.unit.catalogue.fakes import IT, STANDINGS, MemoryStore, QuickClock, entries_of, house_of
from tests.unit.catalogue.looking import folders_in, folders_of, objects_in, objects_of, refs_in, refs_of
from tests.unit.catalogue.unordered import UnorderedStore, file, files_of

WHOLE = Address("s", "c", "")
_part = st.sampled_from(["a", "b", "run 1", "\x1b[31m", "é", "x%2Fy", "..", "_"])
keys = st.lists(_part, min_size=1, max_size=4).map("/".join)
tellings = st.lists(
    st.builds(
        file, keys, st.integers(0, 9), size=st.integers(0, 50), at=st.integers(0, 9), state=st.integers(0, 3)
    ),
    max_size=40,
)  # fmt: skip


def catalogue(house: House) -> Files:
    return Files(house.paths.catalogue, "s", "c")


def assert_holds(house: House, entries) -> None:
    """The catalogue holds just these, each with its sums up to the root."""
    assert refs_in(catalogue(house)) == refs_of(entries)
    assert folders_in(catalogue(house)) == folders_of(entries)


@settings(max_examples=50, deadline=None)
@given(st.lists(keys, max_size=40), st.integers(1, 20), st.sampled_from([0.0, 1.0]))
def test_files_are_all_there_whatever_their_order_and_though_they_share_a_path(found, page: int, step: float):
    entries = files_of(found)
    with TemporaryDirectory() as state:
        house = house_of(Path(state), UnorderedStore(entries, page=page), QuickClock(step))
        report = scan(house, WHOLE)
        assert_holds(house, entries)
    assert (report.objects, report.bytes) == (len(entries), sum(each.size for each in entries))
    assert (report.complete, report.requests) == (True, max(1, -(-len(entries) // page)))


@settings(max_examples=80, deadline=None)
@given(tellings, st.integers(1, 12), st.sampled_from([0.0, 1.0]))
def test_a_file_told_again_is_there_once_as_and_where_it_was_told_last(told, page: int, step: float):
    last = {each.ref.version: each for each in told}
    with TemporaryDirectory() as state:
        house = house_of(Path(state), UnorderedStore(script=told, page=page), QuickClock(step))
        report = scan(house, WHOLE)
        assert_holds(house, last.values())
    assert (report.objects, report.bytes) == (len(last), sum(each.size for each in last.values()))


@settings(max_examples=20, deadline=None)
@given(st.lists(keys, min_size=8, max_size=40), st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_a_walk_broken_off_again_and_again_ends_as_one_that_was_not(found, breaks: list[int]):
    entries = files_of(found)
    with TemporaryDirectory() as state:
        store = UnorderedStore(entries, page=2)
        house = house_of(Path(state), store)
        store.failure = Unavailable("s:c/: the line is down")
        for pages in breaks:
            store.fail_after = pages
            if scan(house, WHOLE).complete:
                break
        store.fail_after = None
        assert scan(house, WHOLE).complete
        assert_holds(house, entries)


def test_a_file_that_changes_while_the_scan_runs_is_told_as_it_is_at_the_end(tmp_path: Path):
    entries = files_of(f"a/{i % 4}/{i}" for i in range(30))
    store = UnorderedStore(entries, page=4)
    moved = replace(file("b/moved", 3, at=100), size=999)

    def change(page: int) -> None:
        if page == 3:
            store.entries[:] = [moved if each.ref.version == moved.ref.version else each for each in store.entries]

    store.on_page = change
    house = house_of(tmp_path, store)
    assert scan(house, WHOLE).complete
    assert_holds(house, [moved if each.ref.version == moved.ref.version else each for each in entries])


def test_the_sums_of_a_folder_are_right_at_every_page_of_the_walk(tmp_path: Path):
    told = [file(f"{i % 3}/{i % 5}/x", i % 20, at=i) for i in range(60)]
    house = house_of(tmp_path, UnorderedStore(script=told, page=4))
    seen: list[int] = []

    def look(progress):
        seen.append(progress.objects)
        last = {each.ref.version: each for each in told[: 4 * len(seen)]}
        held = {path: sums for path, sums in folders_in(catalogue(house)).items() if sums[0] or not path}
        if len(seen) <= 15:
            assert {path: sums[:5] for path, sums in held.items()} == {
                path: sums[:5] for path, sums in folders_of(last.values()).items()
            }
            assert {path: sums[6] for path, sums in held.items()} == {
                path: sums[6] for path, sums in folders_of(last.values()).items()
            }

    assert scan(house, WHOLE, progress=look).complete
    assert seen[:6] == [4, 8, 12, 16, 20, 20]


@settings(max_examples=30, deadline=None)
@given(st.lists(keys, max_size=25), st.lists(keys, max_size=25), st.sampled_from(["a/", "a/b/", "run 1/"]))
def test_a_folder_scanned_again_takes_in_what_moved_here_and_lets_go_what_moved_away(before, after, prefix: str):
    old, new = files_of(before), files_of(after)
    with TemporaryDirectory() as state:
        store = UnorderedStore(old)
        house = house_of(Path(state), store, QuickClock(0.0))
        scan(house, WHOLE)
        store.entries = list(new)
        assert scan(house, Address("s", "c", prefix)).complete
        here = [each for each in new if each.ref.key.startswith(prefix)]
        ids = {each.ref.version for each in here}
        kept = [each for each in old if not each.ref.key.startswith(prefix) and each.ref.version not in ids]
        assert_holds(house, [*kept, *here])


def test_a_folder_that_its_latest_file_left_for_one_scanned_alone_tells_the_latest_of_the_rest(tmp_path: Path):
    old = [file("b/c/1", 1), file("b/c/2", 2), file("b/3", 3), file("a/0", 0)]
    store = UnorderedStore(old)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    store.entries = [file("a/2", 2), file("a/3", 3)]
    assert scan(house, Address("s", "c", "a/")).complete
    assert_holds(house, [old[0], *store.entries])


def test_labels_that_a_file_has_lost_are_gone_when_it_is_told_again(tmp_path: Path):
    labelled, bare = file("a", 4), replace(file("a", 4), traits=frozenset())
    house = house_of(tmp_path, UnorderedStore(script=[labelled, file("b", 6), bare], page=1))
    assert labelled.traits
    scan(house, WHOLE)
    assert_holds(house, [bare, file("b", 6)])


def test_a_rescan_is_brought_in_whole_once_it_is_through(tmp_path: Path):
    store = UnorderedStore(files_of(f"a/{i}" for i in range(20)))
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    store.entries = files_of(f"b/{i}" for i in range(9))
    scan(house, WHOLE, stop=lambda: True)
    assert browse.rollup(house, FolderRef("s", "c", "a/")).objects == 20  # type: ignore[union-attr]
    assert scan(house, WHOLE).complete
    assert_holds(house, store.entries)


def test_a_catalogue_of_another_kind_of_store_is_set_aside(tmp_path: Path):
    by_name = MemoryStore(entries_of(f"a/{i}" for i in range(9)))
    house = house_of(tmp_path, by_name)
    scan(house, WHOLE)
    by_id = UnorderedStore(files_of(["a/1", "a/1", "b"]))
    house = house_of(tmp_path, by_id)
    assert scan(house, Address("s", "c", "a/")).complete
    assert refs_in(catalogue(house)) == refs_of(by_id.entries[:2])
    house = house_of(tmp_path, by_name)
    scan(house, WHOLE)
    assert objects_in(catalogue(house)) == objects_of(by_name.entries)


def test_a_file_without_an_id_is_one_clear_line_and_no_row(tmp_path: Path):
    store = UnorderedStore(script=[replace(file("a", 1), ref=Ref("s", "c", "a"))])
    house = house_of(tmp_path, store)
    with pytest.raises(Exception, match="version") as told:
        scan(house, WHOLE)
    assert "\n" not in str(told.value)
    assert refs_in(catalogue(house)) == {}
    assert browse.coverage(house, FolderRef("s", "c", "")).complete is False  # type: ignore[union-attr]


def test_what_a_describe_settled_is_carried_over_by_id_wherever_the_file_lies_now(tmp_path: Path):
    entries = [replace(file(f"a/{i}", i), standing=STANDINGS[5]) for i in range(6)]
    store = UnorderedStore(entries)
    store.features = replace(store.features, needs_describe=frozenset({IT}))
    store.truth = {f"a/{i}": STANDINGS[i % 2] for i in range(6)}
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    assert hides_states(house, "s")
    assert sweep(house, FolderRef("s", "c", "")).settled == 6
    store.entries = [replace(each, ref=replace(each.ref, key=f"b/{each.size}")) for each in entries]
    assert scan(house, WHOLE).by_state == {State.LIVE: 3, State.ARCHIVED: 3}


def test_where_listings_tell_every_state_there_is_nothing_to_sweep(tmp_path: Path):
    house = house_of(tmp_path, UnorderedStore(files_of("abc")))
    scan(house, WHOLE)
    assert not hides_states(house, "s")
    assert cost_of_sweep(house, FolderRef("s", "c", "")).objects == 0


def test_titles_are_remembered_for_lists_that_ask_no_store(tmp_path: Path):
    store = UnorderedStore(files_of("abc"))
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    assert [row.title for row in browse.containers(house, "s", ask=False)] == ["the project"]
    assert [found.title for found in browse.sums(house)] == ["the project"]
    assert [each.title for each in scanning(house)] == ["the project"]
    scan(house, WHOLE)
    assert store.asked_for_containers == 2, "once a scan: whose a container is may change"
    store.title = "renamed"
    rows = browse.containers(house, "s")
    assert [(row.title, row.name) for row in rows] == [("another", "other"), ("renamed", "c")]
    assert rows[1].facts == (("level", "ADMINISTER"),)
    assert [found.title for found in browse.sums(house)] == ["renamed"]


def test_a_title_that_can_not_be_had_keeps_no_one_from_scanning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = UnorderedStore(files_of("abc"))

    def refuse():
        raise Unavailable("s: no answer")

    monkeypatch.setattr(store, "containers", refuse)
    house = house_of(tmp_path, store)
    assert scan(house, WHOLE).complete
    assert [row.title for row in browse.containers(house, "s", ask=False)] == [""]
