"""Ranges of keys and their frontiers, against sets of whole numbers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.errors import UsageError
from icehouse.stores.s3.ranges import KeyRange, OpenRanges, read_ranges, write_ranges

ENDS = st.one_of(st.none(), st.integers(1, 30))
RANGES = st.tuples(st.integers(0, 30), ENDS)


def name(number: int | None) -> str | None:
    return None if number is None else f"{number:02d}" if number else ""


def members(after: int, upto: int | None) -> set[int]:
    return {number for number in range(1, 40) if after < number and (upto is None or number <= upto)}


@given(st.lists(RANGES))
def test_what_is_covered_is_open_no_more_and_nothing_else_is(seen: list[tuple[int, int | None]]) -> None:
    left = OpenRanges([KeyRange("", None)])
    wanted = set(range(1, 40))
    for after, upto in seen:
        left.cover(KeyRange(str(name(after)), name(upto)))
        wanted -= members(after, upto)
        found = [number for number in range(1, 40) if any(each.holds(str(name(number))) for each in left)]
        assert set(found) == wanted
        frontier = left.frontier()
        assert frontier is None or list(read_ranges(frontier)) == list(left)
        assert all(each.upto is None or each.upto > each.after for each in left)
    if (0, None) in seen:
        assert left.frontier() is None


def test_everything_is_open_without_a_frontier() -> None:
    assert read_ranges(None) == (KeyRange("", None),)


def test_the_frontier_of_a_walk_is_one_open_range() -> None:
    assert read_ranges('{"after": "run/1"}') == (KeyRange("run/1", None),)
    assert read_ranges('{"after": ""}') == (KeyRange("", None),)


@given(st.text(), st.text(min_size=1))
def test_a_frontier_keeps_any_key_to_the_letter(key: str, more: str) -> None:
    ranges = (KeyRange("", key + more), KeyRange(key + more, None)) if key + more else ()
    assert read_ranges(write_ranges(ranges)) == ranges


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "null",
        "{}",
        '{"after": null}',
        '{"after": 5}',
        '{"ranges": []}',
        '{"ranges": [["a"]]}',
        '{"ranges": [["a", 1]]}',
        '{"ranges": [[2, "b"]]}',
        '{"ranges": [["b", "a"]]}',
        '{"ranges": [["a", "a"]]}',
        '{"ranges": [["a", null], ["b", "c"]]}',
        '{"ranges": [["c", "d"], ["a", "b"]]}',
        '{"ranges": [["a", "d"], ["b", "c"]]}',
        '{"ranges": [["a", "b"], [null, "c"]]}',
        json.dumps({"ranges": "ab"}),
    ],
)
def test_what_is_no_frontier_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a frontier"):
        read_ranges(text)
