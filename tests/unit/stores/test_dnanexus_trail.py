"""A search that goes round in a circle ends."""

from __future__ import annotations

import pytest

from icehouse.core.errors import Unavailable
from icehouse.stores.dnanexus.trail import Trail


def test_a_cursor_that_came_before_ends_the_search_however_long_the_circle() -> None:
    trail = Trail("dx:project-x/")
    for step in ({"id": "a", "project": "p"}, {"id": "b", "project": "p"}, "c", None):
        assert trail.go(step) == step
    with pytest.raises(Unavailable, match="dx:project-x/"):
        trail.go({"project": "p", "id": "a"})
