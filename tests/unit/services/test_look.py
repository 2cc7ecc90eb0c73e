"""What a look yields: each chosen object once, whatever happened to single ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.entries import Entry
from icehouse.core.errors import Denied, Invalid, LoginExpired, NotFound, StoreError, Throttled, Unavailable
from icehouse.core.marks import Mark
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.states import Standing, State
from icehouse.services.look import look, resolve, without_overlap
from tests.unit.catalogue.fakes import IT, MemoryStore, entry, house_of


def ref(key: str, version: str | None = None) -> Ref:
    return Ref("s", "c", key, version)


def folder(prefix: str, pattern: str = "") -> Mark:
    return Mark(FolderRef("s", "c", prefix), pattern)


def looked(store: MemoryStore, *marks: Mark, **more: Any) -> list[Entry]:
    return list(look(store, marks, **more))


def refs(entries: Sequence[Entry]) -> list[tuple[str, str | None]]:
    return [(each.ref.key, each.ref.version) for each in entries]


def test_a_vanished_and_a_refused_object_leave_their_neighbours_alone() -> None:
    store = MemoryStore([entry("a"), entry("b"), entry("d")])
    store.truth["b"] = Denied("b: no", words="AccessDenied: not yours")
    store.truth["d"] = Invalid("d: no", words="InvalidArgument: no such version")
    found = {each.ref.key: each for each in looked(store, *(Mark(ref(key)) for key in "abcd"))}
    assert list(found) == ["a", "b", "c", "d"]
    assert found["a"].standing.state is State.LIVE
    assert found["b"].standing == Standing(State.UNKNOWN, "AccessDenied: not yours")
    assert found["c"].standing.state is State.MISSING
    assert (found["c"].size, found["c"].etag, found["c"].asked) == (0, "", "describe")
    assert found["d"].standing == Standing(State.UNKNOWN, "InvalidArgument: no such version")


@pytest.mark.parametrize("error", [LoginExpired("log in"), Unavailable("no answer"), Throttled("slower")])
def test_a_look_that_can_not_be_ended_raises(error: StoreError) -> None:
    store = MemoryStore([entry("a"), entry("b")])
    store.truth["b"] = error
    with pytest.raises(type(error)):
        looked(store, Mark(ref("a")), Mark(ref("b")))


def test_an_expired_login_is_no_standing_of_what_a_folder_holds() -> None:
    store = MemoryStore([entry("a/1", standing=Standing(State.UNKNOWN, IT))])
    store.truth["a/1"] = Unavailable("no answer")
    assert [each.standing for each in looked(store, folder("a/"))] == [Standing(State.UNKNOWN, "no answer")]
    store.truth["a/1"] = LoginExpired("log in")
    with pytest.raises(LoginExpired):
        looked(store, folder("a/"))


def test_one_named_address_that_is_not_there_is_still_not_found(tmp_path) -> None:
    with pytest.raises(NotFound):
        resolve(house_of(tmp_path, MemoryStore([entry("a")])), Address("s", "c", "b"))


def test_an_object_named_by_its_version_is_not_swallowed_by_its_folder() -> None:
    old = replace(entry("a/1", 5, etag="old"), ref=ref("a/1", "v1"))
    store = MemoryStore([entry("a/1", 7), entry("a/2")])
    store.extra = {old.ref: old}
    marks = [folder("a/"), Mark(old.ref), Mark(ref("a/2"))]
    assert without_overlap(marks) == [folder("a/"), Mark(old.ref)]
    assert refs(looked(store, *marks)) == [("a/1", None), ("a/2", None), ("a/1", "v1")]
    assert refs(looked(store, folder("a/", "*"), *marks[1:])) == [("a/1", None), ("a/2", None), ("a/1", "v1")]
    assert refs(looked(store, folder("a/", "2"), *marks[1:])) == [("a/2", None), ("a/1", "v1")]


def test_a_version_that_the_walk_saw_is_not_told_twice() -> None:
    current = [replace(entry(key), ref=ref(key, "v2")) for key in ("a/1", "a/2")]
    store = MemoryStore(current)
    old = replace(entry("a/1", 5), ref=ref("a/1", "v1"))
    store.extra = {old.ref: old}
    wanted = [("a/1", "v2"), ("a/2", "v2"), ("a/1", "v1")]
    named = [Mark(ref("a/1", "v2")), Mark(ref("a/1", "v1"))]
    assert refs(looked(store, folder("a/"), *named, pin=True)) == wanted
    assert refs(looked(store, folder("a/", "*"), *named, Mark(ref("a/2")), pin=True)) == wanted


_path = st.lists(st.sampled_from(["", "a", "b", "ab"]), max_size=4).map("/".join)
_marks = st.one_of(
    st.builds(folder, _path.map(lambda path: path and path + "/"), st.sampled_from(["", "", "*"])),
    st.builds(lambda path, version: Mark(ref(path + "x", version)), _path, st.sampled_from([None, "v"])),
    _path.map(lambda path: Mark(FolderRef("s", "other", path and path + "/"))),
)


@given(st.lists(_marks, max_size=12))
def test_what_is_left_is_what_no_whole_folder_holds(marks: list[Mark]) -> None:
    def held(mark: Mark) -> bool:
        target = mark.target
        if isinstance(target, Ref):
            return target.version is None and any(each.holds(target) for each in whole)
        place = Ref(target.store, target.container, target.prefix)
        return any(each.holds(place) and (each != target or mark.pattern) for each in whole)

    whole = [mark.target for mark in marks if isinstance(mark.target, FolderRef) and not mark.pattern]
    left = without_overlap(marks)
    assert set(left) == {mark for mark in marks if not held(mark)}
    assert left == without_overlap(random.Random(1).sample(marks, len(marks)))


@pytest.mark.timeout(60)
def test_many_marks_take_no_time_worth_a_word() -> None:
    """Two thousand million pairs: a minute is plenty for a look-up a mark, and nothing for a look at each pair."""
    folders = [folder(f"run{number:05d}/") for number in range(20_000)]
    objects = [Mark(ref(f"run{number % 30_000:05d}/plate/{number}.tif")) for number in range(90_000)]
    assert len(without_overlap([*folders, *objects])) == 20_000 + 30_000
