"""`ls`: what a folder's line says of what lies below it."""

from __future__ import annotations

import pytest

from icehouse.cli.ls import _below, _told
from icehouse.core.rows import Rollup
from icehouse.core.states import State


@pytest.mark.parametrize(
    ("objects", "cold", "complete", "line"),
    [
        (1, 0, True, "1 object"),
        (1, 10, True, "1 object, 100% cold"),
        (12380, 4, True, "12,380 objects, 40% cold"),
        (2, 0, False, "≥ 2 objects"),
    ],
)
def test_a_folder_counts_in_grammar_and_speaks_of_cold_only_where_there_is_some(
    objects: int, cold: int, complete: bool, line: str
) -> None:
    rollup = Rollup(objects, 10, None, {State.ARCHIVED: 1}, {State.ARCHIVED: cold}, complete)
    assert _below(rollup, _told(rollup)[2]) == line


def test_a_folder_tells_how_many_objects_in_it_are_unknown() -> None:
    rollup = Rollup(2005, 10, None, {State.ARCHIVED: 2000, State.UNKNOWN: 5}, {State.ARCHIVED: 4}, complete=True)
    assert _below(rollup, _told(rollup)[2]) == "2,005 objects, 40% cold, ? 5 unknown"
