"""However a folder is cut, whatever is lost on the way and wherever it is taken up again: each key comes once."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.errors import Unavailable
from icehouse.stores.s3.splitting import Got
from tests.unit.stores.listings import Folder, Listing

PARTS = st.one_of(st.text(max_size=4), st.sampled_from(["a", "b", "ab", "0", "1", "00", "é", "🧊", "a+b", " "]))
KEYS = st.lists(PARTS, min_size=1, max_size=4).map("/".join).filter(bool)
ANY = st.sets(KEYS, max_size=80)
NESTED = st.lists(st.sampled_from("ab/"), min_size=1, max_size=9).map("".join)
FLAT = st.integers(1, 120).map(lambda number: [f"img_{each:04d}.tif" for each in range(number)])
SKEWED = st.integers(1, 100).map(
    lambda number: [*(f"f{each:02d}/x" for each in range(30)), *(f"f17/img{each:03d}" for each in range(number))]
)
FOLDERS = st.one_of(ANY, st.sets(NESTED, max_size=80), FLAT, SKEWED)


@settings(max_examples=150, deadline=None)
@given(FOLDERS, st.integers(1, 7), st.integers(1, 12), st.integers(0, 2**32), st.booleans())
def test_each_key_comes_once_with_losses_and_from_every_frontier(
    keys: set[str] | list[str], size: int, lanes: int, seed: int, some_deleted: bool
) -> None:
    chance = random.Random(seed)
    markers = chance.sample(sorted(keys), len(keys) // 3) if some_deleted else ()
    listing = Listing(Folder(keys, size, markers), chance, lanes=lanes)
    frontier = listing.run(steps=chance.randrange(1, 12), lost=0.2)
    while frontier is not None:
        frontier = listing.run(frontier, steps=chance.randrange(1, 12), lost=0.2)
    assert sorted(listing.told) == listing.folder.wanted


@settings(max_examples=100, deadline=None)
@given(FOLDERS, st.integers(1, 7), st.integers(0, 2**32))
def test_no_more_is_asked_for_than_is_said(keys: set[str] | list[str], size: int, seed: int) -> None:
    folder = Folder(keys, size)
    Listing(folder, random.Random(seed)).run()
    pages = -(-len(folder.keys) // size) or 1
    assert folder.requests < 1.5 * pages + 128
    if pages == 1:
        assert folder.requests == 1


SHAPES: dict[str, Callable[[int], list[str]]] = {
    "flat": lambda number: [f"img_{each:07d}.tif" for each in range(number)],
    "unpadded": lambda number: [f"img_{each}.tif" for each in range(number)],
    "hashes": lambda number: [f"{random.Random(each).getrandbits(128):032x}" for each in range(number)],
    "a tree": lambda number: [
        f"plate{each // 1000:03d}/w{each // 50 % 20:02d}/f{each % 50:02d}" for each in range(number)
    ],
    "one folder deep": lambda number: [f"data/raw/2024/x{each:06d}" for each in range(number)],
    "99 % in one folder of 1,000": lambda number: [
        *(f"f{each:03d}/x" for each in range(1000)),
        *(f"f500/img{each:06d}" for each in range(number)),
    ],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_lane_has_its_share_whatever_the_shape(shape: str) -> None:
    folder = Folder(SHAPES[shape](40_000), 100)
    listing = Listing(folder, random.Random(7), lanes=8)
    rounds = listing.rounds()
    pages = len(folder.keys) / 100
    assert sorted(listing.told) == folder.wanted
    assert rounds < 1.5 * pages / 8 + 20, "one lane alone would take as many as there are pages"
    assert folder.requests < 1.25 * pages + 40


def test_a_key_that_is_passed_over_where_a_listing_begins_in_the_middle_comes_all_the_same() -> None:
    """As moto does with versions behind a key that is not there."""

    class Leaves(Folder):
        def page(self, after: str) -> Got:
            got = super().page(after)
            return got if not after or after in self.keys else Got(got.keys[1:], got.last, got.going)

    folder = Leaves([f"{number:04d}.tif" for number in range(1000)], 10)
    listing = Listing(folder, random.Random(3))
    listing.run()
    assert sorted(listing.told) == folder.wanted


def test_a_listing_that_does_not_arrive_at_what_another_range_began_with_is_an_error() -> None:
    class Forgets(Folder):
        """Never tells the first key of a cut to who comes from below."""

        seams: set[str] = set()

        def page(self, after: str) -> Got:
            got = super().page(after)
            if after and after not in self.keys:
                self.seams |= set(got.keys[:1])
                return got
            return Got([key for key in got.keys if key not in self.seams], got.last, got.going)

    folder = Forgets([f"{number:04d}.tif" for number in range(1000)], 10)
    with pytest.raises(Unavailable) as raised:
        Listing(folder, random.Random(3)).run()
    assert "is there, and was not listed" in raised.value.words


def test_a_key_that_was_deleted_after_a_range_began_with_it_is_not_missed() -> None:
    class Deletes(Folder):
        gone: set[str] = set()

        def page(self, after: str) -> Got:
            got = super().page(after)
            if after and after not in self.keys and got.keys and len(self.gone) < 3:
                self.gone.add(got.keys[0])
                self.keys.remove(got.keys[0])
            return got

    folder = Deletes([f"{number:04d}.tif" for number in range(1000)], 10)
    listing = Listing(folder, random.Random(3))
    listing.run()
    assert folder.gone
    assert sorted(listing.told) == folder.keys


def test_keys_that_fall_back_behind_the_page_before_are_an_error() -> None:
    class Falls(Folder):
        def page(self, after: str) -> Got:
            got = super().page(after)
            return got if not after else Got(["0000", *got.keys], got.last, got.going)

    with pytest.raises(Unavailable) as raised:
        Listing(Falls([f"{number:04d}" for number in range(100)], 10), random.Random(3), lanes=1).run()
    assert "out of order" in raised.value.words


def test_pages_without_keys_end_in_an_error() -> None:
    class Empty(Folder):
        def page(self, after: str) -> Got:
            return Got([], None, "on")

    with pytest.raises(Unavailable, match="leads nowhere"):
        Listing(Empty(["a"], 10), random.Random(3)).run()
