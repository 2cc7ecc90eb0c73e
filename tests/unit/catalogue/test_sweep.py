"""A HEAD sweep settles what a listing can't tell, and its results outlive rescans of the same objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from icehouse.catalogue.files import Files
from icehouse.core.clock import Instant
from icehouse.core.entries import Described
from icehouse.core.errors import Denied, Invalid, LoginExpired, NotFound, Throttled, Unavailable, UsageError
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.rows import FolderRow
from icehouse.core.states import Standing, State
from icehouse.services import browse
from icehouse.services import sweep as module
from icehouse.services.scan import scan
from icehouse.services.sweep import STOPPED, cost_of_sweep, sweep
from tests.unit.catalogue.fakes import BEGIN, IT, MemoryStore, QuickClock, entry, house_of
from tests.unit.catalogue.looking import folders_in, folders_of, objects_in

WHOLE = Address("s", "c", "")
FOLDER = Address("s", "c", "a/x/")
ALL = FolderRef("s", "c", "")
LISTED = Standing(State.UNKNOWN, IT)
ARCHIVED = Standing(State.ARCHIVED, IT, f"{IT}/ARCHIVE_ACCESS")
LIVE = Standing(State.LIVE, IT)


@pytest.fixture
def store() -> MemoryStore:
    keys = [f"{top}/{sub}/{i}" for top in "ab" for sub in "xy" for i in range(5)]
    entries = [entry(key, size=10 + i, standing=LISTED, at=i) for i, key in enumerate(keys)]
    made = MemoryStore([entry("a/live", size=3), *entries])
    made.entries.sort(key=lambda e: e.ref.key)
    made.truth = {key: (ARCHIVED, LIVE)[i % 2] for i, key in enumerate(keys)}
    return made


def true_entries(store: MemoryStore, below: str = ""):
    return [
        replace(e, standing=truth)
        if isinstance(truth := store.truth.get(e.ref.key), Standing) and e.ref.key.startswith(below)
        else e
        for e in store.entries
    ]


def test_an_answer_is_not_written_to_what_a_rescan_found_to_be_another_object_meanwhile(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
):
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    describe = store.describe

    def written_meanwhile(refs: Sequence[Ref]) -> Iterator[Described]:
        yield from describe(refs)
        if len(store.described) == len(store.truth):
            at = next(n for n, each in enumerate(store.entries) if each.ref.key == "a/x/0")
            store.entries[at] = replace(store.entries[at], etag="another")
            assert scan(house, FOLDER).complete

    monkeypatch.setattr(store, "describe", written_meanwhile)
    report = sweep(house, ALL)
    assert report.complete
    store.truth["a/x/0"] = LISTED
    row = browse.catalogued(house, Ref("s", "c", "a/x/0"))
    assert row is not None
    assert row.standing == LISTED
    assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(true_entries(store))


def test_a_sweep_settles_every_unknown_object_under_the_folder_and_only_those(tmp_path: Path, store: MemoryStore):
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    cost = cost_of_sweep(house, FolderRef("s", "c", "a/"))
    assert (cost.objects, cost.requests) == (10, 10)
    assert cost.usd == pytest.approx(10 * 0.0004 / 1000)
    seen: list[module.SweepProgress] = []
    report = sweep(house, FolderRef("s", "c", "a/"), progress=seen.append)
    assert (report.of, report.done, report.settled, report.complete) == (10, 10, 10, True)
    assert report.by_state == {State.ARCHIVED: 5, State.LIVE: 5}
    assert sorted(store.described) == sorted(k for k in store.truth if k.startswith("a/"))
    files = Files(house.paths.catalogue, "s", "c")
    assert folders_in(files) == folders_of(true_entries(store, "a/"))
    row = browse.catalogued(house, Ref("s", "c", "a/x/0"))
    assert row is not None
    assert (row.standing, row.asked) == (ARCHIVED, "describe")
    assert row.asked_at is not None
    assert (seen[0].done, seen[-1].done, seen[-1].of) == (0, 10, 10)
    assert sweep(house, FolderRef("s", "c", "a/")).requests == 0
    container = browse.containers(house, "s")[0]
    assert container.rollup is not None
    assert container.rollup.counts[State.UNKNOWN] == 10


def test_a_stopped_sweep_goes_on_with_what_is_still_unknown(tmp_path: Path, store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BATCH", 3)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    report = sweep(house, ALL, stop=lambda: len(store.described) >= 7)
    assert (report.done, report.complete, report.error) == (7, False, STOPPED)
    assert cost_of_sweep(house, ALL).objects == 13
    assert sweep(house, ALL).complete
    assert len(store.described) == len(set(store.described)) == 20
    assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(true_entries(store))


def test_gone_objects_are_missing_and_refused_ones_stay_unknown_with_the_reason(tmp_path: Path, store: MemoryStore):
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    store.truth["a/x/0"] = NotFound("no such key")
    store.truth["a/x/1"] = Denied("AccessDenied: not yours")
    store.truth["a/x/2"] = Unavailable("no answer")
    store.truth["a/x/3"] = LISTED
    report = sweep(house, ALL)
    assert (report.missing, report.denied, report.failed, report.settled, report.complete) == (1, 1, 2, 17, True)
    told = {key: browse.catalogued(house, Ref("s", "c", f"a/x/{key}")) for key in "01234"}
    assert [(r.standing.state, r.asked, r.reason) for r in told.values() if r is not None] == [
        (State.MISSING, "describe", ""),
        (State.UNKNOWN, "list", "AccessDenied: not yours"),
        (State.UNKNOWN, "list", "no answer"),
        (State.UNKNOWN, "list", "the store does not tell"),
        (State.ARCHIVED, "describe", ""),
    ]
    store.truth["a/x/1"] = LIVE
    assert sweep(house, ALL).settled == 1
    settled = browse.catalogued(house, Ref("s", "c", "a/x/1"))
    assert settled is not None
    assert (settled.standing, settled.reason) == (LIVE, "")


class Later(QuickClock):
    """A clock that can be put forward."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = timedelta()

    def now(self) -> Instant:
        return super().now() + self.passed


def test_what_was_told_a_month_ago_is_asked_for_again_as_no_listing_shows_that_it_went_cold(tmp_path: Path, store):
    clock = Later()
    house = house_of(tmp_path, store, clock)
    scan(house, WHOLE)
    sweep(house, FolderRef("s", "c", "a/"))
    clock.passed = timedelta(days=20)
    sweep(house, FolderRef("s", "c", "b/"))
    clock.passed = timedelta(days=31)
    assert scan(house, WHOLE).complete
    cost = cost_of_sweep(house, ALL)
    assert (cost.objects, cost.again) == (10, 10)
    assert cost_of_sweep(house, FolderRef("s", "c", "b/")).objects == 0
    assert cost_of_sweep(house, FolderRef("s", "c", "a/x/")).objects == 5
    store.described.clear()
    store.truth.update({key: ARCHIVED for key in store.truth if key.startswith("a/y/")})
    store.truth["a/x/1"] = NotFound("no such key")
    store.truth["a/x/2"] = Denied("not yours")
    report = sweep(house, ALL)
    assert sorted(store.described) == sorted(key for key in store.truth if key.startswith("a/"))
    assert (report.settled, report.missing, report.denied, report.complete) == (9, 1, 1, True)
    store.truth["a/x/1"] = Standing(State.MISSING, IT)
    store.truth["a/x/2"] = ARCHIVED
    assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(true_entries(store))
    refused = browse.catalogued(house, Ref("s", "c", "a/x/2"))
    assert refused is not None
    assert (refused.standing, refused.reason) == (ARCHIVED, ""), "what was known, with the age that it has"
    assert cost_of_sweep(house, ALL).objects == 1


def test_what_was_on_its_way_is_asked_for_again_after_an_hour(tmp_path: Path, store):
    clock = Later()
    house = house_of(tmp_path, store, clock)
    scan(house, WHOLE)
    coming = Standing(State.RESTORING, IT, f"{IT}/ARCHIVE_ACCESS")
    store.truth["a/x/0"] = coming
    sweep(house, ALL)
    assert cost_of_sweep(house, ALL).objects == 0
    clock.passed = timedelta(minutes=61)
    cost = cost_of_sweep(house, ALL)
    assert (cost.objects, cost.again) == (1, 1)
    store.truth["a/x/0"] = LIVE
    store.described.clear()
    assert sweep(house, ALL).by_state == {State.LIVE: 1}
    assert store.described == ["a/x/0"]
    assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(true_entries(store))


@pytest.mark.parametrize("error", [LoginExpired("log in again"), Unavailable("no answer")])
def test_a_sweep_ends_where_nobody_answers(tmp_path: Path, store, error, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BATCH", 4)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    store.truth = dict.fromkeys(store.truth, error)
    report = sweep(house, ALL)
    assert (report.complete, report.error, report.cause) == (False, str(error), error)
    assert report.done <= 4
    assert (report.requests, report.usd) == (0, 0.0), "what was not answered is not billed"


def test_only_what_was_answered_is_counted_and_billed(tmp_path: Path, store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BATCH", 5)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    keys = sorted(store.truth)
    store.truth[keys[0]] = NotFound("no such key")
    store.truth[keys[1]] = Denied("AccessDenied: not yours")
    store.truth[keys[2]] = Invalid("no such version")
    store.truth[keys[3]] = Throttled("slower")
    store.truth |= dict.fromkeys(keys[5:], Unavailable("no answer"))
    seen: list[module.SweepProgress] = []
    report = sweep(house, ALL, progress=seen.append)
    assert (report.complete, report.error, report.done, report.requests) == (False, "no answer", 10, 4)
    assert report.usd == pytest.approx(4 * 0.0004 / 1000)
    assert [(each.done, each.requests) for each in seen] == [(0, 0), (5, 4), (10, 4)]


def test_a_rescan_keeps_what_a_sweep_settled_until_the_object_changes(tmp_path: Path, store: MemoryStore):
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    sweep(house, ALL)
    before = browse.catalogued(house, Ref("s", "c", "a/x/0"))
    store.entries = [e for e in store.entries if e.ref.key != "b/y/4"]
    places = {e.ref.key: i for i, e in enumerate(store.entries)}
    for key, change in (("a/x/0", {"etag": "other"}), ("a/x/1", {"modified": BEGIN + timedelta(days=1)})):
        store.entries[places[key]] = replace(store.entries[places[key]], **change)
    store.entries.append(entry("c/new", size=5, standing=LISTED))
    report = scan(house, WHOLE)
    assert report.by_state[State.UNKNOWN] == 3
    told = {key: browse.catalogued(house, Ref("s", "c", key)) for key in ("a/x/0", "a/x/1", "a/x/2", "c/new")}
    assert [r.standing.state for r in told.values() if r is not None] == [
        State.UNKNOWN,
        State.UNKNOWN,
        State.ARCHIVED,
        State.UNKNOWN,
    ]
    kept = told["a/x/2"]
    assert before is not None
    assert kept is not None
    assert kept.asked_at is not None
    assert before.asked_at is not None
    assert kept.asked_at <= before.asked_at + timedelta(seconds=60)
    files = Files(house.paths.catalogue, "s", "c")
    expected = [
        e if e.ref.key in ("a/x/0", "a/x/1") else t for e, t in zip(store.entries, true_entries(store), strict=True)
    ]
    assert folders_in(files) == folders_of(expected)


def test_a_rescan_of_a_folder_keeps_what_a_sweep_settled_there(tmp_path: Path, store: MemoryStore):
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    sweep(house, ALL)
    scan(house, Address("s", "c", "a/x/"))
    files = Files(house.paths.catalogue, "s", "c")
    assert folders_in(files) == folders_of(true_entries(store))
    assert objects_in(files)["a/x/0"][3:] == (ARCHIVED, "describe")


def test_a_listing_that_tells_is_believed_over_an_older_sweep(tmp_path: Path, store: MemoryStore):
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    sweep(house, ALL)
    restoring = Standing(State.RESTORING, IT)
    store.entries = [replace(e, standing=restoring) if e.ref.key == "a/x/0" else e for e in store.entries]
    scan(house, WHOLE)
    row = browse.catalogued(house, Ref("s", "c", "a/x/0"))
    assert row is not None
    assert (row.standing, row.asked) == (restoring, "list")


def test_a_sweep_that_a_rescan_overtakes_goes_on_in_the_new_catalogue(
    tmp_path: Path, store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "BATCH", 6)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    rescans: list[object] = []

    def rescan_once(progress: module.SweepProgress) -> None:
        if progress.done == 6 and not rescans:
            rescans.append(scan(house, WHOLE))

    report = sweep(house, ALL, progress=rescan_once)
    assert (report.complete, report.done, len(rescans)) == (True, 20, 1)
    assert folders_in(Files(house.paths.catalogue, "s", "c")) == folders_of(true_entries(store))


def test_a_live_listing_remembers_what_a_sweep_settled(tmp_path: Path, store: MemoryStore):
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    sweep(house, ALL)
    rows = [row for page in browse.live(house, FolderRef("s", "c", "a/x/")) for row in page]
    assert [(row.standing.state, row.asked) for row in rows if not isinstance(row, FolderRow)][:2] == [
        (State.ARCHIVED, "describe"),
        (State.LIVE, "describe"),
    ]


def test_what_was_never_scanned_can_not_be_swept(tmp_path: Path, store: MemoryStore):
    with pytest.raises(UsageError, match="not scanned yet"):
        sweep(house_of(tmp_path, store), ALL)
