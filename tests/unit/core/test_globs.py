"""Globs in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.errors import UsageError
from icehouse.core.globs import chooser, compiled


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.tiff", "x.tiff", True),
        ("*.tiff", "a/b/x.tiff", True),
        ("*.tiff", "x.tiff.md5", False),
        ("plate1/", "plate1/a/b", True),
        ("plate1/", "plate10/a", False),
        ("a/*/c", "a/b/c", True),
        ("a/*/c", "a/b/b/c", False),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("**/c", "c", True),
        ("?", "ab", False),
        ("[!a]", "b", True),
        ("[]]", "]", True),
        ("[[a]x", "[x", True),
        ("a.b", "axb", False),
        ("*", "a\nb", True),
        ("(x)", "(x)", True),
        ("/a", "a", True),
    ],
)
def test_a_glob_takes_what_it_says(pattern: str, path: str, fits: bool) -> None:
    assert (compiled(pattern).fullmatch(path) is not None) is fits


@pytest.mark.parametrize("pattern", ["", "[abc", "x" * 2000, "*a" * 13])
def test_a_bad_glob_gets_one_line(pattern: str) -> None:
    with pytest.raises(UsageError, match="glob"):
        compiled(pattern)


def test_exclude_wins_over_include() -> None:
    chosen = chooser(["*.tiff", "*.csv"], ["thumb_*"])
    assert [p for p in ("a.tiff", "d/thumb_a.tiff", "b.csv", "c.txt") if chosen(p)] == ["a.tiff", "b.csv"]


@given(st.text(min_size=1, max_size=30))
def test_any_text_is_a_glob_or_a_usage_error(pattern: str) -> None:
    try:
        compiled(pattern).fullmatch("some/path/of.interest")
    except UsageError:
        return
