"""Untrusted text: nothing that moves the eye or the terminal is left in it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.text import is_safe, safe


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain name.tiff", "plain name.tiff"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nb\r\tc\0", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\u202egnp.exe", "‹U+202E›gnp.exe"),
        ("zero\u200bwidth\ufeff", "zero‹U+200B›width‹U+FEFF›"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("nb\u00a0sp", "nb\\xa0sp"),
        ("e\u0301 é", "e\u0301 é"),
        ("\u0301alone", "‹U+0301›alone"),
        ("z" + "\u0301" * 9, "z\u0301\u0301" + "‹U+0301›" * 7),
        ("日本 😀", "日本 😀"),
        ("tag\U000e0041", "tag‹U+E0041›"),
        ("\ud800", "‹U+D800›"),
        ("line\u2028sep", "line‹U+2028›sep"),
        ("hangul\u3164filler", "hangul‹U+3164›filler"),
    ],
)
def test_what_can_not_be_seen_becomes_an_escape(raw: str, shown: str) -> None:
    assert safe(raw) == shown


@given(st.text(alphabet=st.characters()))
def test_safe_text_holds_no_control_format_or_surrogate_character(raw: str) -> None:
    shown = safe(raw)
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in shown)
    assert is_safe(shown)
    shown.encode()


@given(st.text(alphabet="abc /._-+@[](){}=:\\'\"#%", max_size=40))
def test_plain_names_are_left_alone(raw: str) -> None:
    assert safe(raw) == raw
