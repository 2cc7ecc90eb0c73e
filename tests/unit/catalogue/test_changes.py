"""A rescan makes of the catalogue what a fresh scan would have made, and tells exactly what is not as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icehouse.catalogue.base import CatalogueDamaged, transaction
from icehouse.catalogue.changes import comparing
from icehouse.catalogue.changes.reading import bytes_in, changes_in, comparisons_in, stretches
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.schema import create
from icehouse.core.changes import Change, ChangeKind, Comparison
from icehouse.core.clock import Instant
from icehouse.core.entries import Described, Entry
from icehouse.core.errors import Denied, LoginExpired, NotFound, Throttled, Unavailable
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.states import UNKNOWN, State
from icehouse.services import browse
from icehouse.services.house import House
from icehouse.services.scan import STOPPED, scan
from icehouse.services.sweep import sweep
from tests.unit.catalogue.fakes import BEGIN, STANDINGS, MemoryStore, QuickClock, entry, house_of
from tests.unit.catalogue.looking import folders_in, folders_of, objects_in, objects_of, refs_in, refs_of
from tests.unit.catalogue.unordered import KEEP, OPEN, UnorderedStore, file

WHOLE = Address("s", "c", "")
COLD = (State.ARCHIVING, State.ARCHIVED, State.RESTORING)
Told = tuple[ChangeKind, str, object, object]

_part = st.sampled_from(["a", "b", "x0", "x", "\x00", "\x1b[31m", "\udcff", "é", "%", ""])
keys = st.lists(_part, min_size=1, max_size=4).map("/".join).filter(bool)
objects = st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["e", "f"]), st.integers(0, 5))
containers = st.dictionaries(keys, objects, max_size=24)
files = st.dictionaries(st.integers(0, 14), st.tuples(keys, st.integers(0, 2), st.integers(0, 3)), max_size=14)
prefixes = st.sampled_from(["", "", "a/", "x/", "a/b/", "/", "\udcff/"])


class ById(UnorderedStore):
    """Describes by id alone, wherever the file lies now, as a platform with ids does."""

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        now = {each.ref.version: each for each in self.entries}
        for ref in refs:
            self.described.append(ref.key)
            found = now.get(ref.version)
            yield Described(ref, found) if found else Described(ref, error=NotFound(f"{ref.key}: no such file"))


class DatedClock(QuickClock):
    """Stands still on one day until it is told another."""

    today = BEGIN + timedelta(days=900)

    def now(self) -> Instant:
        return self.today


def entries_by_name(found: dict[str, tuple[int, int, str, int]]) -> list[Entry]:
    ordered = sorted(found, key=lambda key: key.encode("utf-8", "surrogateescape"))
    return [
        entry(key, found[key][0], STANDINGS[found[key][3]], at=found[key][1], etag=found[key][2]) for key in ordered
    ]


def entries_by_id(found: dict[int, tuple[str, int, int]]) -> list[Entry]:
    """Files whose place, time and state differ, and now and then their labels; the bytes of an id never do."""
    return [
        replace(
            file(key, number, at=at, state=state),
            tags=KEEP if at == 1 else frozenset(),
            traits=OPEN if state == 3 else frozenset(),
        )
        for number, (key, at, state) in found.items()
    ]


@contextmanager
def bringing_in(row_by_row: bool) -> Iterator[None]:
    """Whatever differs is brought in row by row, or by the new file."""
    before = comparing.FEW, comparing.SHARE
    comparing.FEW, comparing.SHARE = (10_000, 0.1) if row_by_row else (-1, -1.0)
    try:
        yield
    finally:
        comparing.FEW, comparing.SHARE = before


def catalogue(house: House) -> Files:
    return Files(house.paths.catalogue, "s", "c")


def told(house: House, prefix: str = "", kinds: tuple[ChangeKind, ...] = ()) -> list[Change]:
    """The changes of the newest comparison."""
    reader = Reader.open(catalogue(house))
    assert reader is not None
    found: list[Change] = []
    newest = comparisons_in(reader, prefix)[:1]
    for stretch in stretches(reader, prefix, [each.number for each in newest], kinds):
        found += changes_in(reader, stretch, 0, stretch.count)
    reader.close()
    return found


def compared(house: House) -> list[Comparison]:
    reader = Reader.open(catalogue(house))
    assert reader is not None
    found = comparisons_in(reader, "")
    reader.close()
    return found


def as_told(changes: Iterable[Change]) -> set[Told]:
    def aspect(each):
        return each and (each.key, each.size, each.modified, each.standing, each.version)

    return {(each.kind, each.ref.key, aspect(each.before), aspect(each.after)) for each in changes}


def plainly(before: Iterable[Entry], after: Iterable[Entry]) -> set[Told]:
    """What a person with both lists would say."""
    old, new = ({each.ref.version or each.ref.key: each for each in side} for side in (before, after))
    found: set[Told] = set()
    for who in old.keys() | new.keys():
        was, now = old.get(who), new.get(who)
        if now is None:
            assert was is not None
            found.add((ChangeKind.GONE, was.ref.key, _aspect(was), None))
        elif was is None:
            found.add((ChangeKind.NEW, now.ref.key, None, _aspect(now)))
        else:
            kind = _kind(was, now)
            if kind is not None:
                found.add((kind, now.ref.key, _aspect(was), _aspect(now)))
    return found


def _kind(was: Entry, now: Entry) -> ChangeKind | None:
    if (was.size, was.etag) != (now.size, now.etag):
        return ChangeKind.CHANGED
    if was.ref.key != now.ref.key:
        return ChangeKind.MOVED
    before, after = was.standing, now.standing
    if before.state.readable and after.state in COLD:
        return ChangeKind.COLD
    if before.state in COLD and after.state.readable:
        return ChangeKind.BACK
    if was.modified != now.modified:
        return ChangeKind.CHANGED
    if State.UNKNOWN in (before.state, after.state):
        return None
    if (before.state, before.word, before.cold_word) != (after.state, after.word, after.cold_word):
        return ChangeKind.RESTATED
    return None


def _aspect(each: Entry) -> object:
    return (each.ref.key, each.size, each.modified, each.standing, each.ref.version)


@settings(max_examples=40, deadline=None)
@given(containers, containers, prefixes, st.booleans(), st.booleans())
def test_by_name_a_rescan_ends_as_a_fresh_scan_and_tells_the_difference(
    first: dict[Any, Any], second: dict[Any, Any], prefix: str, keep: bool, row_by_row: bool
):
    second = {**first, **second} if keep else second
    before, after = entries_by_name(first), entries_by_name(second)
    with TemporaryDirectory() as state, bringing_in(row_by_row):
        store = MemoryStore(before, page=5)
        house = house_of(Path(state), store, QuickClock(0.0))
        scan(house, WHOLE)
        store.entries = after
        report = scan(house, Address("s", "c", prefix))
        held = [each for each in before if not each.ref.key.startswith(prefix)]
        held += [each for each in after if each.ref.key.startswith(prefix)]
        assert objects_in(catalogue(house)) == objects_of(held)
        assert folders_in(catalogue(house)) == folders_of(held)
        changes = told(house)
        assert as_told(changes) == plainly(before, held)
        assert len(changes) == len(as_told(changes))
        order = [
            (list(ChangeKind).index(each.kind), each.ref.key.encode("utf-8", "surrogateescape")) for each in changes
        ]
        assert order == sorted(order)
        assert report.changes is not None
        assert {kind: each.objects for kind, each in report.changes.sums.items()} == {
            kind: sum(each.kind is kind for each in changes) for kind in {each.kind for each in changes}
        }
        for below in ("a/", "a/b/", "/"):
            assert as_told(told(house, below)) == {each for each in as_told(changes) if each[1].startswith(below)}
        assert sorted(path.suffix for path in house.paths.catalogue.glob("s@c*")) == [".sqlite"]


@settings(max_examples=40, deadline=None)
@given(files, files, prefixes, st.booleans(), st.booleans())
@example({0: ("a/a", 0, 0)}, {0: ("x/a", 0, 0)}, "x/", False, False)
def test_by_id_a_rescan_ends_as_a_fresh_scan_and_tells_what_moved(
    first: dict[Any, Any], second: dict[Any, Any], prefix: str, keep: bool, row_by_row: bool
):
    second = {**first, **second} if keep else second
    before, after = entries_by_id(first), entries_by_id(second)
    with TemporaryDirectory() as state, bringing_in(row_by_row):
        store = ById(before, page=5)
        house = house_of(Path(state), store, QuickClock(0.0))
        scan(house, WHOLE)
        store.entries = list(after)
        scan(house, Address("s", "c", prefix))
        here = {each.ref.version for each in before if each.ref.key.startswith(prefix)}
        now = {each.ref.version: each for each in after}
        here |= {each.ref.version for each in after if each.ref.key.startswith(prefix)}
        held = [each for each in before if each.ref.version not in here]
        held += [now[each] for each in here if each in now]
        assert refs_in(catalogue(house)) == refs_of(held)
        assert folders_in(catalogue(house)) == folders_of(held)
        assert as_told(told(house)) == plainly(before, held)
        away = told(house, "a/", (ChangeKind.AWAY,))
        assert {each.ref.key for each in away} == {
            was[2][0]  # type: ignore[index]
            for was in as_told(told(house))
            if was[0] is ChangeKind.MOVED and was[2][0].startswith("a/")  # type: ignore[index]
        }


def test_what_stays_keeps_its_number_and_a_number_is_never_used_again(tmp_path: Path):
    names = [f"{i % 3}/{i:02}" for i in range(12)]
    store = MemoryStore([entry(name) for name in sorted(names)])
    house = house_of(tmp_path, store, QuickClock(0.0))

    def numbers() -> dict[str, int]:
        reader = Reader.open(catalogue(house))
        assert reader is not None
        rows = reader.object_rows([row[0] for row in reader.connection.execute("SELECT id FROM objects").fetchall()])
        reader.close()
        return {row.ref.key: row.number for row in rows}

    scan(house, WHOLE)
    first, used = numbers(), set[int](numbers().values())
    visible = catalogue(house).visible()
    last = max(first, key=lambda name: first[name])
    store.entries = [each for each in store.entries if each.ref.key not in (last, "0/00")]
    scan(house, WHOLE)
    store.entries = sorted([*store.entries, entry(last), entry("9/new")], key=lambda each: each.ref.key)
    scan(house, WHOLE)
    now = numbers()
    assert catalogue(house).visible() == visible
    assert {name: now[name] for name in first if name not in (last, "0/00")} == {
        name: number for name, number in first.items() if name not in (last, "0/00")
    }
    assert not {now[last], now["9/new"]} & used


def test_what_a_describe_finds_after_all_is_put_back_and_is_no_change(tmp_path: Path):
    store = MemoryStore([entry("a/1"), entry("a/2"), entry("b/1")])
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    store.extra = {Ref("s", "c", "a/2"): entry("a/2")}
    store.entries = [entry("a/1"), entry("b/1")]
    report = scan(house, WHOLE)
    assert store.described == ["a/2"]
    assert objects_in(catalogue(house)) == objects_of([entry("a/1"), entry("a/2"), entry("b/1")])
    assert (report.changes and report.changes.objects, told(house)) == (0, [])


@pytest.mark.parametrize("row_by_row", [True, False])
def test_what_can_not_be_confirmed_reads_neither_as_gone_nor_as_there(tmp_path: Path, row_by_row: bool):
    before = [entry("a/1", 5), entry("a/2", 7, STANDINGS[1]), entry("b/1", 9)]
    store = MemoryStore(before)
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    store.truth = {"a/2": Denied("a/2: 403")}
    store.entries = [before[0]]
    with bringing_in(row_by_row):
        report = scan(house, WHOLE)
        assert as_told(told(house)) == {
            (ChangeKind.MISSING, "a/2", _aspect(before[1]), None),
            (ChangeKind.GONE, "b/1", _aspect(before[2]), None),
        }
        assert report.changes is not None
        assert report.by_state == {State.LIVE: 1, State.UNKNOWN: 1}
        lost = replace(before[1], standing=UNKNOWN)
        assert objects_in(catalogue(house)) == objects_of([before[0], lost])
        assert folders_in(catalogue(house)) == folders_of([before[0], lost])
        reader = Reader.open(catalogue(house))
        assert reader is not None
        row = reader.object(Ref("s", "c", "a/2"))
        assert row is not None
        assert row.reason == "no longer listed, and not confirmed to be gone: a/2: 403"
        reader.close()
        scan(house, WHOLE)
        assert told(house) == [], "it is as open as before, which is no change"
        assert objects_in(catalogue(house)) == objects_of([before[0], lost])
        store.entries = before[:2]
        scan(house, WHOLE)
        assert as_told(told(house)) == {(ChangeKind.RESTATED, "a/2", _aspect(lost), _aspect(before[1]))}
        assert objects_in(catalogue(house)) == objects_of(before[:2])
        store.entries, store.truth = before[:1], {"a/2": Denied("a/2: 403")}
        scan(house, WHOLE)
        store.truth = {}
        scan(house, WHOLE)
        assert as_told(told(house)) == {(ChangeKind.GONE, "a/2", _aspect(lost), None)}
        assert objects_in(catalogue(house)) == objects_of(before[:1])
        assert len(compared(house)) == 5


def test_no_more_is_asked_than_was_allowed_and_the_rest_is_missing(tmp_path: Path):
    store = MemoryStore([entry(f"a/{i}") for i in range(9)])
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    store.entries = []
    scan(house, WHOLE, confirm=4)
    assert len(store.described) == 4
    assert [each.kind for each in told(house)] == [ChangeKind.GONE] * 4 + [ChangeKind.MISSING] * 5
    scan(house, WHOLE, confirm=100)
    assert [each.kind for each in told(house)] == [ChangeKind.GONE] * 5
    assert objects_in(catalogue(house)) == {}


@pytest.mark.parametrize("trouble", [Unavailable("no answer"), LoginExpired("log in again"), None])
def test_a_scan_that_ends_while_it_asks_tells_nothing_and_goes_on_asking(tmp_path: Path, trouble):
    before = [entry(f"a/{i}") for i in range(6)]
    store = MemoryStore(before)
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    store.entries = before[:2]
    if trouble is not None:
        store.truth = {each.ref.key: trouble for each in before}
        store.down = Throttled("slow down") if isinstance(trouble, Unavailable) else None
    report = scan(house, WHOLE, stop=None if trouble else lambda: len(store.described) == 2)
    assert (report.complete, report.changes) == (False, None)
    assert report.error == (STOPPED if trouble is None else str(trouble))
    assert compared(house) == []
    assert objects_in(catalogue(house)) == objects_of(before)
    store.truth, store.down = {}, None
    walks, asked = len(store.walks), len(store.described)
    assert scan(house, WHOLE).complete
    assert len(store.walks) == walks, "the walk was through"
    assert [each.ref.key for each in told(house)] == ["a/2", "a/3", "a/4", "a/5"]
    assert len(store.described) == asked + (4 if trouble else 2)
    assert objects_in(catalogue(house)) == objects_of(before[:2])


@pytest.mark.parametrize("how", ["fails", "ends", "stops"])
def test_a_scan_that_did_not_end_calls_nothing_gone(tmp_path: Path, how: str):
    before = [entry(f"a/{i}") for i in range(9)]
    store = MemoryStore(before)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    store.entries = before[:7]
    if how != "stops":
        store.fail_after = 1
        store.failure = Unavailable("the line is down") if how == "fails" else None
    assert not scan(house, WHOLE, stop=(lambda: True) if how == "stops" else None).complete
    assert (compared(house), store.described) == ([], [])
    assert objects_in(catalogue(house)) == objects_of(before)


def test_what_is_seen_for_the_first_time_is_no_change(tmp_path: Path):
    store = MemoryStore([entry("a/1"), entry("b/1"), entry("c/1")])
    house = house_of(tmp_path, store, QuickClock(0.0))
    assert scan(house, Address("s", "c", "a/")).changes is None
    assert scan(house, Address("s", "c", "b/")).changes is None
    store.entries = [entry("a/1", 8), entry("b/1"), entry("b/2"), entry("c/1")]
    report = scan(house, WHOLE)
    assert report.changes is not None
    assert not report.changes.whole
    assert as_told(told(house)) == {
        (ChangeKind.CHANGED, "a/1", _aspect(entry("a/1")), _aspect(entry("a/1", 8))),
        (ChangeKind.NEW, "b/2", None, _aspect(entry("b/2"))),
    }
    assert objects_in(catalogue(house)) == objects_of(store.entries)


@pytest.mark.parametrize("row_by_row", [True, False])
def test_what_a_sweep_settled_stays_and_is_no_change(tmp_path: Path, row_by_row: bool):
    before = [entry(f"a/{i}", standing=STANDINGS[5]) for i in range(4)]
    store = MemoryStore(before)
    store.truth = {f"a/{i}": STANDINGS[i % 2] for i in range(4)}
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    sweep(house, FolderRef("s", "c", ""))
    store.entries = [*before[:3], entry("a/3", 9, STANDINGS[5]), entry("a/4")]
    with bringing_in(row_by_row):
        report = scan(house, WHOLE)
    assert report.by_state == {State.LIVE: 3, State.ARCHIVED: 1, State.UNKNOWN: 1}
    assert [(each.kind, each.ref.key) for each in told(house)] == [
        (ChangeKind.CHANGED, "a/3"), (ChangeKind.NEW, "a/4")
    ]  # fmt: skip


def test_old_comparisons_keep_their_sums_when_their_changes_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from icehouse.catalogue.changes import keeping

    monkeypatch.setattr(keeping, "MOST", 10)
    store = MemoryStore([entry("a/0")])
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    for number in range(1, 5):
        with bringing_in(number != 3):
            store.entries = [*store.entries, *(entry(f"b{number}/{i}") for i in range(4))]
            scan(house, WHOLE)
    found = compared(house)
    assert [(each.number, each.kept, each.objects) for each in found] == [
        (4, True, 4), (3, True, 4), (2, False, 4), (1, False, 4)
    ]  # fmt: skip
    reader = Reader.open(catalogue(house))
    assert reader is not None
    here = stretches(reader, "", [4, 3, 2, 1])
    assert [(each.comparison, each.count, bytes_in(reader, each)) for each in here] == [(4, 4, 4), (3, 4, 4)]
    assert [each.ref.key for each in changes_in(reader, here[1], 1, 2)] == ["b3/1", "b3/2"]
    reader.close()


def test_a_reader_in_the_middle_of_a_look_sees_what_was_and_holds_nobody_up(tmp_path: Path):
    before = [entry(f"a/{i}", i) for i in range(6)]
    store = MemoryStore(before)
    house = house_of(tmp_path, store, QuickClock(0.0))
    scan(house, WHOLE)
    view = browse.open_folder(house, FolderRef("s", "c", "a/"))
    reader = Reader.open(catalogue(house))
    assert view is not None
    assert reader is not None
    view.sort("size", descending=True)
    names = [row.name for row in view.rows(0, 10)]
    with transaction(reader.connection, "DEFERRED"):
        old = reader.rollup("a/").objects
        store.entries = [*before[1:5], entry("a/5", 0), entry("a/6", 99)]
        assert scan(house, WHOLE).complete
        assert (old, reader.rollup("a/").objects) == (6, 6)
    assert (names, [row.name for row in view.rows(0, 10)]) == (list("543210"), list("543210")), "what it held"
    assert view.refresh()
    assert [row.name for row in view.rows(0, 10)] == ["6", "4", "3", "2", "1", "5"]
    assert view.position_of(Ref("s", "c", "a/6")) == 0
    view.close()
    reader.close()


def test_a_listing_is_no_newer_for_being_asked_about_later(tmp_path: Path):
    store = MemoryStore([entry("a/1"), entry("a/2")])
    clock = DatedClock()
    house = house_of(tmp_path, store, clock)
    scan(house, WHOLE)
    store.entries, store.truth = [entry("a/1")], {"a/2": LoginExpired("log in again")}
    assert not scan(house, WHOLE).complete
    walked, clock.today = clock.today, clock.today + timedelta(days=3)
    store.truth = {}
    assert scan(house, WHOLE).complete
    coverage = browse.coverage(house, FolderRef("s", "c", ""))
    assert coverage is not None
    assert (coverage.scanned, compared(house)[0].at) == (walked, walked)


def test_a_catalogue_of_another_kind_of_store_is_held_against_nothing(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore([entry("a/1")]), QuickClock(0.0))
    scan(house, WHOLE)
    visible = catalogue(house).visible()
    hidden = catalogue(house).fresh(hidden=True)
    assert visible is not None
    create(catalogue(house), hidden, by_id=True).close()
    with pytest.raises(CatalogueDamaged, match="another kind"):
        comparing.Comparing.open(catalogue(house), visible, hidden, "mark")
