"""Safe text over the whole of Unicode: the quick way in says the same as looking at every character."""

from __future__ import annotations

import re
import sys

import pytest

from icehouse.core import text


def test_no_character_is_let_through_by_the_quick_way_that_the_slow_one_would_escape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    characters = [chr(point) for point in range(sys.maxunicode + 1)]
    quick = [text.safe(f"é{character}") for character in characters]
    monkeypatch.setattr(text, "_SUSPECT", re.compile(".", re.DOTALL))
    slow = [text.safe(f"é{character}") for character in characters]
    assert [hex(i) for i, (a, b) in enumerate(zip(quick, slow, strict=True)) if a != b] == []
    assert [shown for shown in slow if not shown.isprintable()] == []
