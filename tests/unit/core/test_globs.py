"""Globs in and out."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
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
        ("/a", "b/a", False),
        ("/", "a/b", True),
        ("*", "a/b", True),
        ("/*", "a/b", False),
        ("a/**", "a", False),
        ("a/**", "a/", True),
        ("a/**", "a/b/c", True),
        ("a/***/c", "a/b/b/c", True),
        ("/a**b", "axxb", True),
        ("/a**b", "ax/xb", False),
        ("a/*/c", "a//c", True),
        ("a/?/c", "a//c", False),
        ("**/a/b/**/c/**", "a/x/a/b/c/c/d", True),
        ("/a*a", "a", False),
        ("a[+-9]b", "a/b", False),
        ("[!]]", "]", False),
        ("[!]]", "a", True),
        ("[a-]", "-", True),
        ("[a-c][^d]", "b^", True),
        ("[&&~~||]--", "&--", True),
        ("/plate1/**", "plate1/a\nb", True),
        ("a\\*", "a\\b", True),
    ],
)
def test_a_glob_takes_what_it_says(pattern: str, path: str, fits: bool) -> None:
    assert (compiled(pattern).match(path) is not None) is fits
    assert (compiled(pattern).fullmatch(path) is not None) is fits
    assert chooser([pattern], [])(path) is fits
    assert chooser([], [pattern])(path) is not fits


@pytest.mark.parametrize("pattern", ["", "[abc", "[a/b]", "[]", "[!]", "[z-a]", "x" * 1025])
def test_a_bad_glob_gets_one_line(pattern: str) -> None:
    with pytest.raises(UsageError, match="glob"):
        compiled(pattern)


def test_exclude_wins_over_include() -> None:
    chosen = chooser(["*.tiff", "*.csv"], ["thumb_*"])
    assert [p for p in ("a.tiff", "d/thumb_a.tiff", "b.csv", "c.txt") if chosen(p)] == ["a.tiff", "b.csv"]


@given(st.text(min_size=1, max_size=30))
def test_any_text_is_a_glob_or_a_usage_error(pattern: str) -> None:
    try:
        compiled(pattern).match("some/path/of.interest")
    except UsageError:
        return


def fits_part(glob: str, part: str) -> bool:
    """One part of a glob on one part of a path, in the plainest way there is."""
    if not glob:
        return not part
    if glob[0] == "*":
        return any(fits_part(glob[1:], part[taken:]) for taken in range(len(part) + 1))
    if glob[0] == "[":
        end = glob.index("]", 3 if glob[1] == "!" else 2)
        members = glob[1:end].removeprefix("!")
        among = bool(part) and part[0] in members
        return bool(part) and among is not glob.startswith("[!") and fits_part(glob[end + 1 :], part[1:])
    return bool(part) and glob[0] in ("?", part[0]) and fits_part(glob[1:], part[1:])


def fits_parts(globs: list[str], parts: list[str]) -> bool:
    """Parts of a glob on parts of a path; ``**`` takes any number of parts, at the end one or more."""
    if not globs:
        return not parts
    if globs == ["**"]:
        return bool(parts)
    if globs[0] == "**":
        return any(fits_parts(globs[1:], parts[taken:]) for taken in range(len(parts) + 1))
    return bool(parts) and fits_part(globs[0], parts[0]) and fits_parts(globs[1:], parts[1:])


PART = st.text(alphabet="aab*?\n", max_size=5) | st.sampled_from(
    ["**", "**", "*", "", "[ab]", "[!a]*", "*[!b]*", "*a*b"]
)
GLOB = st.lists(PART, min_size=1, max_size=5).map("/".join).filter(bool)
PATH = st.lists(st.text(alphabet="aab\n*", max_size=5), min_size=1, max_size=6).map("/".join)


@given(GLOB, PATH)
@settings(max_examples=1500)
@example("**/a/b/**/b", "a/a/b/b")
@example("/**/*a*a", "b/a")
@example("**/a*/**/*b/**", "aa/ab/ab/")
def test_a_glob_takes_what_the_plainest_matcher_takes(pattern: str, path: str) -> None:
    body = pattern.lstrip("/")
    body += "**" if body.endswith("/") or not body else ""
    globs = (["**"] if "/" not in pattern.rstrip("/") else []) + body.split("/")
    globs = ["**" if len(glob) > 1 and set(glob) == {"*"} else glob for glob in globs]
    assert chooser([pattern], [])(path) is fits_parts(globs, path.split("/"))


HOSTILE = (
    "*a*a*a*a*b",
    "*a" * 500 + "b",
    "*" + "a" * 500 + "b*",
    "**/a" * 200 + "b",
    "**/*a" * 200 + "/b",
    "**/" + "*/" * 255 + "b/**",
    "**/" + "*a*/" * 200 + "b",
    "**/" + "[!b]*/" * 169 + "c/**",
    "a**" * 340 + "b",
    "?*" * 500 + "b",
)
LONG = ("a" * 1024, "a/" * 512, "a" * 511 + "/" + "a" * 512, "/" * 1024, ("a" * 31 + "/") * 32, "ab" * 512)


def test_no_glob_makes_a_match_long() -> None:
    """Six hundred matches take far less than a second in all; where time grows with a power, not one of them ends."""
    asked = (
        "import sys; from icehouse.core.globs import chooser\n"
        f"for pattern in {HOSTILE!r}:\n    chosen = chooser([pattern], [])\n"
        f"    for path in {LONG!r}:\n        for _ in range(10): chosen(path)\n"
    )
    subprocess.run([sys.executable, "-c", asked], check=True, timeout=60)
